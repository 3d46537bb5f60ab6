package workflow

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Bounds of a rehearsal: how many of the last changes it takes, how long all of
// them may take, and how many plans are open at once.
const (
	usualRehearsal = 200
	mostRehearsed  = 1000
	rehearsalTime  = time.Minute
	rehearsedOnce  = 25
)

// Rehearse says what a Compact would have made of changes that exist, from their
// stored plans: by the checks, the risk and the route that judge a plan in the
// making (package plan/duck, Rehearse; change.RiskOf; change.RouteFor). It stores
// nothing and puts nothing in force.
//
// Who may is judged by the Compact in force, never by the text: everybody, over the
// datasets whose changes they see whole. Whoever is kept from a column or from rows
// learns nothing here either, since a rule of their own could ask for it; stewards,
// who may put any rule in force, get counts without values.
func (w *Workflow) Rehearse(ctx context.Context, p access.Principal, text []byte, last int) (wire.Rehearsal, error) {
	comp, err := rehearsable(text)
	if err != nil {
		return wire.Rehearsal{}, err
	}
	if last == 0 {
		last = usualRehearsal
	}
	if last < 1 || last > mostRehearsed {
		return wire.Rehearsal{}, errs.New(errs.Usage, "A rehearsal takes 1 to %d of the last changes, not %d.", mostRehearsed, last).WithMend("Give --last such a number.")
	}
	r := &rehearsal{w: w, comp: comp, former: map[record.Digest]*compact.Compact{}, rules: map[string]*rehearsedRules{}}
	r.out = wire.Rehearsal{Compact: string(comp.Digest), Changes: []wire.RehearsedChange{}, Notes: []string{}}
	if err := w.Store.View(ctx, func(tx Tx) error { return r.gather(tx, p, last) }); err != nil {
		return r.out, err
	}
	short, cancel := context.WithTimeout(ctx, rehearsalTime)
	defer cancel()
	err = r.run(short)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		r.note("Only %d of %d changes were tried within %s.", len(r.out.Changes), len(r.changes), rehearsalTime)
		err = nil
	}
	return r.out, err
}

// rehearsable reads the text. What is wrong with it is told as by the check.
func rehearsable(text []byte) (*compact.Compact, error) {
	comp, problems := compact.Parse("compact.yaml", text)
	problems = slices.DeleteFunc(problems, func(p compact.Problem) bool { return p.Warning })
	if comp != nil && len(problems) == 0 {
		return comp, nil
	}
	first := problems[0]
	return nil, errs.New(errs.Invalid, "The Compact is not valid: line %d, column %d: %s", first.Line, first.Column, first.Message).
		WithMend("%s See all %d problems with: sutor compact check FILE", first.Mend, len(problems))
}

// rehearsal is one run of Rehearse.
type rehearsal struct {
	w       *Workflow
	who     access.Principal
	comp    *compact.Compact
	inForce *compact.Compact
	changes []*change.Change
	former  map[record.Digest]*compact.Compact // that changes were judged by
	rules   map[string]*rehearsedRules         // by dataset
	out     wire.Rehearsal
}

func (r *rehearsal) note(format string, args ...any) {
	r.out.Notes = append(r.out.Notes, fmt.Sprintf(format, args...))
}

// rehearsed are the states in which a change has been judged and is not being
// planned anew.
func rehearsed(s change.State) bool {
	return !slices.Contains([]change.State{change.Draft, change.Planning}, s)
}

