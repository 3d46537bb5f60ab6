package compact_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sutor/internal/access"
	"sutor/internal/compact"
)

func ruleNames(all []compact.Guardrail) (names []string) {
	for _, g := range all {
		names = append(names, string(g.Then)+" "+g.Name+" "+g.Process)
	}
	return names
}

// What a process says counts for its datasets; what a dataset says itself comes
// on top, or counts instead.
func TestProcess(t *testing.T) {
	t.Parallel()
	c := good(t, "process.yaml")
	customers, orders := dataset(t, c, "customers"), dataset(t, c, "orders")
	if !slices.Equal(customers.Owners, []access.Email{"olaf@example.test"}) || !slices.Equal(orders.Owners, []access.Email{"oda@example.test"}) {
		t.Errorf("owners: %v, %v", customers.Owners, orders.Owners)
	}
	if got := ruleNames(customers.Guardrails); !slices.Equal(got, []string{"block too-many order-to-cash", "approve gone order-to-cash"}) {
		t.Errorf("customers has the guardrails %q", got)
	}
	if got := ruleNames(orders.Guardrails); !slices.Equal(got, []string{"warn too-many ", "approve gone order-to-cash", "warn many-new "}) {
		t.Errorf("orders has the guardrails %q", got)
	}
	rows := compact.DefaultWeights()[compact.RiskRows]
	if w := customers.Risk; w[compact.RiskDeletes] != 50 || w[compact.RiskHour] != 0 || w[compact.RiskRows] != rows {
		t.Errorf("the weights of customers are %v", w)
	}
	if w := orders.Risk; w[compact.RiskDeletes] != 60 || w[compact.RiskHour] != 0 {
		t.Errorf("the weights of orders are %v", w)
	}
	frozen := func(name string, month time.Month, day int) bool {
		_, yes := c.Frozen(name, time.Date(2026, month, day, 12, 0, 0, 0, time.UTC))
		return yes
	}
	if !frozen("customers", 12, 31) || !frozen("orders", 12, 31) || frozen("customers", 6, 30) || !frozen("orders", 6, 30) {
		t.Error("the process's freezes do not hold for its datasets")
	}
}

// A freeze of a process that has no dataset yet must not become one of all.
func TestEmptyProcessFreezesNothing(t *testing.T) {
	t.Parallel()
	c := parse(t, string(examples(t, "warn")["process-empty.yaml"]))
	if f, yes := c.Frozen("customers", time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)); yes {
		t.Errorf("customers is frozen: %v", f)
	}
}

// Decisions rest on what counts in the end: it makes no difference whether a
// dataset says it or its process. A change of the process is a change of its
// datasets.
func TestProcessDigest(t *testing.T) {
	t.Parallel()
	text := string(examples(t, "good")["process.yaml"])
	want := customersDigest(t, text)
	apart := strings.NewReplacer("sales, process: order-to-cash}", `sales, owner: olaf@example.test, risk: {deletes: 50, hour: 0}, guardrails: [
      {name: too-many, each: change, when: rows > 1000, then: block, say: More than 1000 rows at once needs IT.},
      {name: gone, each: row, when: 'op == "delete"', then: approve, say: A row is deleted.}]}`).Replace(text)
	if apart == text || customersDigest(t, apart) != want {
		t.Error("written out, the dataset's section has another digest")
	}
	for _, edit := range [][2]string{{"rows > 1000", "rows > 2000"}, {"deletes: 50", "deletes: 51"}, {"owner: [olaf@example.test]", "owner: [olaf@example.test, oda@example.test]"}} {
		if changed := strings.Replace(text, edit[0], edit[1], 1); customersDigest(t, changed) == want {
			t.Errorf("%q for %q moves no digest", edit[1], edit[0])
		}
	}
	if label := strings.Replace(text, "label: Order to cash", "label: O2C", 1); customersDigest(t, label) != want {
		t.Error("the process's label moves the digest")
	}
}
