package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

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
)

// Plan is the work behind a proposal: it makes the plan of a change that is
// planning, and moves it to planned or failed. It is called by the queue; on a
// change that does not wait for it, it does nothing. limit bounds the time it may
// take; 0 for none.
func (w *Workflow) Plan(ctx context.Context, id change.ID, limit time.Duration) error {
	c, err := w.claim(ctx, id, change.Planning)
	if err != nil || c == nil {
		return err
	}
	working, done := w.keepAlive(ctx, c)
	defer done()
	made, err := w.planWithin(working, c, limit)
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
func (w *Workflow) planWithin(ctx context.Context, c *change.Change, limit time.Duration) (*made, error) {
	if limit <= 0 {
		return w.makePlan(ctx, c)
	}
	short, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	m, err := w.makePlan(short, c)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		err = errs.New(errs.Unavailable, "Planning took longer than the %s that this server allows.", limit).
			WithMend("Propose a smaller file, or ask the steward to raise the limit (serve --max-plan).").Because(err)
	}
	return m, err
}

// made is a plan whose artefacts are stored.
type made struct {
	manifest plan.Manifest
	findings []finding.Finding
	risk     change.Risk
	impact   []change.Impact
	input    int64 // rows of the file
	mapping  []change.Mapped
	options  change.Options
	judged   judgedBy
	maker    sight
	written  []string      // the columns that any row writes
	hits     record.Digest // the lines behind the findings
}

// judgedBy is the Compact that a plan was judged by.
type judgedBy struct{ compact, dataset record.Digest }

