package workflow

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Old values and input files are kept as long as the Compact says (retain), counted
// from the apply of a change, or from the last that happened to one that was given
// up. Then they are removed: the files, the plans' rows before and after, what was
// really stored, and the samples in findings. What is left is what the log holds:
// digests, counts and decisions, and the plan's manifest.
//
// A purge is a leaf of its change, which names the digests. Leaf and mark commit in
// one transaction, then the artefacts go; a kill in between is finished by the next
// look, of any server. An artefact that another change still needs stays until that
// one's time is over. Nothing of a change that is open is removed, nor of one whose
// reversal is.
const (
	purgeEvery = 24 * time.Hour
	// justPut is how long after it was stored, once more too, an artefact stays,
	// whatever nobody needs it any more: somebody may be about to.
	justPut = time.Hour
)

// Purge removes now what is older than its time; with dry it only counts that. It
// is done by itself every day; a steward may ask for it.
func (w *Workflow) Purge(ctx context.Context, p access.Principal, dry bool) (wire.Purge, error) {
	if !p.Is(access.Steward) {
		return wire.Purge{}, w.refused(ctx, p, "", "purge", errs.New(errs.Forbidden, "Removing old values and files is for stewards; it is done by itself every day, too."))
	}
	return w.purge(ctx, dry)
}

// purgeInTime purges once a day.
func (w *Workflow) purgeInTime(ctx context.Context) error {
	if last := w.purged.Load(); last != nil && w.Now().Sub(*last) < purgeEvery {
		return nil
	}
	now := w.Now()
	w.purged.Store(&now)
	out, err := w.purge(ctx, false)
	if out.Changes+out.Texts+out.Notices > 0 {
		w.Log.Info("what is old was removed", "changes", out.Changes, "artefacts", out.Artefacts, "texts", out.Texts, "notices", out.Notices)
	}
	return err
}

func (w *Workflow) purge(ctx context.Context, dry bool) (out wire.Purge, err error) {
	out.DryRun = dry
	k := &keeping{w: w, held: map[record.Digest]int{}, of: map[change.ID]*aged{}}
	if err := w.Store.View(ctx, k.look); err != nil {
		return out, err
	}
	for _, a := range k.due {
		gone := a.gone()
		if len(gone.leaf) == 0 && len(a.pending) == 0 {
			continue
		}
		out.Changes++
		out.Artefacts += int64(len(gone.remove))
		if dry {
			continue
		}
		err = errors.Join(err, k.purge(ctx, a, gone))
	}
	texts, erased := w.eraseTexts(ctx, dry)
	notices, removed := w.removeNotices(ctx, dry)
	out.Texts, out.Notices = texts, notices
	return out, errors.Join(err, erased, removed)
}

// aged is a change with what it has that may be older than its time.
type aged struct {
	id             change.ID
	inputs, values bool                     // that go: their time is over, nobody needs them, and they were not purged before
	pending        []record.Digest          // that a purge before did not come to remove
	needs          map[record.Digest]string // artefacts: "inputs" or "values"
	named          map[string]record.Digest // as a leaf names them
}

// keeping finds out what is older than its time, and what others still need.
type keeping struct {
	w    *Workflow
	due  []*aged
	of   map[change.ID]*aged
	held map[record.Digest]int // how many changes need an artefact whose time is not over
}

// look reads all changes, and where one is due, what the log names of each.
func (k *keeping) look(tx Tx) error {
	k.due, k.of, k.held = nil, map[change.ID]*aged{}, map[record.Digest]int{}
	open := map[change.ID]bool{}
	var all []*change.Change
	err := pages(tx, Filter{}, func(c *change.Change) {
		all = append(all, &change.Change{ID: c.ID, State: c.State, Dataset: c.Dataset, Input: c.Input, Result: c.Result, Options: c.Options, Plan: nil,
			AppliedAt: c.AppliedAt, UpdatedAt: c.UpdatedAt, ReversedBy: c.ReversedBy, Purged: c.Purged, Members: c.Members})
		open[c.ID] = !closed(c.State)
	})
	if err != nil {
		return err
	}
	for _, c := range all {
		a := &aged{id: c.ID, needs: map[record.Digest]string{}, named: map[string]record.Digest{}}
		k.of[c.ID] = a
		a.inputs, a.values = k.w.over(c, open[c.ReversedBy])
		if c.Purged != nil {
			a.inputs, a.values = a.inputs && c.Purged.Inputs == nil, a.values && c.Purged.Values == nil
			a.pending = c.Purged.Pending
		}
		if c.Result != nil && c.Result.Stored != "" {
			a.add("values", "stored-file", c.Result.Stored)
		}
		for _, m := range c.Members {
			if m.Result != nil {
				a.add("values", "stored-file", m.Result.Stored)
			}
		}
		if a.inputs || a.values || len(a.pending) > 0 {
			k.due = append(k.due, a)
		}
	}
	if len(k.due) == 0 {
		return nil
	}
	if err := evidence.Walk(tx.Log(), k.leaf); err != nil {
		return err
	}
	for _, c := range all {
		a := k.of[c.ID]
		for d, kind := range a.needs {
			over := kind == "inputs" && (a.inputs || c.Purged != nil && c.Purged.Inputs != nil) || kind == "values" && (a.values || c.Purged != nil && c.Purged.Values != nil)
			if !over {
				k.held[d]++
			}
		}
	}
	for k.stay() {
	}
	return nil
}

