package cli

import (
	"fmt"
	"os"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/wire"
)

type compactRehearseCmd struct {
	File string `arg:"" help:"The Compact to try."`
	Last int    `default:"200" help:"How many of the last changes, 1 to 1000."`
}

func (k *compactRehearseCmd) Run(c *console) error {
	text, err := os.ReadFile(k.File)
	if err != nil {
		return errs.New(errs.Invalid, "The Compact %s cannot be read.", k.File).WithMend("Check the path and the rights on it.").Because(err)
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	r, err := cl.Rehearse(c.ctx, string(text), k.Last)
	if err != nil {
		return err
	}
	return c.show(r, func(p *page) { showRehearsal(p, r) })
}

func showRehearsal(p *page, r wire.Rehearsal) {
	n := r.Counts
	p.line("Of %s, %d would go the same way, %d be blocked, %d be routed otherwise, %d pass; %d cannot be judged.",
		count(int64(len(r.Changes)), "change", "changes"), n.Same, n.Blocked, n.Routed, n.Passes, n.Unjudged)
	if n.Void > 0 {
		p.line("Decisions of %s would be void.", count(int64(n.Void), "waiting change", "waiting changes"))
	}
	for _, note := range r.Notes {
		p.line("%s", note)
	}
	for _, c := range r.Changes {
		if c.Verdict != wire.RehearsedSame || len(c.Rules) > 0 || c.Void {
			showRehearsed(p, c)
		}
	}
}

func showRehearsed(p *page, c wire.RehearsedChange) {
	p.line("\n%s (%s of %s, %s): %s", c.ID, c.Dataset, c.Maker, c.State, verdicts[c.Verdict])
	if c.Why != "" {
		p.line("  %s", c.Why)
	}
	if c.Void {
		p.line("  It waits, and its decisions would be void.")
	}
	if c.Then.Risk != c.Now.Risk && c.Verdict != wire.RehearsedUnjudged {
		p.line("  Its risk would be %d, not %d.", c.Now.Risk, c.Then.Risk)
	}
	for _, rule := range c.Rules {
		name := rule.Guardrail
		if rule.Column != "" {
			name += " of " + rule.Column
		}
		if rule.Dataset != "" {
			name = rule.Dataset + ": " + name
		}
		p.line("  %s: %s; %s. %s", name, hitNow(rule.Now), hitThen(rule.Then), rule.Message)
		if len(rule.Ranges) > 0 {
			p.line("    rows %s", strings.Join(rule.Ranges, ", "))
		}
	}
	for _, why := range c.Unjudged {
		if why != c.Why {
			p.line("  %s", why)
		}
	}
}

var verdicts = map[string]string{wire.RehearsedSame: "the same", wire.RehearsedBlocked: "would be blocked", wire.RehearsedRouted: "would be routed otherwise",
	wire.RehearsedPasses: "would pass", wire.RehearsedUnjudged: "cannot be judged"}

// hitNow says what a rule of the tried Compact would do, hitThen what it did.
func hitNow(h *wire.RuleHit) string {
	if h == nil {
		return "would not hit now"
	}
	return map[string]string{"block": "would block now", "approve": "would need approval now", "warn": "would warn now"}[h.Severity] + ofHit(h)
}

func hitThen(h *wire.RuleHit) string {
	if h == nil {
		return "did not hit then"
	}
	return map[string]string{"block": "blocked then", "approve": "needed approval then", "warn": "warned then"}[h.Severity] + ofHit(h)
}

// ofHit says by whom, and for how many rows.
func ofHit(h *wire.RuleHit) string {
	out := ""
	if h.By != "" {
		out = " by " + h.By
	}
	if h.Rows > 0 {
		out += fmt.Sprintf(" (%s)", count(h.Rows, "row", "rows"))
	}
	return out
}
