package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// Fsck checks the whole log, and the rest of the metadata, the artefacts and the
// key's file by what the log says of them, and writes its report.
func (w *Workflow) Fsck(ctx context.Context, p access.Principal, out io.Writer) error {
	if !p.Is(access.Steward) && !p.Is(access.Auditor) {
		return w.refused(ctx, p, "", "fsck", errs.New(errs.Forbidden, "Checking the whole log is for stewards and auditors."))
	}
	var report evidence.FsckReport
	a := audit{w: w, report: &report}
	err := w.Store.View(ctx, func(tx Tx) (err error) {
		a.plans, a.families, a.found, a.lives, a.kept, a.erased = nil, nil, map[string]list{}, map[change.ID]*told{}, map[record.Digest]string{}, map[record.Digest]bool{}
		a.levels, a.records, a.deputies = map[access.Email]access.Level{}, map[access.Email]*change.Record{}, map[string]*evidence.Body{}
		if report, err = evidence.Fsck(tx.Log(), []string{w.Key.Verifier()}); err != nil {
			return err
		}
		return a.metadata(tx)
	})
	if err == nil {
		err = a.files(ctx)
	}
	if err != nil {
		return err
	}
	if w.Held != nil {
		if err := w.Held(); err != nil {
			report.Problem("%s", errs.Public(err).Message)
		}
	}
	if _, err := io.WriteString(out, report.Text()); err != nil {
		return err
	}
	if !report.OK() {
		return errs.New(errs.Invalid, "The evidence log has %d faults; the report names the first.", report.Wrong).
			WithMend("Stop the server, keep the data folder as it is, and compare it with a backup and with checkpoints kept elsewhere.")
	}
	return nil
}

// audit compares what is stored beside the log with what the log tells of it.
type audit struct {
	w        *Workflow
	report   *evidence.FsckReport
	lives    map[change.ID]*told
	kept     map[record.Digest]string // artefacts that must be there, with what they are
	plans    []*change.Change         // over one dataset each, whose plan's manifest is compared with them
	families []*change.Change         // whose joint manifest is
	erased   map[record.Digest]bool
	found    map[string]list                 // which lists of changes there must be
	force    record.Digest                   // the Compact put in force last
	levels   map[access.Email]access.Level   // to which makers were moved last
	records  map[access.Email]*change.Record // what the leaves of makers' changes add up to
	deputies map[string]*evidence.Body       // how those that are not ended were named, by id
}

// told is what the leaves of a change say of it, as far as they have been read.
type told struct {
	state      change.State
	body       evidence.Body   // of the proposal; empty where it was erased
	inputs     []record.Digest // files and mended cells, sorted
	plan       record.Digest
	members    []record.Digest   // the plans that it binds, of a family
	counts     map[string]int64  // of the plan
	needs      map[string]int    // by role, in a family by role and member
	decisions  []change.Decision // By and Comment empty where erased
	decidedFor []string          // beside decisions: for which members of a family
	result     map[string]int64
	reverses   change.ID
	undoneBy   change.ID
	events     []change.Event // that count in the maker's record
	lines      record.Digest
	splitFrom  change.ID
	splitInto  []change.ID
	seen       bool // there is such a change
}

