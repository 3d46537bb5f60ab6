package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// view gives a change as the contract's document, cut to what the asker may see.
func (w *Workflow) view(tx Tx, c *change.Change, p access.Principal) (wire.Change, error) {
	p = w.caring(p, c)
	out := wire.Change{
		ID: string(c.ID), Title: c.Title, Reason: c.Reason, Dataset: c.Dataset, Mode: string(c.Options.Mode), State: string(c.State),
		Why: c.Why, Maker: string(c.Maker), CreatedAt: c.CreatedAt, Compact: string(c.Compact),
		Findings: []finding.Finding{}, Risk: wire.Risk{Factors: []wire.Factor{}}, Impact: []wire.Impact{},
		Route: []wire.Step{}, RouteWhy: c.RouteWhy, Blocked: c.Blocked, Decisions: []wire.Decision{}, Undo: w.undo(c), May: []string{},
		Reverses: idPtr(c.Reverses), ReversedBy: idPtr(c.ReversedBy), Twin: idPtr(c.Twin),
		Recipe: viewUse(c.Options.Recipe),
	}
	if c.Input != nil {
		out.Input = &wire.Input{Name: c.Input.Name, Digest: string(c.Input.Digest), Rows: c.Input.Rows, Mended: c.Input.Mended}
	}
	if c.Problem != nil {
		p := wire.ProblemOf(errs.New(errs.Kind(c.Problem.Kind), "%s", c.Problem.Message).WithMend("%s", c.Problem.Mend))
		out.Problem = &p
	}
	out.SplitFrom = idPtr(c.SplitFrom)
	for _, id := range c.SplitInto {
		out.SplitInto = append(out.SplitInto, string(id))
	}
	values := w.knows(p, c).values
	if values { // they quote some
		out.Within, out.Rule = viewExpressions(c.Options, w.sight(p, c.Dataset))
		out.Key = w.sight(p, c.Dataset).allOf(c.Options.Key)
	}
	out.ApplyAt = c.Options.ApplyAt
	if p := c.Purged; p != nil && (p.Inputs != nil || p.Values != nil || p.Texts != nil) {
		out.Purged = &wire.Purged{Inputs: p.Inputs, Values: p.Values, Texts: p.Texts}
	}
	if s := c.Split; s != nil {
		out.Split = &wire.Split{Plan: string(s.Plan), By: string(s.By), At: s.At, Rows: s.Rows, Rest: s.Rest, Unknown: s.Unknown}
		if values { // a condition may name some
			out.Split.Say = s.Say
		}
	}
	w.viewPlan(&out, c, values)
	w.viewMembers(&out, c, p)
	if err := w.viewRoute(tx, &out, c); err != nil {
		return out, err
	}
	var err error
	if out.Next, err = w.next(tx, c); err != nil {
		return out, err
	}
	if c.Problem != nil && c.Problem.OfFile && !w.ofOwnFile(c, p, values) {
		p := wire.ProblemOf(errs.New(errs.Kind(c.Problem.Kind), "The file could not be planned.").
			WithMend("Its maker can see why, and so can who sees all of the dataset."))
		out.Problem, out.Why = &p, p.Detail+" "+p.Mend
	}
	for _, dec := range c.Decisions {
		out.Decisions = append(out.Decisions, viewDecision(dec))
	}
	if c.Halt != nil && c.State == change.Applying {
		out.Stopping = string(c.Halt.By)
	}
	if r := c.Result; r != nil {
		out.Result = &wire.Result{Applied: r.Applied, Already: r.Already, Conflicts: r.Conflicts, Failed: r.Failed, ConflictRows: r.ConflictRows, Message: r.Message}
		out.Result.Given = viewGiven(r.Given, w.sight(p, c.Dataset))
	}
	if run, ok := w.progress.Load(c.ID); ok && (c.State == change.Planning || c.State == change.Applying) {
		pr := run.(change.Progress)
		out.Progress = &wire.Progress{Step: pr.Step, Done: pr.Done, Of: pr.Of}
	}
	for _, a := range change.Acts {
		seat, err := change.Judge(c, a, p, w.accessOf(c)...)
		switch {
		case err != nil, a == change.ActSee,
			a == change.ActUndo && !w.mayUndo(tx, c, p, out.Undo),
			a == change.ActSubmit && w.sameRules(c) != nil: // it would be refused, and must be planned again
			continue
		}
		out.May = append(out.May, string(a))
		if a == change.ActApprove && seat.Role == access.Owner && w.divisible(c, p) == nil {
			out.May = append(out.May, MayApprovePart)
		}
	}
	if c.IsFamily() {
		w.cutFamily(&out, c, p)
	} else {
		w.cut(&out, c, w.sight(p, c.Dataset))
	}
	return out, nil
}

