package workflow_test

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// A random walk over the life of a few changes: random people do random things to
// them, workers come or do not, colleagues edit rows, the Compact changes, time
// passes. A slow and obvious model (walk_model_test.go) says for each act whether
// it is allowed, and of what kind its refusal is; after each step all states,
// decisions and rows are as modelled; and in the end the evidence proves them.

func TestWalkSQLite(t *testing.T) {
	t.Parallel()
	walkAll(t, onSQLite)
}

func TestWalkPostgres(t *testing.T) {
	t.Parallel()
	walkAll(t, onPostgres)
}

func walkAll(t *testing.T, open metadata) {
	w := emptyWorldOn(t, open, nothing)
	w.connect("shop", "sqlite", newShop(t, w))
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		k := &walker{world: w, seen: seen}
		k.begin(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"": k.holds, "propose": k.propose, "go on": k.goOn, "go on further": k.goOn, "go on and on": k.goOn, "work": k.works,
			"try": k.try, "decide on another plan": k.stale, "the world goes on": k.meanwhile,
		})
		k.works(rt)
		k.holds(rt)
		k.world.rehearsesTheSame(rt)
		k.proves(rt)
	})
	fine(t, w.w.Fsck(ctx, w.as("aud"), io.Discard))
	t.Log(seen)
}

// proves has the evidence of two changes verified: a pack costs as much as a plan.
func (k *walker) proves(t *rapid.T) {
	some := rapid.Permutation(k.model.all).Draw(t, "proved")
	for _, c := range some[:min(2, len(some))] {
		k.world.proves(t, k.see(t, "aud", c.wire()))
	}
}

// versions of the Compact, by their rules; the last two have the same.
var versions = []struct {
	rules rules
	text  string
}{
	{plainly, company},
	{generous, strings.Replace(company, "after.credit > 1000", "after.credit > 2000", 1)},
	{noOlga, strings.Replace(company, "olaf@example.test, olga@example.test, marlo", "olaf@example.test, marlo", 1)},
	{trusting, strings.Replace(company, "    guardrails:\n", "    freedom: [{level: expert, when: 'rows <= 2'}]\n    guardrails:\n", 1)},
	{trusting, strings.Replace(company, "    guardrails:\n", "    freedom: [{level: expert, when: 'rows <= 2'}]\n    guardrails:\n", 1) + "# the same\n"},
}

// walker walks through one case.
type walker struct {
	*world
	model walked
	seen  map[string]int // how often each act met each answer
}

// begin makes the table, the rules and the model anew; changes of earlier cases
// stay where they are.
func (k *walker) begin(t *rapid.T) {
	k.sql(`DELETE FROM customer; INSERT INTO customer (id, name, credit) VALUES (1, 'A', 50), (2, 'B', NULL), (3, 'C', 1500)`)
	k.world.inForce(t, versions[0].text)
	k.model = walked{now: k.clock.Now(), table: map[int]customer{1: {"A", "50", ""}, 2: {"B", "", ""}, 3: {"C", "1500", ""}}}
}

var (
	someIDs     = rapid.IntRange(1, 5)
	someNames   = rapid.SampledFrom([]string{"A", "B", "C"})
	someCredits = rapid.SampledFrom([]string{"", "50", "1500", "2500"})
	somebody    = rapid.SampledFrom(everybody)
	someActs    = rapid.SampledFrom(slices.Sorted(maps.Keys(possible)))
)

// propose hands in a file, sometimes one that no plan can be made of.
func (k *walker) propose(t *rapid.T) {
	unfinished := 0
	for _, c := range k.model.all {
		if c.state != change.Withdrawn && c.state != change.Undone {
			unfinished++
		}
	}
	if unfinished >= 4 {
		t.Skip("enough changes")
	}
	who := somebody.Draw(t, "who")
	if rapid.Bool().Draw(t, "a maker") {
		who = rapid.SampledFrom([]string{"maria", "eva", "marlo"}).Draw(t, "maker")
	}
	c := &lived{maker: who}
	text := "number,name\n1,A\n"
	if rapid.IntRange(0, 9).Draw(t, "file") > 0 {
		c.file = rapid.MapOfN(someIDs, rapid.Custom(func(t *rapid.T) customer {
			return customer{name: someNames.Draw(t, "name"), credit: someCredits.Draw(t, "credit")}
		}), 1, 3).Draw(t, "rows")
		text = "id,name,credit\n"
		for _, id := range sortedIDs(c.file) {
			text += fmt.Sprintf("%d,%s,%s\n", id, c.file[id].name, c.file[id].credit)
		}
	}
	out, err := k.w.Propose(ctx, k.as(who), workflow.Proposal{Dataset: "customers", Name: "file.csv", File: strings.NewReader(text), Options: upsert})
	want := errs.Kind(0)
	switch {
	case !k.model.sees(who):
		want = errs.NotFound
	case !makes(who):
		want = errs.Forbidden
	}
	k.answers(t, "propose", err, want)
	if want == 0 {
		c.id = out.ID
		k.model.begin(c)
	}
}

