package sqlite

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/mattn/go-sqlite3"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// Extended result codes that the library has no name for (sqlite.org/rescode.html).
const constraintDatatype = sqlite3.ErrNoExtended(19 | 12<<8)

// readOnlyFile says why no table of the file can be written.
const readOnlyFile = "The database can only be read: the file, its folder or the connection does not allow writing."

// explain gives SQLite's error its public face. Messages of SQLite hold names
// and pieces of SQL, so they stay the cause. nil stays nil; an error that is not
// SQLite's own (of a stream, a cancelled context) passes as it is.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) { // the statement's own limit
		return face(sqlite3.Error{Code: sqlite3.ErrInterrupt})
	}
	var e sqlite3.Error
	if !errors.As(err, &e) {
		if err.Error() == "sql: database is closed" { // database/sql exports no value for it
			return errs.New(errs.Unavailable, "The connection to the database has been closed.").Because(err)
		}
		return err
	}
	return face(e)
}

func face(e sqlite3.Error) error {
	unavailable := func(message, mend string) error {
		return errs.New(errs.Unavailable, "%s", message).WithMend("%s", mend).Because(e)
	}
	switch e.Code {
	case sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrProtocol:
		return unavailable("The database is locked: somebody else is writing to it.", "Try again in a moment.")
	case sqlite3.ErrCantOpen, sqlite3.ErrPerm, sqlite3.ErrAuth:
		return unavailable("The database file cannot be opened.", "Check that the server's user may read and write the file and its folder.")
	case sqlite3.ErrFull:
		return unavailable("The disk is full.", "Free some space, then try again; nothing was changed.")
	case sqlite3.ErrIoErr, sqlite3.ErrNomem:
		return unavailable("The database file cannot be read or written.", "The server's log has the cause; try again once it is mended.")
	case sqlite3.ErrInterrupt:
		return unavailable("The database took longer than allowed.", "Try again, or let the steward allow more time.")
	case sqlite3.ErrNotADB:
		return errs.New(errs.Invalid, "The file is not an SQLite database, or it is encrypted.").
			WithMend("Check which file the connection string names.").Because(e)
	case sqlite3.ErrCorrupt:
		return errs.New(errs.Unavailable, "The database file is damaged.").
			WithMend("Tell the steward; SQLite's own integrity check says more.").Because(e)
	case sqlite3.ErrReadonly:
		return &driver.Refusal{Message: readOnlyFile, Cause: e}
	case sqlite3.ErrConstraint, sqlite3.ErrMismatch, sqlite3.ErrTooBig:
		return refusal(e, "", nil)
	}
	return faceOfMessage(e)
}

// faceOfMessage tells apart what SQLite calls by the one code SQLITE_ERROR.
func faceOfMessage(e sqlite3.Error) error {
	message := e.Error()
	for _, start := range []string{"no such table:", "no such column:", "table ", "no such schema"} {
		if strings.HasPrefix(message, start) {
			return errs.New(errs.Changed, "The table or one of its columns is no longer as it was.").
				WithMend("Plan the change again.").Because(e)
		}
	}
	for _, start := range []string{"no such function:", "no such collation", "no such module:", "unknown function:"} {
		if strings.HasPrefix(message, start) {
			return &driver.Refusal{Message: "The table needs a function, collation or module that only its own application has.", Cause: e}
		}
	}
	return e
}

// word is a constraint's name that cannot be a piece of SQL.
var word = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// refusal puts a violated constraint into words. columns are those of the table
// written to; a constraint of another table (by a trigger) names none.
func refusal(e sqlite3.Error, table string, columns []string) *driver.Refusal {
	r := &driver.Refusal{Cause: e}
	_, detail, _ := strings.Cut(e.Error(), " constraint failed: ")
	switch e.ExtendedCode {
	case sqlite3.ErrConstraintUnique, sqlite3.ErrConstraintPrimaryKey, sqlite3.ErrConstraintRowID:
		found := violated(detail, table, columns)
		r.Message = "Another row has this value already, and it may stand there only once."
		if len(found) > 0 {
			r.Column = strings.Join(found, ", ")
			r.Constraint = "UNIQUE (" + strings.Join(found, ", ") + ")"
			r.Message = "Another row has the same " + strings.Join(found, ", ") + " already."
		}
	case sqlite3.ErrConstraintNotNull:
		r.Message = "A column that needs a value would have none."
		if found := violated(detail, table, columns); len(found) > 0 {
			r.Column, r.Constraint = found[0], "NOT NULL"
			r.Message = "The column " + found[0] + " needs a value."
		}
	case sqlite3.ErrConstraintForeignKey:
		r.Constraint = "FOREIGN KEY"
		r.Message = "Rows of two tables would no longer fit together: one would refer to a row that is not there."
	case sqlite3.ErrConstraintCheck:
		r.Message = "A value breaks a check of the table."
		if word.MatchString(detail) {
			r.Constraint = detail
			r.Message = "A value breaks the check " + detail + " of the table."
		}
	case sqlite3.ErrConstraintTrigger:
		r.Message = "A trigger of the table does not allow it."
		r.Cause = e.ExtendedCode // its own words may hold values, and the log is to have none
	case constraintDatatype:
		r.Message = "A value is not of its column's type."
	default:
		r.Message = "A rule of the database does not allow it."
		switch e.Code {
		case sqlite3.ErrMismatch:
			r.Message = "A row number must be a whole number."
		case sqlite3.ErrTooBig:
			r.Message = "A value is larger than the database can hold."
		}
	}
	return r
}

// violated reads "table.column, table.column", where either name may hold any
// character, with the names that are possible.
func violated(detail, table string, columns []string) []string {
	var found []string
	for table != "" && detail != "" {
		rest, ok := strings.CutPrefix(detail, table+".")
		if !ok {
			return nil
		}
		best := ""
		for _, c := range columns {
			after, ok := strings.CutPrefix(rest, c)
			if ok && len(c) > len(best) && (after == "" || strings.HasPrefix(after, ", "+table+".")) {
				best = c
			}
		}
		if best == "" {
			return nil
		}
		found = append(found, best)
		detail = strings.TrimPrefix(rest[len(best):], ", ")
	}
	return found
}

// isCode tells whether err is SQLite's error of this primary code.
func isCode(err error, code sqlite3.ErrNo) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == code
}

// constraint finds a violated constraint in err.
func constraint(err error) (sqlite3.Error, bool) {
	var e sqlite3.Error
	return e, errors.As(err, &e) && e.Code == sqlite3.ErrConstraint
}

// explainWrite is explain for statements that write to the table of s.
func (s *step) explainWrite(ctx context.Context, err error) error {
	e, ok := constraint(err)
	if !ok || ctx.Err() != nil {
		return explain(ctx, err)
	}
	r := refusal(e, s.table.name.Name, s.table.columns.Names())
	if text, ok := s.triggersWords(ctx, e); ok {
		r.Message = "A trigger of the table does not allow it: " + strings.TrimRight(text, ".") + "."
	}
	return r
}

// triggersWords gives the message of a trigger's RAISE if it stands in a trigger
// as it is: only then it cannot hold a row's values.
func (s *step) triggersWords(ctx context.Context, e sqlite3.Error) (string, bool) {
	if e.ExtendedCode != sqlite3.ErrConstraintTrigger {
		return "", false
	}
	var found int
	err := s.tx.conn.QueryRowContext(ctx, "SELECT count(*) FROM main.sqlite_schema WHERE type = 'trigger' AND instr(sql, ?)",
		"'"+strings.ReplaceAll(e.Error(), "'", "''")+"'").Scan(&found)
	return e.Error(), err == nil && found > 0
}