// stay has what of a change must stay, since something of it is held, hold all of its kind: a
// kind goes whole or not yet. It tells whether there was any.
func (k *keeping) stay() (some bool) {
	for _, a := range k.due {
		for kind, goes := range map[string]*bool{"inputs": &a.inputs, "values": &a.values} {
			if !*goes || !a.any(kind, func(d record.Digest) bool { return k.held[d] > 0 }) {
				continue
			}
			*goes, some = false, true
			a.any(kind, func(d record.Digest) bool { k.held[d]++; return false })
		}
	}
	return some
}

// any tells whether something holds for one of the artefacts of a kind.
func (a *aged) any(kind string, is func(record.Digest) bool) bool {
	for d, of := range a.needs {
		if of == kind && is(d) {
			return true
		}
	}
	return false
}

// closed tells whether a change has come to its end, or was left where only another
// file or another plan goes on.
func closed(s change.State) bool {
	return slices.Contains([]change.State{change.Applied, change.PartlyApplied, change.Undone, change.Withdrawn, change.Rejected, change.Failed, change.Expired}, s)
}

// over tells whether the time of a change's inputs and values is over. A rule is no
// file that somebody handed in: it stands in the plan.
func (w *Workflow) over(c *change.Change, reversing bool) (inputs, values bool) {
	if !closed(c.State) || reversing {
		return false, false
	}
	retain := w.retained(c)
	age := w.Now().Sub(endedAt(c))
	return c.Options.Rule == nil && age > days(retain.Inputs), age > days(retain.Values)
}

// retained says how long what a change has is kept. A family goes as a whole, when the
// time of any of its datasets is over: its undo would need all of them.
func (w *Workflow) retained(c *change.Change) (r compact.Retain) {
	for i, name := range c.Datasets() {
		own := compact.Retain{Values: compact.DefaultValues, Inputs: compact.DefaultInputs}
		if d, there := w.Compact().Dataset(name); there {
			own = d.Retain
		}
		if i == 0 {
			r = own
		}
		r.Values, r.Inputs = min(r.Values, own.Values), min(r.Inputs, own.Inputs)
	}
	return r
}

func days(n compact.Days) time.Duration { return time.Duration(n) * 24 * time.Hour }

// leaf notes what a leaf names of its change: files that were handed in, and the
// rows and findings of every plan that ever stood.
func (k *keeping) leaf(_ int64, l evidence.Leaf, _ *evidence.Body) error {
	a := k.of[change.ID(l.Change)]
	if a == nil {
		return nil
	}
	switch l.Kind {
	case evidence.ChangeProposed, evidence.PlanAsked:
		for _, name := range sortedKeys(l.Digests) { // input, mends; input.1, mends.1 of several datasets
			if is, _, _ := strings.Cut(name, "."); is == "input" || is == "mends" {
				a.add("inputs", is, l.Digests[name])
			}
		}
	case evidence.PlanStood, evidence.ChangeSplit: // a part's plan stands by its split
		a.addPlan(l, "")
	case evidence.PlansStood:
		for n := 1; l.Digests[fmt.Sprintf("plan.%d", n)] != ""; n++ {
			a.addPlan(l, fmt.Sprintf(".%d", n))
		}
	case evidence.ApplyResult:
		for _, name := range sortedKeys(l.Digests) {
			if is, _, _ := strings.Cut(name, "."); is == "stored" {
				a.name("values", is, l.Digests[name])
			}
		}
	}
	return nil
}

// nothingFound is the artefact of all plans in which nothing was found. It holds no
// values, and while one of them is young it would keep what the others have.
var nothingFound = record.DigestOf(plan.CanonicalJSON([]finding.Finding{}))

