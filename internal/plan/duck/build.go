package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// Progress is told what a run does and how far it is.
type Progress func(step string, done, of int64)

// run is one plan in the making.
type run struct {
	*Session
	spec   plan.Spec
	live   plan.Live
	tell   Progress
	nk, nj int      // columns of the key, judged columns after it
	cols   []column // key, then judged
	checks []finding.Finding
	told   []finding.Finding // that are about no row of the file
	table  int64             // rows of the live table

	staging   string        // the file as read; "" of a reversal
	counting  *counting     // of the table's rows
	ahead     *fetching     // of the live rows, where it began before the file was read whole
	arriving  *arriving     // compares them as they arrive; nil where they are not (arriving.go)
	loading   *meanwhile    // of the live rows, where it began before
	there     bool          // rows are compared in the system (there.go)
	at        int64         // the part of the making that is being done
	needs     int64         // bytes of disk that it may take
	digesting *meanwhile    // of the content, where it began before the rows were compared
	digest    record.Digest // of the content, where it was known before the rows were compared
	frozen    *frozen       // where that began before the deltas were settled (foresee.go)
	foreseen  bool          // and came out so: deltas is a view of its file
	reversal  bool          // undoing an applied plan: checks are told only
	applied   int64         // rows of the plan that is undone
	abreast   bool          // written as its rows came, beside what was stored of them (foresee.go)
	summing   *meanwhile    // of what was stored

	family []*run      // of the plan that is made together, this one too, parents first
	order  []plan.Step // in which their rows are written
}

// column is one key or judged column with its place in the file.
type column struct {
	record.Column
	source  int // position in the file, -1 if it is not there
	rule    plan.ColumnRule
	written written
}

