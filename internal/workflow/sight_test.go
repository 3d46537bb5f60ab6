package workflow_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// secretive is the company where something is kept from people: of the customers,
// notes are hidden from makers and managers, credits are masked for makers, and
// maria sees those with NET30 only. Guardrails read both columns.
var secretive = strings.NewReplacer(
	"      touched: {writable: false}\n", "      touched: {writable: false}\n      note: {visible_to: [owner, auditor], label: Remark}\n      credit: {visible_to: [owner, manager, auditor], mask: all, critical: true}\n",
	"    guardrails:\n", "    rows:\n      - {for: [maria@example.test], where: \"terms == 'NET30'\"}\n    guardrails:\n      - {name: blacklist, each: row, when: 'before.note == \"SECRET\"', then: approve, by: manager, say: Look twice.}\n",
).Replace(company)

func newSecretive(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, secretive)
	w.sql(`UPDATE customer SET note = 'SECRET', credit = 4711.25 WHERE id = 1`)
	w.sql(`UPDATE customer SET name = 'HIDDEN', credit = 815.5 WHERE id = 4`)
	return w
}

// secrets are texts that stand only in what maria may not see.
var secrets = []string{"SECRET", "4711", "HIDDEN", "815.5", "Remark", `"note"`, "note:", "before.note", "after.note"}

func keeps(t *testing.T, what, text string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%s tells %q:\n%s", what, s, text)
		}
	}
}

func (w *world) exported(t tb, name, format string) string {
	t.Helper()
	var out bytes.Buffer
	fine(t, w.w.Export(ctx, w.as(name), "customers", format, &out))
	return out.String()
}

func (w *world) rowsOf(t tb, name string, c wire.Change) (wire.Rows, string) {
	t.Helper()
	rows, err := w.w.Rows(ctx, w.as(name), change.ID(c.ID), "", 100, 0)
	fine(t, err)
	text, err := json.Marshal(rows)
	fine(t, err)
	return rows, string(text)
}

// What maria takes out has her rows and her columns; the owner's has all.
func TestExportHasWhatIsSeen(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	if got := w.exported(t, "maria", "csv"); got != "id,name,terms,touched\r\n1,Ann,NET30,0\r\n2,Bob,NET30,0\r\n" {
		t.Errorf("maria's:\n%s", got)
	}
	if got := w.exported(t, "eva", "csv"); !strings.Contains(got, "HIDDEN") || strings.Contains(got, "SECRET") || strings.Contains(got, "4711") {
		t.Errorf("eva's:\n%s", got)
	}
	if got := w.exported(t, "olaf", "csv"); !strings.Contains(got, "SECRET") || !strings.Contains(got, "4711.25") || !strings.Contains(got, "HIDDEN") {
		t.Errorf("olaf's:\n%s", got)
	}
	d, err := w.w.Dataset(ctx, w.as("maria"), "customers")
	fine(t, err)
	text, err := json.Marshal(d)
	fine(t, err)
	keeps(t, "the dataset", string(text))
	if d.Rows != nil || !d.SomeRows || !strings.Contains(string(text), `"masked":true`) {
		t.Errorf("maria's dataset: %s", text)
	}
	c, err := w.w.CompactInForce(ctx, w.as("maria"))
	fine(t, err)
	keeps(t, "the Compact", c.Text)
	if !c.Excerpt || !strings.Contains(c.Text, "Look twice.") || strings.Contains(c.Text, "products") {
		t.Errorf("maria's Compact:\n%s", c.Text)
	}
	if c, err := w.w.CompactInForce(ctx, w.as("ivan")); err != nil || c.Excerpt || c.Text != w.text {
		t.Errorf("a steward does not get the whole Compact: %v", err)
	}
}

// Threat: a maker puts values into a column that they do not see, to learn from the
// plan which are there already. Such a column of the file is left out: nothing is
// compared with it, and nothing written.
func TestWithheldColumnsAreNotMatched(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	before := w.dump("customer")
	c := w.propose("maria", "id,credit,Remark,note\n1,4711.25,SECRET,SECRET\n2,1,x,x\n", upsert)
	if c.Plan.Counts != (wire.Counts{Unchanged: 2}) {
		t.Errorf("%+v", c.Plan.Counts)
	}
	for _, f := range c.Findings {
		if f.Guardrail != "unmatched" {
			t.Errorf("%+v", f)
		}
	}
	said := map[string]string{}
	for _, name := range []string{"note", "nope"} { // as near to a name that she may know
		o := upsert
		o.Map = map[string]string{"x": name}
		said[name] = w.propose("maria", "id,x\n1,SECRET\n", o).Why
		o.Map, o.Formats = nil, map[string]string{name: "trimmed"}
		said[name] += w.propose("maria", "id,x,"+name+"\n1,SECRET,SECRET\n", o).Why
		said[name] += w.propose("maria", "id,name,"+name+"\n1,Ann,SECRET\n", upsert).Findings[0].Message
	}
	if strings.ReplaceAll(said["note"], "note", "nope") != said["nope"] {
		t.Errorf("a hidden column is told otherwise than one that is not there:\n%s\n%s", said["note"], said["nope"])
	}
	if w.dump("customer") != before {
		t.Error("something was written")
	}
}

