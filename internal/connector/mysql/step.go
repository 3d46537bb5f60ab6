package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// staged is the temporary table of a step: n, mask, k0…, b0…, a0….
const staged = "`sutor staged`"

// mostInRow is how many bytes the before and after of a row may take in the row
// itself; the server's bound is 65,535 for all of it.
const mostInRow = 20_000

// partRows is how many rows one UPDATE writes. What a joined update is to write the server
// puts into a table of its own first, which goes to the disk, with an index, where it outgrows
// tmp_memory_table_size (16 MB): 285,000 rows of 11 columns took 7.6 to 9.3 seconds at once, and
// 3.6 to 4.5 in parts of 1,000 to 20,000.
const partRows = 5_000

// step is one Write on its way.
type step struct {
	tx           *apply
	write        driver.Write
	table        *table
	key, columns []column
	masks        map[string]int64    // how many rows have it
	taken        int64               // rows so far
	ends         []int64             // numbers of the rows that end a part of an update
	family       []driver.ForeignKey // those that refer to the table itself
	null         int                 // a column that would be NULL and may not be; -1 for none
	odd          bool                // a value was sent that may not come back as it was sent
	aside        int64               // rows that step aside for others (aside.go)
}

func (a *apply) prepare(ctx context.Context, w driver.Write) (*step, error) {
	t, err := a.session.inspect(ctx, w.Table)
	if err != nil {
		return nil, err
	}
	if !t.undoes {
		return nil, &driver.Refusal{Message: "The storage engine " + t.engine + " of the table " + t.name.String() + " cannot take back what was written."}
	}
	s := &step{tx: a, write: w, table: t, masks: map[string]int64{}, null: -1}
	if s.key, err = t.live(w.Key); err != nil {
		return nil, err
	}
	if s.columns, err = t.live(w.Columns); err != nil {
		return nil, err
	}
	if len(s.key) == 0 {
		return nil, errs.New(errs.Internal, "Rows of %s were to be written without a key.", t.name.Name)
	}
	if w.Op != driver.Update {
		s.family, err = a.session.family(ctx, t.name)
	}
	return s, explain(ctx, err)
}

// run stages the rows, writes them, and where not all could be written takes the step
// back to find out which.
func (s *step) run(ctx context.Context, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error) {
	sent, err := s.stage(ctx, rows)
	if err != nil || sent == 0 {
		return 0, nil, err
	}
	if s.null >= 0 {
		name := s.columns[s.null].Name
		return 0, nil, &driver.Refusal{Column: name, Message: "The column " + name + " of the table " + s.table.name.String() + " needs a value."}
	}
	if s.write.Op == driver.Insert {
		if conflicts, err := s.met(ctx); err != nil || len(conflicts) > 0 {
			return 0, conflicts, err
		}
	}
	if _, err := s.tx.exec(ctx, "SAVEPOINT sutor_step"); err != nil {
		return 0, nil, err
	}
	written, err := s.change(ctx, sent, stored)
	if err == nil && written == sent {
		_, err = s.tx.exec(ctx, "RELEASE SAVEPOINT sutor_step")
		return written, nil, err
	}
	if err != nil && !isNumber(err, erDuplicate) {
		return 0, nil, err
	}
	if _, back := s.tx.exec(ctx, "ROLLBACK TO SAVEPOINT sutor_step"); back != nil {
		return 0, nil, back
	}
	conflicts, errFind := s.met(ctx)
	if errFind != nil || len(conflicts) > 0 {
		return 0, conflicts, errFind
	}
	if err != nil {
		return 0, nil, err
	}
	return 0, nil, s.unexplained(written, sent)
}

// unexplained is for rows that are as the plan says and yet were not written once each.
func (s *step) unexplained(written, sent int64) error {
	if written > sent {
		return errs.New(errs.Invalid, "The key of the table %s is not unique: %d rows would be written for %d.", s.table.name, written, sent).
			WithMend("The steward can choose a key that is unique in the database.")
	}
	return &driver.Refusal{Message: fmt.Sprintf("The database left out %d of %d rows of the table %s, or gave them another key: a trigger of the table, or someone changing them at this moment.",
		sent-written, sent, s.table.name)}
}

