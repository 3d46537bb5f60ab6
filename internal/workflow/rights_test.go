package workflow_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// roles are the people of the table below, in its columns' order: the maker of
// the change, a colleague of the department, a maker of another one, a listed
// owner, an owner of other things, the department's manager, another one's, a
// steward, an auditor.
var roles = []string{"maria", "eva", "fred", "olaf", "owen", "mona", "fay", "ivan", "aud"}

// stage makes a change of maria's on customers that the use case is about.
type stage func(*world) wire.Change

func stagePlanned(w *world) wire.Change {
	w.sql(`UPDATE customer SET name = 'Ann' WHERE id = 1`)
	return in(w.t, w.propose("maria", "id,name\n1,Anna\n", upsert), change.Planned)
}

func stageSubmitted(w *world) wire.Change {
	return in(w.t, w.does("maria", submit, stagePlanned(w)), change.Submitted)
}

func stageForManager(w *world) wire.Change { // it asks for an owner and for a manager
	return in(w.t, w.does("maria", submit, w.propose("maria", "id,name,credit\n1,Anna,5000\n", upsert)), change.Submitted)
}

func stageApproved(w *world) wire.Change {
	return in(w.t, w.does("olaf", approve, stageSubmitted(w)), change.Approved)
}

func stageApplied(w *world) wire.Change {
	return in(w.t, w.does("maria", apply, stageApproved(w)), change.Applied)
}

// The contract's table *Who may*, walked through the use cases themselves. A cell
// is the exit code that the person gets: 0 allowed, 3 no right, 4 may not see.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		cells string // in the order of roles
		stage stage  // nil: about the dataset
		do    act
	}{
		{name: "see dataset", cells: "0 0 4 0 4 0 4 0 0", do: seeDataset},
		{name: "export", cells: "0 0 4 0 4 0 4 3 0", do: export},
		{name: "propose", cells: "0 0 4 3 4 3 4 3 3", do: propose},
		{name: "see", cells: "0 0 4 0 4 0 4 0 0", stage: stagePlanned, do: seeChange},
		{name: "rows", cells: "0 0 4 0 4 0 4 3 0", stage: stagePlanned, do: rows},
		{name: "replan", cells: "0 3 4 3 4 3 4 3 3", stage: stagePlanned, do: replan},
		{name: "submit", cells: "0 3 4 3 4 3 4 3 3", stage: stagePlanned, do: submit},
		{name: "withdraw", cells: "0 3 4 3 4 3 4 3 3", stage: stageSubmitted, do: withdraw},
		{name: "approve", cells: "3 3 4 0 4 0 4 3 3", stage: stageForManager, do: approve},
		{name: "reject", cells: "3 3 4 0 4 0 4 3 3", stage: stageForManager, do: reject},
		{name: "apply", cells: "0 3 4 0 4 3 4 3 3", stage: stageApproved, do: apply},
		{name: "undo", cells: "0 0 4 0 4 3 4 3 3", stage: stageApplied, do: undo},
		{name: "prove", cells: "0 3 4 0 4 0 4 3 0", stage: stageApplied, do: prove},
		{name: "show the Compact", cells: "0 0 0 0 0 0 0 0 0", do: showCompact},
		{name: "checkpoint", cells: "0 0 0 0 0 0 0 0 0", do: checkpoint},
		{name: "fsck", cells: "3 3 3 3 3 3 3 0 0", do: fsck},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, company)
			walk(w, strings.Fields(c.cells), c.stage, c.do)
		})
	}
}

// walk has everybody try. What is allowed gets a change of its own; the others
// share one, which must be as it was in the end.
func walk(w *world, cells []string, s stage, do act) {
	w.t.Helper()
	if len(cells) != len(roles) {
		w.t.Fatalf("%d cells for %d people", len(cells), len(roles))
	}
	var shared wire.Change
	if s != nil {
		shared = s(w)
	}
	before := trace(w, shared)
	for i, name := range roles {
		if cells[i] != "0" {
			_, err := do(w, w.as(name), shared)
			if got := fmt.Sprint(errs.KindOf(err).ExitCode()); err == nil || got != cells[i] {
				w.t.Errorf("%s: %v, want exit %s", name, err, cells[i])
			}
		}
	}
	w.work(w.t)
	if after := trace(w, shared); after != before {
		w.t.Errorf("a refused act changed something:\n%s\n%s", before, after)
	}
	for i, name := range roles {
		if cells[i] == "0" {
			own := shared
			if s != nil {
				own = s(w)
			}
			if _, err := do(w, w.as(name), own); err != nil {
				w.t.Errorf("%s: %v, want it allowed", name, err)
			}
			w.work(w.t)
		}
	}
}