// Threat: a maker proposes keys of all numbers, to learn which rows there are beside
// their own. An update of a row that is not for them is told just as of one that is
// not there. An insert of it cannot be told so: the system would refuse it; the try
// is evidence.
func TestRowsOutsideAreAsIfAbsent(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	o := change.Options{Mode: change.Update}
	there, absent := w.propose("maria", "id,name\n4,Zed\n", o), w.propose("maria", "id,name\n9,Zed\n", o)
	a, b := there.Findings, absent.Findings
	if len(a) != 1 || len(b) != 1 || a[0].Message != b[0].Message || a[0].Guardrail != b[0].Guardrail || there.Plan.Counts != absent.Plan.Counts {
		t.Errorf("an update of a row that is not for her:\n%+v\nof one that is not there:\n%+v", a, b)
	}
	keeps(t, "the change", shownTo(w, "maria", there))
	c := w.propose("maria", "id,name,terms\n4,Zed,NET30\n", upsert)
	if len(c.Findings) != 1 || c.Findings[0].Guardrail != "outside-rows" {
		t.Errorf("%+v", c.Findings)
	}
	if !w.hasLeaf("access.probed", c.ID) {
		t.Error("the probe left no leaf")
	}
	for what, file := range map[string]string{
		"moving a row out":                   "id,terms\n1,NET60\n",
		"a new row outside":                  "id,name,terms\n9,Zed,NET60\n",
		"a new row of which it is not known": "id,name\n9,Zed\n",
	} {
		if c := w.propose("maria", file, upsert); len(c.Findings) == 0 || c.Findings[0].Guardrail != "outside-rows" || c.Plan.Counts.Invalid != 1 {
			t.Errorf("%s: %+v", what, c.Findings)
		}
	}
	if c := w.propose("maria", "id,name,terms\n9,Zed,NET30\n2,Rob,NET30\n", upsert); c.Plan.Counts != (wire.Counts{Insert: 1, Update: 1}) {
		t.Errorf("her own rows: %+v %+v", c.Plan.Counts, c.Findings)
	}
}

func refusal(_ wire.Change, err error) error { return err }

// allLeaves gives the whole log.
func (w *world) allLeaves() (all []evidence.Leaf) {
	w.t.Helper()
	fine(w.t, w.deps.Store.View(ctx, func(tx workflow.Tx) error {
		n, err := tx.Log().Size()
		if err != nil {
			return err
		}
		texts, err := tx.Log().Leaves(0, int(n))
		for _, text := range texts {
			l, err := evidence.ParseLeaf(text)
			if err != nil {
				return err
			}
			all = append(all, l)
		}
		return err
	}))
	return all
}

// hasLeaf tells whether the log has a leaf of the kind; of the change, or of any.
func (w *world) hasLeaf(kind, id string) (found bool) {
	w.t.Helper()
	for _, l := range w.allLeaves() {
		found = found || string(l.Kind) == kind && (id == "" || string(l.Change) == id)
	}
	return found
}

// A key that a row outside of theirs has taken is in use for whoever brings a row back.
func TestUndoOverARowOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "    guardrails:\n", "    rows:\n      - {for: [maria@example.test], where: \"terms == 'NET30'\"}\n    guardrails:\n", 1))
	r := w.undone(t, "olaf", w.applied(t, "maria", "olaf", w.propose("maria", "id,name,terms\n8,Yan,NET30\n9,Zoe,NET30\n", upsert)))
	w.sql(`INSERT INTO customer (id, name, terms) VALUES (9, 'Other', 'NET60')`)
	again := in(t, w.does("maria", undo, r), change.Planned)
	if n := again.Plan.Counts; n.Insert != 1 || *n.Impossible != 1 {
		t.Errorf("counts %+v", n)
	}
}

