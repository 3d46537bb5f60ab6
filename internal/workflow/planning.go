package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/finding"
	"sutor/internal/intake"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// Plan is the work behind a proposal: it makes the plan of a change that is
// planning, and moves it to planned or failed. It is called by the queue; on a
// change that does not wait for it, it does nothing.
func (w *Workflow) Plan(ctx context.Context, id change.ID) error {
	c, err := w.claim(ctx, id, change.Planning)
	if err != nil || c == nil {
		return err
	}
	working, done := w.keepAlive(ctx, c)
	defer done()
	made, err := w.planWithin(working, c)
	if err != nil {
		if working.Err() != nil { // the server stops, and plans again at its next start; or the lease is lost
			return working.Err()
		}
		w.Log.Warn("planning failed", "change", id, "error", forLog(err))
		return w.planFailed(context.WithoutCancel(ctx), c, err)
	}
	return w.planStood(ctx, c, made)
}

// planWithin makes the plan, or says that it took too long.
func (w *Workflow) planWithin(ctx context.Context, c *change.Change) (*made, error) {
	if w.Longest <= 0 {
		return w.makePlan(ctx, c)
	}
	short, cancel := context.WithTimeout(ctx, w.Longest)
	defer cancel()
	m, err := w.makePlan(short, c)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		err = errs.New(errs.Unavailable, "Planning took longer than the %s that this server allows.", w.Longest).
			WithMend("Propose a smaller file, or ask the steward to raise the limit (serve --max-plan).").Because(err)
	}
	return m, err
}

// made is what planning made: a plan for each dataset, whose artefacts are stored,
// and of a family the manifest that binds them.
type made struct {
	compact record.Digest // that they were judged by
	members []*drafted    // parents first
	joint   *plan.Joint   // nil in a change over one dataset
	risk    change.Risk   // of the whole
}

// drafted is the plan of one dataset, in the making and then stored.
type drafted struct {
	c       *change.Change // over this dataset alone
	d       *compact.Dataset
	digest  record.Digest // of its section of the Compact
	sys     *system.System
	table   driver.Table
	spec    *Spec
	past    past
	beside  neighbours
	undoes  *applied      // of a reversal
	session *duck.Session // or its part of one

	manifest plan.Manifest
	findings []finding.Finding
	told     []finding.Finding // of reading the file
	risk     change.Risk
	impact   []change.Impact
	input    int64 // rows of the file
	mapping  []change.Mapped
	options  change.Options
	maker    sight
	written  []string      // the columns that any row writes
	updated  []string      // columns that any update writes
	hits     record.Digest // the lines behind the findings
}

// makePlan compares each dataset's rows with live data, lets them stand together,
// and judges them one by one.
func (w *Workflow) makePlan(ctx context.Context, c *change.Change) (*made, error) {
	comp := w.Compact()
	m := &made{compact: comp.Digest}
	defer m.release()
	if err := w.open(ctx, comp, c, m); err != nil {
		return nil, err
	}
	session, err := w.session(ctx, c, m.files())
	if err != nil {
		return nil, err
	}
	defer session.Close()
	outcomes, steps, err := w.draft(ctx, c, m, session)
	if err != nil {
		return nil, err
	}
	if err := w.judgePlans(ctx, comp, m, outcomes); err != nil {
		return nil, err
	}
	for i, p := range m.members {
		if err := w.store(ctx, m, p, outcomes[i]); err != nil {
			return nil, err
		}
	}
	if c.IsFamily() {
		return m, w.join(ctx, c, m, steps)
	}
	return m, nil
}

// smallFile is how large a file may be, in bytes, to be read before its plan has a slot:
// it most likely needs none.
const smallFile = 64 << 10

// session opens what the plans are made in. Small files do not wait for large ones.
func (w *Workflow) session(ctx context.Context, c *change.Change, files []string) (*duck.Session, error) {
	if !c.IsFamily() && c.Input != nil && c.Input.Bytes <= smallFile {
		return w.Engine.Deferred(ctx, w.queued(c.ID), files...)
	}
	return w.Engine.Queue(ctx, w.queued(c.ID), files...)
}

