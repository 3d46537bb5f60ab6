package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/finding"
	"sutor/internal/guard"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// An owner may approve a part of a change. The change goes on with that part, under
// a plan and a digest of its own, and with the owner's decision on it; the other
// rows go back to the maker as a change of their own. The two are divided by the
// lines of the file, so that every row is in exactly one of them, also when one of
// them is planned again: each knows its lines (change.Input.Lines).
//
// The part is planned by the same code as any change, and is taken only where its
// rows are byte for byte those that the owner saw in the whole. So rows that need
// rows outside of the part are noticed, and nothing is approved that was not looked
// at. A small part is tried in the system too.

// Part says which rows of a plan an owner approves: exactly one field is set.
type Part struct {
	Only    string // those for which a condition of the guardrail language holds for certain
	Finding string // those of a finding, by its guardrail's name, or NAME:COLUMN
	Without string // all but those of a finding
}

// Say words the part for people.
func (p Part) Say() string {
	switch {
	case p.Only != "":
		return "rows where " + p.Only
	case p.Finding != "":
		return "rows of the finding " + p.Finding
	}
	return "all rows but those of the finding " + p.Without
}

func (p Part) check() error {
	given := 0
	for _, s := range []string{p.Only, p.Finding, p.Without} {
		if strings.TrimSpace(s) != "" {
			given++
		}
	}
	if given != 1 {
		return errs.New(errs.Usage, "A part is named in one way: by a condition, by a finding, or as all rows but those of a finding.").
			WithMend("Write --only 'after.credit < 1000', --finding NAME or --without NAME.")
	}
	return nil
}

// parting is one approval of a part under way.
type parting struct {
	w     *Workflow
	whole change.Change // as it was looked at
	m     plan.Manifest // of the whole
	part  duck.Part
	c     change.Change // the whole, become the part
	made  *drafted
	rest  record.Digest // the artefact with the lines of the rest
	trial *change.Trial

	compact record.Digest // that the part was judged by
}

// ApprovePart approves some rows of the plan named by digest, as an owner of the
// dataset.
func (w *Workflow) ApprovePart(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, part Part, comment string) (wire.Change, error) {
	d, err := w.parted(ctx, p, id, digest, part)
	if err == nil {
		err = d.try(ctx, p)
	}
	if err != nil {
		return wire.Change{}, err
	}
	return w.act(ctx, p, id, change.ActApprove, func(s *step) error {
		if err := w.partable(s, digest); err != nil {
			return err
		}
		return d.record(s, part, comment)
	})
}

// LookPart tells what ApprovePart would do: it divides and plans, and keeps nothing of
// it with the change. The part has the same digest when it is approved, as long as live
// data is what it is now.
func (w *Workflow) LookPart(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, part Part) (wire.PartLook, error) {
	d, err := w.parted(ctx, p, id, digest, part)
	if err != nil {
		return wire.PartLook{}, err
	}
	return wire.PartLook{Say: part.Say(), Rows: d.part.Rows, Rest: d.part.Rest, Unknown: d.part.Unknown, Whole: string(digest), Plan: string(d.made.plan().Digest)}, nil
}

// parted divides the plan named by digest, and plans the part.
func (w *Workflow) parted(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, part Part) (*parting, error) {
	d := &parting{w: w}
	err := d.look(ctx, p, id, digest)
	if err == nil {
		err = part.check()
	}
	if err != nil {
		return nil, w.refused(ctx, p, id, change.ActApprove, err)
	}
	if err = d.choose(ctx, part); err == nil {
		err = d.divide(ctx)
	}
	if err == nil {
		err = d.plan(ctx)
	}
	return d, err
}

// look reads the change, and refuses those that cannot be split.
func (d *parting) look(ctx context.Context, p access.Principal, id change.ID, digest record.Digest) error {
	return d.w.Store.View(ctx, func(tx Tx) error {
		s, err := d.w.judge(tx, p, id, change.ActApprove)
		if errs.KindOf(err) == errs.Blocked && !change.MayDecideAs(s.c, access.Owner, s.who, s.datasets...) {
			return d.w.ownersPart(s) // rights come before states
		}
		if err != nil {
			return err
		}
		d.whole = *s.c
		return d.w.partable(s, digest)
	})
}

