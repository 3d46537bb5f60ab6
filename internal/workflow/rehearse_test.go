package workflow_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// rehearsesTheSame holds the law of rehearsals: tried on the changes that it has
// judged itself, the Compact in force makes nothing different.
func (w *world) rehearsesTheSame(t tb) {
	t.Helper()
	r, err := w.w.Rehearse(ctx, w.as("aud"), []byte(w.text), 0)
	fine(t, err)
	c, _ := compact.Parse("compact.yaml", []byte(w.text))
	for _, one := range r.Changes {
		stored := w.stored(wire.Change{ID: one.ID})
		if slices.ContainsFunc(stored.ByDataset(), func(of *change.Change) bool {
			d, _ := c.DatasetDigest(of.Dataset)
			return d != of.DatasetDigest
		}) {
			continue // judged by other rules
		}
		if one.Verdict != wire.RehearsedSame || len(one.Rules)+len(one.Unjudged) > 0 || one.Void || one.Then.Risk != one.Now.Risk {
			t.Errorf("the Compact in force makes something different of change %s: %+v", one.ID, one)
		}
	}
}

// tried gives what the Compact in force would make of one change, if one text in
// it were another.
func (w *world) tried(t *testing.T, name string, c wire.Change, old, new string) wire.RehearsedChange {
	t.Helper()
	text := strings.Replace(w.text, old, new, 1)
	if text == w.text {
		t.Fatalf("the Compact has no %q", old)
	}
	r, err := w.w.Rehearse(ctx, w.as(name), []byte(text), 0)
	fine(t, err)
	for _, one := range r.Changes {
		if one.ID == c.ID {
			return one
		}
	}
	t.Fatalf("change %s was not tried: %+v", c.ID, r)
	return wire.RehearsedChange{}
}

// said is a rehearsed change in few words.
func said(c wire.RehearsedChange) string {
	rules := []string{}
	for _, r := range c.Rules {
		rules = append(rules, r.Guardrail)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", c.Verdict, strings.Join(rules, " ")))
}

// Each kind of rule has its say on a change that was applied, and on one that waits.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	done := w.propose("maria", "id,name,credit\n1,Anna,900\n2,Bob,800\n", upsert)
	w.applied(t, "maria", "olaf", done)
	waits := w.does("maria", submit, w.propose("maria", "id,terms\n1,NET90\n", upsert))
	const guardrails = "    guardrails:\n"
	rule := func(text string) string { return guardrails + "      - {" + text + ", say: Why not.}\n" }
	for _, c := range []struct {
		name, old, new string
		of             wire.Change
		want           string
	}{
		{"a row that blocks", guardrails, rule("name: much, each: row, when: 'op == \"update\" && after.credit != null && after.credit > 850', then: block"), done, "blocked much"},
		{"rows that ask a manager", "after.credit > 1000", "after.credit > 850", done, "routed big-credit"},
		{"a change that asks two owners", guardrails, rule("name: two, each: change, when: 'rows > 1', then: approve, needs: 2"), done, "routed two"},
		{"a warning more", guardrails, rule("name: more, each: change, when: 'rows > 1', then: warn"), done, "same more"},
		{"a list", "      touched:", "      name: {one_of: [Bob]}\n      touched:", done, "blocked one-of"},
		{"a limit", "      touched:", "      credit: {max: 850}\n      touched:", done, "blocked max"},
		{"a column that is not writable", "      touched:", "      credit: {writable: false}\n      touched:", done, "blocked not-writable"},
		{"what is allowed", "allow: [insert, update]", "allow: [insert]", done, "blocked not-allowed"},
		{"a freedom", guardrails, "    freedom: [{level: newcomer, when: 'rows <= 2'}]\n" + guardrails, done, "routed"},
		{"a weight", "departments: [", "risk: {first-change: 90}\ndepartments: [", done, "same"},
		{"risk that blocks", guardrails, "    risk: {first-change: 90}\n" + rule("name: risky, each: change, when: 'risk > 50', then: block"), done, "blocked risky"},
		{"what the plan did not keep", guardrails, rule("name: touch, each: row, when: 'op == \"delete\" || after.touched > 5', then: block"), done, "unjudged"},
		{"nobody to decide", "{roles: [steward]}", "{roles: [auditor]}", done, "same"},
		{"a dataset that is gone", "  customers:", "  clients:", done, "blocked"},
		{"another key", "key: [id]", "key: [name]", done, "unjudged"},
		{"another table", "table: customer", "table: product", done, "unjudged"},
		{"a list for one that waits", "NET30, NET60, NET90", "NET30, NET60", waits, "blocked one-of"},
	} {
		got := w.tried(t, "aud", c.of, c.old, c.new)
		if said(got) != c.want {
			t.Errorf("%s: %q, want %q: %+v", c.name, said(got), c.want, got)
		}
		if (got.Verdict == wire.RehearsedBlocked || got.Verdict == wire.RehearsedUnjudged || got.Verdict == wire.RehearsedRouted) && got.Why == "" {
			t.Errorf("%s: it does not say why", c.name)
		}
	}
	if got := w.tried(t, "aud", waits, "NET30, NET60, NET90", "NET30, NET90"); !got.Void || said(got) != "same" {
		t.Errorf("a change that waits keeps its decisions: %+v", got)
	}
	if got := w.tried(t, "aud", done, "departments: [", "risk: {first-change: 90}\ndepartments: ["); got.Now.Risk-got.Then.Risk != 90-3 {
		t.Errorf("the risk was %d and is %d", got.Then.Risk, got.Now.Risk)
	}
	w.rehearsesTheSame(t)
}