// open gathers what the plans are made from, besides their files.
func (w *Workflow) open(ctx context.Context, comp *compact.Compact, c *change.Change, m *made) error {
	var tables []driver.Table
	for _, one := range c.ByDataset() {
		p := &drafted{c: one, options: one.Options}
		m.members = append(m.members, p)
		var there bool
		if p.d, there = comp.Dataset(one.Dataset); !there {
			return errs.New(errs.Blocked, "The dataset %s is not in the Compact any more.", one.Dataset).WithMend("Ask the steward.")
		}
		p.digest, _ = comp.DatasetDigest(one.Dataset)
		var err error
		if p.sys, err = w.Systems.System(p.d.System); err != nil {
			return err
		}
		if p.table, err = p.sys.Describe(ctx, p.d.Table); err != nil {
			return err
		}
		if p.spec, err = Compile(comp, p.d, p.table); err != nil {
			return err
		}
		can := p.sys.Capabilities()
		p.spec.Options, p.spec.Exact, p.spec.Compares = one.Options, can.ExactDecimals, can.Compares
		var beside []*change.Change
		err = w.Store.View(ctx, func(tx Tx) (err error) {
			if p.maker, err = w.makerSight(tx, one); err != nil {
				return err
			}
			if p.past, err = pastOf(tx, one); err != nil {
				return err
			}
			beside, err = waiting(tx, one)
			return err
		})
		if err != nil {
			return err
		}
		p.spec.Spread = p.past.spread()
		if err := p.spec.seenBy(p.maker); err != nil {
			return err
		}
		if p.beside, err = w.neighbours(ctx, one, beside); err != nil {
			return err
		}
		if one.IsReversal() {
			if p.undoes, err = w.applied(ctx, one); err != nil {
				return err
			}
		}
		tables = append(tables, p.table)
	}
	ordered := make([]*drafted, 0, len(tables))
	for _, i := range plan.ParentsFirst(tables) {
		ordered = append(ordered, m.members[i])
	}
	m.members = ordered
	return relatives(m.members)
}

// relatives refuses a family that could not be written in one transaction.
func relatives(members []*drafted) error {
	for i, p := range members {
		if len(members) > 1 {
			if err := alone(p.c.Options); err != nil {
				return err
			}
		}
		for _, other := range members[:i] {
			if p.d.System != other.d.System {
				return severalSystems(p.d, other.d)
			}
			if p.table.Table == other.table.Table { // a Compact may leave the schema out
				return errs.New(errs.Invalid, "%s and %s are the same table, %s.", other.d.Name, p.d.Name, p.d.Table).WithMend("Propose one change after the other.")
			}
		}
		if len(members) > 1 && !p.sys.Capabilities().Transactional {
			return errs.New(errs.Invalid, "The system %s cannot write several tables at once, all or nothing.", p.d.System).WithMend("Propose one change after the other, parents first.")
		}
	}
	return nil
}

// files lists what the engine may read.
func (m *made) files() (paths []string) {
	for _, p := range m.members {
		paths = append(paths, p.beside.files()...)
		if p.undoes != nil {
			paths = append(paths, p.undoes.parquet, p.undoes.stored)
		}
	}
	return paths
}

func (m *made) release() {
	for _, p := range m.members {
		if p.beside.release != nil {
			p.beside.release()
		}
		if p.undoes != nil {
			p.undoes.release()
		}
	}
}