// stage brings the rows into the temporary table.
func (s *step) stage(ctx context.Context, rows io.Reader) (int64, error) {
	var octets int64
	for _, c := range s.columns {
		octets += c.octets
	}
	wide := octets > mostInRow
	into := []slot{numberSlot, {name: "mask", declared: "varchar(1024) CHARACTER SET ascii COLLATE ascii_bin NOT NULL", through: "$",
		put: func(dst, text []byte) ([]byte, error) { return append(dst, text...), nil }}}
	for i, c := range s.key {
		into = append(into, strict(fmt.Sprint("k", i), c, s.table.name, false))
	}
	for i, c := range s.columns {
		into = append(into, before(fmt.Sprint("b", i), c, s.table.name, wide))
	}
	for i, c := range s.columns {
		into = append(into, strict(fmt.Sprint("a", i), c, s.table.name, wide))
	}
	limited, cancel := s.tx.limit(ctx)
	defer cancel()
	sent, err := s.tx.session.load(limited, staged, into, rows, s.take)
	if err == nil {
		err = s.tx.session.joining(limited, s.table, s.key)
	}
	if err != nil {
		return 0, err
	}
	for mask := range s.masks {
		if len(mask) != len(s.columns) || strings.Trim(mask, "01") != "" {
			return 0, errs.New(errs.Internal, "A row's mask does not fit the %d columns.", len(s.columns))
		}
	}
	return sent, nil
}

// writing counts the rows that write the column at i.
func (s *step) writing(i int) (n int64) {
	for mask, rows := range s.masks {
		if mask[i] == '1' {
			n += rows
		}
	}
	return n
}

// bit is the SQL condition that a staged row writes column i.
func bit(row string, i int) string { return fmt.Sprintf("SUBSTR(%s.mask, %d, 1) = '1'", row, i+1) }

// take looks at a record on its way into the temporary table: where a part of an update
// ends, which columns it writes, whether they give its values back as they are, and whether
// it would write NULL where there may be none. There the server would put a value of its own
// in its place in a numbered column, and in some of time.
func (s *step) take(f []record.Field) {
	if s.taken++; s.taken%partRows == 0 {
		if n, err := strconv.ParseInt(string(f[0].Text), 10, 64); err == nil { // else it is refused (numberSlot)
			s.ends = append(s.ends, n)
		}
	}
	mask := f[1].Text
	s.masks[string(mask)]++
	if s.write.Op == driver.Delete || s.null >= 0 || len(mask) != len(s.columns) {
		return
	}
	for i, c := range s.key {
		s.odd = s.odd || !c.returns(f[2+i].Text)
	}
	after := f[len(f)-len(s.columns):]
	for i, c := range s.columns {
		switch {
		case mask[i] == '0':
		case !after[i].Null:
			s.odd = s.odd || !c.returns(after[i].Text)
		case !c.Nullable && !c.Generated:
			s.null = i
			return
		}
	}
}

func (s *step) row(ctx context.Context, query string, dest ...any) error {
	limited, cancel := s.tx.limit(ctx)
	defer cancel()
	return s.tx.session.row(limited, query, dest...)
}

// change writes sent rows, gives out those that are stored otherwise than they say, and
// counts the rows.
func (s *step) change(ctx context.Context, sent int64, stored io.Writer) (written int64, err error) {
	switch s.write.Op {
	case driver.Delete:
		return s.delete(ctx, sent)
	case driver.Update:
		written, err = s.update(ctx)
	case driver.Insert:
		written, err = s.insert(ctx, sent)
	default:
		return 0, errs.New(errs.Internal, "There is no operation %q.", s.write.Op)
	}
	if err != nil || written != sent {
		return written, err
	}
	return s.tell(ctx, stored)
}

// tell writes the rows that are stored otherwise than they say: a trigger of the table did
// so, or the server put something into a column that was not named. All of them where a value
// may come back otherwise than it was sent. It counts the rows that are found by their key.
func (s *step) tell(ctx context.Context, stored io.Writer) (found int64, err error) {
	if s.odd {
		return s.readRows(ctx, "", stored)
	}
	otherwise, told := "NOT ("+s.asSaid()+")", int64(0)
	if err := s.row(ctx, "SELECT count(*), COALESCE(sum("+otherwise+"), 0) FROM "+s.rows(), &found, &told); err != nil || told == 0 {
		return found, err
	}
	_, err = s.readRows(ctx, " WHERE "+otherwise, stored)
	return found, err
}

// asSaid compares live rows with what the staged ones say is stored in them: their key, after
// in the columns that a row writes, before in the others (NULL, of an insert).
func (s *step) asSaid() string {
	terms := s.sameSpelling()
	for i, c := range s.columns {
		live := "t." + quoted(c.Name)
		same := c.unchanged(live, fmt.Sprint("d.b", i))
		if s.write.Op == driver.Insert {
			same = live + " IS NULL"
		}
		if s.writing(i) > 0 {
			same = fmt.Sprintf("IF(%s, %s, %s)", bit("d", i), c.unchanged(live, c.text(fmt.Sprint("d.a", i))), same)
		}
		terms = append(terms, same)
	}
	return strings.Join(terms, " AND ")
}