func sortedIDs[V any](m map[int]V) []int { return slices.Sorted(maps.Keys(m)) }

// answers wants what the model says of an act.
func (k *walker) answers(t *rapid.T, what string, err error, want errs.Kind) {
	t.Helper()
	name := "done"
	if want == 0 {
		fine(t, err)
	} else {
		refused(t, err, want, "")
		name = want.String()
	}
	k.seen[what+": "+name]++
}

// deed is something that somebody may do.
type deed struct {
	c   *lived
	act change.Act
	who string
}

// goOn does something that is allowed.
func (k *walker) goOn(t *rapid.T) {
	var all []deed
	for _, c := range k.model.all {
		for _, a := range slices.Sorted(maps.Keys(possible)) {
			for _, who := range everybody {
				if k.model.judge(c, a, who) == 0 {
					all = append(all, deed{c, a, who})
				}
			}
		}
	}
	if len(all) == 0 {
		t.Skip("nothing is allowed")
	}
	// By acts, however many people could do each; seldom one that leads back.
	acts := map[change.Act][]deed{}
	for _, d := range all {
		acts[d.act] = append(acts[d.act], d)
	}
	back := func(a change.Act) bool {
		return a == change.ActReplan || a == change.ActWithdraw || a == change.ActReject
	}
	choice := slices.Sorted(maps.Keys(acts))
	if rapid.IntRange(0, 9).Draw(t, "back") != 9 {
		if choice = slices.DeleteFunc(choice, back); len(choice) == 0 {
			k.works(t)
			return
		}
	}
	k.does(t, rapid.SampledFrom(acts[rapid.SampledFrom(choice).Draw(t, "act")]).Draw(t, "deed"))
}

// try does anything to any change as anybody.
func (k *walker) try(t *rapid.T) {
	k.does(t, deed{k.some(t), someActs.Draw(t, "act"), somebody.Draw(t, "who")})
}

func (k *walker) some(t *rapid.T) *lived {
	if len(k.model.all) == 0 {
		t.Skip("no changes")
	}
	return k.model.all[rapid.IntRange(0, len(k.model.all)-1).Draw(t, "change")]
}

var doing = map[change.Act]act{change.ActReplan: replan, change.ActSubmit: submit, change.ActWithdraw: withdraw,
	change.ActApprove: approve, change.ActReject: reject, change.ActApply: apply, change.ActUndo: undo}

func (k *walker) does(t *rapid.T, d deed) {
	want := k.model.judge(d.c, d.act, d.who)
	out, err := doing[d.act](k.world, k.as(d.who), k.see(t, "aud", d.c.wire()))
	k.answers(t, string(d.act), err, want)
	switch {
	case want != 0:
		k.model.refused(d.c, d.act, want)
	case d.act == change.ActUndo:
		r := &lived{id: out.ID, maker: d.who, reverses: d.c}
		if d.c.reverses == nil {
			r.reversesAt = d.c.applied
		}
		d.c.reversedBy = r
		k.model.begin(r)
	default:
		k.model.did(d.c, d.act, d.who)
	}
}

// stale decides on another plan than the one that stands.
func (k *walker) stale(t *rapid.T) {
	c, who := k.some(t), somebody.Draw(t, "who")
	want := k.model.judge(c, change.ActApprove, who)
	if want == 0 {
		want = errs.Changed
	}
	_, err := k.w.Approve(ctx, k.as(who), change.ID(c.id), record.DigestOf([]byte("another plan")), "")
	k.answers(t, "approve another plan", err, want)
}

// works lets the workers do what waits for them.
func (k *walker) works(t *rapid.T) {
	k.work(t)
	k.model.work()
}