// draft makes the plans, each in a part of the session where there are several.
func (w *Workflow) draft(ctx context.Context, c *change.Change, m *made, session *duck.Session) ([]*plan.Outcome, []plan.Step, error) {
	var drafts []*duck.Draft
	for i, p := range m.members {
		if p.session = session; c.IsFamily() {
			var err error
			if p.session, err = session.In(ctx, fmt.Sprintf("m%d", i+1)); err != nil {
				return nil, nil, err
			}
		}
		compare := w.compare
		switch {
		case p.undoes != nil:
			compare = w.reverse
		case p.c.Options.Rule != nil:
			compare = w.byRule
		}
		d, err := compare(ctx, p)
		if err != nil {
			return nil, nil, inDataset(c, p.c.Dataset, err)
		}
		drafts = append(drafts, d)
	}
	outcomes, steps, err := duck.Finish(ctx, drafts...)
	if err != nil {
		return nil, nil, err
	}
	for i, p := range m.members {
		if err := w.complete(ctx, p, outcomes[i]); err != nil {
			return nil, nil, err
		}
	}
	return outcomes, steps, nil
}

// inDataset says of which dataset of a family an error is.
func inDataset(c *change.Change, dataset string, err error) error {
	public := errs.As(err)
	if !c.IsFamily() || public == nil {
		return err
	}
	named := errs.New(public.Kind, "%s: %s", dataset, public.Message).WithMend("%s", public.Mend).Because(err)
	var quotes ofFile
	if errors.As(err, &quotes) {
		return ofFile{named}
	}
	return named
}

// complete adds to a plan what its file and its table are to be told for.
func (w *Workflow) complete(ctx context.Context, p *drafted, out *plan.Outcome) (err error) {
	switch {
	case p.undoes != nil:
	case p.c.Options.Rule != nil:
		err = w.ruled(ctx, p, out)
	default:
		for _, s := range out.Manifest.Mapping {
			p.mapping[s.File].Format, p.mapping[s.File].FormatFrom = s.Format, s.FormatFrom
		}
		p.told, err = w.withTwin(ctx, p.c, out.Manifest.Content, p.told)
	}
	if err != nil {
		return err
	}
	out.Findings = append(out.Findings, p.told...)
	if p.table.Hidden != "" {
		out.Findings = append(out.Findings, plan.HiddenFinding(p.table.Hidden))
	}
	return nil
}

// judgePlans judges risk and impact of each plan, then each by the rules over changes,
// which go by the risk of the whole.
func (w *Workflow) judgePlans(ctx context.Context, comp *compact.Compact, m *made, outcomes []*plan.Outcome) (err error) {
	var risks []change.MemberRisk
	now := &moment{sys: m.members[0].sys}
	defer w.close(now)
	for i, p := range m.members {
		if p.risk, err = w.assess(ctx, comp, p, outcomes[i]); err != nil {
			return err
		}
		p.written, p.updated = []string{}, nil
		for _, f := range outcomes[i].Facts {
			if f.Written > 0 {
				p.written = append(p.written, f.Column)
			}
			if f.Updated > 0 {
				p.updated = append(p.updated, f.Column)
			}
		}
		risks = append(risks, change.MemberRisk{Dataset: p.c.Dataset, Risk: p.risk})
		w.tell(p.c.ID)("looking up what it touches", 0, 0)
		if p.impact, err = w.impacts(ctx, comp, p, outcomes[i], now); err != nil {
			return err
		}
		p.past.usual(p.impact)
	}
	m.risk = change.JoinRisks(risks)
	for i, p := range m.members {
		outcomes[i].Findings = append(outcomes[i].Findings, w.judgeChange(p.d, p.c, outcomes[i], m.risk)...)
	}
	return nil
}

// join makes the manifest that binds the plans of a family.
func (w *Workflow) join(ctx context.Context, c *change.Change, m *made, steps []plan.Step) error {
	first := m.members[0]
	m.joint = &plan.Joint{Joint: plan.JointVersion, Change: c.ID, System: first.d.System, Kind: first.sys.Kind(), Compact: m.compact,
		Reverses: c.Reverses, Steps: steps, PlannedAt: first.manifest.PlannedAt}
	for _, p := range m.members {
		m.joint.Members = append(m.joint.Members, plan.JointMember{Dataset: p.c.Dataset, Plan: p.manifest.Digest()})
	}
	_, _, err := w.Artifacts.Put(ctx, bytes.NewReader(m.joint.Canonical()))
	return err
}

