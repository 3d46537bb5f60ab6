package workflow_test

import (
	"strings"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/wire"
)

// reasons gives the names of a change's risk factors.
func reasons(c wire.Change) string {
	var names []string
	for _, f := range c.Risk.Factors {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

// A risk is judged by the changes before and beside it, once: it stays with the
// plan, whatever happens later.
func TestRiskOfWhatWasBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	first := w.propose("maria", "id,name\n1,Anna\n", upsert)
	if got := reasons(first); got != "first-change" {
		t.Errorf("the first change is risky by %q", got)
	}
	w.applied(t, "maria", "olaf", first)
	if got := reasons(w.propose("maria", "id,name\n1,Ann\n", upsert)); got != "" {
		t.Errorf("the same again is risky by %q", got)
	}
	if got := reasons(w.propose("maria", "id,terms\n1,NET60\n", upsert)); got != "new-layout" {
		t.Errorf("other columns are risky by %q", got)
	}
	if got := reasons(w.see(t, "maria", first)); got != "first-change" {
		t.Errorf("the first change is risky by %q once it is applied", got)
	}
	w.clock.pass(14 * time.Hour)
	if got := reasons(w.propose("maria", "id,name\n1,Andy\n", upsert)); got != "hour" {
		t.Errorf("at night it is risky by %q", got)
	}
}

// Whoever proposes rows that wait in another change is told so.
func TestRiskOfWhatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	waits := w.does("maria", submit, w.propose("maria", "id,name\n1,Anna\n2,Bobby\n", upsert))
	beside := w.propose("eva", "id,name\n2,Bert\n3,Cidney\n", upsert)
	if got := reasons(beside); got != "first-change waiting" {
		t.Errorf("risky by %q", got)
	}
	why := beside.Risk.Factors[len(beside.Risk.Factors)-1].Why
	if !strings.Contains(why, "change "+waits.ID+" (1 rows)") {
		t.Errorf("it says %q", why)
	}
	other := w.propose("eva", "id,name\n3,Cidney\n", upsert)
	if got := reasons(other); got != "first-change" {
		t.Errorf("other rows are risky by %q", got)
	}
	w.does("maria", withdraw, waits)
	if got := reasons(w.propose("eva", "id,name\n2,Bert\n", upsert)); got != "first-change" {
		t.Errorf("what was withdrawn still counts: %q", got)
	}
}

// What is usual in a column comes from changes before: their rows make a jump of
// what was none, or none of what was, and those of the change itself never do.
func TestUsualSpreadComesFromBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.sql(`UPDATE customer SET credit = 1000 * id`)
	far := "id,credit\n1,2000\n"
	if got := reasons(w.propose("maria", far, upsert)); !strings.Contains(got, "jumps") {
		t.Errorf("where nothing is usual yet, a number twice as large is risky by %q", got)
	}
	c := w.does("maria", submit, w.propose("maria", "id,name,credit\n2,Rob,2000\n3,Sid,3000\n4,Kim,4000\n", upsert))
	for c.State == "submitted" {
		c = w.does(map[string]string{"owner": "olaf", "manager": "mona"}[c.Route[len(c.Decisions)].Role], approve, c)
	}
	in(t, w.does("maria", apply, c), change.Applied)
	if got := reasons(w.propose("maria", far, upsert)); strings.Contains(got, "jumps") {
		t.Errorf("where numbers lie a thousand apart, one that moves by a thousand is risky by %q", got)
	}
}
