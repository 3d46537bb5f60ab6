package mysql

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"

	"github.com/go-sql-driver/mysql"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// explain gives err its public face: what cannot be reached or has to wait is
// Unavailable, what the system forbids by its own rules a *driver.Refusal. Whatever
// is left is a fault of ours and stays internal. The server's own texts quote values
// and SQL; they stay hidden.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refusal *driver.Refusal
	if errs.As(err) != nil || errors.As(err, &refusal) || errors.Is(err, context.Canceled) {
		return err
	}
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		return faultOfServer(e)
	}
	if errors.Is(err, mysql.ErrPktTooLarge) { // which the driver does not even send
		return &driver.Refusal{Message: tooLarge, Cause: err}
	}
	if errors.Is(err, context.DeadlineExceeded) { // the statement's own limit
		return tooLong().Because(err)
	}
	if isDisconnect(err) {
		return errs.New(errs.Unavailable, "The database server cannot be reached.").
			WithMend("Try again in a while; if it stays so, tell the steward.").Because(err)
	}
	return err
}

func isDisconnect(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, sqldriver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		err.Error() == "sql: database is closed" || err.Error() == "sql: connection is already closed" // database/sql exports no value for the first
}

func tooLong() *errs.Error {
	return errs.New(errs.Unavailable, "The database server took longer than allowed.").WithMend("Try again; if it stays so, the steward can allow more time.")
}

// Numbers of the server's errors (MariaDB knowledge base, "MariaDB Error Codes").
const (
	erDuplicate      = 1062
	erDeadlock       = 1213
	erLockWait       = 1205
	erNoThread       = 1094
	erInterrupted    = 1317
	erNoDatabase     = 1044 // no right on it: none at all, or none to do just that
	erNoTable        = 1146
	erNoColumn       = 1054
	erTableChanged   = 1412
	erRowIsReferred  = 1451
	erNoReferredRow  = 1452
	erNull           = 1048
	erNoDefault      = 1364
	erCheckMariaDB   = 4025
	erCheckMySQL     = 3819
	erSignal         = 1644
	erCannotConvert  = 1977
	erCannotConvert8 = 3854
	erStatementTime  = 1969
	erStatementTime8 = 3024
)

func isNumber(err error, number uint16) bool {
	var e *mysql.MySQLError
	return errors.As(err, &e) && e.Number == number
}

// numbered is the cause of an error without the server's text, which may hold values.
func numbered(e *mysql.MySQLError) error {
	return fmt.Errorf("the server's error %d (SQLSTATE %s)", e.Number, string(e.SQLState[:]))
}

// saidByTrigger is the sentence for a no whose own words may hold values.
const saidByTrigger = "A trigger or function of the database does not allow this"

// serversStates are the classes of SQLSTATE that the server has for errors of its own,
// and mostNumber is beyond all of their numbers.
const (
	serversStates = " 01 02 08 0A 0K 0Z 20 21 22 23 24 25 28 2B 2F 34 35 3B 3C 3D 40 42 44 70 HY HZ XA "
	mostNumber    = 20_000
)

// signalled tells whether a trigger or function made the error (SIGNAL): whoever writes
// one may give it any number, also one of the server's.
func signalled(e *mysql.MySQLError) bool {
	state := string(e.SQLState[:])
	return e.Number == erSignal || e.Number == 1643 || e.Number >= mostNumber || e.SQLState != [5]byte{} && !strings.Contains(serversStates, " "+state[:2]+" ")
}

func faultOfServer(e *mysql.MySQLError) error {
	if signalled(e) {
		return &driver.Refusal{Message: saidByTrigger + ".", Cause: numbered(e)}
	}
	if waits := waiting(e.Number); waits != nil {
		cause := numbered(e)
		if e.Number == erDeadlock {
			cause = fmt.Errorf("%w: %w", driver.ErrAgain, cause)
		}
		return waits.Because(cause)
	}
	if e.Number == erNoTable || e.Number == erNoColumn {
		return errs.New(errs.Changed, "The table or one of its columns is no longer as it was.").WithMend("Plan the change again.").Because(numbered(e))
	}
	if r := refusal(e); r != nil {
		r.Cause = numbered(e)
		return r
	}
	return numbered(e)
}

// waiting gives an error for what may work later.
func waiting(number uint16) *errs.Error {
	unavailable := func(message, mend string) *errs.Error {
		return errs.New(errs.Unavailable, "%s", message).WithMend("%s", mend)
	}
	switch number {
	case erLockWait:
		return unavailable("Another program holds a lock on rows or the table for too long.", "Try again when it is done.")
	case erDeadlock:
		return unavailable("The change and another program were in each other's way, and the database server ended one of them.", "Try again.")
	case erInterrupted, erStatementTime, erStatementTime8:
		return tooLong()
	case erTableChanged:
		return unavailable("The moment of the database that is looked at is past.", "Try again.")
	case erNoDatabase, 1045, 1049, 1698, 1524, 1130, 1251, 4151, 3118:
		return unavailable("The database server does not let Sutor in.", "The steward must check the account, its password and the database's name.")
	case 1053, 1077, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031:
		return unavailable("The database server cannot be reached.", "Try again in a while; if it stays so, tell the steward.")
	case 1021, 1037, 1038, 1040, 1041, 1114, 1203, 1226:
		return unavailable("The database server is short of connections, memory or disk.", "Try again later; the server's administrator can see why.")
	}
	return nil
}