// Build makes a plan of a staging CSV (package intake: line, defect, cells…).
// The files of the outcome stand in the session's folder until it is closed.
func (s *Session) Build(ctx context.Context, spec plan.Spec, staging string, live plan.Live, tell Progress) (*plan.Outcome, error) {
	d, err := s.Compare(ctx, spec, staging, live, tell)
	if err != nil {
		return nil, err
	}
	out, _, err := Finish(ctx, d)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Compare makes a plan as far as one table tells; [Finish] makes it stand.
func (s *Session) Compare(ctx context.Context, spec plan.Spec, staging string, live plan.Live, tell Progress) (*Draft, error) {
	if out, err := s.byRow(ctx, spec, staging, live, tell); !errors.Is(err, errLarge) {
		return &Draft{made: out}, err
	}
	r := &run{Session: s, spec: spec, live: live, tell: tell, nk: len(spec.Key), nj: len(spec.Judged), staging: staging}
	r.columns()
	if err := r.chooseFormats(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() { cancel(); r.ahead.end(); r.counting.drop(); r.digesting.end(); r.loading.end() }()
	all := []doing{
		{"reading the file", r.enough(staging)},
		{"reading the file", r.fetchAhead},
		{"reading the file", r.readFile},
		{"reading the file", r.readFormats(staging)},
		{"fetching live rows", r.askThere},
		{"reading the file", r.digestContent},
		{"fetching live rows", r.readPart},
		{"fetching live rows", r.fetchLive},
		{"comparing", r.findFormats},
		{"comparing", r.onlySome},
	}
	if spec.Rule != nil {
		all = []doing{{"fetching live rows", r.pickRows}, {"computing", r.computeCells}}
	}
	return &Draft{r: r}, r.steps(ctx, 0, append(all, doing{"comparing", r.compare}, doing{"checking", r.foreseeValid}, doing{"checking", r.checkRows}, doing{"checking", r.freezeDeltas}, doing{"checking", r.contentDigested}, doing{"checking", r.counted}))
}

// doing is a part of the making of a plan, and what is told of it.
type doing struct {
	say string
	do  func(context.Context) error
}

// allSteps is about how many parts the making of a plan has, for the bar.
const allSteps = 20

// steps does one part after another, the first of which has the given number.
func (r *run) steps(ctx context.Context, first int64, all []doing) error {
	for i, step := range all {
		r.at = first + int64(i)
		r.say(step.say, r.at)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) columns() {
	for _, c := range append(append(record.Schema{}, r.spec.Key...), r.spec.Judged...) {
		col := column{Column: c, source: -1, rule: r.spec.Rules[c.Name]}
		for _, src := range r.spec.Sources {
			if src.Column == c.Name {
				col.source = src.File
			}
		}
		r.cols = append(r.cols, col)
	}
}

// defect selects a record's defect. One that was repaired ("~…") is none; the
// notes of reading tell it.
const defect = `CASE WHEN NOT starts_with(defect, '~') THEN defect END AS defect`

// readCells makes the table cells, or that of the unknown ones of them: for every key and judged column of the file
// e<i> (is the cell empty), p<i> (its problem), s<i> (its text, where that is a
// problem; always for the key), v<i> (its canonical text), and of decimals and
// floats g<i> (may its point stand between thousands? NULL without one).
func (r *run) readCells(ctx context.Context, source string) error {
	source, err := r.spelled(ctx, source)
	if err != nil {
		return err
	}
	return r.load(ctx, `CREATE TABLE `+r.unknown()+` AS `+r.cells(r.cols, source)+`;
		CREATE TABLE hits (f INTEGER, line BIGINT, sample VARCHAR)`)
}

// cells selects the cells of the first of the key and judged columns.
func (r *run) cells(cols []column, source string) string {
	var problems, values, out strings.Builder
	var cells []cellSQL
	for i, c := range cols {
		if c.source < 0 {
			if slices.Contains(r.by(), i) { // new rows only, whose keys the system gives
				fmt.Fprintf(&out, ", NULL::VARCHAR AS s%d, true AS e%d, NULL::VARCHAR AS p%d, NULL::VARCHAR AS v%d", i, i, i, i)
			}
			continue
		}
		cell := cell(c.Type, i, r.spec.Location)
		cells = append(cells, cell)
		empty, shown := fmt.Sprintf("s%d IS NULL", i), fmt.Sprintf("s%d", i)
		if c.Type.Kind != record.Text {
			empty = fmt.Sprintf("COALESCE(s%d, '') = ''", i)
		}
		if i >= r.nk && !slices.Contains(r.by(), i) { // a text is shown where it is a problem only; a key's tells whether there is one
			shown = fmt.Sprintf("CASE WHEN p%d IS NOT NULL THEN s%d END", i, i)
		}
		fmt.Fprintf(&problems, ", %s AS e%d, CASE WHEN e%d THEN NULL ELSE %s END AS p%d", empty, i, i, cell.problem, i)
		fmt.Fprintf(&values, ", CASE WHEN e%d OR p%d IS NOT NULL THEN NULL ELSE %s END AS v%d", i, i, cell.value, i)
		fmt.Fprintf(&out, ", %s AS s%d, e%d, p%d, v%d", shown, i, i, i, i)
		if hasFraction(c.Type.Kind) {
			fmt.Fprintf(&out, ", %s AS g%d", maybeGrouped(fmt.Sprintf("s%d", i)), i)
		}
	}
	from := layered(source, cells)
	return `SELECT line, ` + defect + out.String() + ` FROM (SELECT *` + values.String() + ` FROM (SELECT *` + problems.String() + ` FROM ` + from + `))`
}

// staged is the SQL of a staging file's lines: line, defect and the text s<i> of
// every key and judged column in it.
func (r *run) staged(staging string) string {
	pick := ""
	for i, c := range r.cols {
		if c.source >= 0 {
			pick += fmt.Sprintf(", c%d AS s%d", c.source, i)
		}
	}
	fields := append([]string{"defect"}, names("c", len(r.spec.Columns))...)
	return `(SELECT line, defect` + pick + ` FROM ` + readCSV(staging, "line", fields) + `)`
}

// fetchLive sends the keys up, unless that was done, and makes the table live of what
// comes back.
func (r *run) fetchLive(ctx context.Context) (err error) {
	if r.ahead == nil {
		if r.ahead, err = r.askLive(ctx, r.lookupLive(), `SELECT line`+comma(r.asked())+` FROM cells WHERE `+r.keyed(), r.asked()); err != nil {
			return err
		}
	}
	if r.counting == nil {
		r.countTable(ctx)
	}
	same := ""
	if r.there {
		r.say("comparing in the system", r.at)
		same = ", same = '1' AS same"
	}
	if r.loading == nil {
		if err = r.receive(ctx, r.ahead, r.received()); err == nil && r.arriving != nil {
			r.arriving.close()
			r.arriving.forget()
			err = r.loadAlike(ctx)
		}
	} else {
		err = r.loading.end()
	}
	if err != nil {
		return err
	}
	if r.arriving != nil {
		same = ", false AS same"
	}
	all := `SELECT n` + r.canonical() + same + ` FROM live_raw`
	if r.arriving != nil {
		all += ` UNION ALL ` + r.alike()
	}
	if r.pairing() {
		all += ` UNION ALL SELECT line` + list(r.nk, "k#") + list(r.nj, "l#") + `, false FROM differing WHERE paired`
	}
	if err := r.exec(ctx, `CREATE VIEW live_all AS `+all); err != nil {
		return err
	}
	if err := errors.Join(r.known(ctx), r.keepInside(ctx)); err != nil {
		return err
	}
	double, err := r.double(ctx)
	if err == nil && double > 0 {
		err = r.spec.Several(double)
	}
	return err
}

// double counts the rows of the file that several live rows were found for.
func (r *run) double(ctx context.Context) (int64, error) {
	if r.arriving != nil {
		return r.arriving.double, nil
	}
	return r.count(ctx, `SELECT count(*) FROM (SELECT n FROM live_all GROUP BY n HAVING count(*) > 1)`)
}

// canonical gives k0… and l0… of live rows as they came.
func (r *run) canonical() (sel string) {
	for i, c := range r.cols {
		name := fmt.Sprintf("k%d", i)
		if i >= r.nk {
			name = fmt.Sprintf("l%d", i-r.nk)
		}
		sel += ", " + canonicalLive(c.Type, name) + " AS " + name
	}
	return sel
}

// compare makes the view met, every row that means one: whether it was found, its
// key and what it is found by (as the system has them, where it was). Of these, the
// table differing has the ones that are new or would write something, and for each judged
// column the live value l, whether the row writes it, m, and what, w; the view rows has
// the value after beside them, a.
func (r *run) compare(ctx context.Context) error {
	met := "c.line, l.n IS NOT NULL AS found"
	for i := range r.nk {
		met += fmt.Sprintf(", CASE WHEN l.n IS NULL THEN %s ELSE l.k%d END AS k%d", r.newKey(i), i, i)
	}
	keys := names("k", r.nk)
	if r.spec.Match != nil {
		for n, i := range r.by() {
			met += fmt.Sprintf(", CASE WHEN l.n IS NULL THEN c.v%d ELSE l.%s END AS d%d", i, r.liveName(i), n)
		}
		keys = append(keys, r.foundBy()...)
	}
	sel := ""
	for j := range r.nj {
		c := r.cols[r.nk+j]
		writes, value := "false", "NULL::VARCHAR"
		if c.source >= 0 {
			writes, value = r.writes(c, r.nk+j, j)
		}
		sel += fmt.Sprintf(", l.l%d AS l%d, %s AS m%d, CASE WHEN m%d THEN %s END AS w%d", j, j, writes, j, j, value, j)
	}
	from := func(cells, live string) string {
		return ` FROM (SELECT * FROM ` + cells + ` WHERE ` + r.means() + `) c LEFT JOIN ` + live + ` l ON l.n = c.line`
	}
	unknown, rows, paired := "live", "CREATE TABLE differing AS", ""
	if r.arriving != nil {
		unknown = `(SELECT n` + r.canonical() + `, false AS same FROM live_raw)`
	}
	if r.pairing() {
		rows, paired = "INSERT INTO differing", ", false"
	}
	return r.exec(ctx, `
		CREATE VIEW met AS SELECT `+met+from("cells", "live")+`;
		`+rows+` SELECT line, found`+comma(keys)+list(r.nj, "l#")+list(r.nj, "m#")+list(r.nj, "w#")+paired+`
		FROM (SELECT `+met+sel+from(r.unknown(), unknown)+` WHERE `+r.notTheSame()+`) WHERE NOT found OR `+r.anyMask()+`;
		CREATE VIEW rows AS SELECT *`+list(r.nj, "CASE WHEN m# THEN w# ELSE l# END AS a#")+` FROM `+r.schema+`.differing`)
}

// writes gives the condition under which a row writes a column, and the value that it
// then writes: docs/values.md, "Empty cells". An empty cell equals live NULL and live
// ”; where it differs it stays unless the maker chose to clear. What a row is found by
// it has already, as the system compares.
func (r *run) writes(c column, i, j int) (condition, value string) {
	if r.spec.Match.Index(c.Name) >= 0 {
		return "(l.n IS NULL)", fmt.Sprintf("CASE WHEN c.e%d THEN %s ELSE c.v%d END", i, emptied(c.Column), i)
	}
	differs := fmt.Sprintf("c.v%d IS DISTINCT FROM l.l%d", i, j)
	if !r.spec.Options.ClearEmpty && r.spec.Rule == nil { // no value, nothing to write; and what is not found has no live one
		return fmt.Sprintf("(c.v%d IS NOT NULL AND %s)", i, differs), fmt.Sprintf("c.v%d", i)
	}
	update, insert := fmt.Sprintf("NOT c.e%d AND %s", i, differs), fmt.Sprintf("NOT c.e%d", i)
	if r.spec.Options.ClearEmpty {
		update = fmt.Sprintf("CASE WHEN c.e%d THEN COALESCE(l.l%d, '') <> '' ELSE %s END", i, j, differs)
		if c.Nullable || c.Type.Kind == record.Text && !c.HasDefault {
			insert = "true"
		}
	}
	return fmt.Sprintf("(c.p%d IS NULL AND CASE WHEN l.n IS NULL THEN %s ELSE %s END)", i, insert, update),
		fmt.Sprintf("CASE WHEN c.e%d THEN %s ELSE c.v%d END", i, emptied(c.Column), i)
}

// emptied is what an empty cell becomes where it must write.
func emptied(c record.Column) string {
	if !c.Nullable && c.Type.Kind == record.Text {
		return "''"
	}
	return "NULL"
}

// freezeDeltas makes the view deltas of the valid rows that write something; a table
// where a sync adds rows of its own.
func (r *run) freezeDeltas(ctx context.Context) error {
	valid := r.written() + ` AND line NOT IN (SELECT line FROM ` + r.schema + `.hits WHERE f IN (` + r.invalidChecks() + `))`
	if r.spec.Within == nil {
		return errors.Join(r.validForeseen(ctx), r.exec(ctx, `CREATE OR REPLACE VIEW deltas AS `+valid))
	}
	if err := r.exec(ctx, `CREATE TABLE deltas AS `+valid); err != nil {
		return err
	}
	return r.deleteOthers(ctx)
}

// written selects the rows that write something.
func (r *run) written() string {
	sel := "line, CASE WHEN found THEN 'update' ELSE 'insert' END AS op, NULL::VARCHAR AS why" + list(r.nk, "k#") +
		list(r.nj, "l# AS b#") + list(r.nj, "a#") + list(r.nj, "m#")
	return `SELECT ` + sel + ` FROM ` + r.schema + `.rows WHERE (NOT found OR ` + r.anyMask() + `)`
}

// anyMask is true where a row writes any column.
func (r *run) anyMask() string {
	if r.nj == 0 {
		return "false"
	}
	return "(" + strings.Join(names("m", r.nj), " OR ") + ")"
}

// invalidChecks lists the numbers of the checks whose rows are invalid.
func (r *run) invalidChecks() string {
	out := "-1"
	for i, f := range r.checks {
		if f.Invalid {
			out += fmt.Sprintf(", %d", i)
		}
	}
	return out
}

// hashFile feeds a file to w.
func hashFile(path string, w io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return diskError(err)
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