// What was blocked passes where the rule is gone; what rows that were refused would
// have met is in no plan, and told.
func TestRehearsalOfWhatWasBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "then: approve, by: manager", "then: block", 1))
	blocked := w.propose("maria", "id,credit\n1,2000\n", upsert)
	if got := w.tried(t, "aud", blocked, "after.credit > 1000", "after.credit > 5000"); said(got) != "passes big-credit" {
		t.Errorf("%+v", got)
	}
	invalid := w.propose("maria", "id,terms\n1,NET31\n2,NET60\n", upsert)
	got := w.tried(t, "aud", invalid, "NET30, NET60, NET90", "NET30, NET31, NET60, NET90")
	if len(got.Unjudged) != 1 || !strings.Contains(got.Unjudged[0], "1 row that one-of of terms refused then cannot be judged: the plan of change "+invalid.ID) {
		t.Errorf("%+v", got)
	}
	w.rehearsesTheSame(t)
}

// A change over several datasets is judged as one: by the rules of each, with the
// people of each, and by whoever sees all of them.
func TestRehearsalOfFamilies(t *testing.T) {
	t.Parallel()
	w := kin(t)
	const orders = "    owner: olga@example.test\n    allow: [insert, update]\n"
	rule := func(text string) string { return orders + "    guardrails: [{" + text + ", say: Why not.}]\n" }
	done := w.appliedTogether("customers", "id,name\n7,Gus\n1,Anna\n", "orders", "id,customer,amount\n20,7,1.50\n11,7,7\n")
	waits, err := w.together("maria", "customers", "id,terms\n1,NET90\n", "orders", "id,amount\n10,6\n")
	fine(t, err)
	_, err = w.w.Submit(ctx, w.as("maria"), change.ID(waits.ID), "", "")
	fine(t, err)
	for _, c := range []struct {
		name, old, new string
		of             wire.Change
		want           string
	}{
		{"a row of the one", orders, rule("name: seven, each: row, when: 'after.amount == 7', then: block"), done, "blocked seven"},
		{"a row of the other", "    guardrails:\n", "    guardrails:\n      - {name: anna, each: row, when: 'after.name == \"Anna\"', then: approve, by: manager, say: Why not.}\n", done, "routed anna"},
		{"two owners of one", orders, rule("name: two, each: change, when: 'rows > 1', then: approve, by: manager"), done, "routed two"},
		{"the risk of the whole", orders, "    risk: {first-change: 90}\n" + rule("name: risky, each: change, when: 'risk > 50', then: block"), done, "blocked risky"},
		{"one that is gone", "  orders:", "  bills:", done, "blocked"},
		{"another table", "table: orders", "table: product", done, "unjudged"},
		{"what one of them did not keep", orders, rule("name: paid, each: row, when: 'op == \"delete\" || after.customer == 3', then: block"), waits, "unjudged"},
	} {
		got := w.tried(t, "aud", c.of, c.old, c.new)
		if said(got) != c.want {
			t.Errorf("%s: %q, want %q: %+v", c.name, said(got), c.want, got)
		}
		if len(got.Rules) == 1 && got.Rules[0].Dataset == "" {
			t.Errorf("%s: it does not say of which dataset: %+v", c.name, got.Rules)
		}
	}
	if got := w.tried(t, "aud", waits, orders, orders+"    needs: 2\n"); !got.Void {
		t.Errorf("one that waits keeps its decisions: %+v", got)
	}
	w.rehearsesTheSame(t)
	w.inForce(t, strings.Replace(w.text, orders, orders+"    columns: {amount: {visible_to: [owner, auditor]}}\n", 1))
	r, err := w.w.Rehearse(ctx, w.as("maria"), []byte(w.text), 0)
	if fine(t, err); len(r.Changes) > 0 || !strings.Contains(strings.Join(r.Notes, " "), "2 changes over several datasets left out") {
		t.Errorf("maria sees not all of them, and is told %+v", r)
	}
}