const tooLarge = "A row is larger than the database server takes in one piece (max_allowed_packet). Its administrator can raise that; until then, leave the row or its largest value out."

// sentences are for what the system forbids and no name is known of.
var sentences = map[uint16]string{
	1142: "The database does not give Sutor's account the right to do this. The steward can grant it.",
	1143: "The database does not give Sutor's account the right to do this. The steward can grant it.",
	1227: "The database does not give Sutor's account the right to do this. The steward can grant it.",
	1370: "The database does not give Sutor's account the right to do this. The steward can grant it.",
	1290: "The database is read-only now.",
	1792: "The database is read-only now.",
	1836: "The database is read-only now.",
	1665: "The server's binary log has the format STATEMENT, which does not allow this. Its administrator can set binlog_format to MIXED or ROW.",
	1906: "A column that the database computes itself was given a value.",
	3105: "A column that the database computes itself was given a value.",
	1442: "A trigger of the table writes to the table itself, which the database does not allow here.",
	1118: "The table has too many or too wide columns to be changed at once.",
	1117: "The table has too many columns to be changed at once.",
	1153: tooLarge,
	1301: tooLarge,
	1305: "A trigger of the table refers to something that is not there.",
}

// Names in quotes are found at the end of a message: before it there may be a value,
// which may look like a name.
var (
	keyNamed        = regexp.MustCompile(`(?s).* for key '([^']*)'$`)
	columnNamed     = regexp.MustCompile("(?s).*(?:[Cc]olumn|Field) (?:`[^`]*`\\.)*['`]([^'`]*)['`]")
	constraintNamed = regexp.MustCompile("CONSTRAINT `((?:[^`]|``)*)`")
	foreignColumns  = regexp.MustCompile(`FOREIGN KEY \(([^)]*)\)`)
)

func found(r *regexp.Regexp, message string) string {
	if m := r.FindStringSubmatch(message); m != nil {
		return m[1]
	}
	return ""
}

// refusal gives the server's no; nil for anything else. The columns of temporary
// tables are named by [step.named].
func refusal(e *mysql.MySQLError) *driver.Refusal {
	switch e.Number {
	case erDuplicate, 1022, 1586:
		key := found(keyNamed, e.Message)
		if _, after, ok := strings.Cut(key, "."); ok { // MySQL puts the table before it
			key = after
		}
		return &driver.Refusal{Constraint: key, Message: "Another row already has these values, which the rule " + key + " allows only once."}
	case erRowIsReferred, erNoReferredRow, 1216, 1217:
		r := &driver.Refusal{Constraint: found(constraintNamed, e.Message)}
		r.Column = strings.ReplaceAll(found(foreignColumns, e.Message), "`", "")
		rule := "a rule of the table"
		if r.Constraint != "" {
			rule = "the rule " + r.Constraint
		}
		r.Message = "Rows of two tables would no longer fit together: " + rule + " wants the row that another row refers to."
		if r.Column != "" {
			r.Message = strings.TrimSuffix(r.Message, ".") + " by " + r.Column + "."
		}
		return r
	case erNull, erNoDefault:
		c := found(columnNamed, e.Message)
		return &driver.Refusal{Column: c, Message: "The column " + c + " needs a value."}
	case erCheckMariaDB, erCheckMySQL:
		return checkRefusal(e)
	case 1406, 1264, 1265, 1292, 1366, 1367, 1411, 1690, 1426, 3140, 4161:
		return &driver.Refusal{Column: found(columnNamed, e.Message), Message: "A value does not fit its column."}
	}
	if s := sentences[e.Number]; s != "" {
		return &driver.Refusal{Message: s}
	}
	return nil
}

// checkNamed reads "CONSTRAINT `name` failed for …" and "Check constraint 'name' is violated".
var checkNamed = regexp.MustCompile("CONSTRAINT `([^`]*)` failed|[Cc]onstraint '([^']*)'")

func checkRefusal(e *mysql.MySQLError) *driver.Refusal {
	r := &driver.Refusal{Message: "A value breaks a rule of the database."}
	if m := checkNamed.FindStringSubmatch(e.Message); m != nil {
		r.Constraint = m[1] + m[2]
		_, last, ok := strings.Cut(r.Constraint, ".") // a column's own check is table.column
		if ok {
			r.Constraint = last
		}
		r.Message = "A value breaks a rule of the database: " + r.Constraint + " does not allow it."
	}
	return r
}

// gone says that a table is not there any more.
func gone(t record.Table) *errs.Error {
	return errs.New(errs.Changed, "The table %s is no longer there.", t).
		WithMend("Ask the steward what became of it; then plan the change again.")
}