// MayApprovePart stands among what a person may do with a change where they may
// approve a part of it.
const MayApprovePart = "approve-part"

// mayUndo tells whether an undo would be taken from somebody with the right to it.
func (w *Workflow) mayUndo(tx Tx, c *change.Change, p access.Principal, u wire.Undo) bool {
	_, err := w.roomForUndo(tx, c, p)
	return err == nil && u.Possible
}

// ofOwnFile tells whether somebody may read what is said of a file: it may quote any
// of its cells, and of the expressions that came with it.
func (w *Workflow) ofOwnFile(c *change.Change, p access.Principal, values bool) bool {
	return values && (c.Maker == p.Email || w.knows(p, c).whole())
}

// viewExpressions gives a sync's part and a rule to those who see all that they read.
func viewExpressions(o change.Options, see sight) (within string, rule *wire.ByRule) {
	if !see.reads(o.Within) {
		within = o.Within
	}
	if o.Rule == nil || see.reads(o.Rule.Where) {
		return within, nil
	}
	for _, s := range o.Rule.Set {
		if !see.Sees(s.Column) || see.reads(s.To) {
			return within, nil
		}
	}
	return within, viewRule(o.Rule)
}

func viewRule(r *change.Rule) *wire.ByRule {
	if r == nil {
		return nil
	}
	out := &wire.ByRule{Where: r.Where}
	for _, s := range r.Set {
		out.Set = append(out.Set, wire.Assign{Column: s.Column, To: s.To})
	}
	return out
}

func viewUse(r *change.Recipe) *wire.RecipeUse {
	if r == nil {
		return nil
	}
	return &wire.RecipeUse{ID: r.ID, Name: r.Name, Version: r.Version}
}

func word(approve bool) string {
	if approve {
		return "approve"
	}
	return "reject"
}

func idPtr(id change.ID) *string {
	if id == "" {
		return nil
	}
	s := string(id)
	return &s
}

func viewDecision(d change.Decision) wire.Decision {
	return wire.Decision{By: string(d.By), For: string(d.For), Role: string(d.Role), Decision: word(d.Approve), Digest: string(d.Digest), Means: string(d.Means),
		At: d.At, Comment: d.Comment, Void: d.Void, Datasets: d.Datasets}
}

// viewPlan shows the plan; who may not see values sees no samples of them.
func (w *Workflow) viewPlan(out *wire.Change, c *change.Change, values bool) {
	if c.Plan == nil {
		return
	}
	n := c.Plan.Counts
	out.Plan = &wire.Plan{Digest: string(c.Plan.Digest), Columns: c.Plan.Columns, TableRows: c.Plan.TableRows, LeftOut: c.Options.LeaveOut && n.Invalid > 0,
		Counts: wire.Counts{Insert: n.Insert, Update: n.Update, Delete: n.Delete, Unchanged: n.Unchanged, Invalid: n.Invalid}}
	if values { // it names columns of the file
		out.Plan.Mapping, out.Plan.Updated = viewMapping(c.Plan.Mapping), c.Plan.Updated
	}
	if c.IsReversal() {
		out.Plan.Counts.Kept, out.Plan.Counts.Impossible = &n.Kept, &n.Impossible
	}
	out.Risk.Score = c.Plan.Risk.Score
	for _, f := range c.Plan.Risk.Factors {
		out.Risk.Factors = append(out.Risk.Factors, wire.Factor{Name: string(f.Name), Points: f.Points, Why: f.Why})
	}
	for _, i := range c.Plan.Impact {
		out.Impact = append(out.Impact, impactOf(i, values))
	}
	found := c.Plan.Findings
	if t := c.TrialOf(); t != nil {
		found = slices.Concat(found, t.Findings)
	}
	out.Trial = viewTrial(c)
	if c.Result != nil {
		found = slices.Concat(found, c.Result.Findings)
	}
	for _, f := range found {
		if !values {
			f.Samples, f.Examples = nil, nil
			f = withoutColumns(f)
		}
		out.Findings = append(out.Findings, f)
	}
}

// viewRoute shows who must decide; of a planned change, who would have to if its
// maker submitted it now.
func (w *Workflow) viewRoute(tx Tx, out *wire.Change, c *change.Change) error {
	route, blocked, why := c.Route, c.Blocked, c.RouteWhy
	if c.State == change.Planned && c.Plan != nil {
		maker, _ := w.Compact().Principal(c.Maker)
		r, err := w.route(tx, c, maker)
		if err != nil {
			return err
		}
		route, blocked, why = r.Steps, r.Blocked, r.Why
	}
	out.Blocked, out.RouteWhy = blocked, why
	for _, s := range route {
		out.Route = append(out.Route, wire.Step{Role: string(s.Role), Needs: s.Needs, Why: s.Why, Dataset: s.Dataset})
	}
	return nil
}