// metadata reads the log, then compares changes and Compacts with it.
func (a *audit) metadata(tx Tx) error {
	compacts := map[record.Digest]bool{}
	err := evidence.Walk(tx.Log(), func(_ int64, l evidence.Leaf, b *evidence.Body) error {
		if b == nil {
			b = &evidence.Body{}
		}
		switch {
		case l.Kind == evidence.CompactInForce:
			a.force = l.Digests["compact"]
			compacts[a.force] = true
		case l.Kind == evidence.Erased:
			for _, d := range l.Digests {
				a.erased[d] = true
			}
		case l.Kind == evidence.LevelMoved:
			a.levels[access.Email(b.For)] = access.Level(l.IDs["to"])
		case l.Kind == evidence.DeputyNamed:
			a.deputies[l.IDs["deputy"]] = b
		case l.Kind == evidence.DeputyEnded:
			delete(a.deputies, l.IDs["deputy"])
		case l.Change != "":
			a.again(l)
			a.leaf(l, b)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range slices.Sorted(maps.Keys(compacts)) {
		text, err := tx.CompactText(d)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		if record.DigestOf(text) != d && !a.erased[d] {
			a.report.Problem("The Compact %s, which was in force, is missing or was changed.", d)
		}
	}
	if d, err := tx.InForce(); err != nil || d != a.force {
		a.report.Problem("The Compact stored as in force is %s, but the log says %s.", d, a.force)
		return err
	}
	return a.changes(tx)
}

// again notes what was stored once more after it was erased: the same file was
// proposed, or a plan has the same rows.
func (a *audit) again(l evidence.Leaf) {
	if l.Kind != evidence.ChangeProposed && l.Kind != evidence.PlanAsked && l.Kind != evidence.PlanStood && l.Kind != evidence.PlansStood {
		return
	}
	for _, d := range l.Digests {
		delete(a.erased, d)
	}
}

// leaf lets a change's life go on.
func (a *audit) leaf(l evidence.Leaf, b *evidence.Body) {
	t := a.lives[change.ID(l.Change)]
	if t == nil {
		t = &told{}
		a.lives[change.ID(l.Change)] = t
	}
	if l.To != "" {
		t.state = change.State(l.To)
	}
	if e, counts := eventOf(l); counts {
		t.events = append(t.events, e)
	}
	switch l.Kind {
	case evidence.ChangeProposed, evidence.UndoProposed:
		t.body, t.inputs, t.reverses = *b, inputsIn(l.Digests), change.ID(l.IDs["reverses"])
		t.lines, t.splitFrom = l.Digests["lines"], change.ID(l.IDs["split_from"])
	case evidence.PlanAsked:
		t.inputs, t.lines, t.plan, t.members, t.result, t.needs = inputsIn(l.Digests), l.Digests["lines"], "", nil, nil, nil
	case evidence.PlanStood, evidence.PlansStood:
		t.plan, t.counts, t.members = l.Digests["plan"], l.Counts, nil
		for n := 1; l.Digests[fmt.Sprintf("plan.%d", n)] != ""; n++ {
			t.members = append(t.members, l.Digests[fmt.Sprintf("plan.%d", n)])
		}
	case evidence.ChangeSubmitted:
		t.needs, _ = needsOf(l.Counts)
	case evidence.ChangeSplit:
		t.plan, t.lines = l.Digests["plan"], l.Digests["lines"]
		t.needs, t.counts = needsOf(l.Counts)
		t.splitInto = append(t.splitInto, change.ID(l.IDs["into"]))
	case evidence.DecisionApproved, evidence.DecisionRejected:
		t.decisions = append(t.decisions, change.Decision{By: access.Email(b.Who), For: access.Email(b.For), Comment: b.Comment, Role: access.Role(l.IDs["role"]),
			Approve: l.Kind == evidence.DecisionApproved, Digest: l.Digests["plan"], Means: l.Means})
		t.decidedFor = append(t.decidedFor, l.IDs["members"])
	case evidence.ApplyResult:
		t.result = l.Counts
	case evidence.ChangeUndone:
		t.undoneBy = change.ID(l.IDs["reversed_by"])
	}
}

// needsOf divides the counts of a leaf into what a route asks for and the others.
func needsOf(counts map[string]int64) (needs map[string]int, others map[string]int64) {
	needs, others = map[string]int{}, map[string]int64{}
	for name, n := range counts {
		if seat, is := strings.CutPrefix(name, "needs."); is {
			needs[seat] = int(n)
		} else {
			others[name] = n
		}
	}
	return needs, others
}

// changes compares every change with its life, both ways.
func (a *audit) changes(tx Tx) error {
	err := pages(tx, Filter{}, func(c *change.Change) {
		a.listed(c)
		a.keeps(c)
		t := a.lives[c.ID]
		if t == nil {
			a.report.Problem("Change %s is stored, but no leaf tells of its proposal.", c.ID)
			return
		}
		t.seen = true
		a.counts(c, t)
		if what := t.differs(c); what != "" {
			a.report.Problem("Change %s as stored is not what its leaves tell: %s.", c.ID, what)
		}
	})
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(a.lives)) {
		if !a.lives[id].seen {
			a.report.Problem("The log tells of change %s, but it is not stored.", id)
		}
	}
	return errors.Join(a.lists(tx), a.standings(tx), a.named(tx))
}

// list is what one way of searching must find.
type list struct {
	filter Filter
	want   int
}

// listed notes which lists must show a change.
func (a *audit) listed(c *change.Change) {
	filters := map[string]Filter{"the state " + string(c.State): {States: []change.State{c.State}}, "the maker " + string(c.Maker): {Maker: c.Maker}}
	for _, name := range c.Datasets() {
		filters["the dataset "+name] = Filter{Datasets: []string{name}}
	}
	for name, f := range filters {
		l := a.found[name]
		a.found[name] = list{f, l.want + 1}
	}
}

// lists wants every list of changes to show those it should: what they are
// searched by is stored beside them.
func (a *audit) lists(tx Tx) error {
	for _, name := range slices.Sorted(maps.Keys(a.found)) {
		l, found := a.found[name], 0
		err := pages(tx, l.filter, func(*change.Change) { found++ })
		if err != nil {
			return err
		}
		if found != l.want {
			a.report.Problem("%d changes are listed by %s, but there are %d.", found, name, l.want)
		}
	}
	return nil
}

// pages gives every change that a filter picks.
func pages(tx Tx, f Filter, each func(*change.Change)) error {
	f.Limit = 100
	for {
		found, err := tx.Changes(f)
		if err != nil {
			return err
		}
		for _, c := range found {
			each(c)
		}
		if len(found) < f.Limit {
			return nil
		}
		f.Before = found[len(found)-1].ID
	}
}

// differs names the first thing in which a change is not what its leaves tell;
// "" if there is none.
func (t *told) differs(c *change.Change) string {
	var plan, lines record.Digest
	var members []record.Digest
	if c.Input != nil {
		lines = c.Input.Lines
	}
	if c.Plan != nil {
		plan = c.Plan.Digest
		for _, m := range c.Members {
			if m.Plan != nil {
				members = append(members, m.Plan.Digest)
			}
		}
	}
	named := t.body.Who != ""
	for _, is := range []struct {
		differs bool
		what    string
	}{
		{c.State != t.state, "its state"},
		{named && access.Fold(t.body.Who) != access.Fold(string(c.Maker)), "its maker"},
		{named && (t.body.Dataset != c.Dataset || t.body.Title != c.Title || t.body.Reason != c.Reason), "its dataset, title or reason"},
		{!slices.Equal(inputsIn(inputDigests(c)), t.inputs), "its file"},
		{lines != t.lines, "the lines of its file"},
		{c.SplitFrom != t.splitFrom || !slices.Equal(c.SplitInto, t.splitInto), "what it was split from or into"},
		{plan != t.plan || plan != "" && !slices.Equal(members, t.members), "its plan"},
		{c.Plan != nil && !maps.Equal(countsOf(c.Plan.Counts), t.counts), "the plan's numbers"},
		{c.Reverses != t.reverses, "what it reverses"},
		{c.State == change.Undone && c.ReversedBy != t.undoneBy, "what reversed it"},
		{(c.Result != nil) != (t.result != nil) || c.Result != nil && !sameResult(c.Result, t.result), "the result of its apply"},
		{(c.State == change.Submitted || c.State == change.Approved) && !t.sameRoute(c), "its route"},
		{!slices.EqualFunc(c.Decisions, t.decisions, sameDecision) || !t.sameSeats(c), "its decisions"},
	} {
		if is.differs {
			return is.what
		}
	}
	return ""
}

func sameResult(r *change.Result, counts map[string]int64) bool {
	return r.Applied == counts["applied"] && r.Conflicts == counts["conflicts"] && r.Failed == counts["failed"]
}

// sameRoute compares what is asked of each role.
func (t *told) sameRoute(c *change.Change) bool {
	needs := map[string]int{}
	for _, step := range c.Route {
		seat := string(step.Role)
		if step.Dataset != "" {
			seat = fmt.Sprintf("%s.%d", seat, memberOf(c, step.Dataset))
		}
		needs[seat] = max(needs[seat], step.Needs)
	}
	return maps.Equal(needs, t.needs)
}

// sameSeats compares for which members of a family the decisions on its plan count.
// (Those on earlier plans knew the members by the numbers of then.)
func (t *told) sameSeats(c *change.Change) bool {
	for i, d := range c.Decisions {
		e := deciding(c, d, evidence.Entry{IDs: map[string]string{}})
		if c.Plan != nil && d.Digest == c.Plan.Digest && e.IDs["members"] != t.decidedFor[i] {
			return false
		}
	}
	return true
}

// inputsIn gives the files and mended cells that a leaf names, sorted: the members of
// a family may be told in another order before there is a plan.
func inputsIn(digests map[string]record.Digest) (all []record.Digest) {
	for name, d := range digests {
		if name, _, _ = strings.Cut(name, "."); name == "input" || name == "mends" {
			all = append(all, d)
		}
	}
	slices.Sort(all)
	return all
}

// sameDecision compares a decision as stored with what a leaf tells of it.
func sameDecision(c, told change.Decision) bool {
	return c.Approve == told.Approve && c.Role == told.Role && c.Digest == told.Digest && c.Means == told.Means &&
		(told.By == "" || access.Fold(string(told.By)) == access.Fold(string(c.By)) && told.For == c.For && told.Comment == c.Comment)
}

// keeps notes which artefacts a change needs.
func (a *audit) keeps(c *change.Change) {
	id := string(c.ID)
	if c.IsFamily() && c.Plan != nil {
		a.kept[c.Plan.Digest] = "the joint manifest of change " + id
		a.families = append(a.families, c)
	}
	for _, one := range c.ByDataset() {
		if one.Input != nil {
			a.kept[one.Input.Digest] = "the file of change " + id
			if one.Input.Mends != "" {
				a.kept[one.Input.Mends] = "the mended cells of change " + id
			}
			if one.Input.Lines != "" {
				a.kept[one.Input.Lines] = "the lines of change " + id
			}
		}
		if one.Plan != nil {
			a.kept[one.Plan.Digest] = "the plan's manifest of change " + id
			a.plans = append(a.plans, one)
			if one.Plan.Hits != "" {
				a.kept[one.Plan.Hits] = "which rows the findings of change " + id + " are about"
			}
		}
		if one.Result != nil && one.Result.Stored != "" {
			a.kept[one.Result.Stored] = "the rows as stored of change " + id
		}
	}
}

// files reads every artefact that must be there, and compares the manifests with
// the changes. It runs outside of any transaction: files are large.
func (a *audit) files(ctx context.Context) error {
	for _, c := range a.families {
		if _, err := a.w.openJoint(ctx, c); err != nil && errs.KindOf(err) != errs.NotFound && !a.erased[c.Plan.Digest] {
			a.report.Problem("Change %s as stored is not what its joint manifest tells: its members or their plans.", c.ID)
		}
	}
	for _, c := range a.plans {
		if a.erased[c.Plan.Digest] {
			continue
		}
		m, _, release, err := a.w.openPlan(ctx, c.Plan.Digest)
		if err == nil {
			release()
		}
		if m.Version == 0 {
			continue // missing or changed: named below
		}
		a.kept[m.File], a.kept[m.Findings] = "plan.parquet of change "+string(c.ID), "the plan's findings of change "+string(c.ID)
		m.Options.ClearEmpty = c.Options.ClearEmpty // a workbook of ours clears unless its maker chose otherwise: told by the file, not by the change
		if m.Change != c.ID || m.Dataset != c.Dataset || string(plan.CanonicalJSON(m.Options)) != string(plan.CanonicalJSON(c.Options)) ||
			!a.erased[m.Findings] && m.Findings != record.DigestOf(plan.CanonicalJSON(orEmpty(c.Plan.Findings))) {
			a.report.Problem("Change %s as stored is not what its plan's manifest tells: its dataset, options or findings.", c.ID)
		}
	}
	for _, d := range slices.Sorted(maps.Keys(a.kept)) {
		if a.erased[d] {
			continue
		}
		whole, err := a.whole(ctx, d)
		if err != nil {
			return err
		}
		if !whole {
			a.report.Problem("An artefact is missing or was changed: %s (%s).", a.kept[d], d)
		}
	}
	return nil
}

// whole tells whether an artefact is there, with exactly its bytes.
func (a *audit) whole(ctx context.Context, d record.Digest) (bool, error) {
	err := a.w.Artifacts.Verify(ctx, d)
	if kind := errs.KindOf(err); err != nil && ctx.Err() == nil && (kind == errs.NotFound || errs.As(err) != nil && kind == errs.Internal) {
		return false, nil
	}
	return err == nil, err
}