// partable tells whether the person may approve a part of the plan named by digest now.
func (w *Workflow) partable(s *step, digest record.Digest) error {
	if s.seat.Role != access.Owner {
		return w.ownersPart(s)
	}
	if err := w.divisible(s.c, s.who); err != nil {
		return err
	}
	if err := w.decidable(s.c, digest); err != nil {
		return err
	}
	return w.overdue(s.c)
}

// divisible tells whether a change is of a kind that an owner who looks at it can
// approve in part.
func (w *Workflow) divisible(c *change.Change, who access.Principal) error {
	whole := func(why string) error {
		return errs.New(errs.Blocked, "Change %s cannot be approved in part: %s", c.ID, why).
			WithMend("Approve the whole, or send it back with a comment: sutor change reject %s --comment 'WHY'", c.ID)
	}
	switch {
	case c.IsFamily():
		return whole("it is over several datasets, whose rows belong together.")
	case !w.sight(who, c.Dataset).Whole(): // what a condition hits would tell what is withheld
		return whole("you do not see all of its columns and rows.")
	case c.IsReversal(): // half of it would leave the other change neither applied nor undone
		return whole("it undoes another change, which is undone as a whole or not at all.")
	case c.Options.Mode == change.Sync: // what is not in a part of the file would be deleted
		return whole("it makes the table as the file is, so that the file means something only as a whole.")
	case c.Input == nil || c.Options.Rule != nil: // the numbers of its rows are those of one day
		return whole("no file stands behind it whose lines could be divided.")
	}
	return nil
}

func (w *Workflow) ownersPart(s *step) error {
	return errs.New(errs.Forbidden, "Only an owner of %s approves a part of a change.", w.knows(s.who, s.c).joined(s.c.Datasets())).WithMend("Approve the whole, or send it back with a comment.")
}

// choose finds the lines of the part.
func (d *parting) choose(ctx context.Context, part Part) error {
	m, parquet, release, err := d.w.openPlan(ctx, d.whole.Plan.Digest)
	if err != nil {
		return err
	}
	defer release()
	d.m = m
	if part.Only != "" {
		rule, err := guard.CompileRow(guard.Rule{Name: "part", When: part.Only}, m.Columns)
		if err != nil {
			return badPart(err)
		}
		session, err := d.w.Engine.View(ctx, parquet)
		if err != nil {
			return err
		}
		defer session.Close()
		d.part, err = session.PartBy(ctx, parquet, m, rule.Condition())
		return d.orNone(part, err)
	}
	number, err := findingOf(d.whole.Plan.Findings, part.Finding+part.Without)
	if err != nil {
		return err
	}
	hits, releaseHits, err := d.w.Artifacts.Local(ctx, d.whole.Plan.Hits)
	if err != nil {
		return err
	}
	defer releaseHits()
	session, err := d.w.Engine.Trial(ctx, parquet, hits) // reads CSV, for which a view has too little memory
	if err != nil {
		return err
	}
	defer session.Close()
	d.part, err = session.PartOf(ctx, parquet, hits, number, part.Without != "")
	return d.orNone(part, err)
}

func badPart(err error) error {
	var bad *guard.Error
	if !errors.As(err, &bad) {
		return err
	}
	return errs.New(errs.Usage, "The condition of the part, at character %d: %s", bad.Column, bad.Message()).WithMend("%s", bad.Mend())
}

// findingOf gives the place of the one finding that has rows and this name.
func findingOf(all []finding.Finding, name string) (int, error) {
	var names []string
	at := -1
	for i, f := range all {
		if len(f.Ranges) == 0 {
			continue
		}
		full := f.Guardrail + ":" + f.Column
		names = append(names, full)
		if name != full && name != f.Guardrail {
			continue
		}
		if at >= 0 && name != full {
			return 0, errs.New(errs.Usage, "Several findings are called %s.", name).WithMend("Name its column too: %s.", strings.Join(names, ", "))
		}
		at = i
	}
	if at < 0 {
		return 0, errs.New(errs.Usage, "The plan has no finding %q with rows.", name).WithMend("It has: %s.", strings.Join(names, ", "))
	}
	return at, nil
}