// Threat: somebody asks by rules of their own for values that they may not see, or
// makes themselves an owner in the text, or looks around in the system's tables.
func TestRehearsalTellsNobodyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.propose("maria", "id,note\n1,secret\n", upsert)
	ask := "    guardrails:\n      - {name: ask, each: row, when: 'after.note != null && after.note.startsWith(\"sec\")', then: warn, say: Yes.}\n"
	seen := w.tried(t, "maria", c, "    guardrails:\n", ask)
	if said(seen) != "same ask" || len(seen.Rules[0].Samples) == 0 {
		t.Errorf("who may see values sees: %+v", seen)
	}
	if got := w.tried(t, "ivan", c, "    guardrails:\n", ask); said(got) != "same ask" || len(got.Rules[0].Samples) > 0 {
		t.Errorf("a steward sees values: %+v", got)
	}
	mine := strings.NewReplacer("fred@example.test:  {roles: [maker], departments: [finance]}", "fred@example.test:  {roles: [maker, owner, auditor], departments: [finance, sales]}",
		"owner: [olaf@example.test,", "owner: [fred@example.test, olaf@example.test,", "    guardrails:\n", ask).Replace(w.text)
	r, err := w.w.Rehearse(ctx, w.as("fred"), []byte(mine), 0)
	if fine(t, err); len(r.Changes) > 0 {
		t.Errorf("fred makes himself an owner, and sees %+v", r)
	}
	hidden := strings.Replace(company, "      touched:", "      note: {visible_to: [owner, auditor]}\n      touched:", 1)
	w.inForce(t, hidden)
	r, err = w.w.Rehearse(ctx, w.as("maria"), []byte(strings.Replace(company, "    guardrails:\n", ask, 1)), 0)
	if fine(t, err); len(r.Changes) > 0 || len(r.Notes) == 0 {
		t.Errorf("maria asks for a column that is hidden from her, and is told %+v", r)
	}
	other := strings.Replace(company, "table: product", "table: customer", 1)
	r, err = w.w.Rehearse(ctx, w.as("fred"), []byte(strings.Replace(other, "key: [sku]", "key: [no_such]", 1)), 0)
	if err != nil || strings.Contains(fmt.Sprintf("%+v", r), "credit") {
		t.Errorf("fred looks around: %+v, %v", r, err)
	}
}

// A text that is no Compact, and a number that is none, are refused.
func TestRehearsalRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.propose("maria", "id,name\n1,Anna\n", upsert)
	_, err := w.w.Rehearse(ctx, w.as("aud"), []byte("compact: X\n"), 0)
	refused(t, err, errs.Invalid, "The Compact is not valid: line 1, column 1:")
	_, err = w.w.Rehearse(ctx, w.as("aud"), []byte(strings.Replace(company, "after.credit >", "after.credt >", 1)), 0)
	refused(t, err, errs.Invalid, "There is no column credt in this table.")
	_, err = w.w.Rehearse(ctx, w.as("aud"), []byte(company), 1001)
	refused(t, err, errs.Usage, "1 to 1000")
	_, err = w.w.Rehearse(canceled(), w.as("aud"), []byte(company), 0)
	if err == nil {
		t.Error("nobody waits for it any more, and it goes on")
	}
}

func canceled() context.Context {
	gone, cancel := context.WithCancel(ctx)
	cancel()
	return gone
}