// compare makes the plan of a file.
func (w *Workflow) compare(ctx context.Context, p *drafted) (*duck.Draft, error) {
	w.tell(p.c.ID)("reading the file", 0, 0)
	if err := p.spec.foundBy(p.c.Options, p.maker); err != nil {
		return nil, err
	}
	p.session.CountAhead(ctx, p.sys, p.table.Table)
	read, found, err := w.read(ctx, p.c, p.sys, p.spec, p.session.Path)
	if err != nil {
		return nil, err
	}
	p.input, p.mapping, p.spec.Options, p.options = read.Rows, p.spec.mapping, read.options, read.options
	if err := p.spec.checkFormats(p.c.Options.Formats); err != nil {
		return nil, ofFile{err}
	}
	if p.c.Options.Mode == change.Sync {
		if err := p.spec.sync(p.d, p.c.Options.Within, p.maker); err != nil {
			return nil, err
		}
	}
	if err := read.normalize(p.spec.Spec, w.Intake, p.session.Path); err != nil {
		return nil, err
	}
	if p.spec.Lines, err = w.linesOf(ctx, p.c); err != nil {
		return nil, err
	}
	for _, n := range read.Notes {
		p.told = append(p.told, plan.ReadingFinding(n))
	}
	p.told = append(p.told, found...)
	return p.session.Compare(ctx, p.spec.Spec, read.staging, p.sys, w.tell(p.c.ID))
}

// noRows refuses a file that has only a header.
func noRows(read intake.Result) error {
	for _, n := range read.Notes {
		if n.Severity == finding.Block {
			return errs.New(errs.Invalid, "%s", n.Say).WithMend("%s", n.Mend)
		}
	}
	return errs.New(errs.Invalid, "The file has no rows.").WithMend("Put the rows below the header.")
}

func diskFull(cause error) error {
	return errs.New(errs.Unavailable, "The disk of the server is full, or cannot be written.").
		WithMend("Nothing was changed. Tell the steward, and try again once there is room.").Because(cause)
}

// applied is what a reversal takes back from one dataset.
type applied struct {
	manifest plan.Manifest
	parquet  string
	stored   string   // path of the rows as really stored
	columns  []string // of those
	release  func()
}

// applied opens what the change wrote that a reversal takes back.
func (w *Workflow) applied(ctx context.Context, c *change.Change) (*applied, error) {
	var forward *change.Change
	err := w.Store.View(ctx, func(tx Tx) (err error) {
		forward, err = tx.Change(c.Reverses)
		return err
	})
	if err != nil {
		return nil, err
	}
	if forward = forward.On(c.Dataset); forward == nil {
		return nil, fmt.Errorf("change %s did not write to %s", c.Reverses, c.Dataset)
	}
	a := &applied{columns: forward.Result.Columns}
	var release, releaseStored func()
	if a.manifest, a.parquet, release, err = w.openPlan(ctx, forward.Plan.Digest); err != nil {
		return nil, err
	}
	if a.stored, releaseStored, err = w.Artifacts.Local(ctx, forward.Result.Stored); err != nil {
		release()
		return nil, err
	}
	a.release = func() { release(); releaseStored() }
	if err := errors.Join(sound(a.parquet, a.manifest.File), sound(a.stored, forward.Result.Stored)); err != nil {
		a.release()
		return nil, err
	}
	return a, nil
}

// reverse makes the plan of a reversal from what was really stored.
func (w *Workflow) reverse(ctx context.Context, p *drafted) (*duck.Draft, error) {
	a := p.undoes
	rev := duck.Reversal{Manifest: a.manifest, Parquet: a.parquet, Stored: a.stored, Columns: p.spec.stored(a.columns)}
	rev.Blind = p.spec.reverseJudged(a.manifest)
	return p.session.CompareReversal(ctx, p.spec.Spec, rev, p.sys, w.tell(p.c.ID))
}

