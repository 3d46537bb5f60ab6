package postgres

import (
	"fmt"
	"slices"
	"strings"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// stagedTable is the temporary table of a step: n, mask, k1…, b1…, a1….
const stagedTable = "pg_temp.sutor_staged"

// groupsAtOnce bounds how many INSERTs one statement has.
const groupsAtOnce = 32

// step writes the SQL of one driver.Write. In it t is the user's table, d the
// staged rows.
type step struct {
	driver.Write
	some, all string // masks: columns that some rows, that all rows write
	whole     bool   // every mask has a character for each column

	triggers bool  // there are any
	late     bool  // triggers run after a row was written
	aside    int64 // rows that step aside for others (aside.go)
	empties  []int // the columns that they empty
}

func newStep(w driver.Write) *step { return &step{Write: w} }

func (s *step) stageSQL() string {
	columns := []string{"0::pg_catalog.int8 AS n", "''::pg_catalog.text AS mask"}
	for i, c := range s.Key {
		columns = append(columns, fmt.Sprintf("%s AS k%d", staged(c), i+1))
	}
	for _, side := range []string{"b", "a"} {
		for i, c := range s.Columns {
			columns = append(columns, fmt.Sprintf("%s AS %s%d", staged(c), side, i+1))
		}
	}
	return stage(stagedTable, columns, s.Table)
}

// analyzeSQL lets the planner know the number of staged rows and their keys, by
// which they are joined; nothing is planned by the other columns.
func (s *step) analyzeSQL() string {
	columns := []string{"n"}
	for i := range s.Key {
		columns = append(columns, fmt.Sprintf("k%d", i+1))
	}
	return "ANALYZE " + stagedTable + " (" + strings.Join(columns, ", ") + ")"
}

// sameKey matches rows as the system does, by the key's own types and collations.
func (s *step) sameKey(table, prefix string) string {
	terms := make([]string, len(s.Key))
	for i, c := range s.Key {
		terms[i] = same(c.Type, table+"."+prefixed(prefix, i, c), fmt.Sprintf("d.k%d", i+1))
	}
	return strings.Join(terms, " AND ")
}

// prefixed names a column of a query: by its own name, or as prefix and number.
func prefixed(prefix string, i int, c record.Column) string {
	if prefix == "" {
		return name(c.Name)
	}
	return fmt.Sprintf("%s%d", prefix, i+1)
}

// unchanged judges live rows: equal to before over all judged columns.
func (s *step) unchanged() string {
	terms := []string{"true"}
	for i, c := range s.Columns {
		terms = append(terms, equal(c.Type, "t."+name(c.Name), fmt.Sprintf("d.b%d", i+1)))
	}
	return strings.Join(terms, " AND ")
}

// given gives the list of a row's own values: number, key, columns.
func (s *step) given() string { return "d.n" + list(s.Key, "t.") + list(s.Columns, "t.") }

// written is the SQL condition that the row of d writes column i.
func written(i int) string { return writtenIn("d", i) }

func writtenIn(row string, i int) string {
	return fmt.Sprintf("pg_catalog.substr(%s.mask, %d, 1) OPERATOR(pg_catalog.=) '1'", row, i+1)
}

func (s *step) updateSQL() string {
	var set []string
	for i, c := range s.Columns {
		switch {
		case s.all[i] == '1':
			set = append(set, fmt.Sprintf("%s = %s", name(c.Name), assigned(c.Type, fmt.Sprintf("d.a%d", i+1))))
		case s.some[i] == '1':
			set = append(set, fmt.Sprintf("%s = CASE WHEN %s THEN %s ELSE t.%[1]s END", name(c.Name), written(i), assigned(c.Type, fmt.Sprintf("d.a%d", i+1))))
		}
	}
	where := s.sameKey("t", "") + " AND " + s.judged()
	if len(set) == 0 { // nothing to write: judge and lock all the same
		return fmt.Sprintf("SELECT %s FROM %s AS t, %s AS d WHERE %s FOR NO KEY UPDATE OF t", s.given(), quoted(s.Table), stagedTable, where)
	}
	return fmt.Sprintf("UPDATE %s AS t SET %s FROM %s AS d WHERE %s RETURNING %s",
		quoted(s.Table), strings.Join(set, ", "), stagedTable, where, s.given())
}

func (s *step) deleteSQL() string {
	return fmt.Sprintf("DELETE FROM %s AS t USING %s AS d WHERE %s AND %s RETURNING %s",
		quoted(s.Table), stagedTable, s.sameKey("t", ""), s.unchanged(), s.given())
}

// fills tells whether the system puts something into a column that an insert
// does not name. Only such columns make a difference between rows: any other is
// NULL whether it is named or not.
func fills(c record.Column) bool { return c.HasDefault || c.Generated || c.Identity != "" }

// groupSQL gives the part of a row's mask that decides which columns its insert
// names.
func (s *step) groupSQL() string {
	terms := []string{"''"}
	for i, c := range s.Columns {
		if fills(c) {
			terms = append(terms, fmt.Sprintf("pg_catalog.substr(d.mask, %d, 1)", i+1))
		}
	}
	return "pg_catalog.concat(" + strings.Join(terms, ", ") + ")"
}

// insertSQL gives queries with one INSERT for each group. An INSERT's RETURNING
// cannot name the row it came from; so the rows are joined to their numbers by
// key, by the system's own equality.
func (s *step) insertSQL(groups []string) ([]string, error) {
	var queries []string
	for part := range slices.Chunk(groups, groupsAtOnce) {
		var with, from []string
		for i, group := range part {
			if strings.Trim(group, "01") != "" {
				return nil, fmt.Errorf("postgres: a mask has other characters than 0 and 1")
			}
			with = append(with, fmt.Sprintf("i%d AS (%s)", i+1, s.insertGroup(group)))
			from = append(from, fmt.Sprintf("SELECT * FROM i%d", i+1))
		}
		queries = append(queries, fmt.Sprintf("WITH %s SELECT d.n%s%s FROM (%s) AS i JOIN %s AS d ON %s",
			strings.Join(with, ", "), s.listReturned("k", s.Key), s.listReturned("c", s.Columns),
			strings.Join(from, " UNION ALL "), stagedTable, s.sameKey("i", "k")))
	}
	return queries, nil
}

func (s *step) listReturned(prefix string, columns record.Schema) string {
	var b strings.Builder
	for i, c := range columns {
		b.WriteString(", " + canonical(c.Type, "i."+prefixed(prefix, i, c)))
	}
	return b.String()
}

// insertGroup inserts the rows of one group. A column that some of its rows do
// not write and that the system does not fill is NULL there.
func (s *step) insertGroup(group string) string {
	var into, values, returning []string
	for i, c := range s.Key {
		into = append(into, name(c.Name))
		values = append(values, assigned(c.Type, fmt.Sprintf("d.k%d", i+1)))
		returning = append(returning, fmt.Sprintf("%s AS k%d", staged(c), i+1))
	}
	filled := 0
	for i, c := range s.Columns {
		returning = append(returning, fmt.Sprintf("t.%s AS c%d", name(c.Name), i+1))
		named := s.some[i] == '1'
		if fills(c) {
			named = group[filled] == '1'
			filled++
		}
		if named {
			into = append(into, name(c.Name))
			values = append(values, fmt.Sprintf("CASE WHEN %s THEN %s END", written(i), assigned(c.Type, fmt.Sprintf("d.a%d", i+1))))
		}
	}
	override := ""
	if s.OverrideIdentity {
		override = " OVERRIDING SYSTEM VALUE"
	}
	return fmt.Sprintf("INSERT INTO %s AS t (%s)%s SELECT %s FROM %s AS d WHERE %s OPERATOR(pg_catalog.=) '%s' ORDER BY d.n RETURNING %s",
		quoted(s.Table), strings.Join(into, ", "), override, strings.Join(values, ", "), stagedTable, s.groupSQL(), group, strings.Join(returning, ", "))
}

// conflictsSQL lists n and gone of the rows that stand in the way.
func (s *step) conflictsSQL() string {
	live := fmt.Sprintf("EXISTS (SELECT FROM %s AS t WHERE %s", quoted(s.Table), s.sameKey("t", ""))
	if s.Op == driver.Insert {
		return fmt.Sprintf("SELECT d.n, false FROM %s AS d WHERE %s) ORDER BY d.n LIMIT %d", stagedTable, live, maxConflicts)
	}
	return fmt.Sprintf("SELECT d.n, NOT %s) FROM (SELECT d.* FROM %s AS d WHERE NOT %[1]s AND %[3]s) ORDER BY d.n LIMIT %[4]d) AS d ORDER BY d.n",
		live, stagedTable, s.unchanged(), maxConflicts)
}
