package workflow

import (
	"context"

	"sutor/internal/compact"
	"sutor/internal/errs"
)

// CheckLive checks that a Compact fits the live systems: that tables, columns and
// keys exist, that texts are values of their columns, and that every guardrail
// compiles. What does not fit is told with its place in the file; a system that
// cannot be reached is an error, after all others were checked.
func CheckLive(ctx context.Context, c *compact.Compact, systems Systems) (problems []compact.Problem, unreachable error) {
	problems = checkLevels(c)
	for i := range c.Datasets {
		d := &c.Datasets[i]
		sys, err := systems.System(d.System)
		if err != nil {
			return problems, err
		}
		table, err := sys.Describe(ctx, d.Table)
		if errs.KindOf(err) == errs.Unavailable {
			unreachable = err
			continue
		}
		if err != nil {
			public := errs.Public(err)
			problems = append(problems, c.Problem(d.Path.To("table"), public.Message, public.Mend))
			continue
		}
		k := newCompiler(c, d, table)
		k.advise()
		if err := k.spelled(ctx, sys); err != nil {
			unreachable = err
		}
		problems = append(problems, k.problems...)
		for j := range d.Impact {
			_, found, err := compileImpact(ctx, c, d, j, table, sys)
			if err != nil {
				unreachable = err
			}
			problems = append(problems, found...)
		}
	}
	return problems, unreachable
}
