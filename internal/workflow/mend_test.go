package workflow_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/intake"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// badFile has rows that cannot be taken for every reason that a cell, a row or a
// key can give.
const badFile = "id,name,terms,credit,Remark\n" +
	"1,Ann,NET30,150,keep\n" + // row 2: fine
	"2,Bob,NET31,200,\"two\nlines\"\n" + // row 3: no such terms
	"3,Cid,NET30,\"1,5o\",x\n" + // row 5: no number
	"4,Dot,NET60,7\n" + // row 6: a cell too few
	",Eve,NET30,1,y\n" + // row 7: no key
	"4,Dot,NET60,7,z\n" // row 8: fine, once row 6 is another

// takeOut takes bad rows out as CSV and reads them.
func takeOut(t tb, w *world, who string, c wire.Change, warned bool) [][]string {
	t.Helper()
	var out bytes.Buffer
	fine(t, w.w.BadRows(ctx, w.as(who), change.ID(c.ID), "csv", warned, &out))
	all, err := csv.NewReader(&out).ReadAll()
	fine(t, err)
	return all
}

func handIn(t tb, w *world, c wire.Change, rows [][]string) (wire.Change, error) {
	t.Helper()
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	fine(t, out.WriteAll(rows))
	return mend(t, w, c, workflow.Mends{Name: "bad.csv", File: &b})
}

func mend(t tb, w *world, c wire.Change, in workflow.Mends) (wire.Change, error) {
	t.Helper()
	_, err := w.w.Mend(ctx, w.as("maria"), change.ID(c.ID), in)
	if err != nil {
		return c, err
	}
	w.work(t)
	return w.see(t, "maria", c), nil
}

// Bad rows go out with their reasons, and come back mended into the same change.
func TestBadRowsOutAndIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.propose("maria", badFile, upsert), change.Planned)
	if c.Plan.Counts.Invalid != 4 {
		t.Fatalf("the file is planned as %+v: %v", c.Plan.Counts, c.Findings)
	}
	before := c.Plan.Digest
	rows := takeOut(t, w, "maria", c, false)
	var numbers []string
	for _, r := range rows {
		numbers = append(numbers, r[0])
	}
	if d := cmp.Diff([]string{"Row in file", "3", "5", "6", "7"}, numbers); d != "" {
		t.Fatal(d)
	}
	if d := cmp.Diff([]string{"Row in file", "id", "name", "terms", "credit", "Remark", "What is wrong", "Check"}, rows[0]); d != "" {
		t.Fatal(d)
	}
	if rows[1][5] != "two\nlines" || !strings.Contains(rows[1][6], "NET30, NET60, NET90") || !strings.Contains(rows[3][6], "cells than the 5") {
		t.Errorf("rows and reasons: %q", rows)
	}
	rows[1][3], rows[2][4], rows[3][1], rows[3][5] = "NET90", "1.50", "5", "new"
	rows = append(rows[:4:4], rows[5:]...) // row 7 stays bad
	c, err := handIn(t, w, c, rows)
	fine(t, err)
	want := wire.Counts{Insert: 1, Update: 4, Invalid: 1}
	if d := cmp.Diff(want, in(t, c, change.Planned).Plan.Counts); d != "" || c.Input.Mended != 7 { // two cells, and the whole of row 6
		t.Fatalf("mended (-want +got), %d cells:\n%s%v", c.Input.Mended, d, c.Findings)
	}
	if c.Plan.Digest == before {
		t.Error("the mended plan has the digest of the one before")
	}
	m, _ := w.manifestOf(t, c)
	if m.Mends != w.stored(c).Input.Mends || m.Mends == "" {
		t.Errorf("the manifest binds the mends %q", m.Mends)
	}
	// What is left goes out again, and is mended on top, by a cell.
	if left := takeOut(t, w, "maria", c, false); len(left) != 2 || left[1][0] != "7" {
		t.Fatalf("left are %q", left)
	}
	seven := "7"
	c, err = mend(t, w, c, workflow.Mends{Cells: []intake.Mend{{Line: 7, Column: "id", Text: &seven}}})
	fine(t, err)
	c = in(t, c, change.Planned)
	if c.Plan.Counts.Invalid != 0 || c.Input.Mended != 8 {
		t.Fatalf("all mended: %+v, %d cells", c.Plan.Counts, c.Input.Mended)
	}
	w.applied(t, "maria", "olaf", c)
	if got := w.value("terms", 2) + w.value("credit", 3) + w.value("name", 5) + w.value("name", 7); got != "NET901.5DotEve" {
		t.Errorf("applied: %s", got)
	}
}

