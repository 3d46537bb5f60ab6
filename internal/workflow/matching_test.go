package workflow_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// mapped gives what became of a column of the file.
func mapped(t tb, c wire.Change, file string) wire.Mapped {
	t.Helper()
	if c.Plan == nil {
		t.Fatalf("there is no plan: %s", c.Why)
	}
	for _, m := range c.Plan.Mapping {
		if m.File == file {
			return m
		}
	}
	t.Fatalf("the file has no column %q: %+v", file, c.Plan.Mapping)
	return wire.Mapped{}
}

// about gives the finding of a check; nil without one.
func about(c wire.Change, guardrail string) *finding.Finding {
	for i := range c.Findings {
		if c.Findings[i].Guardrail == guardrail {
			return &c.Findings[i]
		}
	}
	return nil
}

// A key is looked up in the system, since the first rows of a large table say
// nothing of the others: known customers make another word for it certain, unknown
// ones stop the plan.
func TestKeyByAnotherWord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.amend("terms: {one_of", "id: {label: Customer number}\n      terms: {one_of")
	w.sql(`WITH RECURSIVE n(i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO customer (id, name) SELECT i, 'c' || i FROM n`)
	c := w.propose("maria", "Klantnummer,name\n2997,A\n2998,B\n2999,C\n", upsert)
	if m := mapped(t, c, "Klantnummer"); m.Column != "id" || m.How != "synonym" || m.Confidence != 93 {
		t.Errorf("%+v", m)
	}
	if f := about(c, finding.Matched); f == nil || f.Severity != finding.Warn || !strings.Contains(f.Message, "all 3 of its values") {
		t.Errorf("%+v", c.Findings)
	}
	for _, file := range []string{"Klantnummer,name\n3997,A\n3998,B\n3999,C\n", "X,name\n2997,A\n2998,B\n2999,C\n2990,D\n2991,E\n"} {
		c = w.propose("maria", file, upsert)
		if c.State != "failed" || !strings.Contains(c.Why, "=id'") {
			t.Errorf("%s: %s", c.State, c.Why)
		}
	}
}

// What stands in a column is not told to those who see changes without values, and
// neither are the names of a file's columns.
func TestStewardSeesNoColumnsOfTheFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.propose("maria", "id,secret one,credt,memo 77\n1,NET60,5,x\n2,NET30,6,y\n", upsert)
	if m := mapped(t, c, "secret one"); m.Column != "terms" || m.How != "content" {
		t.Fatalf("%+v", m)
	}
	if shown := shownTo(w, "ivan", c); strings.Contains(shown, "secret") || strings.Contains(shown, "memo 77") || strings.Contains(shown, "mapping") {
		t.Errorf("the steward sees %s", shown)
	}
}

// A submitted change is remembered for its maker and the department, a planned one
// is not; the last decision counts, a person's own before a colleague's.
func TestMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	file := "id,Q1\n1,%s\n"
	propose := func(who, value string, o change.Options) wire.Change {
		return w.propose(who, fmt.Sprintf(file, value), o)
	}
	as := func(column string) change.Options {
		return change.Options{Mode: change.Upsert, Map: map[string]string{"Q1": column}}
	}
	first := propose("maria", "one", as("note"))
	if m := mapped(t, propose("maria", "two", upsert), "Q1"); m.How != "" {
		t.Errorf("a plan that nobody submitted is remembered: %+v", m)
	}
	handedIn(w, "maria", first)
	for who, confidence := range map[string]int{"maria": 95, "eva": 90} {
		if m := mapped(t, propose(who, "three "+who, upsert), "Q1"); m.Column != "note" || m.How != "memory" || m.Confidence != confidence || m.Why != "as in change "+first.ID {
			t.Errorf("%s: %+v", who, m)
		}
	}
	second := propose("eva", "four", as("name"))
	handedIn(w, "eva", second)
	if m := mapped(t, propose("maria", "five", upsert), "Q1"); m.Column != "note" {
		t.Errorf("hers: %+v", m)
	}
	if m := mapped(t, propose("marlo", "six", upsert), "Q1"); m.Column != "name" || m.Why != "as in change "+second.ID {
		t.Errorf("the department's last: %+v", m)
	}
	handedIn(w, "maria", propose("maria", "seven", as("name")))
	if m := mapped(t, propose("maria", "eight", upsert), "Q1"); m.Column != "name" {
		t.Errorf("hers, decided anew: %+v", m)
	}
}

func handedIn(w *world, name string, c wire.Change) {
	w.t.Helper()
	_, err := submit(w, w.as(name), c)
	fine(w.t, err)
}

