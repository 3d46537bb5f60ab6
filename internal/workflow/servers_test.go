package workflow_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/workflow"
)

// closing keeps everything from being written at the time at which a world begins.
const closing = "freeze:\n  - {from: 2026-03-02T08:00:00Z, to: 2026-03-05T12:00:00Z, datasets: [customers], say: Year-end closing.}\n"

// A server that nobody has asked anything since goes by the Compact that another one put
// in force: it commits nothing in a freeze.
func TestWorkGoesByTheCompactOfAnotherServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	before := w.dump("customer")
	c := w.approvedIn(edit)
	_, err := apply(w, w.as("maria"), c)
	fine(t, err)
	other := w.restart("other")
	other.inForce(t, company+closing)
	w.work(t)
	if c = in(t, other.see(t, "maria", c), change.Failed); !strings.Contains(c.Why, "Year-end closing.") {
		t.Errorf("it says %q", c.Why)
	}
	if w.dump("customer") != before {
		t.Error("it was written in a freeze")
	}
}

// Nor does it begin anything at its time.
func TestTimesGoByTheCompactOfAnotherServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.approvedFor(24 * time.Hour)
	other := w.restart("other")
	other.inForce(t, company+closing)
	w.clock.pass(24 * time.Hour)
	w.looks()
	if c = in(t, other.see(t, "maria", c), change.Planned); !strings.Contains(c.Why, "Year-end closing.") {
		t.Errorf("it says %q", c.Why)
	}
}

// Who is no steward any more is none on any server.
func TestPeopleOfTheCompactOfAnotherServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	other := w.restart("other")
	other.amend("roles: [steward]", "roles: [auditor]")
	if p := w.as("ivan"); p.Is(access.Steward) {
		t.Errorf("%+v", p)
	}
}

// Two names of one table are one table.
func TestOneTableByTwoNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	w.amend("datasets:\n", "datasets:\n  again: {system: shop, table: main.customer, key: [id], department: sales, owner: [olaf@example.test]}\n")
	c, err := w.together("maria", "customers", "id,name\n1,Anna\n", "again", "id,name\n1,Anna\n")
	fine(t, err)
	if c.State != string(change.Failed) || !strings.Contains(c.Why, "are the same table") {
		t.Errorf("it is %s and says %q", c.State, c.Why)
	}
}

// How the file of a change is read is not told where the Compact does not have its
// dataset any more; in a sentence.
func TestReadingOfADatasetThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.inState(change.Planned)
	i := strings.Index(company, "  customers:\n")
	w.inForce(t, company[:i]+company[strings.Index(company, "  products:\n"):])
	_, err := w.w.Reading(ctx, w.as("aud"), change.ID(c.ID))
	refused(t, err, errs.Blocked, "customers is not in the Compact any more")
}

// A panic beside a request, or while looking after things, ends no server, and the rest of
// what is looked after is.
func TestPanicsEndNoServer(t *testing.T) {
	t.Parallel()
	err := workflow.PipeRows(func(io.Writer) error { panic("broken") }, func([]record.Field) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "it panicked: broken") {
		t.Errorf("%v", err)
	}
	done := false
	workflow.LookAfter(newWorld(t, company).w, ctx, "testing", func(context.Context) error { panic("broken") },
		func(context.Context) error { done = true; return nil })
	if !done {
		t.Error("what came after it was not done")
	}
}

// altered is a store in which somebody altered the text of each Compact.
type altered struct{ workflow.Store }

type alteredTx struct{ workflow.Tx }

func (s altered) View(ctx context.Context, f func(workflow.Tx) error) error {
	return s.Store.View(ctx, func(tx workflow.Tx) error { return f(alteredTx{tx}) })
}

func (s altered) Do(ctx context.Context, f func(workflow.Tx) error) error {
	return s.Store.Do(ctx, func(tx workflow.Tx) error { return f(alteredTx{tx}) })
}

func (t alteredTx) CompactText(d record.Digest) ([]byte, error) {
	text, err := t.Tx.CompactText(d)
	return append(text, "# and more\n"...), err
}

// No server goes by a Compact that somebody altered where it is kept; an auditor who is known
// may still look for what else was.
func TestAlteredCompactIsNotTakenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	store := w.deps.Store
	w.deps.Store = altered{store}
	other := w.restart("other")
	w.deps.Store = store
	c := w.approvedIn(edit)
	_, err := apply(w, w.as("maria"), c)
	fine(t, err)
	w.amend("Example Trading", "Example Traders")
	_, err = apply(other, w.as("olaf"), c)
	refused(t, err, errs.Internal, "somebody altered it")
	for _, j := range w.queue.take() {
		refused(t, other.do(j), errs.Internal, "somebody altered it")
	}
	if p := other.as("aud"); !p.Is(access.Auditor) {
		t.Errorf("%+v", p)
	}
	in(t, w.see(t, "maria", c), change.Applying)
}