// viewTrial tells how a plan was taken, and before that, what a trial does.
func viewTrial(c *change.Change) *wire.Trial {
	if t := c.TrialOf(); t != nil {
		return &wire.Trial{Outcome: string(t.Outcome), By: string(t.By), At: &t.At, Why: t.Why}
	}
	n := c.Plan.Counts.Written()
	if c.State != change.Planned || n == 0 {
		return nil
	}
	when := "When it is submitted, it is written once in a transaction of the system that is then rolled back."
	if n > change.TriedOnSubmit {
		when = fmt.Sprintf("It is larger than what is tried by itself. Have it written in a transaction of the system that is then rolled back: sutor change try %s.", c.ID)
	}
	return &wire.Trial{Outcome: "none", Why: when + " " + SideEffects}
}

// withoutColumns takes the names of the file's columns out of a finding: where
// somebody forgot the header they are values. So may be what stands in expressions.
func withoutColumns(f finding.Finding) finding.Finding {
	switch f.Guardrail {
	case finding.Unmatched:
		f.Message = "Columns of the file match nothing in the dataset and were left out."
	case finding.Matched:
		f.Message, f.Mend = "Columns of the file were matched by a guess.", ""
	case finding.Question:
		f.Message, f.Mend = "Columns of the file were left out until somebody says what they are.", ""
	case finding.Recipe:
		f.Message, f.Mend = "The file has other columns than its recipe.", ""
	case finding.OutsidePart:
		f.Message, f.Mend = "Rows are outside the part of the table that the file stands for, or would leave it.", ""
	case finding.Unjudged:
		f.Message, f.Mend = "It cannot be told for rows of the table whether the change is about them.", ""
	case finding.Uncomputed:
		f.Message, f.Mend = fmt.Sprintf("What a rule gives for %s cannot be taken.", f.Column), ""
	}
	return f
}

func viewMapping(all []change.Mapped) (out []wire.Mapped) {
	for _, m := range all {
		w := wire.Mapped{File: m.File, Column: m.Column, How: m.How, Confidence: m.Confidence, Why: m.Why, Format: m.Format, FormatFrom: string(m.FormatFrom)}
		for _, c := range m.Candidates {
			w.Candidates = append(w.Candidates, wire.Candidate{Column: c.Column, Confidence: c.Confidence, Why: c.Why})
		}
		out = append(out, w)
	}
	return out
}

// impactOf words an impact; sums are values.
func impactOf(i change.Impact, values bool) wire.Impact {
	out := wire.Impact{Label: i.Label, Rows: i.Rows, Unknown: i.Unknown != "", Why: i.Unknown}
	if sum, err := strconv.ParseFloat(i.Measure, 64); err == nil && values {
		out.Measure = &sum
	}
	if i.Unjudged > 0 {
		out.Why = fmt.Sprintf("%d more may count: whether they do could not be judged.", i.Unjudged)
	}
	if u := i.Usual; u != nil {
		out.Why = strings.TrimSpace(fmt.Sprintf("%s Usual for this dataset: %d, at most %d (last changes: %d).", out.Why, u.Median, u.Most, u.Changes))
	}
	return out
}

// undo tells whether an applied change can be reversed, until when, and why: a family
// as a whole, so as long as all of its members can. It goes by time, and by what the
// change tells of itself; whether its old values are there is another look (storedOf).
func (w *Workflow) undo(c *change.Change) (out wire.Undo) {
	for i, one := range c.ByDataset() {
		u := w.undoOn(one)
		if i == 0 || !u.Possible && out.Possible || u.Possible && out.Possible && u.Until.Before(*out.Until) {
			out = u
		}
	}
	return out
}

// undoOn is undo over one dataset.
func (w *Workflow) undoOn(c *change.Change) wire.Undo {
	if c.State == change.Undone {
		return wire.Undo{Why: fmt.Sprintf("It is undone already, by change %s.", c.ReversedBy)}
	}
	keep := 90
	if d, ok := w.Compact().Dataset(c.Dataset); ok {
		keep = int(d.Retain.Values)
	}
	if c.State != change.Applied || c.AppliedAt == nil {
		return wire.Undo{Why: fmt.Sprintf("Once it is applied: old values are kept for %d days.", keep)}
	}
	if p := c.Purged; p != nil && p.Values != nil {
		return wire.Undo{Why: fmt.Sprintf("Old values were kept for %d days; they were removed on %s.", keep, p.Values.Format(time.DateOnly))}
	}
	until := c.AppliedAt.Add(time.Duration(keep) * 24 * time.Hour)
	if w.Now().After(until) {
		return wire.Undo{Why: fmt.Sprintf("Old values were kept for %d days, until %s.", keep, until.Format(time.DateOnly)), Until: &until}
	}
	if c.Result == nil || c.Result.Stored == "" {
		return wire.Undo{Why: "What the system really stored is not known: the server ended while the change was applied."}
	}
	return wire.Undo{Possible: true, Until: &until, Why: fmt.Sprintf("Old values are kept until %s. Rows that somebody changes until then are kept as they are.", until.Format(time.DateOnly))}
}