// trace is all that an auditor sees of a change, if there is one.
func trace(w *world, c wire.Change) string {
	w.t.Helper()
	if c.ID == "" {
		return ""
	}
	return shownTo(w, "aud", c)
}

func seeDataset(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	_, err := w.w.Dataset(ctx, p, "customers")
	return c, err
}

func export(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	return c, w.w.Export(ctx, p, "customers", "csv", io.Discard)
}

func propose(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	return w.w.Propose(ctx, p, workflow.Proposal{Dataset: "customers", Name: "f.csv", File: strings.NewReader(edit), Options: upsert})
}

func seeChange(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	return w.w.Change(ctx, p, change.ID(c.ID), 0)
}

func rows(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	_, err := w.w.Rows(ctx, p, change.ID(c.ID), "", 10, 0)
	return c, err
}

func showCompact(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	_, err := w.w.CompactInForce(ctx, p)
	return c, err
}

func checkpoint(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	_, err := w.w.Checkpoint(ctx, p)
	return c, err
}

func fsck(w *world, p access.Principal, c wire.Change) (wire.Change, error) {
	return c, w.w.Fsck(ctx, p, io.Discard)
}

// Lists hold what the person may see, and nothing of the rest.
func TestListsAreCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	stagePlanned(w)
	goods := w.proposeTo(t, "fred", "products", "sku,price\nA1,11\n", upsert)
	for name, want := range map[string]string{
		"maria": "customers", "fred": "products", "olaf": "customers", "owen": "products", "mona": "customers", "fay": "products",
		"ivan": "customers products", "aud": "customers products",
	} {
		datasets, err := w.w.Datasets(ctx, w.as(name))
		fine(t, err)
		var seen []string
		for _, d := range datasets {
			seen = append(seen, d.Name)
		}
		changes, err := w.w.Changes(ctx, w.as(name), workflow.Filter{})
		fine(t, err)
		if got := strings.Join(seen, " "); got != want || len(changes) != len(seen) {
			t.Errorf("%s sees the datasets %s and %d changes, want %s", name, got, len(changes), want)
		}
	}
	asked, err := w.w.Changes(ctx, w.as("maria"), workflow.Filter{Datasets: []string{"products"}})
	fine(t, err)
	if len(asked) != 0 {
		t.Error("asked for by name, changes of another department are shown")
	}
	_, unseen := w.w.Change(ctx, w.as("maria"), change.ID(goods.ID), 0)
	_, absent := w.w.Change(ctx, w.as("maria"), "9999", 0)
	refused(t, unseen, errs.NotFound, "")
	if strings.ReplaceAll(unseen.Error(), goods.ID, "9999") != absent.Error() {
		t.Errorf("a change that may not be seen and one that is not there are told apart:\n%v\n%v", unseen, absent)
	}
}

// A steward sees what went wrong and how often, never whose value it was.
func TestStewardSeesNoValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.propose("maria", "id,name,terms,credit\n1,Confidential,HIDDEN,xyzzy\n", upsert), change.Planned)
	if text := shownTo(w, "maria", c); !strings.Contains(text, "xyzzy") {
		t.Errorf("the maker does not see the offending text: %s", text)
	}
	text := shownTo(w, "ivan", c)
	for _, secret := range []string{"Confidential", "HIDDEN", "xyzzy"} {
		if strings.Contains(text, secret) {
			t.Errorf("the steward sees %s: %s", secret, text)
		}
	}
	if !strings.Contains(text, `"guardrail":"one-of"`) && !strings.Contains(text, `"guardrail":"value"`) {
		t.Errorf("the steward does not see the findings: %s", text)
	}
}

