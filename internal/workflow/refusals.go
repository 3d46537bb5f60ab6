package workflow

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// Bounds of the search for the rows that a system refuses: it holds locks.
const (
	searchTime   = 20 * time.Second
	searchWrites = 500
	searchRows   = 50 // that are named
)

// namingTime bounds all of what follows a refused apply: the plan is written once more
// up to the step that was refused, and rolled back, with the rows locked meanwhile.
const namingTime = time.Minute

// nameRefused finds the rows that a system refused in an apply, which is rolled back by
// now, as a trial does. Nothing depends on it: where they are not found in time, or the
// system would take them now, the refusal is told without them. A stop, or a freeze,
// is minded as ever.
func (a *transaction) nameRefused(ctx context.Context) {
	if a.w.anyFrozen(ctx, a.c.Datasets()) {
		return
	}
	a.w.tell(a.c.ID)("finding the rows that the system refuses", 0, 0)
	short, cancel := context.WithTimeout(ctx, namingTime)
	defer cancel()
	var refused *refusals
	err := a.make(short, a.ready)
	if err == nil {
		refused, err = a.try(short, a.ready)
	}
	for _, member := range a.members { // what the search met by the way is no result of the apply
		*member.out = wrote{}
	}
	if err == nil {
		err = a.told(short, refused)
	}
	if err != nil {
		a.w.Log.Warn("the rows that the system refused were not found", "change", a.c.ID, "error", errs.Detail(err))
	}
}

// refusals are the rows that a system refuses.
type refusals struct {
	all   []refusedRow
	cut   bool  // there may be more: the search was ended by its bounds
	late  error // what was refused only at the end
	until time.Time
	left  int // writes
}

// refusedRow is a row of a dataset's plan and why it was refused; number 0 is for a
// refusal of rows together, of which none is refused alone.
type refusedRow struct {
	of     *applying
	number int64
	op     driver.Op
	why    *driver.Refusal
}

// begin starts the time of the search, once.
func (r *refusals) begin() {
	if r.until.IsZero() {
		r.until, r.left = time.Now().Add(searchTime), searchWrites
	}
}

func (r *refusals) spent() bool {
	r.cut = r.cut || r.left <= 0 || len(r.all) >= searchRows || time.Now().After(r.until)
	return r.cut
}

// halving finds the refused rows of one step by halving: what is taken stays
// written, so that each row is judged beside those before it, as in the apply.
type halving struct {
	a       *applying
	t       *system.Trial
	s       prepared
	late    bool // what is refused at the end counts
	file    *os.File
	records []int64 // where each record begins, and the end
	whole   error   // why the step was refused as a whole
	r       *refusals
}

// search finds the rows of a step that was refused as a whole.
func (a *applying) search(ctx context.Context, t *system.Trial, s prepared, late bool, whole error, r *refusals) (err error) {
	r.begin()
	h := &halving{a: a, t: t, s: s, late: late, whole: whole, r: r}
	if late {
		h.whole = r.late
	}
	if h.file, err = os.Open(s.path); err != nil {
		return diskFull(err)
	}
	defer h.file.Close()
	if h.records, err = recordStarts(h.file); err != nil {
		return err
	}
	if whole != nil {
		if err := t.Back(ctx); err != nil {
			return err
		}
	}
	before := len(r.all)
	if err := h.rows(ctx, 0, len(h.records)-1, whole); err != nil {
		return err
	}
	if whole != nil && len(r.all) == before {
		r.all = append(r.all, refusedRow{of: a, op: s.op, why: refusalOf(whole)})
	}
	return nil
}

// searchLate finds the rows that are refused only at the end, by asking for the end
// after each part.
func (a *transaction) searchLate(ctx context.Context, t *system.Trial, steps []prepared, r *refusals) error {
	for _, s := range steps {
		if err := s.of.search(ctx, t, s, true, nil, r); err != nil {
			return err
		}
	}
	if len(r.all) == 0 {
		r.all = append(r.all, a.together(r.late))
	}
	return nil
}

// together is a refusal of all rows. Of a family it is not known whose rule it is, and
// what one dataset's rule says is not for who sees only another.
func (a *transaction) together(late error) refusedRow {
	why := *refusalOf(late)
	if len(a.members) > 1 {
		why = driver.Refusal{Message: "Rows of several datasets together break a rule that it judges at the end.", Cause: late}
	}
	return refusedRow{of: a.members[0], why: &why}
}