// A mended file is the corrected file: the same rows are planned.
func TestMendingIsCorrectingTheFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	one, plain := 1, upsert // read as it is written: what can be found out of so few rows is another law's
	plain.File = intake.Choice{Delimiter: ",", Quote: `"`, Escape: `"`, SkipLines: new(int), HeaderLines: &one}
	rapid.Check(t, func(rt *rapid.T) {
		bad, right := drawBroken(rt)
		c := w.proposeTo(rt, "maria", "customers", written(bad), plain)
		whole := w.proposeTo(rt, "maria", "customers", written(right), plain)
		if c.Plan.Counts.Invalid > 0 && written(bad) != written(right) { // a new row may be wrong as it should be, too
			out := takeOut(rt, w, "maria", c, false)
			for _, r := range out[1:] {
				i, _, _ := strings.Cut(r[4], ":") // the note says which row it is
				n, err := strconv.Atoi(i)
				fine(rt, err)
				copy(r[1:5], right[n])
			}
			var err error
			c, err = handIn(rt, w, c, append(out[:1:1], rapid.Permutation(out[1:]).Draw(rt, "order of rows")...))
			fine(rt, err)
		}
		one, _ := w.manifestOf(rt, in(rt, c, change.Planned))
		two, _ := w.manifestOf(rt, in(rt, whole, change.Planned))
		if one.Rows != two.Rows || one.Counts != two.Counts {
			rt.Fatalf("mended: %+v, corrected: %+v\n%s", one.Counts, two.Counts, written(bad))
		}
	})
}

// drawBroken draws the rows of a file, with some that cannot be taken, and the
// same rows as they should be.
func drawBroken(rt *rapid.T) (bad, right [][]string) {
	for n := range rapid.IntRange(1, 6).Draw(rt, "rows") {
		fixed := []string{fmt.Sprint(n + 1), rapid.SampledFrom([]string{"NET30", "NET60", ""}).Draw(rt, "terms"),
			rapid.SampledFrom([]string{"1", "2.50", ""}).Draw(rt, "credit"), fmt.Sprint(n, ":", rapid.SampledFrom([]string{"a", "two\nlines", `q"`, "; ,"}).Draw(rt, "note"))}
		broken := slices.Clone(fixed)
		switch rapid.IntRange(0, 4).Draw(rt, "broken") {
		case 1:
			broken[1] = "NET31"
		case 2:
			broken[2] = "1,5o"
		case 3:
			broken[0] = ""
		}
		bad, right = append(bad, broken), append(right, fixed)
	}
	return bad, right
}