// The same rows are noticed while the other change was applied or still may be.
func TestTwinByContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	first := w.propose("maria", "id,name\n1,Anna\n2,Bobby\n", upsert)
	twin := func(file string) *finding.Finding {
		return about(w.propose("eva", file, upsert), finding.Twin)
	}
	turned := "name;id\nBobby;2\nAnna;1\n"
	if f := twin(turned); f == nil || !strings.Contains(f.Message, "Change "+first.ID+", made by maria@example.test on 2026-03-02, proposed the same rows, in another order") {
		t.Errorf("%+v", f)
	}
	for _, other := range []string{"id,name\n1,Anna\n", "id,name\n1,Anna\n2,Bobby\n2,Bobby\n", "id,note\n1,Anna\n2,Bobby\n", "id,name\n1,Bobby\n2,Anna\n"} {
		if f := twin(other); f != nil {
			t.Errorf("%q is another file: %+v", other, f)
		}
	}
	done := w.propose("maria", "id,note\n4,y\n", upsert)
	w.applied(t, "maria", "olaf", done)
	if f := twin("note,id\ny,4\n"); f == nil || !strings.Contains(f.Message, "It was applied on 2026-03-02.") {
		t.Errorf("an applied twin: %+v", f)
	}
	gone := w.propose("maria", "id,note\n4,z\n", upsert)
	_, err := withdraw(w, w.as("maria"), gone)
	fine(t, err)
	if f := twin("note,id\nz,4\n"); f != nil {
		t.Errorf("a withdrawn twin: %+v", f)
	}
}

// A live table of large values is looked at in part only, and the plan stands.
func TestLargeLiveValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.sql(`WITH RECURSIVE n(i) AS (SELECT 5 UNION ALL SELECT i + 1 FROM n WHERE i < 2200)
		INSERT INTO customer (id, name, note) SELECT i, 'c' || i, char(10) || replace(hex(zeroblob(5000)), '0', '"') FROM n`)
	c := w.propose("maria", "id,X1\n1,c17\n2,c18\n3,c19\n4,c20\n5,c21\n", upsert)
	if m := mapped(t, c, "X1"); c.State != "planned" || m.Column != "name" || m.How != "content" {
		t.Errorf("%s: %+v", c.State, m)
	}
}

// The same file read by the recipe that was saved from its change gives the same
// plan: the same columns, and the same rows to the byte.
func TestRecipeGivesTheSamePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for i, c := range []struct {
		file string
		o    change.Options
	}{
		{"id,terms,note\n1,NET60,\n2,,x\n", change.Options{Mode: change.Update, ClearEmpty: true}},
		{"Kd,Neu,name\n1,NET60,Anna\n9,NET30,Zoe\n", change.Options{Mode: change.Upsert, Map: map[string]string{"Kd": "id", "Neu": "terms", "name": ""}}},
		{"id,terms\n1,soon\n2,NET90\n", change.Options{Mode: change.Upsert, LeaveOut: true}},
		{"ID,Kredit,credt\n1,7,8\n", change.Options{Mode: change.Insert, LeaveOut: true}},
	} {
		first := w.propose("maria", c.file, c.o)
		name := fmt.Sprint("recipe ", i)
		_, err := w.w.SaveRecipe(ctx, w.as("maria"), name, change.ID(first.ID), true)
		fine(t, err)
		again, err := w.w.Propose(ctx, w.as("eva"), workflow.Proposal{Dataset: "customers", Name: "again.csv", File: strings.NewReader(c.file), Recipe: name})
		fine(t, err)
		w.work(t)
		again = w.see(t, "eva", again)
		a, b := w.manifest(t, first), w.manifest(t, again)
		if a.Rows != b.Rows || a.Content != b.Content || a.Counts != b.Counts || b.Options.Recipe == nil || about(again, finding.Recipe) != nil {
			t.Errorf("%q: %+v\nby the recipe: %+v\n%+v", c.file, a, b, again.Findings)
		}
		for f, m := range again.Plan.Mapping {
			if m.How != "recipe" || m.Column != first.Plan.Mapping[f].Column {
				t.Errorf("%q: %+v, at first %+v", c.file, m, first.Plan.Mapping[f])
			}
		}
	}
}

// manifest gives what a plan binds.
func (w *world) manifest(t tb, c wire.Change) plan.Manifest {
	t.Helper()
	if c.Plan == nil {
		t.Fatalf("there is no plan: %s", c.Why)
	}
	m, err := plan.ParseManifest(w.artefact(t, record.Digest(c.Plan.Digest)))
	fine(t, err)
	return m
}

// Two who share a recipe of one name at the same moment: one does, the other is
// told.
func TestRecipesSharedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.propose("maria", "id,note\n1,x\n", upsert)
	var all sync.WaitGroup
	errors := make([]error, 2)
	for i, who := range []string{"maria", "eva"} {
		p := w.as(who)
		all.Go(func() { _, errors[i] = w.w.SaveRecipe(ctx, p, "monthly", change.ID(c.ID), true) })
	}
	all.Wait()
	if (errors[0] == nil) == (errors[1] == nil) {
		t.Fatalf("%v, %v", errors[0], errors[1])
	}
	for _, err := range errors {
		if err != nil {
			refused(t, err, errs.Forbidden, "The shared recipe monthly is ")
		}
	}
}

