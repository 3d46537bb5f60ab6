package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"

	"github.com/jackc/pgx/v5/pgconn"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// fault gives err its public face: what cannot be reached or has to wait is
// Unavailable, what the system forbids by its own rules a *driver.Refusal.
// Whatever is left is a fault of ours and stays internal. PostgreSQL's own
// texts quote values and SQL; they are kept as the cause only.
func fault(err error) error {
	if err == nil || errs.As(err) != nil {
		return err
	}
	var refusal *driver.Refusal
	if errors.As(err, &refusal) || errors.Is(err, context.Canceled) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return faultOfServer(pg, err)
	}
	if isDisconnect(err) {
		return errs.New(errs.Unavailable, "The PostgreSQL server cannot be reached.").
			WithMend("Try again in a while; if it stays so, tell the steward.").Because(err)
	}
	return err
}

func isDisconnect(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// isAbsence tells whether the server misses a table, a column or a schema.
func isAbsence(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "42703" || pg.Code == "3F000")
}

func isUniqueViolation(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "23505"
}

// faultOfServer judges by SQLSTATE (PostgreSQL docs, appendix A).
func faultOfServer(pg *pgconn.PgError, err error) error {
	if e := waiting(pg); e != nil {
		if pg.Code == "40P01" || pg.Code == "40001" {
			err = fmt.Errorf("%w: %w", driver.ErrAgain, err)
		}
		return e.Because(err)
	}
	if isRaised(pg) {
		return &driver.Refusal{Constraint: pg.ConstraintName, Column: pg.ColumnName, Message: notAllowed, Cause: unquoted(pg, err)}
	}
	if message := refusal(pg); message != "" {
		return &driver.Refusal{Constraint: pg.ConstraintName, Column: cmp.Or(pg.ColumnName, columnsIn(pg.Detail)), Message: message, Cause: unquoted(pg, err)}
	}
	return err
}

// notAllowed says no more: what a function says may hold any value of any row.
const notAllowed = "A trigger or function of the database does not allow this."

// isRaised tells of errors that a function in PL/pgSQL made itself, by RAISE or ASSERT.
// Whatever code it gave them, they are its no, and not what the server means by the code.
// The name of the server's own routine tells: it is the same in every language.
func isRaised(pg *pgconn.PgError) bool {
	return pg.Routine == "exec_stmt_raise" || pg.Routine == "exec_stmt_assert"
}

// serverClasses are the classes of codes that the server has a meaning for (PostgreSQL
// docs, appendix A); any other was made up by a function.
var serverClasses = regexp.MustCompile(`^(?:[0-4]|5[3-8]|72|F0|HV|P0|XX)`)

// unquoted gives the cause of a refusal for the log. Only what the server says of the
// constraints of its tables and types never holds a value; a trigger, or a text that is no
// number, does.
func unquoted(pg *pgconn.PgError, err error) error {
	if pg.Code[:2] == "23" && pg.TableName+pg.DataTypeName != "" && !isRaised(pg) {
		return err
	}
	return errors.New("SQLSTATE " + pg.Code)
}

// waiting gives an error for what may work later.
func waiting(pg *pgconn.PgError) *errs.Error {
	unavailable := func(message, mend string) *errs.Error {
		return errs.New(errs.Unavailable, "%s", message).WithMend("%s", mend)
	}
	switch pg.Code {
	case "55P03":
		return unavailable("Another program holds a lock on rows or the table for too long.", "Try again when it is done.")
	case "40P01", "40001":
		return unavailable("The change and another program were in each other's way, and the PostgreSQL server ended one of them.", "Try again.")
	case "57014":
		return unavailable("The PostgreSQL server took longer than allowed.", "Try again; if it stays so, the steward can allow more time.")
	}
	if isRaised(pg) {
		return nil
	}
	switch pg.Code[:2] {
	case "28", "3D":
		return unavailable("The PostgreSQL server does not let Sutor in.", "The steward must check the account, its password and the database's name.")
	case "08", "57":
		return unavailable("The PostgreSQL server cannot be reached.", "Try again in a while; if it stays so, tell the steward.")
	case "53":
		return unavailable("The PostgreSQL server is short of connections, memory or disk.", "Try again later; the server's administrator can see why.")
	}
	return nil
}

// refusal gives the sentence for what the system forbids; "" for anything else.
func refusal(pg *pgconn.PgError) string {
	switch pg.Code {
	case "23505":
		return "Another row already has these values" + of(columnsIn(pg.Detail)) + ", which " + constraint(pg) + " allows only once."
	case "23503":
		return "Rows of two tables would no longer fit together: " + constraint(pg) + " wants the row that another row refers to" + by(columnsIn(pg.Detail)) + "."
	case "23502":
		if pg.ColumnName == "" { // of a domain
			return "A column of the type " + pg.DataTypeName + " needs a value."
		}
		return "The column " + pg.ColumnName + " of the table " + pg.TableName + " needs a value."
	case "23514":
		if pg.ConstraintName == "" && pg.TableName == "" { // a function in another language than PL/pgSQL
			return notAllowed
		}
		if pg.ConstraintName == "" { // a rule of partitions has no name
			return "A row belongs in no partition of the table " + pg.TableName + "."
		}
		return "A value breaks a rule of the database: " + constraint(pg) + " does not allow it."
	case "23P01":
		return "Another row stands in the way: " + constraint(pg) + " does not allow both."
	case "42501":
		return "The database does not give Sutor's account the right to do this. The steward can grant it."
	case "25006":
		return "The database is read-only now."
	case "428C9":
		return "A column that the database numbers or computes itself was given a value."
	case "22003":
		return "A number is too large for its column."
	case "22001":
		return "A text is too long for its column."
	case "22P04":
		return "" // COPY was sent what is not its format: ours
	case "0A000":
		return "The table has a rule, or is of a kind, that the database does not let be written this way."
	case "42P01", "42703", "3F000":
		return "A trigger, rule or function of the database refers to something that is not there."
	}
	switch pg.Code[:2] {
	case "22":
		return "A value does not fit its column."
	case "23", "27", "44", "55":
		return "A rule of the database does not allow this."
	case "38", "39", "P0": // functions in other languages; PL/pgSQL, as of a row that is not there
		return notAllowed
	}
	if !serverClasses.MatchString(pg.Code) {
		return notAllowed
	}
	return ""
}

// keyDetail is how PostgreSQL tells the columns and values that broke a rule, in
// every language: "Key (a, b)=(1, 2) …". Of an expression it gives SQL, which has
// parentheses or operators.
var keyDetail = regexp.MustCompile(`\(([^()=<>|*/+:']+)\)=\(`)

// columnsIn gives the columns that a detail names, and never its values; "" where
// it names none.
func columnsIn(detail string) string {
	if found := keyDetail.FindStringSubmatch(detail); found != nil {
		return found[1]
	}
	return ""
}

func of(columns string) string {
	if columns == "" {
		return ""
	}
	return " of " + columns
}

func by(columns string) string {
	if columns == "" {
		return ""
	}
	return " by " + columns
}

func constraint(pg *pgconn.PgError) string {
	of := " of the table " + pg.TableName
	if pg.TableName == "" { // of a domain
		of = " of the type " + pg.DataTypeName
	}
	if pg.ConstraintName == "" {
		return "a rule" + of
	}
	return "the rule " + pg.ConstraintName + of
}
