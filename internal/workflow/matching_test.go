package workflow_test

import (
	"fmt"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/wire"
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