// unchanged judges live rows: equal to before over all judged columns. A delete names the
// live row's own key, which is judged too: one that its collation takes for the same is
// another one, and an undo could not give it back.
func (s *step) unchanged() string {
	terms := []string{"TRUE"}
	if s.write.Op == driver.Delete {
		terms = s.sameSpelling()
	}
	for i, c := range s.columns {
		terms = append(terms, c.unchanged("t."+quoted(c.Name), fmt.Sprint("d.b", i)))
	}
	return strings.Join(terms, " AND ")
}

// sameSpelling compares the keys of live and staged rows as values are, not by their collation.
func (s *step) sameSpelling() (terms []string) {
	for i, c := range s.key {
		terms = append(terms, c.unchanged("t."+quoted(c.Name), c.text(fmt.Sprint("d.k", i))))
	}
	return terms
}

// rows gives the staged rows d with the live rows t that have their keys.
func (s *step) rows() string {
	return staged + " d " + s.table.joined(s.key) + " ON " + same("d", "k", s.key)
}

// readRows writes number, key and columns of the rows as they are now.
func (s *step) readRows(ctx context.Context, rest string, out io.Writer) (int64, error) {
	columns := slices.Concat(s.key, s.columns)
	limited, cancel := s.tx.limit(ctx)
	defer cancel()
	r := reading{session: s.tx.session, table: s.table, columns: columns, key: s.key,
		keyOf: fmt.Sprintf("SELECT %s FROM %s d WHERE d.n = %%d", strings.Join(numberedNames("d.k", len(s.key)), ", "), staged),
		query: "SELECT d.n" + list("t", columns) + " FROM " + s.rows() + rest}
	return r.stream(limited, out)
}

func (s *step) delete(ctx context.Context, sent int64) (int64, error) {
	return s.inRounds(ctx, sent, s.childless, func(join, condition string) (int64, error) {
		return s.tx.exec(ctx, "DELETE t FROM "+s.rows()+join+" WHERE "+s.unchanged()+condition)
	})
}

// update sets the columns that any row writes. A column that some rows write and
// others do not keeps its value in the others.
func (s *step) update(ctx context.Context) (int64, error) {
	total := int64(0)
	for _, n := range s.masks {
		total += n
	}
	var sets []string
	for i, c := range s.columns {
		switch s.writing(i) {
		case 0:
		case total:
			sets = append(sets, fmt.Sprintf("t.%s = d.a%d", quoted(c.Name), i))
		default:
			sets = append(sets, fmt.Sprintf("t.%s = IF(%s, d.a%d, t.%[1]s)", quoted(c.Name), bit("d", i), i))
		}
	}
	if len(sets) == 0 { // nothing to write: judge and lock all the same
		return s.readRows(ctx, " WHERE "+s.unchanged()+" FOR UPDATE", io.Discard)
	}
	if all, err := s.stepAside(ctx); err != nil || !all {
		return 0, err
	}
	from, judged := s.rows(), s.unchanged()
	if s.aside > 0 {
		from += " LEFT JOIN " + asideTable + " x ON x.n = d.n"
		judged = "(x.n IS NOT NULL OR (" + judged + "))"
	}
	return s.inParts(func(part string) (int64, error) {
		return s.tx.exec(ctx, "UPDATE "+from+" SET "+strings.Join(sets, ", ")+" WHERE "+judged+part)
	})
}

// inParts does something for the staged rows d, [partRows] at a time, of which part is the SQL
// condition, and adds up what it counts.
func (s *step) inParts(do func(part string) (int64, error)) (total int64, err error) {
	slices.Sort(s.ends) // they come in order; were they not, the parts would be uneven, and still all rows
	after := ""
	for _, end := range s.ends {
		n, err := do(fmt.Sprintf("%s AND d.n <= %d", after, end))
		if err != nil {
			return total, err
		}
		total, after = total+n, fmt.Sprintf(" AND d.n > %d", end)
	}
	n, err := do(after)
	return total + n, err
}

// fills tells whether the system puts something into a column that an insert does not
// name. Only such columns make a difference between rows: any other is NULL whether
// it is named or not, or must be named.
func fills(c column) bool { return c.HasDefault || c.Generated || !c.Nullable }

// insert runs one statement for each group of rows that name the same columns.
func (s *step) insert(ctx context.Context, sent int64) (int64, error) {
	groups := map[string][]string{} // masks by what they say of columns that the system fills
	for mask := range s.masks {
		group := ""
		for i, c := range s.columns {
			if fills(c) {
				group += mask[i : i+1]
			}
		}
		groups[group] = append(groups[group], mask)
	}
	return s.inRounds(ctx, sent, s.parented, func(join, condition string) (total int64, err error) {
		for _, group := range slices.Sorted(maps.Keys(groups)) {
			n, err := s.tx.exec(ctx, s.insertSQL(groups[group][0], join, condition))
			if err != nil {
				return total, err
			}
			total += n
		}
		return total, nil
	})
}