// A guardrail that reads a hidden column tells its say, and no more; who may see the
// column is told all.
func TestGuardrailOverHiddenColumn(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	c := w.propose("maria", "id,name\n1,Anna\n2,Bobby\n", upsert)
	keeps(t, "the change", shownTo(w, "maria", c))
	f := c.Findings[0]
	if f.Guardrail != "blacklist" || f.Message != "Look twice." || f.Rows != 0 || f.Ranges != nil || f.Samples != nil {
		t.Errorf("maria is told %+v", f)
	}
	if f := w.see(t, "olaf", c).Findings[0]; f.Rows != 1 || len(f.Ranges) != 1 {
		t.Errorf("olaf is told %+v", f)
	}
	_, text := w.rowsOf(t, "maria", c)
	keeps(t, "the rows", text)
	if !w.hasLeaf("access.probed", c.ID) {
		t.Error("the probe left no leaf")
	}
	var pack bytes.Buffer
	err := w.w.Evidence(ctx, w.as("maria"), change.ID(c.ID), &pack)
	if errs.KindOf(err) != errs.Forbidden || !strings.Contains(errs.Public(err).Mend, "olaf@example.test") || pack.Len() > 0 {
		t.Errorf("the pack: %v", err)
	}
}

// What a colleague sees of a change that writes what they may not see: no values, no
// samples, not its rows; they cannot decide on it, take it back or export its file.
func TestOthersChangeIsCut(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	w.amend("marlo@example.test: {roles: [maker, owner], departments: [sales]}", "marlo@example.test: {roles: [maker, owner], departments: [sales]}\n  nora@example.test:  {roles: [owner], departments: [finance]}")
	w.amend("for: [maria@example.test]", "for: [maria@example.test, nora@example.test]")
	w.amend("owner: [olaf@example.test", "owner: [nora@example.test, olaf@example.test")
	c := w.propose("marlo", "id,note,credit,name\n1,SECRET 815.5,4712,HIDDEN\n4,SECRET,47110,HIDDEN too\n3,x,y,z\n", upsert)
	keeps(t, "the change", shownTo(w, "maria", c))
	rows, text := w.rowsOf(t, "maria", c)
	if strings.Contains(text, "SECRET") || strings.Contains(text, "4711") || len(rows.Rows) != 1 || rows.Total != 1 || !strings.Contains(text, "•••") {
		t.Errorf("maria sees %s", text)
	}
	if _, text := w.rowsOf(t, "mona", c); !strings.Contains(text, "47110") || strings.Contains(text, "SECRET") {
		t.Errorf("a manager, who may see credits but no notes, sees %s", text)
	}
	var out bytes.Buffer
	if err := w.w.BadRows(ctx, w.as("maria"), change.ID(c.ID), "csv", false, &out); errs.KindOf(err) != errs.Forbidden || out.Len() > 0 {
		t.Errorf("the bad rows: %v %s", err, out.String())
	}
	good := w.propose("marlo", "id,note,name\n4,SECRET,HIDDEN too\n", upsert)
	good = w.does("marlo", submit, good)
	err := refusal(approve(w, w.as("nora"), good))
	if errs.KindOf(err) != errs.Blocked {
		t.Errorf("an owner who does not see the rows decides: %v", err)
	}
	good = w.does("marlo", apply, w.does("olaf", approve, good))
	in(t, good, change.Applied)
	if err := refusal(undo(w, w.as("maria"), good)); errs.KindOf(err) != errs.Blocked {
		t.Errorf("a maker who does not see the rows takes them back: %v", err)
	}
}

// Access is asked for, granted for a time, and lapses by the clock; whether there is
// what was asked for is not told.
func TestAccessForATime(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	asked, err := w.w.AskAccess(ctx, w.as("fred"), "customers", []string{"note"}, 3, "Year end.")
	fine(t, err)
	absent, err := w.w.AskAccess(ctx, w.as("fred"), "nothing", []string{"note"}, 3, "Year end.")
	fine(t, err)
	absent.ID, absent.Dataset = asked.ID, asked.Dataset
	if fmt.Sprint(asked) != fmt.Sprint(absent) {
		t.Errorf("asking tells what there is:\n%+v\n%+v", asked, absent)
	}
	id := access.RequestID(asked.ID)
	for who, kind := range map[string]errs.Kind{"fred": errs.Forbidden, "owen": errs.NotFound, "ivan": errs.Forbidden, "maria": errs.NotFound} {
		if _, err := w.w.GrantAccess(ctx, w.as(who), id, 0, ""); errs.KindOf(err) != kind {
			t.Errorf("%s grants: %v", who, err)
		}
	}
	if _, err := w.w.Dataset(ctx, w.as("fred"), "customers"); errs.KindOf(err) != errs.NotFound {
		t.Errorf("fred sees the customers before the grant: %v", err)
	}
	fred := w.as("fred") // signed in before the grant
	_, err = w.w.GrantAccess(ctx, w.as("olaf"), id, 2, "Fine.")
	fine(t, err)
	if text := w.exported(t, "fred", "csv"); !strings.Contains(text, "SECRET") || strings.Contains(text, "4711") {
		t.Errorf("fred takes out:\n%s", text)
	}
	fine(t, w.w.Export(ctx, fred, "customers", "csv", &bytes.Buffer{}))
	fred = w.as("fred")
	w.clock.pass(48 * time.Hour)
	if err := w.w.Export(ctx, fred, "customers", "csv", &bytes.Buffer{}); errs.KindOf(err) != errs.NotFound {
		t.Errorf("the grant holds beyond its time, with rights of before: %v", err)
	}
	all, err := w.w.Accesses(ctx, w.as("aud"))
	fine(t, err)
	if len(all) != 2 || all[1].State != "lapsed" || all[0].State != "asked" {
		t.Errorf("the auditor's list: %+v", all)
	}
	own, err := w.w.AskAccess(ctx, w.as("marlo"), "customers", []string{"note"}, 1, "Mine.")
	fine(t, err)
	if _, err := w.w.GrantAccess(ctx, w.as("marlo"), access.RequestID(own.ID), 0, ""); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("an owner grants access to themselves: %v", err)
	}
	_, err = w.w.EndAccess(ctx, w.as("ivan"), access.RequestID(own.ID), "No.")
	fine(t, err)
	for _, kind := range []string{"access.asked", "access.granted", "access.ended"} {
		if !w.hasLeaf(kind, "") {
			t.Errorf("no leaf %s", kind)
		}
	}
}

