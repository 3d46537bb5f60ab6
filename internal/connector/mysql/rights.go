package mysql

import (
	"strings"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Rights gives the statements that grant an account what it needs, and no more. The
// account may come from any host ('%'); an administrator can name Sutor's own.
func Rights(dsn string, needs []driver.Need) []string {
	config, err := parse(dsn)
	if err != nil {
		return nil
	}
	to := " TO " + string(appendLiteral(nil, []byte(config.User))) + "@'%';"
	lines := []string{"GRANT CREATE TEMPORARY TABLES ON " + pattern(config.DBName) + ".*" + to}
	for _, n := range needs {
		table := n.Table
		if table.Schema == "" {
			table = record.Table{Schema: config.DBName, Name: table.Name}
		}
		lines = append(lines, "GRANT "+strings.Join(rightsOn(n), ", ")+" ON "+quotedTable(table)+to)
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

// pattern quotes a database's name where the server reads % and _ as wildcards.
func pattern(name string) string {
	return quoted(strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(name))
}
