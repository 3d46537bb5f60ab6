package workflow

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/wire"
)

// change tries the rules on one change.
func (r *rehearsal) change(ctx context.Context, s *duck.Session, c *change.Change, kept []keptPlan) (out wire.RehearsedChange, err error) {
	out = wire.RehearsedChange{ID: string(c.ID), Title: c.Title, Dataset: c.Dataset, State: string(c.State), Maker: string(c.Maker),
		Verdict: wire.RehearsedUnjudged, Rules: []wire.RehearsedRule{}, Unjudged: []string{}, Now: wire.RehearsedRoute{Route: []wire.Step{}}}
	then, err := r.asItWas(ctx, c)
	if err != nil {
		return out, err
	}
	out.Then = viewRehearsed(then)
	members := c.ByDataset()
	waits := c.State == change.Submitted || c.State == change.Approved
	for _, one := range members {
		digest, there := r.comp.DatasetDigest(one.Dataset)
		out.Void = out.Void || waits && digest != one.DatasetDigest
		if !there {
			out.Verdict, out.Why = wire.RehearsedBlocked, fmt.Sprintf("The dataset %s is not in this Compact.", one.Dataset)
			out.Now.Blocked = out.Why
		}
	}
	if out.Verdict == wire.RehearsedBlocked {
		return out, nil
	}
	var rules []*rehearsedRules
	for i, one := range members {
		of, err := r.rulesOf(ctx, one.Dataset)
		if err != nil {
			return out, err
		}
		for _, why := range []string{kept[i].why, of.why, otherKey(kept[i], of)} {
			if why != "" {
				out.Why = why
				out.Unjudged = append(out.Unjudged, fmt.Sprintf("Change %s cannot be judged: %s", c.ID, why))
				return out, nil
			}
		}
		rules = append(rules, of)
	}
	now, err := r.rehearse(ctx, s, c, kept, rules)
	if err != nil {
		return out, err
	}
	out.Now, out.Unjudged = viewRehearsed(now), append(out.Unjudged, now.unknown...)
	r.compare(&out, then, now)
	return out, nil
}

func otherKey(kept keptPlan, rules *rehearsedRules) string {
	if kept.why != "" || rules.why != "" || sameColumns(kept.manifest.Key, rules.dataset.Key) {
		return ""
	}
	return "It was planned by another key than this Compact has for the dataset."
}

