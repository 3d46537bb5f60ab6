package fault

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/wire"
	verifyjs "sutor/test/verify-js"
)

// soon is within what a change comes to its end after a restart, or once its metadata can
// be written again: a lease is dead after 10 seconds, work that nobody could begin is taken
// for lost after 15, and either is looked for every 5.
const soon = 30 * time.Second

// life is one change, from its file to its undo. It writes every row of the
// table and inserts one.
type life struct {
	h      *house
	number int
	id     string // of the change; "" until the server told
	undo   string // of its reversal, likewise

	before, after string // the table, as dump gives it
	writes        int    // into the table up to now
}

func (h *house) newLife() *life {
	h.lives++
	l := &life{h: h, number: h.lives, before: h.dump(), writes: h.writes()}
	lines := strings.Split(l.before, "\n")
	for id := range h.rows {
		lines[id] = fmt.Sprintf("%06d|Customer %d|K%d", id+1, id+1, l.number)
	}
	l.after = strings.Join(append(lines, fmt.Sprintf("%06d|New %d|K%d", 100000+l.number, l.number, l.number)), "\n")
	return l
}

// file proposes that life's terms for every customer.
func (l *life) file() string {
	var b strings.Builder
	b.WriteString("id,name,terms\n")
	for id := range l.h.rows {
		fmt.Fprintf(&b, "%d,Customer %d,K%d\n", id+1, id+1, l.number)
	}
	fmt.Fprintf(&b, "%d,New %d,K%d\n", 100000+l.number, l.number, l.number)
	return b.String()
}

func (h *house) dump() string {
	h.t.Helper()
	if isPostgres(h.erp) {
		return query(h.t, h.erp, `SELECT string_agg(lpad(id::text, 6, '0') || '|' || name || '|' || terms, E'\n' ORDER BY id) FROM customer`)
	}
	return query(h.t, h.erp, `SELECT group_concat(line, char(10)) FROM (SELECT printf('%06d', id) || '|' || name || '|' || terms AS line FROM customer ORDER BY id)`)
}

