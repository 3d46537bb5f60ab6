package mysql

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Rights gives the statements that grant an account what it needs, and no more. Without a
// right on the whole database the server shows no foreign keys, and nobody would know what
// is deleted along with a row; REFERENCES alone lets the account do nothing else. The
// account may come from any host ('%'); an administrator can name Sutor's own.
func Rights(dsn string, needs []driver.Need) []string {
	config, err := parse(dsn)
	if err != nil {
		return nil
	}
	to := " TO " + string(appendLiteral(nil, []byte(config.User))) + "@'%';"
	lines := []string{"GRANT CREATE TEMPORARY TABLES, REFERENCES ON " + pattern(config.DBName) + ".*" + to}
	shown := []string{config.DBName}
	for _, n := range needs {
		table := n.Table
		if table.Schema == "" {
			table = record.Table{Schema: config.DBName, Name: table.Name}
		}
		if !slices.Contains(shown, table.Schema) {
			shown = append(shown, table.Schema)
			lines = append(lines, "GRANT REFERENCES ON "+pattern(table.Schema)+".*"+to)
		}
		lines = append(lines, "GRANT "+strings.Join(rightsOn(n), ", ")+" ON "+quotedTable(table)+to)
	}
	return lines
}

// grantTemporary gives the statement that lets the account make temporary tables, which plans
// and applies need.
func (s *session) grantTemporary(ctx context.Context) string {
	return s.grant(ctx, "CREATE TEMPORARY TABLES", s.db.name)
}

// grant gives the statement that gives the account, as the server knows it, a right on a database.
func (s *session) grant(ctx context.Context, right, on string) string {
	var account string
	if err := s.row(ctx, "SELECT CURRENT_USER()", &account); err != nil {
		return "GRANT " + right // which says enough
	}
	at := max(strings.LastIndexByte(account, '@'), 0)
	user, host := appendLiteral(nil, []byte(account[:at])), appendLiteral(nil, []byte(strings.TrimPrefix(account[at:], "@")))
	return "GRANT " + right + " ON " + pattern(on) + ".* TO " + string(user) + "@" + string(host) + ";"
}

const shownSQL = `SELECT EXISTS (SELECT 1 FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?)
	AND (VERSION() LIKE '%MariaDB%' OR LOCATE('references', ?) > 0)`

// whyHidden gives sentences where the server does not show the account which foreign keys
// refer to a table. It shows the constraints of a database together or not at all: where
// those of the table itself are missing, which has a unique index, the others are. MySQL shows
// those of tables on which there is some right; there the right on the whole is asked for.
func (s *session) whyHidden(ctx context.Context, t *table) (string, error) {
	var all bool
	err := s.each(ctx, shownSQL, []any{t.name.Schema, t.name.Name, t.rights}, []any{&all}, func() {})
	if err != nil || all || !slices.ContainsFunc(t.indexes, func(i index) bool { return i.unique }) {
		return "", err
	}
	return "The database does not show Sutor's account which tables refer to it, whose rows may be deleted or changed along; an administrator can give it the right to see that: " +
		s.grant(ctx, "REFERENCES", t.name.Schema), nil
}

// noTemporary says that the account lacks the right.
func (s *session) noTemporary(ctx context.Context, err error) error {
	var e *mysql.MySQLError
	if errors.As(err, &e) {
		err = numbered(e)
	}
	return errs.New(errs.Invalid, "The database does not let Sutor's account make temporary tables (the right CREATE TEMPORARY TABLES), by which rows are looked up.").
		WithMend("The database's administrator can give the right: %s", s.grantTemporary(ctx)).Because(err)
}

// whyNotStaging gives a sentence where the account cannot make temporary tables. It
// tries: rights may come by roles, and no table of the server says what they add up to.
func (s *session) whyNotStaging(ctx context.Context) (string, error) {
	const probe = "`sutor may stage`"
	if _, err := s.exec(ctx, "CREATE TEMPORARY TABLE "+probe+" (n int) ENGINE=MEMORY"); isNumber(err, erNoDatabase) {
		return "Sutor's account may not make temporary tables in the database, which every plan needs; an administrator can give it the right: " + s.grantTemporary(ctx), nil
	} else if err != nil {
		return "", err
	}
	_, err := s.exec(ctx, "DROP TEMPORARY TABLE "+probe)
	return "", err
}

func rightsOn(n driver.Need) []string {
	rights := []string{"SELECT"}
	if n.Insert {
		rights = append(rights, "INSERT")
	}
	if n.Update {
		rights = append(rights, "UPDATE")
	}
	if n.Delete {
		rights = append(rights, "DELETE")
	}
	return rights
}

// pattern quotes a database's name where the server reads % and _ as wildcards.
func pattern(name string) string {
	return quoted(strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(name))
}