// insertSQL inserts the rows whose masks agree with one about the columns that the
// system fills.
func (s *step) insertSQL(mask, join, condition string) string {
	var into, values []string
	for i, c := range s.key {
		into, values = append(into, quoted(c.Name)), append(values, fmt.Sprint("d.k", i))
	}
	for i, c := range s.columns {
		named := s.writing(i) > 0
		if fills(c) {
			named = mask[i] == '1'
		}
		if named {
			into, values = append(into, quoted(c.Name)), append(values, fmt.Sprintf("IF(%s, d.a%d, NULL)", bit("d", i), i))
		}
	}
	terms := []string{"TRUE"}
	for i, c := range s.columns {
		if fills(c) {
			terms = append(terms, fmt.Sprintf("SUBSTR(d.mask, %d, 1) = '%c'", i+1, mask[i]))
		}
	}
	return "INSERT INTO " + s.table.sql() + " (" + strings.Join(into, ", ") + ") SELECT " + strings.Join(values, ", ") +
		" FROM " + staged + " d" + join + " WHERE " + strings.Join(terms, " AND ") + condition + " ORDER BY d.n"
}

// met lists the staged rows that are not as the plan says, unless the reason is one that
// goes when the transaction is begun again.
func (s *step) met(ctx context.Context) ([]driver.Conflict, error) {
	all, err := s.conflicts(ctx)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if err := s.again(ctx); err != nil {
		return nil, err
	}
	return all, nil
}

// conflicts lists the staged rows that are not as the plan says.
func (s *step) conflicts(ctx context.Context) (all []driver.Conflict, err error) {
	query := "SELECT DISTINCT d.n, FALSE FROM " + s.rows()
	if s.write.Op != driver.Insert {
		absent := "t." + quoted(s.key[0].Name) + " IS NULL"
		query = "SELECT DISTINCT d.n, " + absent + " FROM " + staged + " d LEFT JOIN " + s.table.sql() + " t ON " + same("d", "k", s.key) +
			" WHERE " + absent + " OR NOT (" + s.unchanged() + ")"
	}
	limited, cancel := s.tx.limit(ctx)
	defer cancel()
	var c driver.Conflict
	err = s.tx.session.each(limited, query+" ORDER BY d.n LIMIT "+strconv.Itoa(maxConflicts), nil, []any{&c.Number, &c.Gone}, func() { all = append(all, c) })
	return all, err
}

// inItsWords is explain with what a trigger of the table says, if that stands in the
// trigger as it is: only then it cannot hold a row's values. The account sees that only
// with the right TRIGGER.
func (s *step) inItsWords(ctx context.Context, err error) error {
	told := explain(ctx, err)
	var r *driver.Refusal
	var e *mysql.MySQLError
	if !errors.As(told, &r) || !errors.As(err, &e) || !signalled(e) {
		return told
	}
	literal := func(quote string) string { return quote + strings.ReplaceAll(e.Message, quote, quote+quote) + quote }
	var stands bool
	find := func() { stands = true }
	var one int
	if s.tx.session.each(ctx, triggersSQL, []any{s.table.name.Schema, s.table.name.Name, literal("'"), literal(`"`)}, []any{&one}, find) == nil && stands {
		r.Message = saidByTrigger + ": " + strings.TrimRight(e.Message, ".") + "."
	}
	return told
}

const triggersSQL = `SELECT 1 FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ?
	AND (LOCATE(CAST(? AS BINARY), CAST(ACTION_STATEMENT AS BINARY)) > 0 OR LOCATE(CAST(? AS BINARY), CAST(ACTION_STATEMENT AS BINARY)) > 0) LIMIT 1`

// stagedName finds the name of a temporary table's column where a refusal has it.
var stagedName = regexp.MustCompile(`^([kba])(\d+)$`)

// named puts into a refusal what the columns of it are called: those of the temporary
// table stand for the user's, and a unique index for its columns.
func (s *step) named(err error) error {
	var r *driver.Refusal
	if !errors.As(err, &r) {
		return err
	}
	if m := stagedName.FindStringSubmatch(r.Column); m != nil {
		from := s.columns
		if m[1] == "k" {
			from = s.key
		}
		if i, _ := strconv.Atoi(m[2]); i < len(from) {
			r.Column = from[i].Name
		}
	}
	if r.Column == "" && r.Constraint != "" {
		for _, i := range s.table.indexes {
			if i.unique && i.name == r.Constraint {
				r.Column = strings.Join(i.columns, ", ")
				r.Message = "Another row already has these values of " + r.Column + ", which the rule " + r.Constraint + " of the table " + s.table.name.String() + " allows only once."
			}
		}
	}
	return err
}