// addPlan notes what a leaf names of a plan: under a suffix, where it stood with others.
func (a *aged) addPlan(l evidence.Leaf, suffix string) {
	a.add("values", "file", l.Digests["file"+suffix])
	if d := l.Digests["findings"+suffix]; d != nothingFound {
		a.add("values", "findings", d)
	}
	a.name("values", "rows", l.Digests["rows"+suffix]) // is made of the file
}

// add notes an artefact, and name what is made of one.
func (a *aged) add(kind, name string, d record.Digest) {
	if d != "" {
		a.needs[d] = kind
		a.name(kind, name, d)
	}
}

func (a *aged) name(kind, name string, d record.Digest) {
	if d == "" {
		return
	}
	for n := 1; ; n++ {
		as := fmt.Sprintf("%s.%s.%d", kind, name, n)
		if have, taken := a.named[as]; !taken || have == d {
			a.named[as] = d
			return
		}
	}
}

// gone is what goes of one change.
type gone struct {
	inputs, values bool
	leaf           map[string]record.Digest
	remove         []record.Digest
}

// gone gives what of a change nobody needs any more.
func (a *aged) gone() (g gone) {
	g.inputs, g.values, g.leaf = a.inputs, a.values, map[string]record.Digest{}
	goes := map[string]bool{"inputs": g.inputs, "values": g.values}
	for name, d := range a.named {
		kind, short, _ := strings.Cut(name, ".")
		if goes[kind] {
			g.leaf[short] = d
		}
	}
	for _, d := range slices.Sorted(maps.Keys(a.needs)) {
		if goes[a.needs[d]] {
			g.remove = append(g.remove, d)
		}
	}
	return g
}

// purge leaves the leaf and the mark, then removes the artefacts.
func (k *keeping) purge(ctx context.Context, a *aged, g gone) error {
	w, pending := k.w, a.pending
	if len(g.leaf) > 0 {
		err := w.Store.Do(ctx, func(tx Tx) error {
			c, err := tx.Change(a.id)
			if err != nil {
				return err
			}
			pending = nil
			if inputs, values := w.over(c, false); g.inputs && !inputs || g.values && !values || !c.Purged.Before(g.inputs, g.values) {
				return nil // somebody went on with it, or another server was first
			}
			c.Purge(g.inputs, g.values, w.Now(), g.remove)
			pending = c.Purged.Pending
			err = w.leaf(tx, c, evidence.Entry{Kind: evidence.Erased, Digests: g.leaf, Counts: map[string]int64{"artefacts": int64(len(g.remove))},
				IDs: map[string]string{"why": "retention"}})
			if err != nil {
				return err
			}
			return tx.SaveChange(c)
		})
		if err != nil {
			return err
		}
	}
	done, err := k.removeArtefacts(ctx, pending)
	if err != nil || len(done) == 0 {
		return err
	}
	return w.Store.Do(ctx, func(tx Tx) error {
		c, err := tx.Change(a.id)
		if err != nil || c.Purged == nil {
			return err
		}
		c.Purged.Pending = slices.DeleteFunc(c.Purged.Pending, func(d record.Digest) bool { return slices.Contains(done, d) })
		return tx.SaveChange(c)
	})
}

// removeArtefacts removes artefacts and gives those that nobody has to remove any more. One that
// was stored again since a purge named it belongs to the change that needs it now; one that
// somebody may be about to need is for the next purge.
func (k *keeping) removeArtefacts(ctx context.Context, pending []record.Digest) (done []record.Digest, err error) {
	for _, d := range pending {
		if k.held[d] == 0 {
			removed, err := k.w.Artifacts.Remove(ctx, d, justPut)
			if err != nil {
				return nil, err
			}
			if !removed {
				if there, err := k.w.Artifacts.Has(ctx, d); err != nil {
					return nil, err
				} else if there {
					continue
				}
			}
		}
		done = append(done, d)
	}
	return done, nil
}

// removed says, for people, that what they ask for was purged; nil if it was not.
func (w *Workflow) removed(c *change.Change, what string, at *time.Time) error {
	if at == nil {
		return nil
	}
	is := "is"
	if strings.HasSuffix(what, "s") {
		is = "are"
	}
	return errs.New(errs.Blocked, "The %s of change %s %s not kept any more: removed on %s, as the Compact says (retain). What stays is the evidence of them.",
		what, c.ID, is, at.In(w.Compact().Timezone).Format(time.DateOnly))
}
