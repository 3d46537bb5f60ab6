package workflow

import (
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// Who may see one dataset of a family sees that the family is there, and decides
// where they stand in its route. Of the others they learn nothing: neither names nor
// counts, nor what stood in the way there. What is told of the whole is cut by what
// the person sees of every dataset.

// family is a change over several datasets as one person may know it.
type family struct {
	sights []sight  // of the datasets that they may know
	hidden []string // the names of the others
	values bool     // they may see values of all of them
}

// knows looks at a change's datasets with the eyes of a person whose grants are up to
// date.
func (w *Workflow) knows(p access.Principal, c *change.Change) (f family) {
	f.values = true
	for _, name := range c.Datasets() {
		d := w.Compact().AccessDataset(name)
		f.values = f.values && access.May(p, access.SeeValues, d)
		if !access.May(p, access.SeeChanges, d) {
			f.hidden = append(f.hidden, name)
			continue
		}
		f.sights = append(f.sights, w.sight(p, name))
	}
	return f
}

// elsewhere is said in the place of what a hidden dataset's name would tell.
const elsewhere = "a dataset that you may not see"

// unnamed takes the names of hidden datasets out of a sentence.
func (f family) unnamed(s string) string {
	for _, name := range f.hidden {
		s = replaceWord(s, name, elsewhere)
	}
	return s
}

// refusal takes them out of what a person is refused with.
func (f family) refusal(err error) error {
	public := errs.As(err)
	if len(f.hidden) == 0 || public == nil {
		return err
	}
	return errs.New(public.Kind, "%s", f.unnamed(public.Message)).WithMend("%s", f.unnamed(public.Mend)).Because(err)
}

// text takes out of a sentence all that the person may not know.
func (f family) text(s string) string {
	s = f.unnamed(s)
	for _, see := range f.sights {
		s = see.scrub(s)
	}
	return s
}

// whole tells whether they see all columns and rows of all datasets.
func (f family) whole() bool {
	return len(f.hidden) == 0 && !slices.ContainsFunc(f.sights, func(s sight) bool { return !s.Whole() })
}

// names gives those of some datasets that the person may know.
func (f family) names(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(f.hidden, name) })
}

// joined names a change's datasets, and counts those that are hidden.
func (f family) joined(all []string) string {
	names := change.JoinDatasets(f.names(all))
	if n := len(all) - len(f.names(all)); n > 0 {
		names += " and " + counted(n, "other")
	}
	return names
}

// cutFamily takes out of what is told of a family as a whole what its reader may not
// see; its members were cut one by one.
func (w *Workflow) cutFamily(out *wire.Change, c *change.Change, p access.Principal) {
	f := w.knows(p, c)
	out.Dataset, out.Hidden = f.joined(c.Datasets()), len(f.hidden)
	out.Next, out.Blocked, out.RouteWhy = f.text(out.Next), f.text(out.Blocked), f.text(out.RouteWhy)
	for i, s := range out.Route {
		if out.Route[i].Why = f.text(s.Why); slices.Contains(f.hidden, s.Dataset) {
			out.Route[i].Dataset, out.Route[i].Why = elsewhere, "That dataset's rules ask for it."
		}
	}
	for i, d := range out.Decisions {
		out.Decisions[i].Datasets, out.Decisions[i].Void = f.names(d.Datasets), f.text(d.Void)
	}
	cutRisk(out)
	if len(f.hidden) > 0 {
		hideOthers(out)
	}
	if out.Trial != nil {
		if c.TrialOf() != nil {
			out.Trial.Why, _ = f.trial(c)
		}
	}
	if own := c.Maker == p.Email; own && c.Problem != nil && c.Problem.OfFile && len(f.hidden) == 0 {
		return // as with a change over one dataset: it repeats what they wrote
	}
	out.Why = f.text(out.Why)
	if out.Problem != nil {
		problem := *out.Problem
		problem.Detail, problem.Mend = f.text(problem.Detail), f.text(problem.Mend)
		out.Problem = &problem
	}
	if out.Result != nil {
		out.Result.Message = f.text(out.Result.Message)
	}
}

// trial words why a trial of the whole did not pass, and what to do, as far as the
// person sees the datasets in which something was found.
func (f family) trial(c *change.Change) (why, mend string) {
	t := c.TrialOf()
	for i, name := range f.names(c.Datasets()) {
		one := c.On(name)
		if found := one.TrialOf(); found != nil && len(found.Findings) > 0 {
			why, mend = f.sights[i].trial(found, one)
			return name + ": " + why, mend
		}
	}
	if len(f.hidden) > 0 && t.Why != "" {
		return somewhere, ""
	}
	return f.text(t.Why), ""
}

// trialTold words it for a person who sees the change.
func (w *Workflow) trialTold(c *change.Change, p access.Principal) (why, mend string) {
	if c.IsFamily() {
		return w.knows(p, c).trial(c)
	}
	return w.sight(p, c.Dataset).trial(c.Trial, c)
}

// cutRisk says of each reason no more than the member does that it comes from.
func cutRisk(out *wire.Change) {
	shown := []wire.Factor{}
	for _, f := range out.Risk.Factors {
		dataset, _, _ := strings.Cut(f.Why, ": ")
		for _, m := range out.Members {
			i := slices.IndexFunc(m.Risk.Factors, func(of wire.Factor) bool { return of.Name == f.Name })
			if m.Dataset == dataset && i >= 0 {
				f.Why = dataset + ": " + m.Risk.Factors[i].Why
				shown = append(shown, f)
			}
		}
	}
	out.Risk.Factors = shown
}

// hideOthers counts, of the whole, what the members shown have: the difference would
// tell the others' share. What stood in the way is not told where it may be theirs.
func hideOthers(out *wire.Change) {
	if out.Plan != nil {
		out.Plan.Counts = wire.Counts{}
		for _, m := range out.Members {
			if m.Plan != nil {
				out.Plan.Counts = out.Plan.Counts.Plus(m.Plan.Counts)
			}
		}
	}
	if out.Result != nil {
		shown := wire.Result{}
		for _, m := range out.Members {
			if r := m.Result; r != nil {
				shown.Applied, shown.Already, shown.Conflicts, shown.Failed = shown.Applied+r.Applied, shown.Already+r.Already, shown.Conflicts+r.Conflicts, shown.Failed+r.Failed
			}
		}
		if out.Result.Message != "" {
			shown.Message = somewhere
		}
		out.Result = &shown
	}
	if out.Progress = nil; out.State == string(change.Submitted) {
		out.Next = "It waits for a decision."
	}
	if out.RouteWhy != "" { // it may quote a rule of theirs
		out.RouteWhy = "None of its datasets asks for a decision."
	}
	if out.Problem != nil {
		problem := *out.Problem
		problem.Detail, problem.Mend = somewhere, "Its maker can see why."
		out.Problem, out.Why = &problem, somewhere
	}
}

// somewhere is said in the place of what went wrong with a family of which the person
// may not see all.
const somewhere = "Something stood in the way. You do not see all of the change's datasets, so what it was is not told here."