func (w *Workflow) makePlan(ctx context.Context, c *change.Change) (*made, error) {
	comp := w.Compact()
	d, there := comp.Dataset(c.Dataset)
	if !there {
		return nil, errs.New(errs.Blocked, "The dataset %s is not in the Compact any more.", c.Dataset).WithMend("Ask the steward.")
	}
	sys, err := w.Systems.System(d.System)
	if err != nil {
		return nil, err
	}
	table, err := sys.Describe(ctx, d.Table)
	if err != nil {
		return nil, err
	}
	digest, _ := comp.DatasetDigest(c.Dataset)
	m := &made{judged: judgedBy{comp.Digest, digest}, options: c.Options}
	spec, err := Compile(comp, d, table)
	if err != nil {
		return nil, err
	}
	spec.Options, spec.Exact = c.Options, sys.Capabilities().ExactDecimals
	maker, err := w.makerSight(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := spec.seenBy(maker); err != nil {
		return nil, err
	}
	m.maker = maker
	beside, err := w.waiting(ctx, c)
	if err != nil {
		return nil, err
	}
	defer beside.release()
	var out *plan.Outcome
	var session *duck.Session
	switch {
	case c.IsReversal():
		session, out, err = w.reverse(ctx, c, sys, spec, beside)
	case c.Options.Rule != nil:
		session, out, err = w.byRule(ctx, c, sys, spec, m, beside)
	default:
		session, out, err = w.compare(ctx, c, sys, spec, d, m, beside)
	}
	if session != nil {
		defer session.Close()
	}
	if err != nil {
		return nil, err
	}
	if table.Hidden != "" {
		out.Findings = append(out.Findings, plan.HiddenFinding(table.Hidden))
	}
	if m.risk, err = w.assess(ctx, comp, d, c, session, out, beside); err != nil {
		return nil, err
	}
	m.written = []string{}
	for _, f := range out.Facts {
		if f.Written > 0 {
			m.written = append(m.written, f.Column)
		}
	}
	w.tell(c.ID)("looking up what it touches", 0, 0)
	if m.impact, err = w.impacts(ctx, comp, d, table, sys, session, out); err != nil {
		return nil, err
	}
	out.Findings = append(out.Findings, w.judgeChange(d, c, out, m.risk)...)
	return m, w.store(ctx, c, d.System, sys.Kind(), table.Table, out, m)
}

// compare makes the plan of a file.
func (w *Workflow) compare(ctx context.Context, c *change.Change, sys *system.System, spec *Spec, d *compact.Dataset, m *made, beside neighbours) (*duck.Session, *plan.Outcome, error) {
	session, err := w.Engine.Queue(ctx, w.queued(c.ID), beside.files()...)
	if err != nil {
		return nil, nil, err
	}
	w.tell(c.ID)("reading the file", 0, 0)
	read, found, err := w.read(ctx, c, sys, spec, session.Path)
	if err != nil {
		return session, nil, err
	}
	m.input, m.mapping, spec.Options, m.options = read.Rows, spec.mapping, read.options, read.options
	if err := spec.checkFormats(c.Options.Formats); err != nil {
		return session, nil, ofFile{err}
	}
	if c.Options.Mode == change.Sync {
		if err := spec.sync(d, c.Options.Within, m.maker); err != nil {
			return session, nil, err
		}
	}
	if err := read.normalize(spec.Spec, w.Intake, session.Path); err != nil {
		return session, nil, err
	}
	if spec.Lines, err = w.linesOf(ctx, c); err != nil {
		return session, nil, err
	}
	out, err := session.Build(ctx, spec.Spec, read.staging, sys, w.tell(c.ID))
	if err != nil {
		return session, nil, err
	}
	for _, s := range out.Manifest.Mapping {
		m.mapping[s.File].Format, m.mapping[s.File].FormatFrom = s.Format, s.FormatFrom
	}
	for _, n := range read.Notes {
		out.Findings = append(out.Findings, plan.ReadingFinding(n))
	}
	found, err = w.withTwin(ctx, c, out.Manifest.Content, found)
	out.Findings = append(out.Findings, found...)
	return session, out, err
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

// reverse makes the plan of a reversal from what was really stored.
func (w *Workflow) reverse(ctx context.Context, c *change.Change, sys *system.System, spec *Spec, beside neighbours) (*duck.Session, *plan.Outcome, error) {
	var forward *change.Change
	err := w.Store.View(ctx, func(tx Tx) (err error) {
		forward, err = tx.Change(c.Reverses)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	manifest, parquet, release, err := w.openPlan(ctx, forward.Plan.Digest)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	stored, releaseStored, err := w.Artifacts.Local(ctx, forward.Result.Stored)
	if err != nil {
		return nil, nil, err
	}
	defer releaseStored()
	session, err := w.Engine.Queue(ctx, w.queued(c.ID), append(beside.files(), parquet, stored)...)
	if err != nil {
		return nil, nil, err
	}
	rev := duck.Reversal{Manifest: manifest, Parquet: parquet, Stored: stored, Columns: spec.stored(forward.Result.Columns)}
	rev.Blind = spec.reverseJudged(manifest)
	out, err := session.Reverse(ctx, spec.Spec, rev, sys, w.tell(c.ID))
	return session, out, err
}

// openPlan reads a stored manifest and gives its rows as a local file.
func (w *Workflow) openPlan(ctx context.Context, digest record.Digest) (m plan.Manifest, parquet string, release func(), err error) {
	r, err := w.Artifacts.Open(ctx, digest)
	if err != nil {
		return m, "", nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, 64<<20))
	if err = errors.Join(err, r.Close()); err != nil {
		return m, "", nil, err
	}
	if record.DigestOf(b) != digest {
		return m, "", nil, fmt.Errorf("the stored manifest %s does not match its digest", digest)
	}
	if m, err = plan.ParseManifest(b); err != nil {
		return m, "", nil, err
	}
	parquet, release, err = w.Artifacts.Local(ctx, m.File)
	return m, parquet, release, err
}

// store keeps the plan's files and completes its manifest.
func (w *Workflow) store(ctx context.Context, c *change.Change, name, kind string, table record.Table, out *plan.Outcome, m *made) error {
	d, err := w.keepFile(ctx, out.Parquet)
	if err != nil {
		return err
	}
	if m.hits, err = w.keepFile(ctx, out.Hits); err != nil {
		return err
	}
	if d != out.Manifest.File {
		return fmt.Errorf("plan.parquet of change %s was stored as %s, not as %s", c.ID, d, out.Manifest.File)
	}
	m.findings, m.manifest = out.Findings, out.Manifest
	man := &m.manifest
	if man.Findings, _, err = w.Artifacts.Put(ctx, bytes.NewReader(plan.CanonicalJSON(orEmpty(out.Findings)))); err != nil {
		return err
	}
	man.Version, man.Change, man.Dataset, man.System, man.Kind, man.Table = plan.ManifestVersion, c.ID, c.Dataset, name, kind, table
	man.Compact, man.Reverses, man.Options = m.judged.compact, c.Reverses, m.options
	man.PlannedAt = w.Now().UTC().Truncate(time.Millisecond)
	if c.Input != nil {
		man.Input, man.Mends, man.Lines = c.Input.Digest, c.Input.Mends, c.Input.Lines
	}
	_, _, err = w.Artifacts.Put(ctx, bytes.NewReader(man.Canonical()))
	return err
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
		if err := usualImpact(tx, now, m.impact); err != nil {
			return err
		}
		man := m.manifest
		now.Plan = m.plan()
		now.Compact, now.DatasetDigest = m.judged.compact, m.judged.dataset
		now.Lease, now.Problem, now.Why = nil, nil, ""
		if now.Input != nil {
			now.Input.Rows, now.Options.File = m.input, man.Options.File
		}
		e := evidence.Entry{Kind: evidence.PlanStood, Counts: countsOf(man.Counts), Digests: map[string]record.Digest{
			"plan": now.Plan.Digest, "compact": now.Compact, "file": man.File, "rows": man.Rows, "findings": man.Findings}}
		if man.Input != "" {
			e.Digests["input"] = man.Input
		}
		if man.Mends != "" {
			e.Digests["mends"] = man.Mends
		}
		if err := w.move(tx, now, change.Planned, e); err != nil {
			return err
		}
		if err := w.probed(tx, now, m.maker); err != nil {
			return err
		}
		return tx.SaveChange(now)
	})
}

// plan is what a change remembers of the plan made.
func (m *made) plan() *change.Plan {
	man := m.manifest
	return &change.Plan{Digest: man.Digest(), Counts: man.Counts, Columns: man.Columns.Names(), Findings: m.findings, TableRows: man.TableRows, Risk: m.risk, Impact: m.impact, At: man.PlannedAt,
		Hits: m.hits, Content: man.Content, Mapping: m.mapping, Written: m.written}
}

// planFailed records why no plan could be made.
func (w *Workflow) planFailed(ctx context.Context, c *change.Change, cause error) error {
	return w.Store.Do(ctx, func(tx Tx) error {
		now, err := held(tx, c, change.Planning)
		if err != nil || now == nil {
			return err
		}
		now.Lease = nil
		w.fail(now, refusal(cause))
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