func (h *house) writes() (n int) {
	h.t.Helper()
	if _, err := fmt.Sscan(query(h.t, h.erp, `SELECT count(*) FROM written`), &n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// step is one act in a life: what somebody does, how to see whether it happened,
// and how many rows it writes once the change is there.
type step struct {
	name   string
	do     func(*life, context.Context) error
	state  string // of the change that it is about, once it is done
	undo   bool   // it is about the reversal
	writes bool
}

// steps are a whole life.
var steps = []step{
	{name: "plan", do: (*life).plan, state: "planned"},
	{name: "submit", do: by("maria", (*client.Client).Submit, false), state: "submitted"},
	{name: "approve", do: (*life).approve, state: "approved"},
	{name: "apply", do: by("maria", (*client.Client).Apply, false), state: "applied", writes: true},
	{name: "undo", do: (*life).takeBack, state: "planned", undo: true},
	{name: "submit the undo", do: by("olaf", (*client.Client).Submit, true), state: "approved", undo: true},
	{name: "apply the undo", do: by("olaf", (*client.Client).Apply, true), state: "applied", undo: true, writes: true},
}

func stepNamed(name string) step {
	return steps[slices.IndexFunc(steps, func(s step) bool { return s.name == name })]
}

func by(who string, act func(_ *client.Client, _ context.Context, id, digest, words string) (wire.Change, error), undo bool) func(*life, context.Context) error {
	return func(l *life, ctx context.Context) error {
		_, err := act(l.h.as(who), ctx, l.about(undo), "", "")
		return err
	}
}

func (l *life) about(undo bool) string {
	if undo {
		return l.undo
	}
	return l.id
}

func (l *life) title() string { return fmt.Sprintf("life %d", l.number) }

func (l *life) plan(ctx context.Context) error {
	text := l.file()
	_, err := l.h.as("maria").Propose(ctx, client.Proposal{Dataset: "customers", Title: l.title(), Reason: "Agreed."},
		client.File{Name: "terms.csv", Size: int64(len(text)), From: strings.NewReader(text)})
	return err
}

func (l *life) approve(ctx context.Context) error {
	c, err := l.h.as("olaf").Change(ctx, l.id, 0)
	if err == nil {
		_, err = l.h.as("olaf").Approve(ctx, l.id, c.Plan.Digest, "")
	}
	return err
}

func (l *life) takeBack(ctx context.Context) error {
	_, err := l.h.as("olaf").Undo(ctx, l.id, "Not agreed.")
	return err
}

// find learns from the server which changes there are of this life.
func (l *life) find() error {
	all, err := l.h.as("aud").Changes(l.h.t.Context(), client.Filter{})
	if err != nil {
		return err
	}
	l.undo = ""
	for _, c := range slices.Backward(all) { // oldest first
		switch {
		case c.Title == l.title():
			l.id = c.ID
		case c.Reverses != nil && *c.Reverses == l.id:
			l.undo = c.ID
		}
	}
	return nil
}

// settled waits until nobody works on the change that a step is about, and gives
// it; false if there is none.
func (l *life) settled(s step) (wire.Change, bool) {
	l.h.t.Helper()
	must(l.h.t, l.find())
	id := l.about(s.undo)
	if id == "" {
		return wire.Change{}, false
	}
	return l.h.settled(id), true
}

// settled waits until nobody works on a change. It may take until soon after the
// server's start.
func (h *house) settled(id string) wire.Change {
	h.t.Helper()
	from := time.Now()
	c, err := h.ended(id)
	must(h.t, err)
	if now := time.Since(from); now > soon {
		h.t.Errorf("change %s is %s only after %s", id, c.State, now)
	}
	return c
}

func (h *house) ended(id string) (wire.Change, error) {
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	c, err := h.as("aud").Change(ctx, id, 0)
	if err != nil {
		return c, err
	}
	return h.as("aud").Settle(ctx, c, time.Minute, func(wire.Change) {})
}

// went does a step without a fault.
func (l *life) went(s step) wire.Change {
	l.h.t.Helper()
	from := time.Now()
	if err := s.do(l, l.h.t.Context()); err != nil {
		l.h.t.Fatalf("%s of %s: %s", s.name, l.title(), errs.Detail(err))
	}
	c, there := l.settled(s)
	l.h.took[s.name] = time.Since(from)
	if !there || c.State != s.state {
		l.h.t.Fatalf("%s of %s: the change is %s (%s)", s.name, l.title(), c.State, c.Why)
	}
	if s.writes || long {
		l.proves(s, c)
	}
	return c
}

// until does all steps before the named one.
func (l *life) until(name string) {
	l.h.t.Helper()
	for _, s := range steps {
		if s.name == name {
			return
		}
		l.went(s)
	}
}

// proves checks everything that must hold once nobody works on a change: the
// table is as it was, or as planned; the change says which; no row was written
// twice; the log is whole, and the change's pack proves the same.
func (l *life) proves(s step, c wire.Change) {
	h := l.h
	h.t.Helper()
	from, to := l.before, l.after
	if s.undo {
		from, to = to, from
	}
	writes, want, table := l.writes, from, h.dump()
	if s.writes && c.State == "applied" {
		writes, want = l.writes+h.rows+1, to
	} else if !s.undo && c.State == "applied" || c.State == "undone" {
		h.t.Fatalf("change %s is %s, and nobody had applied it", c.ID, c.State)
	}
	if table != want {
		h.t.Errorf("%s: change %s is %s (%s), and the table is\n%s", s.name, c.ID, c.State, c.Why, short(table))
	}
	if got := h.writes(); got != writes {
		h.t.Errorf("%s: %d rows were written for change %s (%s), want %d", s.name, got-l.writes, c.ID, c.State, writes-l.writes)
	}
	if s.writes && c.State == "applied" {
		l.writes = writes
		if c.Result.Applied != int64(h.rows+1) {
			h.t.Errorf("change %s tells that %d rows were written", c.ID, c.Result.Applied)
		}
	}
	h.wholeLog()
	h.packProves(c)
	h.tidy()
}

// wholeLog checks the whole evidence and that nobody works on anything.
func (h *house) wholeLog() {
	h.t.Helper()
	if report, err := h.as("ivan").Fsck(h.t.Context()); err != nil || !report.OK {
		h.t.Errorf("fsck: %s\n%s", errs.Detail(err), report.Report)
	}
	busy, err := h.as("aud").Changes(h.t.Context(), client.Filter{States: []string{"planning", "applying"}})
	must(h.t, err)
	for _, c := range busy {
		h.t.Errorf("change %s is still %s", c.ID, c.State)
	}
}

// packProves checks a change's own evidence: it verifies, each intent has its
// result, and the last state is the change's.
func (h *house) packProves(c wire.Change) {
	h.t.Helper()
	var pack bytes.Buffer
	_, err := h.as("aud").Evidence(h.t.Context(), c.ID, &pack)
	must(h.t, err)
	report, err := evidence.Verify(bytes.NewReader(pack.Bytes()), int64(pack.Len()), "")
	verifyjs.Agree(h.t, pack.Bytes(), "", err)
	if err != nil {
		h.t.Errorf("the pack of change %s: %s", c.ID, errs.Detail(err))
		return
	}
	count := map[evidence.Kind]int{}
	var state evidence.State
	for _, s := range report.Steps {
		count[s.Kind]++
		if s.To != "" && !s.Outside {
			state = s.To
		}
	}
	if count[evidence.ApplyIntended] != count[evidence.ApplyResult] {
		h.t.Errorf("change %s has %d intents and %d results", c.ID, count[evidence.ApplyIntended], count[evidence.ApplyResult])
	}
	if string(report.State) != c.State || string(state) != c.State {
		h.t.Errorf("change %s is %s; its leaves say %s, its pack %s", c.ID, c.State, state, report.State)
	}
}

func short(text string) string {
	if len(text) > 300 {
		return text[:300] + "…"
	}
	return text
}
