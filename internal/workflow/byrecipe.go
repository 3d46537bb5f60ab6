package workflow

import (
	"context"
	"slices"

	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/plan"
	"sutor/internal/recipe"
)

// byRecipe gives what the change's recipe says of the file's columns, besides what
// the maker says (own): a column that the recipe does not know is left out, so that
// it writes nothing that nobody chose. How the file differs becomes a finding.
func (m *matching) byRecipe(ctx context.Context, own []intake.Map, memory []intake.Remembered) ([]intake.Map, error) {
	r := m.c.Options.Recipe
	var columns []string
	for _, t := range m.spec.targets {
		columns = append(columns, t.Name)
	}
	says, d := recipe.Fits(r, m.header, columns)
	ownFile := func(name string) bool {
		return slices.ContainsFunc(own, func(o intake.Map) bool { return o.File == name })
	}
	ownTarget := func(name string) bool {
		return slices.ContainsFunc(own, func(o intake.Map) bool { return o.Target == name && name != "" })
	}
	d.Missing = slices.DeleteFunc(d.Missing, func(x recipe.Missing) bool { return ownTarget(x.Column) })
	d.New = slices.DeleteFunc(d.New, func(x recipe.New) bool { return ownFile(x.File) })
	var out []intake.Map
	taken := map[string]bool{}
	for _, name := range m.header {
		column := says[name]
		if ownFile(name) {
			continue
		}
		if ownTarget(column) {
			column = ""
		}
		taken[column] = true
		out = append(out, intake.Map{File: name, Target: column, Recipe: r.Name})
	}
	if err := m.resemble(ctx, d.New, func(column string) bool { return taken[column] || ownTarget(column) }, memory); err != nil {
		return nil, err
	}
	m.differs = d
	if !d.None() {
		m.found = append(m.found, plan.RecipeFinding(r.Name, r.Version, d.Sentences))
	}
	return out, nil
}

// resemble says which columns of the dataset that are still free new columns of
// the file look like.
func (m *matching) resemble(ctx context.Context, news []recipe.New, taken func(string) bool, memory []intake.Remembered) error {
	var header []string
	var targets []intake.Target
	var files, of []int
	for _, n := range news {
		header, files = append(header, n.File), append(files, slices.Index(m.header, n.File))
	}
	for t, target := range m.spec.targets {
		if !taken(target.Name) {
			target.Key = false // it is only asked
			targets, of = append(targets, target), append(of, t)
		}
	}
	matcher, err := intake.NewMatcher(header, targets, nil, memory)
	if err != nil { // they fit several equally well: nothing can be said
		return nil
	}
	e, err := m.content(ctx, files, of)
	if err != nil {
		return err
	}
	if e.Samples != nil {
		part := intake.Evidence{Live: map[int]intake.Present{}}
		for _, f := range files {
			part.Samples = append(part.Samples, e.Samples[f])
		}
		for i, t := range of {
			part.Live[i] = e.Live[t]
		}
		matcher.Guess(part)
	}
	result, err := matcher.Matching()
	if err != nil {
		return err
	}
	for _, c := range result.Columns {
		news[c.File].Looks, news[c.File].Why = targets[c.Target].Name, c.Why
	}
	for _, q := range result.Questions {
		news[q.File].Looks, news[q.File].Why = targets[q.Candidates[0].Target].Name, q.Candidates[0].Why
	}
	return nil
}

// besides adds to a refusal how the file differs from its recipe: that is most
// likely the reason.
func (m *matching) besides(refusal error) error {
	public := errs.As(refusal)
	if public == nil || m.differs.None() {
		return refusal
	}
	f := plan.RecipeFinding(m.c.Options.Recipe.Name, m.c.Options.Recipe.Version, m.differs.Sentences)
	return errs.New(public.Kind, "%s %s", public.Message, f.Message).WithMend("%s", f.Mend)
}