// rows writes the records from lo to hi and keeps them, or those of them that the
// system takes. known is the refusal of all of them, where that is known already.
func (h *halving) rows(ctx context.Context, lo, hi int, known error) error {
	if lo >= hi || known == nil && h.r.spent() {
		return nil
	}
	no := known
	if no == nil {
		h.r.left--
		if no = h.write(ctx, lo, hi); no == nil {
			return nil
		}
		if errors.Is(no, errConflict) { // with a row of the same step, written before: as a whole it did not come to that
			no = h.whole
		}
		if !isRefusal(no) {
			return no
		}
		if err := h.t.Back(ctx); err != nil {
			return err
		}
	}
	if hi-lo == 1 {
		return h.found(lo, no)
	}
	middle := (lo + hi) / 2
	if err := h.rows(ctx, lo, middle, nil); err != nil {
		return err
	}
	return h.rows(ctx, middle, hi, nil)
}

// write writes some records after a mark.
func (h *halving) write(ctx context.Context, lo, hi int) error {
	if err := h.t.Mark(ctx); err != nil {
		return err
	}
	from := h.records[lo]
	_, err := h.a.send(ctx, h.t, h.s, io.NewSectionReader(h.file, from, h.records[hi]-from), io.Discard)
	if err == nil && h.late {
		err = h.t.Check(ctx)
	}
	return err
}

// found notes the one record at a place as refused.
func (h *halving) found(at int, why error) error {
	from := h.records[at]
	fields, err := record.NewReader(io.NewSectionReader(h.file, from, h.records[at+1]-from)).Read()
	if err != nil {
		return err
	}
	row := refusedRow{of: h.a, op: h.s.op, why: refusalOf(why)}
	if _, err := fmt.Sscan(string(fields[0].Text), &row.number); err != nil {
		return fmt.Errorf("workflow: a row to be written has no number: %w", err)
	}
	h.r.all = append(h.r.all, row)
	return nil
}

func refusalOf(err error) *driver.Refusal {
	var no *driver.Refusal
	errors.As(err, &no)
	return no
}

// recordStarts gives where each record of a file in the canonical dialect begins,
// and the file's end.
func recordStarts(file io.Reader) (starts []int64, err error) {
	in, at, quoted := bufio.NewReaderSize(file, 1<<16), int64(0), false
	starts = []int64{0}
	for {
		b, err := in.ReadByte()
		if err == io.EOF {
			return starts, nil
		}
		if err != nil {
			return nil, err
		}
		at++
		switch {
		case b == '"':
			quoted = !quoted
		case b == '\n' && !quoted:
			starts = append(starts, at)
		}
	}
}

// told words refusals as findings of the datasets whose rows they are about.
func (t *transaction) told(ctx context.Context, r *refusals) error {
	for _, a := range t.members {
		var own []refusedRow
		for _, row := range r.all {
			if row.of == a {
				own = append(own, row)
			}
		}
		found, err := a.told(ctx, own, r.cut)
		if err != nil {
			return err
		}
		a.out.findings = append(a.out.findings, found...)
	}
	return nil
}

// told words refusals as findings, one for each rule and its columns; cut says that
// there may be more.
func (a *applying) told(ctx context.Context, refused []refusedRow, cut bool) ([]finding.Finding, error) {
	var numbers []int64
	groups := map[string]*driver.Refusal{}
	of := map[string][]int64{}
	for _, row := range refused {
		id := strings.Join([]string{row.why.Constraint, row.why.Column, row.why.Message}, "\x00")
		groups[id] = row.why
		if row.number > 0 {
			numbers, of[id] = append(numbers, row.number), append(of[id], row.number)
		}
	}
	rows, err := a.session.Numbered(ctx, a.parquet, a.m, numbers)
	if err != nil {
		return nil, err
	}
	var all []finding.Finding
	for _, id := range sortedKeys(groups) {
		f := plan.ConstraintFinding(groups[id], a.columns.Names(), int64(len(of[id])), cut)
		all = append(all, a.withRows(f, rows, of[id]))
	}
	return all, nil
}

// withRows adds to a finding which rows of the file it is about.
func (a *applying) withRows(f finding.Finding, rows map[int64]duck.Row, numbers []int64) finding.Finding {
	byLine := map[int64]duck.Row{}
	for _, n := range numbers {
		if row := rows[n]; row.Line != nil {
			byLine[*row.Line] = row
		}
	}
	lines := slices.Sorted(maps.Keys(byLine))
	ofFile := a.m.Options.Rule == nil
	if ofFile {
		f.Ranges = finding.Ranges(lines)
	}
	spec := plan.Spec{Key: a.m.KeySchema(), Judged: a.m.JudgedSchema()}
	for _, line := range lines[:min(len(lines), finding.MaxExamples)] {
		e := spec.Example(f, line, byLine[line].Seen(a.m))
		if !ofFile {
			e.Row = 0
		}
		f.Examples = append(f.Examples, e)
	}
	return f
}
