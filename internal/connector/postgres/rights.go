package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"sutor/internal/system/driver"
)

// Rights gives the statements that grant a role what it needs, and no more.
func Rights(dsn string, needs []driver.Need) []string {
	config, err := parse(dsn)
	if err != nil {
		return nil
	}
	role := pgx.Identifier{config.ConnConfig.User}.Sanitize()
	lines := []string{fmt.Sprintf("GRANT CONNECT, TEMPORARY ON DATABASE %s TO %s;", pgx.Identifier{config.ConnConfig.Database}.Sanitize(), role)}
	var schemas []string
	for _, n := range needs {
		if schema := withSchema(n.Table).Schema; !slices.Contains(schemas, schema) {
			schemas = append(schemas, schema)
			lines = append(lines, fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s;", pgx.Identifier{schema}.Sanitize(), role))
		}
	}
	for _, n := range needs {
		lines = append(lines, fmt.Sprintf("GRANT %s ON TABLE %s TO %s;", strings.Join(rightsOn(n), ", "), quoted(withSchema(n.Table)), role))
	}
	return lines
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