// openPlan reads a stored manifest and gives its rows as a local file.
func (w *Workflow) openPlan(ctx context.Context, digest record.Digest) (m plan.Manifest, parquet string, release func(), err error) {
	b, err := w.readWhole(ctx, digest)
	if err != nil {
		return m, "", nil, err
	}
	if m, err = plan.ParseManifest(b); err != nil {
		return m, "", nil, err
	}
	parquet, release, err = w.Artifacts.Local(ctx, m.File)
	return m, parquet, release, err
}

// readWhole reads a stored manifest, and makes sure that it is the one that is named.
func (w *Workflow) readWhole(ctx context.Context, digest record.Digest) ([]byte, error) {
	r, err := w.Artifacts.Open(ctx, digest)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, 64<<20))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if record.DigestOf(b) != digest {
		return nil, fmt.Errorf("the stored manifest %s does not match its digest", digest)
	}
	return b, nil
}

// store completes a plan's manifest, and keeps it and its files: all at once, since
// each waits for the disk.
func (w *Workflow) store(ctx context.Context, m *made, p *drafted, out *plan.Outcome) error {
	p.findings, p.manifest = out.Findings, out.Manifest
	man, findings := &p.manifest, plan.CanonicalJSON(orEmpty(out.Findings))
	man.Findings = record.DigestOf(findings)
	man.Version, man.Change, man.Dataset, man.System, man.Kind, man.Table = plan.ManifestVersion, p.c.ID, p.c.Dataset, p.d.System, p.sys.Kind(), p.table.Table
	man.Compact, man.Reverses, man.Options = m.compact, p.c.Reverses, p.options
	man.PlannedAt = w.Now().UTC().Truncate(time.Millisecond)
	if p.c.Input != nil {
		man.Input, man.Mends, man.Lines = p.c.Input.Digest, p.c.Input.Mends, p.c.Input.Lines
	}
	all, ctx := errgroup.WithContext(ctx)
	beside := func(f func() error) {
		all.Go(func() (err error) {
			defer errs.Caught(&err)
			return f()
		})
	}
	beside(func() (err error) { p.hits, err = w.keepFile(ctx, out.Hits); return err })
	beside(func() error {
		d, err := w.keepFile(ctx, out.Parquet)
		if err == nil && d != man.File {
			err = fmt.Errorf("plan.parquet of change %s was stored as %s, not as %s", p.c.ID, d, man.File)
		}
		return err
	})
	for _, b := range [][]byte{findings, man.Canonical()} {
		beside(func() error { _, _, err := w.Artifacts.Put(ctx, bytes.NewReader(b)); return err })
	}
	return all.Wait()
}

// keepFile stores a file of a run as an artefact.
func (w *Workflow) keepFile(ctx context.Context, path string) (record.Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", diskFull(err)
	}
	defer f.Close()
	d, _, err := w.Artifacts.Put(ctx, f)
	return d, err
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// planStood records the plan, if the change still waits for it.
func (w *Workflow) planStood(ctx context.Context, c *change.Change, m *made) error {
	return w.Store.Do(ctx, func(tx Tx) error {
		now, err := held(tx, c, change.Planning)
		if err != nil || now == nil {
			return err
		}
		e := evidence.Entry{Kind: evidence.PlanStood, Digests: map[string]record.Digest{"compact": m.compact}}
		var members []change.Member
		for i, p := range m.members {
			members = append(members, p.standing(now))
			for name, d := range map[string]record.Digest{"plan": p.manifest.Digest(), "file": p.manifest.File, "rows": p.manifest.Rows,
				"findings": p.manifest.Findings, "input": p.manifest.Input, "mends": p.manifest.Mends} {
				if d != "" {
					e.Digests[numbered(now, name, i)] = d
				}
			}
		}
		if now.IsFamily() {
			e.Kind, now.Members = evidence.PlansStood, members
			now.Plan = &change.Plan{Digest: m.joint.Digest(), Risk: m.risk, At: m.joint.PlannedAt}
			for _, one := range members {
				now.Plan.Counts = now.Plan.Counts.Plus(one.Plan.Counts)
			}
			e.Digests["plan"] = now.Plan.Digest
		} else {
			now.Plan, now.Input, now.Options, now.DatasetDigest = members[0].Plan, members[0].Input, members[0].Options, members[0].DatasetDigest
		}
		now.Compact, now.Lease, now.Problem, now.Why = m.compact, nil, nil, ""
		e.Counts = countsOf(now.Plan.Counts)
		if err := w.move(tx, now, change.Planned, e); err != nil {
			return err
		}
		for _, p := range m.members {
			if err := w.probed(tx, now.On(p.c.Dataset), p.maker); err != nil {
				return err
			}
		}
		return tx.SaveChange(now)
	})
}

