package mysql

import (
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// TestRefusal: a name that is told is the server's, never a value that looks like one.
func TestRefusal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number             uint16
		message            string
		constraint, column string
	}{
		{1062, "Duplicate entry 'x' for key 'no'\n' for key 'one_code'", "one_code", ""},
		{1062, "Duplicate entry 'x' for key 'customer.one_code'", "one_code", ""},
		{1366, "Incorrect string value: '\\xE6' for column `erp`.`sutor staged`.`a0` at row 1", "", "a0"},
		{1366, "Incorrect integer value: 'column 'secret'' for column `erp`.`t`.`v` at row 1", "", "v"},
		{1292, "Incorrect date value: 'column `secret`' for column 'v' at row 1", "", "v"},
		{1264, "Out of range value for column 'v' at row 1", "", "v"},
		{1048, "Column 'must' cannot be null", "", "must"},
		{1364, "Field 'must' doesn't have a default value", "", "must"},
		{1452, "Cannot add or update a child row: a foreign key constraint fails (`erp`.`o`, CONSTRAINT `o_c` FOREIGN KEY (`a`, `b`) REFERENCES `c` (`a`, `b`))", "o_c", "a, b"},
		{4025, "CONSTRAINT `positive` failed for `erp`.`t`", "positive", ""},
		{4025, "CONSTRAINT `t.n` failed for `erp`.`t`", "n", ""},
		{3819, "Check constraint 'positive' is violated.", "positive", ""},
	} {
		r := refusal(&mysql.MySQLError{Number: c.number, Message: c.message})
		if r == nil || r.Constraint != c.constraint || r.Column != c.column || strings.Contains(r.Message, "secret") {
			t.Errorf("%d %q gives %+v", c.number, c.message, r)
		}
	}
}