// A maker who is a listed owner too decides on nothing of their own: not on a
// change, not on its reversal's reversal, not after planning again, and not as
// another spelling of themselves.
func TestSelfApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.does("marlo", submit, w.propose("marlo", edit, upsert))
	w.mayNot("marlo", approve, c, errs.Forbidden, "You made change")
	w.mayNot("marlo", reject, c, errs.Forbidden, "You made change")
	w.mayNot("marlo", apply, c, errs.Blocked, "")
	for _, spelling := range []access.Email{"MARLO@Example.Test", " marlo@EXAMPLE.test "} {
		p, err := w.w.Person(ctx, spelling, "token:T2")
		fine(t, err)
		_, err = approve(w, p, c)
		refused(t, err, errs.Forbidden, "You made change")
	}
	again := w.does("marlo", submit, w.does("marlo", replan, c))
	w.mayNot("marlo", approve, again, errs.Forbidden, "You made change")
	w.does("olga", approve, again)
	c = in(t, w.does("marlo", apply, again), change.Applied)
	steps := w.proves(t, c).Steps
	refusals := 0
	for _, s := range steps {
		if s.Kind == "refused" && s.Who == "marlo@example.test" {
			refusals++
		}
	}
	if refusals != 5 { // the apply was refused for its state, which is no evidence of anything
		t.Errorf("%d refusals of marlo's are evidence, want 5", refusals)
	}
}

// The Compact may spell an address in any case: it is one person.
func TestSelfApprovalInAnotherCase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.ReplaceAll(company, "marlo@example.test:", "Marlo@EXAMPLE.test:"))
	c := w.does("marlo", submit, w.propose("marlo", edit, upsert))
	if c.Maker != "marlo@example.test" {
		t.Errorf("the maker is %s", c.Maker)
	}
	w.mayNot("marlo", approve, c, errs.Forbidden, "You made change")
	in(t, w.does("olaf", approve, c), change.Approved)
}

// Nobody decides for two roles: an owner who is a manager too counts once.
func TestTwoRolesCountOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := stageForManager(w)
	in(t, w.does("both", approve, c), change.Submitted)
	w.mayNot("both", approve, c, errs.Blocked, "nobody decides for two roles")
	w.mayNot("olaf", approve, c, errs.Blocked, "asks for somebody else")
	w.mayNot("maria", apply, c, errs.Blocked, "")
	c = in(t, w.does("mona", approve, c), change.Approved)
	if len(c.Decisions) != 2 || c.Decisions[0].Role != "owner" || c.Decisions[1].Role != "manager" {
		t.Errorf("decisions: %+v", c.Decisions)
	}
	in(t, w.does("olaf", apply, c), change.Applied)
}

// A role that nobody can fill blocks, and never counts as approved.
func TestRouteThatNobodyCanWalk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, maker, old, new, file, says string }{
		{"no steward", "maria", "ivan@example.test:  {roles: [steward]}", "ivan@example.test:  {roles: [auditor]}", "id,note\n1,steward\n", "Nobody can decide as steward"},
		{"the maker is the only owner", "marlo", "[olaf@example.test, olga@example.test, marlo@example.test, both@example.test]", "[marlo@example.test]", "id,name\n1,Anna\n", "Nobody can decide as owner"},
		{"one person for two roles", "maria", "[olaf@example.test, olga@example.test, marlo@example.test, both@example.test]\n    allow: [insert, update]", "[both@example.test]\n    allow: [insert, update]", "id,credit\n1,5000\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, company)
			w.amend(c.old, c.new)
			if c.says == "" {
				w.amend("mona@example.test:  {roles: [manager]", "mona@example.test:  {roles: [maker]")
				c.says = "Nobody can decide as manager"
			}
			planned := in(t, w.propose(c.maker, c.file, upsert), change.Planned)
			if !strings.Contains(planned.Blocked, c.says) {
				t.Errorf("before it is submitted, blocked is %q", planned.Blocked)
			}
			w.mayNot(c.maker, submit, planned, errs.Blocked, c.says)
			in(t, w.see(t, "aud", planned), change.Planned)
			w.mayNot(c.maker, apply, planned, errs.Blocked, "")
		})
	}
}