// standing is what a change keeps of the plan of one of its datasets.
func (p *drafted) standing(now *change.Change) change.Member {
	one := now.On(p.c.Dataset)
	m := change.Member{Dataset: one.Dataset, DatasetDigest: p.digest, Options: one.Options, Input: one.Input, Twin: one.Twin, Plan: p.plan()}
	if m.Input != nil {
		m.Input.Rows, m.Options.File = p.input, p.manifest.Options.File
	}
	return m
}

// plan is what a change remembers of the plan made.
func (p *drafted) plan() *change.Plan {
	man := p.manifest
	return &change.Plan{Digest: man.Digest(), Counts: man.Counts, Columns: man.Columns.Names(), Findings: p.findings, TableRows: man.TableRows, Risk: p.risk,
		Impact: p.impact, At: man.PlannedAt, Hits: p.hits, Content: man.Content, Mapping: p.mapping, Written: p.written, Updated: p.updated}
}

// planFailed records why no plan could be made.
func (w *Workflow) planFailed(ctx context.Context, c *change.Change, cause error) error {
	return w.Store.Do(ctx, func(tx Tx) error {
		now, err := held(tx, c, change.Planning)
		if err != nil || now == nil {
			return err
		}
		now.Lease = nil
		w.fail(now, refusal(cause, "Mend the rows that it speaks of, then plan again."))
		if now.IsReversal() {
			if err := w.release(tx, now); err != nil {
				return err
			}
		}
		e := evidence.Entry{Kind: evidence.PlanFailed, IDs: map[string]string{"why": errs.KindOf(cause).String()}, Body: evidence.Body{Message: now.Why}}
		if err := w.move(tx, now, change.Failed, e); err != nil {
			return err
		}
		return tx.SaveChange(now)
	})
}

// ofFile marks an error that may quote the file: the names of its header, say,
// which are values where somebody forgot the header.
type ofFile struct{ error }

// Unwrap serves package errors.
func (o ofFile) Unwrap() error { return o.error }

// forLog gives an error for the server's log, which stewards read, who may not
// see values.
func forLog(err error) string {
	var quotes ofFile
	if errors.As(err, &quotes) && errs.KindOf(err) != errs.Internal && errs.KindOf(err) != errs.Unavailable {
		return "the file: " + errs.KindOf(err).String()
	}
	return errs.Detail(err)
}

// fail keeps a failure's public face with the change.
func (w *Workflow) fail(c *change.Change, cause error) {
	public := errs.Public(cause)
	var quotes ofFile
	c.Problem = &change.Problem{Kind: int(public.Kind), Message: public.Message, Mend: public.Mend, OfFile: errors.As(cause, &quotes)}
	c.Why = public.Error()
}

// queued tells of a change's place in the line for a plan slot.
func (w *Workflow) queued(id change.ID) func(before int) {
	return func(before int) {
		w.tell(id)(placeInLine(before), 0, 0)
	}
}

func placeInLine(before int) string {
	if before == 0 {
		return "waiting for a plan slot: it is next"
	}
	return fmt.Sprintf("waiting for a plan slot: %d before it", before)
}

// tell gives the progress of a change's run to whoever looks.
func (w *Workflow) tell(id change.ID) duck.Progress {
	return func(step string, done, of int64) {
		w.progress.Store(id, change.Progress{Step: step, Done: done, Of: of})
	}
}