// How a file must be read is remembered too: the next one of these columns needs no
// choice, and says as which change it was read.
func TestReadAsBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	chosen := upsert
	chosen.File.Delimiter = "q"
	first := w.propose("maria", "idqnote\n1qx\n2qy\n", chosen)
	handedIn(w, "maria", first)
	next := w.propose("eva", "idqnote\n3qz\n4qzz\n", upsert)
	f := about(next, finding.Reading)
	if next.State != "planned" || next.Plan.Counts.Update != 2 || f == nil || !strings.Contains(f.Message, "as was chosen in change "+first.ID) {
		t.Fatalf("%s: %s %+v", next.State, next.Why, next.Findings)
	}
	if m := w.manifest(t, next); m.Options.File.Delimiter != "q" || w.stored(next).Options.File.Delimiter != "q" {
		t.Errorf("the choice does not stay with the change: %+v", m.Options)
	}
	other := w.propose("eva", "idqtermsqname\n3qNET30qx\n", upsert)
	if other.State != "failed" || !strings.Contains(other.Why, "not in the file") {
		t.Errorf("another header: %s %s", other.State, other.Why)
	}
}

// A format that was chosen for one file answers the question of the next: for its
// maker, for colleagues without a choice of their own, and under other headers too.
func TestFormatIsChosenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	as := func(format string) change.Options {
		return change.Options{Mode: change.Upsert, Formats: map[string]string{"credit": format}}
	}
	n := 0
	read := func(who, header string, o change.Options) (wire.Change, string) { // how the column is read, and since when
		n++
		c := w.propose(who, fmt.Sprintf(header+"\n1,%d.000\n2,2.000\n", n), o)
		m := mapped(t, c, "credit")
		if about(c, finding.Unclear) != nil {
			return c, "asked"
		}
		return c, m.Format + " " + m.FormatFrom
	}
	expect := func(who, header, want string) wire.Change {
		t.Helper()
		c, got := read(who, header, upsert)
		if got != want {
			t.Errorf("%s: %q is read as %s, not as %s", who, header, got, want)
		}
		return c
	}
	first, _ := read("maria", "id,credit", as("1.234,50"))
	expect("maria", "id,credit", "asked")
	handedIn(w, "maria", first)
	thousands := "1.234,50 " + first.ID
	expect("eva", "id,credit", thousands)
	if m := mapped(t, w.propose("maria", "id,note,credit\n1,x,1.500\n", upsert), "credit"); m.Format+" "+m.FormatFrom != thousands {
		t.Errorf("another header: %+v", m)
	}
	c := expect("maria", "id,credit", thousands)
	if f := about(c, finding.Format); f == nil || !strings.Contains(f.Message, "as chosen in change "+first.ID) {
		t.Errorf("%+v", c.Findings)
	}
	handedIn(w, "maria", c)
	expect("maria", "id,credit", thousands)
	handedIn(w, "maria", w.propose("maria", "id,credit\n1,13.75\n", upsert))
	expect("maria", "id,credit", thousands)
	if m := mapped(t, w.propose("maria", "id,credit\n2,200.500\n", upsert), "credit"); m.Format != "" || m.FormatFrom != "" {
		t.Errorf("the live value says otherwise: %+v", m)
	}
	second, _ := read("eva", "id,credit", as("standard"))
	handedIn(w, "eva", second)
	expect("maria", "id,credit", thousands)
	expect("marlo", "id,credit", "standard "+second.ID)
	if _, got := read("marlo", "id,credit", as("1,234.50")); got != "1,234.50 " {
		t.Errorf("a choice of today: %s", got)
	}
}

// Texts are put into one form of Unicode where that is chosen: then a key finds its
// row, and a finding says how many cells it was.
func TestNormalize(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.sql(`INSERT INTO product VALUES ('É1', 10)`)
	composed := change.Options{Mode: change.Upsert, Normalize: "nfc"}
	file := "sku,price\nE\u03011,12\nA1,13\n"
	c := w.proposeTo(t, "fred", "products", file, upsert)
	if c.Plan.Counts.Insert != 1 || about(c, finding.Reading) != nil {
		t.Errorf("as it is: %+v %+v", c.Plan.Counts, c.Findings)
	}
	c = w.proposeTo(t, "fred", "products", file, composed)
	f := about(c, finding.Reading)
	if c.Plan.Counts.Update != 2 || f == nil || f.Rows != 1 || f.Column != "sku" || !strings.Contains(f.Message, "NFC") {
		t.Fatalf("composed: %+v %+v", c.Plan.Counts, c.Findings)
	}
	if c = w.proposeTo(t, "fred", "products", "sku,price\nÉ1,12\nA1,14\n", composed); about(c, finding.Reading) != nil {
		t.Errorf("nothing was changed: %+v", c.Findings)
	}
	if c = w.propose("maria", "id,name,terms\n1,Ann\u00e9,NET30\n2,Bobe\u0301,NET30\n", composed); about(c, finding.Reading).Rows != 1 {
		t.Errorf("%+v", c.Findings)
	}
	rows, err := w.w.Rows(ctx, w.as("maria"), change.ID(c.ID), "", 10, 0)
	fine(t, err)
	if got := string(rows.Rows[1].After["name"]); got != `"Bobé"` {
		t.Errorf("%s", got)
	}
}
