package workflow

import (
	"fmt"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/finding"
)

// CheckRoutes warns of guardrails that each have somebody to decide, and nobody
// once they are hit together: nobody decides for two roles. It asks the very route
// that changes take. What one guardrail alone leaves open is told by
// [compact.Parse].
func CheckRoutes(c *compact.Compact) (problems []compact.Problem) {
	for i := range c.Datasets {
		d := &c.Datasets[i]
		var asking []compact.Guardrail
		for _, g := range d.Guardrails {
			if g.Then == finding.Approve {
				asking = append(asking, g)
			}
		}
		blocked := ""
		var who []string
		for _, p := range c.People {
			if !p.Is(access.Maker) || !p.In(d.Department) || aloneBlocked(c, d, p.Email, asking) {
				continue
			}
			if why := blockedBy(c, d, p.Email, asking...); why != "" {
				blocked, who = why, append(who, string(p.Email))
			}
		}
		if blocked != "" {
			names := make([]string, len(asking))
			for i, g := range asking {
				names[i] = g.Name
			}
			p := c.Problem(d.Path.To("guardrails"), fmt.Sprintf("A change of %s that meets the guardrails %s at once would be blocked. %s", strings.Join(who, ", "), strings.Join(names, ", "), blocked),
				"Name more people for the roles, or ask fewer of them.")
			p.Warning = true
			problems = append(problems, p)
		}
	}
	return problems
}

func aloneBlocked(c *compact.Compact, d *compact.Dataset, maker access.Email, asking []compact.Guardrail) bool {
	if blockedBy(c, d, maker) != "" {
		return true
	}
	for _, g := range asking {
		if blockedBy(c, d, maker, g) != "" {
			return true
		}
	}
	return false
}

// blockedBy says why nobody could decide on a change of a maker that meets these
// guardrails; "" where somebody could.
func blockedBy(c *compact.Compact, d *compact.Dataset, maker access.Email, hit ...compact.Guardrail) string {
	in := change.RouteInput{Maker: maker, Owners: d.Needs, Deciders: func(r access.Role) []access.Email { return c.Deciders(d.Name, r) }}
	for _, g := range hit {
		in.Findings = append(in.Findings, finding.Finding{Guardrail: g.Name, Severity: g.Then, By: string(g.By), Needs: g.Needs})
	}
	return change.RouteFor(in).Blocked
}