func written(rows [][]string) string {
	var b strings.Builder
	b.WriteString("id,terms,credit,note\n")
	for _, r := range rows {
		for i, v := range r {
			if i > 0 {
				b.WriteByte(',')
			}
			if v != "" {
				b.WriteString(`"` + strings.ReplaceAll(v, `"`, `""`) + `"`)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// What was taken out comes back as it was taken out, into the same change.
func TestMendRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.propose("maria", badFile, upsert), change.Planned)
	other := in(t, w.propose("maria", badFile+"9,Zoe,NET30,1,z\n", upsert), change.Planned)
	for name, c2 := range map[string]struct {
		change func(rows [][]string) [][]string
		kind   errs.Kind
		says   string
	}{
		"as it was":            {func(r [][]string) [][]string { return r }, errs.Invalid, "Nothing is mended"},
		"another row's number": {func(r [][]string) [][]string { r[1][0], r[1][3] = "5", "NET90"; return r[:2] }, errs.Invalid, `says that it is row "5"`},
		"no number":            {func(r [][]string) [][]string { r[1][0] = ""; return r }, errs.Invalid, `says that it is row ""`},
		"a row twice":          {func(r [][]string) [][]string { return append(r, r[1]) }, errs.Invalid, "the row 3 twice"},
		"another column":       {func(r [][]string) [][]string { r[0][3] = "Terms of old"; return r }, errs.Invalid, `no column "Terms of old"`},
		"no check":             {func(r [][]string) [][]string { r[0][7] = "x"; return r }, errs.Invalid, `no columns "Row in file" and "Check"`},
		"cut":                  {func(r [][]string) [][]string { r[2] = r[2][:5]; return r }, errs.Invalid, "is not how it was taken out"},
	} {
		rows := c2.change(takeOut(t, w, "maria", c, false))
		var b bytes.Buffer
		out := csv.NewWriter(&b)
		fine(t, out.WriteAll(rows))
		_, err := mend(t, w, c, workflow.Mends{Name: "bad.csv", File: &b})
		if errs.KindOf(err) != c2.kind || !strings.Contains(errs.Public(err).Message, c2.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	rows := takeOut(t, w, "maria", c, false)
	rows[1][3] = "NET90"
	_, err := handIn(t, w, other, rows)
	refused(t, err, errs.Invalid, "is not how it was taken out")
	x := "x"
	for _, cells := range [][]intake.Mend{nil, {{Line: 4, Column: "name", Text: &x}}, {{Line: 3, Column: "Name", Text: &x}},
		{{Line: 3, Column: "name", Text: &x}, {Line: 3, Column: "name"}}} {
		_, err := mend(t, w, c, workflow.Mends{Cells: cells})
		refused(t, err, errs.Usage, "")
	}
	if now := w.see(t, "maria", c); now.Plan == nil || now.Plan.Digest != c.Plan.Digest || now.Input.Mended != 0 {
		t.Errorf("a refused mend left %+v", now)
	}
	// A defect is lifted only where the whole row is said.
	four := "5"
	c, err = mend(t, w, c, workflow.Mends{Cells: []intake.Mend{{Line: 6, Column: "id", Text: &four}}})
	fine(t, err)
	if c.Plan.Counts.Invalid != 4 {
		t.Errorf("one cell made a cut row whole: %+v", c.Plan.Counts)
	}
}

// Who may see values may take rows out, which leaves a leaf; only the maker mends,
// and what was decided before is void.
func TestMendRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.propose("maria", badFile, change.Options{Mode: change.Upsert, LeaveOut: true}), change.Planned)
	for who, kind := range map[string]errs.Kind{"ivan": errs.Forbidden, "fred": errs.NotFound} {
		refused(t, w.w.BadRows(ctx, w.as(who), change.ID(c.ID), "csv", false, io.Discard), kind, "")
	}
	refused(t, w.w.BadRows(ctx, w.as("maria"), change.ID(c.ID), "pdf", false, io.Discard), errs.Usage, "pdf")
	rows := takeOut(t, w, "aud", c, true)
	kinds := w.proves(t, c).Steps
	if last := kinds[len(kinds)-2]; last.Kind != evidence.RowsExported || last.Who != "aud@example.test" {
		t.Errorf("the last step is %+v", last)
	}
	c = w.doesIn(t, "maria", submit, c)
	rows[1][3] = "NET90"
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	fine(t, out.WriteAll(rows))
	_, err := w.w.Mend(ctx, w.as("eva"), change.ID(c.ID), workflow.Mends{File: strings.NewReader(b.String())})
	refused(t, err, errs.Forbidden, "Only maria@example.test")
	c = w.doesIn(t, "olaf", approve, c)
	c, err = mend(t, w, c, workflow.Mends{File: &b})
	fine(t, err)
	c = in(t, c, change.Planned)
	if len(c.Decisions) != 1 || c.Decisions[0].Void != "mended" {
		t.Errorf("decisions after the mend: %+v", c.Decisions)
	}
	// Another file has other rows: nothing of the mends stays.
	_, err = w.w.Replan(ctx, w.as("maria"), change.ID(c.ID), workflow.Again{Name: "b.csv", File: strings.NewReader("id,terms\n2,NET31\n")})
	fine(t, err)
	w.work(t)
	if c = w.see(t, "maria", c); c.Input.Mended != 0 || c.Plan.Counts.Invalid != 1 {
		t.Errorf("another file: %+v, %+v", c.Input, c.Plan)
	}
}

// Whoever looks at bad rows has the file read to the last that they are shown, and no
// further; cells that were mended are in it, those of later rows too.
func TestMendableReadsNoFurther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	file := "id,name,note\n"
	for i := range 9 {
		file += fmt.Sprintf("x%d,N,n\n", i)
	}
	c := w.propose("maria", file, upsert)
	text := "y"
	_, err := w.w.Mend(ctx, w.as("maria"), change.ID(c.ID), workflow.Mends{Cells: []intake.Mend{{Line: 3, Column: "name", Text: &text}, {Line: 9, Column: "name", Text: &text}}})
	fine(t, err)
	w.work(t)
	for limit, last := range map[int]int64{2: 3, 8: 9, 9: 10, 20: 10} {
		m, err := w.w.Mendable(ctx, w.as("maria"), change.ID(c.ID), limit)
		fine(t, err)
		if n := len(m.Rows); n != min(limit, 9) || m.Rows[n-1].Row != last || m.More != (limit < 9) || len(m.Columns) != 3 || *m.Rows[1].Cells[1].Text != "y" {
			t.Errorf("limit %d: %+v", limit, m)
		}
	}
}