func sameColumns(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// asItWas gives how a change was judged: the route that it was submitted with, or
// else the one that it would have today.
func (r *rehearsal) asItWas(ctx context.Context, c *change.Change) (j judged, err error) {
	j.risk = c.Plan.Risk
	for _, one := range c.ByDataset() {
		j.members = append(j.members, judgedPlan{dataset: one.Dataset, plan: *one.Plan})
	}
	if slices.Contains([]change.State{change.Submitted, change.Approved, change.Rejected, change.Applying, change.Applied, change.PartlyApplied, change.Undone, change.Expired}, c.State) {
		j.route = change.Route{Steps: c.Route, Why: c.RouteWhy, Blocked: c.Blocked}
		return j, nil
	}
	err = r.w.Store.View(ctx, func(tx Tx) (err error) {
		j.route, err = r.w.routeBy(tx, r.inForce, c, r.who)
		return err
	})
	return j, err
}

// judgeable gives the guardrails over rows that read no column which the plan does
// not have, and tells of the others.
func (p *judgedPlan) judgeable(j *judged, rules *rehearsedRules, c *change.Change, m plan.Manifest) (all []plan.RowRule) {
	for i, g := range rules.k.rows {
		missing := slices.DeleteFunc(append(g.when.Columns(expr.Before), g.when.Columns(expr.After)...), func(name string) bool { return m.Columns.Index(name) >= 0 })
		if len(missing) == 0 {
			all = append(all, rules.k.spec.Row[i])
			continue
		}
		slices.Sort(missing)
		p.untried = append(p.untried, g.Name)
		j.unknown = append(j.unknown, fmt.Sprintf("The guardrail %s cannot be judged from the plan of change %s, which did not keep %s.", g.Name, c.ID, strings.Join(slices.Compact(missing), ", ")))
	}
	return all
}

// leftOver gives the findings that stand whatever the Compact says: of the file, of
// the system, and of rows that were refused by a rule which is still the same.
// Rows refused by a rule that is another now are in no plan: that is told.
func (j *judged) leftOver(former *compact.Compact, c *change.Change, d *compact.Dataset) (left []finding.Finding) {
	var before *compact.Dataset
	if former != nil {
		before, _ = former.Dataset(c.Dataset)
	}
	for _, f := range c.Plan.Findings {
		switch {
		case !slices.Contains(finding.BuiltIn, f.Guardrail): // a guardrail: judged anew
		case !slices.Contains(finding.ByCompact, f.Guardrail) || sameRule(before, d, f):
			left = append(left, f)
		default:
			j.unknown = append(j.unknown, fmt.Sprintf("%s that %s refused then cannot be judged: the plan of change %s does not have them.", counted(int(f.Rows), "row"), ruleName(f), c.ID))
		}
	}
	return left
}

func ruleName(f finding.Finding) string {
	if f.Column == "" {
		return f.Guardrail
	}
	return f.Guardrail + " of " + f.Column
}

// sameRule tells whether the rule behind a finding is the same in two versions of
// a dataset.
func sameRule(before, now *compact.Dataset, f finding.Finding) bool {
	if before == nil {
		return false
	}
	if f.Guardrail == finding.NotAllowed {
		return slices.Equal(slices.Sorted(slices.Values(before.Allow)), slices.Sorted(slices.Values(now.Allow)))
	}
	a, b := before.Columns[f.Column], now.Columns[f.Column]
	return reflect.DeepEqual([]any{a.OneOf, a.Min, a.Max, a.Pattern, a.Required, a.MayWrite()}, []any{b.OneOf, b.Min, b.Max, b.Pattern, b.Required, b.MayWrite()})
}

// risk judges the risk anew, on the grounds that were kept.
func (r *rehearsal) risk(c *change.Change, d *compact.Dataset, p change.Plan, found *duck.Rehearsed) (change.Risk, error) {
	g := c.Plan.Risk.Grounds
	if g == nil {
		return c.Plan.Risk, errs.New(errs.Blocked, "The risk of change %s cannot be judged: its plan was made before Sutor kept what that takes.", c.ID)
	}
	in := change.RiskInput{Weights: d.Risk, Counts: p.Counts, TableRows: p.TableRows, Findings: p.Findings, Usual: g.Usual, FirstBy: g.FirstBy,
		NewLayout: g.NewLayout, Waiting: g.Waiting, At: g.At.In(r.comp.Timezone)}
	for i, facts := range g.Columns {
		rule := d.Columns[facts.Column]
		facts.Critical, facts.Label = rule.Critical, labelOf(rule, facts.Column)
		if i < len(found.Written) {
			facts.Written = found.Written[i]
			facts.Jumps = min(facts.Jumps, facts.Written)
		}
		in.Columns = append(in.Columns, facts)
	}
	return change.RiskOf(in), nil
}

func labelOf(rule compact.ColumnRule, column string) string {
	if rule.Label == "" {
		return column
	}
	return rule.Label
}

// stops says why a plan cannot be submitted; "" if it can.
func (j judged) stops() string {
	for _, one := range j.members {
		for _, f := range one.plan.Findings {
			if f.Severity == finding.Block {
				return fmt.Sprintf("%s: %s", f.Guardrail, f.Message)
			}
		}
	}
	return j.route.Blocked
}

func viewRehearsed(j judged) wire.RehearsedRoute {
	out := wire.RehearsedRoute{Blocked: j.stops(), Route: []wire.Step{}, Why: j.route.Why, Risk: j.risk.Score}
	for _, s := range j.route.Steps {
		out.Route = append(out.Route, wire.Step{Role: string(s.Role), Dataset: s.Dataset, Needs: s.Needs, Why: s.Why})
	}
	return out
}

// compare says what is different, and by which rules.
func (r *rehearsal) compare(out *wire.RehearsedChange, then, now judged) {
	for i, is := range now.members {
		values := access.May(r.who, access.SeeValues, r.inForce.AccessDataset(is.dataset))
		for _, rule := range differences(then.members[i].plan.Findings, is.plan.Findings, is.untried, values) {
			if len(now.members) > 1 {
				rule.Dataset = is.dataset
			}
			out.Rules = append(out.Rules, rule)
		}
	}
	out.Verdict = wire.RehearsedSame
	was, is := then.stops() != "", now.stops() != ""
	switch {
	case is && !was:
		out.Verdict, out.Why = wire.RehearsedBlocked, now.stops()
	case was && !is:
		out.Verdict, out.Why = wire.RehearsedPasses, "Nothing blocks it any more. It was blocked by "+then.stops()
	case !is && otherRoute(then.route, now.route):
		out.Verdict, out.Why = wire.RehearsedRouted, fmt.Sprintf("It would be decided by %s, not by %s.", deciders(now.route), deciders(then.route))
	case len(out.Unjudged) > 0:
		out.Verdict, out.Why = wire.RehearsedUnjudged, out.Unjudged[0]
	case len(out.Rules) > 0:
		out.Why = "Rules say something else of it, but it goes the same way."
	}
}

func otherRoute(a, b change.Route) bool {
	return !slices.EqualFunc(a.Steps, b.Steps, func(x, y change.Step) bool { return x.Role == y.Role && x.Dataset == y.Dataset && x.Needs == y.Needs })
}

func deciders(r change.Route) string {
	if len(r.Steps) == 0 {
		return "nobody besides its maker"
	}
	var names []string
	for _, s := range r.Steps {
		name := string(s.Role)
		if s.Needs > 1 {
			name = fmt.Sprintf("%d of the role %s", s.Needs, s.Role)
		}
		if s.Dataset != "" {
			name += " of " + s.Dataset
		}
		names = append(names, name)
	}
	return strings.Join(names, " and ")
}

// differences lists the rules that say something else. Samples are for those who
// may see values.
func differences(then, now []finding.Finding, untried []string, values bool) []wire.RehearsedRule {
	out := []wire.RehearsedRule{}
	for _, f := range now {
		was := find(then, f)
		if was != nil && reflect.DeepEqual(hitOf(was), hitOf(&f)) {
			continue
		}
		one := wire.RehearsedRule{Guardrail: f.Guardrail, Column: f.Column, Then: hitOf(was), Now: hitOf(&f), Message: f.Message, Ranges: f.Ranges}
		if values {
			one.Samples = f.Samples
		}
		out = append(out, one)
	}
	for _, f := range then {
		told := slices.Contains(untried, f.Guardrail) || slices.Contains(finding.ByCompact, f.Guardrail) // of refused rows: see leftOver
		if !told && find(now, f) == nil {
			out = append(out, wire.RehearsedRule{Guardrail: f.Guardrail, Column: f.Column, Then: hitOf(&f), Message: f.Message})
		}
	}
	return out
}

// find gives the finding of the same rule. A built-in check may find several things
// of one column, told apart by their words; a guardrail's words may have changed.
func find(all []finding.Finding, like finding.Finding) *finding.Finding {
	i := slices.IndexFunc(all, func(f finding.Finding) bool {
		return f.Guardrail == like.Guardrail && f.Column == like.Column && (f.Message == like.Message || !slices.Contains(finding.BuiltIn, f.Guardrail))
	})
	if i < 0 {
		return nil
	}
	return &all[i]
}

func hitOf(f *finding.Finding) *wire.RuleHit {
	if f == nil {
		return nil
	}
	return &wire.RuleHit{Severity: string(f.Severity), By: f.By, Needs: f.Needs, Rows: f.Rows, Unknown: f.Unknown}
}