// orNone refuses a part that divides nothing.
func (d *parting) orNone(part Part, err error) error {
	unknown := ""
	if d.part.Unknown > 0 {
		unknown = fmt.Sprintf(" Of %d rows it could not be judged; they count as not in it.", d.part.Unknown)
	}
	switch {
	case err != nil:
		return err
	case d.part.NoLine > 0:
		return errs.New(errs.Blocked, "Change %s cannot be approved in part: %d of its rows come from no line of a file.", d.whole.ID, d.part.NoLine).WithMend("Approve the whole, or send it back.")
	case d.part.Rows == 0:
		return errs.New(errs.Blocked, "No row of change %s is in the part, %s.%s", d.whole.ID, part.Say(), unknown).WithMend("Look at its rows: sutor change rows %s", d.whole.ID)
	case d.part.Rest == 0:
		return errs.New(errs.Blocked, "All rows of change %s are in the part, %s.", d.whole.ID, part.Say()).WithMend("Approve the whole: sutor change approve %s", d.whole.ID)
	}
	return nil
}

// divide stores the lines of both.
func (d *parting) divide(ctx context.Context) error {
	had, err := d.w.linesOf(ctx, &d.whole)
	if err != nil {
		return err
	}
	if had == nil {
		had = plan.AllLines()
	}
	d.c = d.whole
	input := *d.whole.Input
	d.c.Input = &input
	if input.Lines, err = d.w.keepLines(ctx, d.part.Lines); err != nil {
		return err
	}
	d.rest, err = d.w.keepLines(ctx, had.Minus(d.part.Lines))
	return err
}

func (w *Workflow) keepLines(ctx context.Context, lines plan.Spans) (record.Digest, error) {
	var b bytes.Buffer
	if err := lines.Write(&b); err != nil {
		return "", err
	}
	digest, _, err := w.Artifacts.Put(ctx, &b)
	return digest, err
}

// linesOf gives the lines of its file that a change is of; nil for all.
func (w *Workflow) linesOf(ctx context.Context, c *change.Change) (plan.Spans, error) {
	if c.Input == nil || c.Input.Lines == "" {
		return nil, nil
	}
	in, err := w.Artifacts.Open(ctx, c.Input.Lines)
	if err != nil {
		return nil, err
	}
	lines, err := plan.ReadSpans(in)
	return lines, errors.Join(err, in.Close())
}

// plan plans the part, as any change is, and holds it to the rows that were seen.
func (d *parting) plan(ctx context.Context) (err error) {
	defer d.w.progress.Delete(d.whole.ID) // it is no run of the change
	m, err := d.w.planWithin(ctx, &d.c)
	if err != nil {
		return err
	}
	d.made, d.compact = m.members[0], m.compact
	for _, f := range d.made.findings {
		if f.Invalid || f.Severity == finding.Block {
			return errs.New(errs.Blocked, "Change %s cannot be divided so: the part would not stand by itself. %s (rows %s)", d.whole.ID, f.Message, strings.Join(f.Ranges, ", ")).
				WithMend("These rows need rows outside of the part, or live data changed. Take the rows that belong together into one part, or send the change back.")
		}
	}
	_, parquet, release, err := d.w.openPlan(ctx, d.whole.Plan.Digest)
	if err != nil {
		return err
	}
	defer release()
	session, err := d.w.Engine.Trial(ctx, parquet)
	if err != nil {
		return err
	}
	defer session.Close()
	seen, err := session.RowsOf(ctx, parquet, d.m, d.part.Lines)
	if err == nil && (seen != d.made.manifest.Rows || !slices.Equal(d.m.Columns.Names(), d.made.manifest.Columns.Names())) {
		err = errs.New(errs.Changed, "Live data changed since change %s was planned, so the part is not what you looked at.", d.whole.ID).
			WithMend("Its maker plans it again: sutor change replan %s", d.whole.ID)
	}
	return err
}

