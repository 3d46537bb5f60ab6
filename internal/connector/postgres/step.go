package postgres

import (
	"fmt"
	"slices"
	"strings"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Temporary tables of a step: the rows, and those of them that were stored otherwise
// than the step says, as an array of texts.
const (
	stagedTable    = "pg_temp.sutor_staged"    // n, mask, k1…, b1…, a1…
	otherwiseTable = "pg_temp.sutor_otherwise" // n, r
)

// groupsAtOnce bounds how many INSERTs one statement has.
const groupsAtOnce = 32

// step writes the SQL of one driver.Write. In it t is the user's table, d the
// staged rows.
type step struct {
	driver.Write
	some, all string // masks: columns that some rows, that all rows write

	triggers bool  // there are any
	late     bool  // triggers run after a row was written
	aside    int64 // rows that step aside for others (aside.go)
	empties  []int // the columns that they empty
}

func newStep(w driver.Write) *step { return &step{Write: w} }

func (s *step) stageSQL() string {
	columns := []string{"0::pg_catalog.int8 AS n", "''::pg_catalog.varbit AS mask"}
	for i, c := range s.Key {
		columns = append(columns, fmt.Sprintf("%s AS k%d", staged(c), i+1))
	}
	for i, c := range s.Columns {
		columns = append(columns, fmt.Sprintf("%s AS b%d", staged(c), i+1))
	}
	for i, c := range s.Columns {
		columns = append(columns, fmt.Sprintf("%s AS a%d", unlimited(c), i+1))
	}
	return stage(stagedTable, columns, s.Table)
}

// analyzeSQL lets the planner know the number of staged rows and their keys, by
// which they are joined; nothing is planned by the other columns, and a tenth of the
// rows that ANALYZE looks at else (300 for each of default_statistics_target) is enough.
func (s *step) analyzeSQL() string {
	columns := []string{"n"}
	for i := range s.Key {
		columns = append(columns, fmt.Sprintf("k%d", i+1))
	}
	return "SET LOCAL default_statistics_target = 10; ANALYZE " + stagedTable + " (" + strings.Join(columns, ", ") + "); SET LOCAL default_statistics_target TO DEFAULT"
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

// unchanged judges live rows: equal to before over all judged columns. A delete names the
// live row's own key, which is judged too: one that the system takes for the same is
// another one, and an undo could not give it back.
func (s *step) unchanged() string {
	terms := []string{"true"}
	if s.Op == driver.Delete {
		for i, c := range s.Key {
			terms = append(terms, equal(c.Type, "t."+name(c.Name), fmt.Sprintf("d.k%d", i+1)))
		}
	}
	for i, c := range s.Columns {
		terms = append(terms, equal(c.Type, "t."+name(c.Name), fmt.Sprintf("d.b%d", i+1)))
	}
	return strings.Join(terms, " AND ")
}

// told selects a written row: its number n, and as r what is given back of it, its key
// and columns as texts; NULL where it is stored as the step says, and nothing is to be
// told. The row is t's, or i's of an insert.
func (s *step) told(row, key, column string) string {
	if s.untold() {
		return "d.n AS n, NULL::pg_catalog.text[] AS r"
	}
	var texts []string
	said := []string{"true"}
	for i, c := range s.Key {
		is := row + "." + prefixed(key, i, c)
		texts, said = append(texts, asWritten(c.Type, is)), append(said, equal(c.Type, is, fmt.Sprintf("d.k%d", i+1)))
	}
	for i, c := range s.Columns {
		is := row + "." + prefixed(column, i, c)
		texts, said = append(texts, asWritten(c.Type, is)), append(said, equal(c.Type, is, s.says(i)))
	}
	return fmt.Sprintf("d.n AS n, CASE WHEN %s THEN NULL ELSE ARRAY[%s] END AS r", strings.Join(said, " AND "), strings.Join(texts, ", "))
}

// untold tells of steps of which nothing is given back: of a delete, and where triggers
// may change rows after they were written, which are then read again.
func (s *step) untold() bool { return s.Op == driver.Delete || s.late }

// says gives the SQL of what a row says of column i: after where it writes it, else
// before, which is NULL of an insert.
func (s *step) says(i int) string {
	switch {
	case s.all[i] == '1':
		return fmt.Sprintf("d.a%d", i+1)
	case s.some[i] == '0':
		return fmt.Sprintf("d.b%d", i+1)
	}
	return fmt.Sprintf("CASE WHEN %s THEN d.a%d ELSE d.b%[2]d END", written(i), i+1)
}

// countedSQL counts the rows that a query tells of, and keeps those that are stored
// otherwise. with is what comes before the query.
func countedSQL(with, query string) string {
	return fmt.Sprintf("WITH %sw AS (%s), o AS (INSERT INTO %s SELECT w.n, w.r FROM w WHERE w.r IS NOT NULL) SELECT pg_catalog.count(*), pg_catalog.count(w.r) FROM w",
		with, query, otherwiseTable)
}

// otherwiseSQL gives the rows that are stored otherwise: number, key, columns.
func (s *step) otherwiseSQL() string {
	values := ""
	for i := range len(s.Key) + len(s.Columns) {
		values += fmt.Sprintf(", r[%d]", i+1)
	}
	return "SELECT n" + values + " FROM " + otherwiseTable
}

// written is the SQL condition that the row of d writes column i.
func written(i int) string { return writtenIn("d", i) }

func writtenIn(row string, i int) string {
	return bit(row, i) + " OPERATOR(pg_catalog.=) 1"
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
		return countedSQL("", fmt.Sprintf("SELECT %s FROM %s AS t, %s AS d WHERE %s FOR NO KEY UPDATE OF t", s.told("t", "", ""), quoted(s.Table), stagedTable, where))
	}
	return countedSQL("", fmt.Sprintf("UPDATE %s AS t SET %s FROM %s AS d WHERE %s RETURNING %s",
		quoted(s.Table), strings.Join(set, ", "), stagedTable, where, s.told("t", "", "")))
}

func (s *step) deleteSQL() string {
	return countedSQL("", fmt.Sprintf("DELETE FROM %s AS t USING %s AS d WHERE %s AND %s RETURNING %s",
		quoted(s.Table), stagedTable, s.sameKey("t", ""), s.unchanged(), s.told("t", "", "")))
}

// bit is the SQL of a mask's number for column i, 0 or 1.
func bit(row string, i int) string { return fmt.Sprintf("pg_catalog.get_bit(%s.mask, %d)", row, i) }

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
			terms = append(terms, bit("d", i))
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
			with = append(with, fmt.Sprintf("i%d AS (%s), ", i+1, s.insertGroup(group)))
			from = append(from, fmt.Sprintf("SELECT * FROM i%d", i+1))
		}
		queries = append(queries, countedSQL(strings.Join(with, ""), fmt.Sprintf("SELECT %s FROM (%s) AS i JOIN %s AS d ON %s",
			s.told("i", "k", "c"), strings.Join(from, " UNION ALL "), stagedTable, s.sameKey("i", "k"))))
	}
	return queries, nil
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