// gather picks the changes that the person may see whole, newest first, and reads
// the Compacts that they were judged by.
func (r *rehearsal) gather(tx Tx, p access.Principal, last int) error {
	p, err := r.w.today(tx, p)
	if err != nil {
		return err
	}
	r.who, r.inForce, r.changes = p, r.w.Compact(), nil
	r.out.InForce, r.out.Notes = string(r.inForce.Digest), []string{}
	allowed, partly := []string{}, 0
	for _, d := range r.inForce.Datasets {
		a := r.inForce.AccessDataset(d.Name)
		switch {
		case !access.May(p, access.SeeChanges, a):
		case p.Is(access.Steward) || access.See(p, a).Whole():
			allowed = append(allowed, d.Name)
		default:
			partly++
		}
	}
	if partly > 0 {
		r.note("Changes of %s are left out, since you do not see all of their columns and rows.", counted(partly, "dataset"))
	}
	reversals, families := 0, 0
	unseen := func(name string) bool { return !slices.Contains(allowed, name) }
	f := Filter{Datasets: allowed, Limit: mostRehearsed}
	all, err := tx.Changes(f)
	for _, c := range all {
		switch {
		case len(r.changes) == last:
		case c.IsReversal():
			reversals++
		case slices.ContainsFunc(c.Datasets(), unseen):
			families++
		case c.Plan != nil && rehearsed(c.State):
			r.changes = append(r.changes, c)
			if err := r.remember(tx, c.Compact); err != nil {
				return err
			}
		}
	}
	if reversals > 0 {
		r.note("%s left out: guardrails are told on them and stop nothing.", counted(reversals, "reversal"))
	}
	if families > 0 {
		r.note("%s over several datasets left out, since you do not see all that they write.", counted(families, "change"))
	}
	return err
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// remember reads the Compact that a change was judged by; nil where this version
// cannot read it any more.
func (r *rehearsal) remember(tx Tx, d record.Digest) error {
	if _, known := r.former[d]; known {
		return nil
	}
	if d == r.inForce.Digest {
		r.former[d] = r.inForce
		return nil
	}
	text, err := tx.CompactText(d)
	if errs.KindOf(err) == errs.NotFound {
		r.former[d] = nil
		return nil
	}
	if err == nil {
		r.former[d], _ = compact.Parse(r.inForce.File, text)
	}
	return err
}

// run tries the changes, some plans at a time.
func (r *rehearsal) run(ctx context.Context) error {
	for some := range slices.Chunk(r.changes, rehearsedOnce) {
		if err := r.some(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// keptPlan is the plan of a change as it is kept; why says that it is not.
type keptPlan struct {
	manifest plan.Manifest
	parquet  string
	why      string
}

func (r *rehearsal) some(ctx context.Context, some []*change.Change) error {
	var kept [][]keptPlan // by change, and by its datasets
	var paths []string
	for _, c := range some {
		var plans []keptPlan
		for _, one := range c.ByDataset() {
			m, parquet, release, err := r.w.openPlan(ctx, one.Plan.Digest)
			switch {
			case errs.KindOf(err) == errs.NotFound:
				plans = append(plans, keptPlan{why: "Its plan is not kept any more."})
				continue
			case err != nil:
				return err
			}
			defer release()
			plans, paths = append(plans, keptPlan{m, parquet, ""}), append(paths, parquet)
		}
		kept = append(kept, plans)
	}
	session, err := r.w.Engine.View(ctx, paths...)
	if err != nil {
		return err
	}
	defer session.Close()
	for i, c := range some {
		one, err := r.change(ctx, session, c, kept[i])
		if err != nil {
			return err
		}
		r.tally(one)
	}
	return nil
}

func (r *rehearsal) tally(one wire.RehearsedChange) {
	n := &r.out.Counts
	for verdict, count := range map[string]*int{wire.RehearsedSame: &n.Same, wire.RehearsedBlocked: &n.Blocked, wire.RehearsedRouted: &n.Routed,
		wire.RehearsedPasses: &n.Passes, wire.RehearsedUnjudged: &n.Unjudged} {
		if one.Verdict == verdict {
			*count++
		}
	}
	if one.Void {
		n.Void++
	}
	r.out.Changes = append(r.out.Changes, one)
}

// rehearsedRules are the rules that are tried, of one dataset.
type rehearsedRules struct {
	dataset *compact.Dataset
	k       *compiler
	why     string // they cannot be tried
}

// rulesOf compiles a dataset's rules against its table, once. Only the table that
// the dataset has today is asked for: a text that names another would let its author
// look around in the system.
func (r *rehearsal) rulesOf(ctx context.Context, name string) (*rehearsedRules, error) {
	if known, ok := r.rules[name]; ok {
		return known, nil
	}
	out := &rehearsedRules{}
	r.rules[name] = out
	today, _ := r.inForce.Dataset(name)
	var there bool
	out.dataset, there = r.comp.Dataset(name)
	if !there || today == nil {
		return out, nil
	}
	if out.dataset.Table != today.Table || out.dataset.System != today.System {
		out.why = fmt.Sprintf("The dataset %s has another table or system in this Compact.", name)
		return out, nil
	}
	if !sameColumns(out.dataset.Key, today.Key) {
		out.why = fmt.Sprintf("The dataset %s has another key in this Compact.", name)
		return out, nil
	}
	sys, err := r.w.Systems.System(today.System)
	if err != nil {
		return nil, err
	}
	table, err := sys.Describe(ctx, today.Table)
	if err != nil {
		return nil, err
	}
	out.k = newCompiler(r.comp, out.dataset, table)
	for _, p := range out.k.problems {
		if !p.Warning {
			return nil, errs.New(errs.Invalid, "The Compact does not fit %s: line %d, column %d: %s", today.Table, p.Line, p.Column, p.Message).WithMend("%s", p.Mend)
		}
	}
	return out, nil
}

// judged is what rules say of a change: its findings, its risk, and who decides.
type judged struct {
	members []judgedPlan // by the change's datasets
	risk    change.Risk
	route   change.Route
	unknown []string // what the plans do not tell, in sentences
}

// judgedPlan is what the rules of one dataset say of the plan for it.
type judgedPlan struct {
	dataset string
	plan    change.Plan
	untried []string // guardrails that could not be judged
}

// rehearse judges the kept plans of a change by the rules of their datasets, as
// planning does: each with its findings and its risk, then each by the guardrails over
// changes, which go by the risk of the whole.
func (r *rehearsal) rehearse(ctx context.Context, s *duck.Session, c *change.Change, kept []keptPlan, rules []*rehearsedRules) (j judged, err error) {
	var risks []change.MemberRisk
	members := c.ByDataset()
	for i, one := range members {
		plan, err := r.rehearsePlan(ctx, s, &j, one, kept[i], rules[i])
		if err != nil {
			return j, err
		}
		j.members = append(j.members, plan)
		risks = append(risks, change.MemberRisk{Dataset: one.Dataset, Risk: plan.plan.Risk})
	}
	j.risk = change.JoinRisks(risks)
	for i, one := range members {
		p := &j.members[i].plan
		out := &plan.Outcome{Manifest: kept[i].manifest}
		out.Manifest.Counts = p.Counts
		p.Findings = append(p.Findings, r.w.judgeChange(rules[i].dataset, one, out, j.risk)...)
	}
	again := j.planned(c)
	err = r.w.Store.View(ctx, func(tx Tx) (err error) {
		j.route, err = r.w.routeBy(tx, r.comp, again, r.who)
		return err
	})
	return j, err
}

// rehearsePlan judges one plan by the rules over rows and columns, and its risk.
func (r *rehearsal) rehearsePlan(ctx context.Context, s *duck.Session, j *judged, c *change.Change, kept keptPlan, rules *rehearsedRules) (judgedPlan, error) {
	out := judgedPlan{dataset: c.Dataset, plan: *c.Plan}
	spec := rules.k.spec.Spec
	spec.Row = out.judgeable(j, rules, c, kept.manifest)
	found, err := s.Rehearse(ctx, kept.parquet, kept.manifest, spec)
	if err != nil {
		return out, err
	}
	if c.Options.Rule != nil { // its rows have no numbers
		for i := range found.Findings {
			found.Findings[i].Ranges = nil
		}
	}
	p := &out.plan
	p.Findings = slices.Concat(found.Findings, j.leftOver(r.former[c.Compact], c, rules.dataset))
	p.Counts.Insert, p.Counts.Update, p.Counts.Delete = found.Counts.Insert, found.Counts.Update, found.Counts.Delete
	p.Counts.Invalid += c.Plan.Counts.Written() - found.Counts.Written()
	if p.Risk, err = r.risk(c, rules.dataset, *p, found); err != nil {
		j.unknown = append(j.unknown, errs.Public(err).Message)
	}
	return out, nil
}

// planned gives the change with the plans as they are judged.
func (j judged) planned(c *change.Change) *change.Change {
	again := *c
	if !c.IsFamily() {
		again.Plan = &j.members[0].plan
		return &again
	}
	whole := *c.Plan
	whole.Risk = j.risk
	again.Plan, again.Members = &whole, slices.Clone(c.Members)
	for i := range again.Members {
		again.Members[i].Plan = &j.members[i].plan
	}
	return &again
}