// What people read of plans that others made is counted, and a leaf once the hour is
// over.
func TestReadsAreLeaves(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	c := w.propose("maria", "id,name\n1,Anna\n2,Bobby\n", upsert)
	for range 3 {
		w.rowsOf(t, "olaf", c)
	}
	w.rowsOf(t, "maria", c)
	if w.hasLeaf("rows.read", "") {
		t.Error("a leaf before the hour is over")
	}
	w.clock.pass(time.Hour)
	w.rowsOf(t, "aud", c)
	n := 0
	for _, l := range w.allLeaves() {
		if l.Kind == "rows.read" {
			n++
			if l.Counts["calls"] != 3 || l.Counts["rows"] != 6 || l.IDs["change"] != c.ID {
				t.Errorf("%+v", l)
			}
		}
	}
	if n != 1 {
		t.Errorf("%d leaves of reads", n)
	}
}

// Masking never changes what is applied: what somebody takes out who does not see
// everything, edits and puts back, does the same as if somebody proposed it who does.
func TestMaskingChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		who := rapid.SampledFrom([]string{"maria", "eva"}).Draw(rt, "who")
		mask := rapid.SampledFrom([]string{"mask: all, ", "mask: last4, ", ""}).Draw(rt, "mask")
		var tables, plans []string
		edit := rapid.SampledFrom([]string{"", "Ann", "Bob", "NET30"}).Draw(rt, "edited")
		for _, see := range []bool{false, true} {
			w := newWorld(t, strings.Replace(secretive, "mask: all, ", mask, 1))
			w.sql(`UPDATE customer SET note = 'SECRET', credit = 4711.25 WHERE id = 1`)
			file := w.exported(rt, who, "csv")
			if edit != "" {
				file = strings.Replace(file, edit, rapid.Just(map[string]string{"Ann": "Anna", "Bob": "Rob", "NET30": "NET30"}[edit]).Draw(rt, "to"), 1)
			}
			if see {
				w.inForce(rt, company)
			}
			c := w.proposeTo(rt, who, "customers", file, upsert)
			plans = append(plans, fmt.Sprintf("%+v", c.Plan.Counts))
			if c.Plan.Counts.Update > 0 {
				c = w.does(who, submit, c)
				for c.State == "submitted" {
					c = w.does(map[string]string{"owner": "olaf", "manager": "mona"}[c.Route[len(c.Decisions)].Role], approve, c)
				}
				in(w.t, w.does(who, apply, c), change.Applied)
			}
			tables = append(tables, w.dump("customer"))
		}
		if tables[0] != tables[1] || plans[0] != plans[1] {
			rt.Fatalf("masked:\n%s\n%s\nplain:\n%s\n%s", plans[0], tables[0], plans[1], tables[1])
		}
	})
}

// Whoever reads live rows for a person goes through reading.go, which knows what they
// see. Other code does not ask the system for rows of a whole table; content.go and
// live.go page through what a reading or a sight lets them.
func TestLiveRowsAreReadThroughSight(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	fine(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "reading.go" {
			continue
		}
		text, err := os.ReadFile(name)
		fine(t, err)
		for _, call := range []string{"sys.Export(", "sys.Select("} {
			if strings.Contains(string(text), call) {
				t.Errorf("%s asks the system for rows itself (%s): people get them through reading.go", name, call)
			}
		}
		if strings.Contains(string(text), "sys.Page(") && name != "content.go" && name != "live.go" {
			t.Errorf("%s pages through rows itself: people get them through reading.go", name)
		}
	}
}