// try asks the system, where the part is small enough for that.
func (d *parting) try(ctx context.Context, p access.Principal) (err error) {
	d.c.Plan = d.made.plan()
	if d.c.Plan.Counts.Written() > change.TriedOnSubmit || d.w.anyFrozen(ctx, d.c.Datasets()) {
		return nil
	}
	if d.trial, err = d.w.tried(ctx, p, &d.c); err == nil && d.trial.Blocks() {
		err = errs.New(errs.Blocked, "Change %s cannot be divided so: %s", d.whole.ID, d.trial.Why).
			WithMend("Take the rows that belong together into one part, or send the change back.")
	}
	return err
}

// record makes the change the part, and the rest a change of its own.
func (d *parting) record(s *step, part Part, comment string) error {
	w, c := d.w, s.c
	split := &change.Split{Plan: c.Plan.Digest, By: s.who.Email, At: w.Now().UTC(), Say: part.Say(), Rows: d.part.Rows, Rest: d.part.Rest, Unknown: d.part.Unknown}
	rest, err := d.goBack(s, split)
	if err != nil {
		return err
	}
	c.VoidDecisions("a part of the plan went on by itself")
	c.Plan, c.Input, c.Trial, c.Split, c.UpdatedAt = d.c.Plan, d.c.Input, d.trial, split, w.Now()
	c.Compact, c.DatasetDigest = d.compact, d.made.digest
	c.SplitInto = append(c.SplitInto, rest)
	maker, _ := w.Compact().Principal(c.Maker)
	route, err := w.route(s.tx, c, maker)
	if err != nil {
		return err
	}
	c.Route, c.RouteWhy, c.Blocked = route.Steps, route.Why, route.Blocked
	if route.Blocked != "" {
		return errs.New(errs.Blocked, "The part of change %s could not be decided on: %s", c.ID, route.Blocked)
	}
	if err := d.splitLeaf(s, split, rest, comment); err != nil {
		return err
	}
	if c.Trial != nil {
		if err := w.trialLeaf(s); err != nil {
			return err
		}
	}
	return w.approve(s, comment)
}

func (d *parting) splitLeaf(s *step, split *change.Split, rest change.ID, comment string) error {
	man := d.made.manifest
	counts := countsOf(man.Counts)
	submitted := evidence.State(change.Submitted)
	return d.w.leaf(s.tx, s.c, evidence.Entry{Kind: evidence.ChangeSplit, From: submitted, To: submitted, Means: s.who.Means, Counts: counts,
		Digests: map[string]record.Digest{"whole": split.Plan, "plan": s.c.Plan.Digest, "compact": s.c.Compact, "file": man.File, "rows": man.Rows,
			"findings": man.Findings, "lines": man.Lines},
		IDs:  map[string]string{"into": string(rest)},
		Body: evidence.Body{Who: string(s.who.Email), For: string(s.seat.For), Comment: comment, Message: split.Say, Route: requirements(s.c, s.c.Route), RouteWhy: s.c.RouteWhy}})
}

// goBack gives the rest back to its maker, as a change that is being planned.
func (d *parting) goBack(s *step, split *change.Split) (change.ID, error) {
	input := *s.c.Input
	input.Lines = d.rest
	rest := &change.Change{Title: oneLine("Rest of "+string(s.c.ID)+": "+s.c.Title, 200), Reason: s.c.Reason, Dataset: s.c.Dataset, Maker: s.c.Maker, Hands: s.c.Hands,
		State: change.Draft, Options: s.c.Options, Input: &input, SplitFrom: s.c.ID, Split: split}
	maker := access.Principal{Email: s.c.Maker} // whose change it stays; who divided it says the other change
	err := d.w.create(s.tx, rest, maker, evidence.ChangeProposed)
	return rest.ID, err
}