// removedEarly is why a change cannot be undone that could be by its time.
const removedEarly = "The old values are not kept any more: they were removed before their time."

// withKept corrects what is said of a change's undo where its old values are gone. A
// bucket answers in its own time, so it is asked when no transaction waits for it, and
// for one change, not for each of a list; where it does not answer, they are taken to
// be there.
func (w *Workflow) withKept(ctx context.Context, c *change.Change, out wire.Change) wire.Change {
	if !out.Undo.Possible {
		return out
	}
	if kept, err := w.storedOf(ctx, c); err == nil && !kept {
		out.Undo = wire.Undo{Why: removedEarly}
		out.May = slices.DeleteFunc(out.May, func(act string) bool { return act == string(change.ActUndo) })
	}
	return out
}

// storedOf tells whether the rows are there that an applied change really stored.
func (w *Workflow) storedOf(ctx context.Context, c *change.Change) (bool, error) {
	for _, one := range c.ByDataset() {
		if kept, err := w.Artifacts.Has(ctx, one.Result.Stored); !kept || err != nil {
			return false, err
		}
	}
	return true, nil
}

// row gives a plan's row as the contract's document, to somebody who sees it so.
func row(r duck.Row, m plan.Manifest, see sight) wire.Row {
	key, judged := m.KeySchema(), m.JudgedSchema()
	out := wire.Row{Op: string(r.Op), Row: r.Line, Why: see.scrub(r.Why), Key: map[string]json.RawMessage{},
		Before: map[string]json.RawMessage{}, After: map[string]json.RawMessage{}, Changed: []string{}}
	for i, c := range key {
		out.Key[c.Name] = value(c.Type, r.Key[i])
	}
	touched := map[string]bool{}
	for _, s := range m.Mapping {
		touched[s.Column] = true
	}
	for j, c := range judged {
		if !see.Names(c.Name) {
			continue
		}
		writes := j < len(r.Mask) && r.Mask[j] == '1'
		if writes {
			out.Changed = append(out.Changed, c.Name)
		}
		shown := writes || touched[c.Name] && r.Op == "update" || r.Op == "delete" || r.Op == plan.Kept
		if !shown {
			continue
		}
		if r.Op != "insert" {
			out.Before[c.Name] = see.value(c, r.Before[j])
		}
		if r.Op == "insert" || r.Op == "update" {
			out.After[c.Name] = see.value(c, r.After[j])
		}
	}
	return out
}

// value is a value of a column as JSON; of a masked one what is shown of it, which
// is a text, whatever its type. That there is none is not masked.
func (s sight) value(c record.Column, text *string) json.RawMessage {
	if text == nil || s.Sees(c.Name) {
		return value(c.Type, text)
	}
	return plan.CanonicalJSON(s.Of(c.Name).Of(*text))
}

// value gives canonical text as JSON: integers as numbers, decimals as strings
// in the column's scale, dates and times ISO 8601, NULL null (docs/values.md).
// A float is a number, or a string where JSON has no number for it. A text
// that is not of the column's form (another storage class of SQLite) is a string.
func value(t record.Type, text *string) json.RawMessage {
	if text == nil {
		return json.RawMessage("null")
	}
	s := *text
	switch t.Kind {
	case record.Bool:
		if s == "true" || s == "false" {
			return json.RawMessage(s)
		}
	case record.Int, record.Float:
		if json.Valid([]byte(s)) && s != "null" && s != "true" && s != "false" {
			return json.RawMessage(s)
		}
	case record.Timestamp, record.TimestampTZ:
		s = isoTime(s, t.Kind == record.TimestampTZ)
	}
	return plan.CanonicalJSON(s)
}

// isoTime writes "2006-01-02 15:04:05+00" as "2006-01-02T15:04:05Z".
func isoTime(s string, zoned bool) string {
	if len(s) < 19 || s[10] != ' ' {
		return s
	}
	s = s[:10] + "T" + s[11:]
	if zoned {
		s = strings.TrimSuffix(s, "+00") + "Z"
	}
	return s
}
