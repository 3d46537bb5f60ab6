package cli

import (
	"strings"
	"time"

	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// moment makes a time that a person wrote RFC 3339: with an offset, of this machine's
// zone, or so long from now.
func moment(text string) (string, error) {
	if text == "" || text == "none" {
		return text, nil
	}
	if later, ok := strings.CutPrefix(text, "+"); ok {
		if d, err := time.ParseDuration(later); err == nil {
			return time.Now().Add(d).Format(time.RFC3339), nil
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05"} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return at.Format(time.RFC3339), nil
		}
	}
	return "", errs.New(errs.Usage, "--apply-at is no time: %q.", text).
		WithMend("Write it as '2026-12-31 18:00', as 2026-12-31T18:00:00+01:00, as +2h, or none.")
}

type changeHoldCmd struct{ acting }

func (k *changeHoldCmd) Run(c *console) error {
	return k.do(c, "held back", func(cl *client.Client) (wire.Change, error) { return cl.Hold(c.ctx, k.ID, k.Comment) })
}

type purgeCmd struct {
	DryRun bool `help:"Only count what would be removed."`
}

func (k *purgeCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	out, err := cl.Purge(c.ctx, k.DryRun)
	if err != nil {
		return err
	}
	return c.show(out, func(p *page) {
		did := "Removed"
		if out.DryRun {
			did = "Would be removed"
		}
		p.line("%s: %s of %s.", did, count(out.Artefacts, "file or plan", "files and plans"), count(out.Changes, "change", "changes"))
		if out.Texts+out.Notices > 0 {
			p.line("%s: names, reasons and comments of %s; %s.", did, count(out.Texts, "change", "changes"), count(out.Notices, "notice", "notices"))
		}
	})
}
