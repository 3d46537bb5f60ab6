package workflow

import (
	"context"
	"errors"
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
		a.plans, a.found, a.lives, a.kept, a.erased = nil, map[string]list{}, map[change.ID]*told{}, map[record.Digest]string{}, map[record.Digest]bool{}
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
	plans    []*change.Change         // whose plan's manifest is compared with them
	erased   map[record.Digest]bool
	found    map[string]list                 // which lists of changes there must be
	force    record.Digest                   // the Compact put in force last
	levels   map[access.Email]access.Level   // to which makers were moved last
	records  map[access.Email]*change.Record // what the leaves of makers' changes add up to
	deputies map[string]*evidence.Body       // how those that are not ended were named, by id
}

// told is what the leaves of a change say of it, as far as they have been read.
type told struct {
	state     change.State
	body      evidence.Body // of the proposal; empty where it was erased
	input     record.Digest
	mends     record.Digest
	lines     record.Digest
	plan      record.Digest
	counts    map[string]int64 // of the plan
	needs     map[access.Role]int
	decisions []change.Decision // By and Comment empty where erased
	result    map[string]int64
	reverses  change.ID
	undoneBy  change.ID
	events    []change.Event // that count in the maker's record
	splitFrom change.ID
	splitInto []change.ID
	seen      bool // there is such a change
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
	if l.Kind != evidence.ChangeProposed && l.Kind != evidence.PlanAsked && l.Kind != evidence.PlanStood {
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
		t.body, t.input, t.reverses = *b, l.Digests["input"], change.ID(l.IDs["reverses"])
		t.mends, t.lines, t.splitFrom = l.Digests["mends"], l.Digests["lines"], change.ID(l.IDs["split_from"])
	case evidence.PlanAsked:
		t.lines = l.Digests["lines"]
		t.input, t.mends, t.plan, t.result, t.needs = l.Digests["input"], l.Digests["mends"], "", nil, nil
	case evidence.PlanStood:
		t.plan, t.counts = l.Digests["plan"], l.Counts
	case evidence.ChangeSubmitted:
		t.needs, _ = needsOf(l.Counts)
	case evidence.ChangeSplit:
		t.plan, t.lines = l.Digests["plan"], l.Digests["lines"]
		t.needs, t.counts = needsOf(l.Counts)
		t.splitInto = append(t.splitInto, change.ID(l.IDs["into"]))
	case evidence.DecisionApproved, evidence.DecisionRejected:
		t.decisions = append(t.decisions, change.Decision{By: access.Email(b.Who), For: access.Email(b.For), Comment: b.Comment, Role: access.Role(l.IDs["role"]),
			Approve: l.Kind == evidence.DecisionApproved, Digest: l.Digests["plan"], Means: l.Means})
	case evidence.ApplyResult:
		t.result = l.Counts
	case evidence.ChangeUndone:
		t.undoneBy = change.ID(l.IDs["reversed_by"])
	}
}

// needsOf divides the counts of a leaf into what a route asks for and the others.
func needsOf(counts map[string]int64) (needs map[access.Role]int, others map[string]int64) {
	needs, others = map[access.Role]int{}, map[string]int64{}
	for name, n := range counts {
		if role, is := strings.CutPrefix(name, "needs."); is {
			needs[access.Role(role)] = int(n)
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
	for name, f := range map[string]Filter{
		"the state " + string(c.State): {States: []change.State{c.State}},
		"the dataset " + c.Dataset:     {Datasets: []string{c.Dataset}},
		"the maker " + string(c.Maker): {Maker: c.Maker},
	} {
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
	var plan, input, mends, lines record.Digest
	if c.Plan != nil {
		plan = c.Plan.Digest
	}
	if c.Input != nil {
		input, mends, lines = c.Input.Digest, c.Input.Mends, c.Input.Lines
	}
	named := t.body.Who != ""
	for _, is := range []struct {
		differs bool
		what    string
	}{
		{c.State != t.state, "its state"},
		{named && access.Fold(t.body.Who) != access.Fold(string(c.Maker)), "its maker"},
		{named && (t.body.Dataset != c.Dataset || t.body.Title != c.Title || t.body.Reason != c.Reason), "its dataset, title or reason"},
		{input != t.input || mends != t.mends, "its file"},
		{lines != t.lines, "the lines of its file"},
		{c.SplitFrom != t.splitFrom || !slices.Equal(c.SplitInto, t.splitInto), "what it was split from or into"},
		{plan != t.plan, "its plan"},
		{c.Plan != nil && !maps.Equal(countsOf(c.Plan.Counts), t.counts), "the plan's numbers"},
		{c.Reverses != t.reverses, "what it reverses"},
		{c.State == change.Undone && c.ReversedBy != t.undoneBy, "what reversed it"},
		{(c.Result != nil) != (t.result != nil) || c.Result != nil && !sameResult(c.Result, t.result), "the result of its apply"},
		{(c.State == change.Submitted || c.State == change.Approved) && !t.sameRoute(c.Route), "its route"},
		{!slices.EqualFunc(c.Decisions, t.decisions, sameDecision), "its decisions"},
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
func (t *told) sameRoute(route []change.Step) bool {
	needs := map[access.Role]int{}
	for _, step := range route {
		needs[step.Role] = max(needs[step.Role], step.Needs)
	}
	return maps.Equal(needs, t.needs)
}

// sameDecision compares a decision as stored with what a leaf tells of it.
func sameDecision(c, told change.Decision) bool {
	return c.Approve == told.Approve && c.Role == told.Role && c.Digest == told.Digest && c.Means == told.Means &&
		(told.By == "" || access.Fold(string(told.By)) == access.Fold(string(c.By)) && told.For == c.For && told.Comment == c.Comment)
}

// keeps notes which artefacts a change needs.
func (a *audit) keeps(c *change.Change) {
	if c.Input != nil {
		a.kept[c.Input.Digest] = "the file of change " + string(c.ID)
		if c.Input.Mends != "" {
			a.kept[c.Input.Mends] = "the mended cells of change " + string(c.ID)
		}
		if c.Input.Lines != "" {
			a.kept[c.Input.Lines] = "the lines of change " + string(c.ID)
		}
	}
	if c.Plan != nil {
		a.kept[c.Plan.Digest] = "the plan's manifest of change " + string(c.ID)
		a.plans = append(a.plans, c)
		if c.Plan.Hits != "" {
			a.kept[c.Plan.Hits] = "which rows the findings of change " + string(c.ID) + " are about"
		}
	}
	if c.Result != nil && c.Result.Stored != "" {
		a.kept[c.Result.Stored] = "the rows as stored of change " + string(c.ID)
	}
}

// files reads every artefact that must be there, and compares the manifests with
// the changes. It runs outside of any transaction: files are large.
func (a *audit) files(ctx context.Context) error {
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
	r, err := a.w.Artifacts.Open(ctx, d)
	if err != nil {
		if errs.KindOf(err) == errs.NotFound {
			return false, nil
		}
		return false, err
	}
	digest := record.NewDigester()
	_, err = io.Copy(digest, readerWithContext{ctx, r})
	if err = errors.Join(err, r.Close()); err != nil {
		return false, ctx.Err() // the disk's own error is a change, too
	}
	return digest.Digest() == d, nil
}

// readerWithContext ends a long read with its context.
type readerWithContext struct {
	ctx context.Context
	io.Reader
}

func (r readerWithContext) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