// meanwhile is what others do, and time.
func (k *walker) meanwhile(t *rapid.T) {
	rapid.SampledFrom([]func(*rapid.T){k.edit, k.amends, k.waits}).Draw(t, "what")(t)
}

// edit changes the table behind Sutor's back, as a colleague does.
func (k *walker) edit(t *rapid.T) {
	id := someIDs.Draw(t, "id")
	row, there := k.model.table[id]
	switch how := rapid.SampledFrom([]string{"name", "note", "delete"}).Draw(t, "how"); {
	case !there:
		row = customer{name: "New"}
		k.sql(`INSERT INTO customer (id, name) VALUES (?, 'New')`, id)
	case how == "delete":
		k.sql(`DELETE FROM customer WHERE id = ?`, id)
		delete(k.model.table, id)
		return
	case how == "name":
		row.name = someNames.Draw(t, "name")
		k.sql(`UPDATE customer SET name = ? WHERE id = ?`, row.name, id)
	default:
		row.note = someNames.Draw(t, "note")
		k.sql(`UPDATE customer SET note = ? WHERE id = ?`, row.note, id)
	}
	k.model.table[id] = row
}

// amends puts another version of the Compact in force.
func (k *walker) amends(t *rapid.T) {
	v := versions[rapid.IntRange(0, len(versions)-1).Draw(t, "version")]
	k.world.inForce(t, v.text)
	k.model.inForce(v.rules)
}

// waits lets time pass, and the watch see to what waited too long.
func (k *walker) waits(t *rapid.T) {
	const day = 24 * time.Hour
	k.clock.pass(rapid.SampledFrom([]time.Duration{time.Minute, 5 * day, 14 * day, 31 * day, 91 * day}).Draw(t, "for"))
	k.model.now = k.clock.Now()
	fine(t, workflow.Expire(k.w, ctx))
	k.model.expire()
}

// holds is what is always so: the table, the states, and the decisions that count
// are as modelled, and each decision that counts is on the plan that stands.
func (k *walker) holds(t *rapid.T) {
	if d := cmp.Diff(k.model.lines(), texts(t, k.shop, `SELECT id || ' ' || name || ' ' || COALESCE(CAST(credit AS INTEGER), '') || ' ' || COALESCE(note, '') FROM customer ORDER BY id`)); d != "" {
		t.Fatalf("the table (-want +got):\n%s", d)
	}
	want, got := map[string]string{}, map[string]string{}
	fine(t, k.deps.Store.View(ctx, func(tx workflow.Tx) error {
		for _, l := range k.model.all {
			c, err := tx.Change(change.ID(l.id))
			if err != nil {
				return err
			}
			want[l.id], got[l.id] = l.String(), k.now(t, c)
		}
		return nil
	}))
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("the changes (-want +got):\n%s", d)
	}
}

// now tells of a stored change what lived.String tells of a modelled one.
func (k *walker) now(t *rapid.T, c *change.Change) string {
	var decided []verdict
	for _, d := range c.Decisions {
		if d.Void != "" {
			continue
		}
		if d.By == c.Maker || c.Plan == nil || d.Digest != c.Plan.Digest {
			t.Errorf("change %s: the decision of %s on %s counts", c.ID, d.By, d.Digest)
		}
		name, _, _ := strings.Cut(string(d.By), "@")
		decided = append(decided, verdict{name, d.Role, d.Approve})
	}
	rows := 0
	if c.Plan != nil {
		rows = int(c.Plan.Counts.Written())
	}
	return standing(c.State, rows, string(c.ReversedBy), decided)
}

// wire names a change to the use cases.
func (l *lived) wire() wire.Change { return wire.Change{ID: l.id} }

// String tells where a change stands.
func (l *lived) String() string {
	by := ""
	if l.reversedBy != nil {
		by = l.reversedBy.id
	}
	return standing(l.state, len(l.plan), by, l.decisions)
}

func standing(s change.State, rows int, reversedBy string, decided []verdict) string {
	return fmt.Sprintf("%s, writes %d rows, reversed by %q, decisions %v", s, rows, reversedBy, decided)
}

func (m *walked) lines() (all []string) {
	for _, id := range sortedIDs(m.table) {
		r := m.table[id]
		all = append(all, fmt.Sprintf("%d %s %s %s", id, r.name, r.credit, r.note))
	}
	return all
}
