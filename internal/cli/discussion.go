package cli

import (
	"strings"

	"sutor/internal/client"
	"sutor/internal/wire"
)

type changeCommentCmd struct {
	ID   string `arg:"" help:"The change."`
	Text string `arg:"" optional:"" help:"What you say; without it, what was said is shown. @ before an address or a name tells that person."`
}

func (k *changeCommentCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if k.Text == "" {
		all, err := cl.Discussion(c.ctx, k.ID)
		if err != nil {
			return err
		}
		return c.show(all, func(p *page) { showDiscussion(p, k.ID, all) })
	}
	said, err := cl.Comment(c.ctx, k.ID, k.Text)
	if err != nil {
		return err
	}
	return c.show(said, func(p *page) {
		p.line("You commented on change %s.%s", k.ID, after(" Told: ", strings.Join(said.Mentioned, ", ")))
		if len(said.CannotSee) > 0 {
			p.line("! Not told, because they may not see the change: %s", strings.Join(said.CannotSee, ", "))
		}
	})
}

func showDiscussion(p *page, id string, all []wire.Comment) {
	if len(all) == 0 {
		p.line("Nobody has said anything about change %s. Begin with: sutor change comment %s 'TEXT'", id, id)
	}
	for _, s := range all {
		who := s.Name
		if who == "" {
			who = "(erased)"
		}
		p.line("%s, %s%s", who, when(s.At), after(": ", s.With))
		for _, text := range strings.Split(s.Text, "\n") {
			p.line("    %s", text)
		}
	}
}

type changeHistoryCmd struct {
	ID string `arg:"" help:"The change."`
}

func (k *changeHistoryCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	h, err := cl.History(c.ctx, k.ID)
	if err != nil {
		return err
	}
	return c.show(h, func(p *page) { showHistory(p, h) })
}

func showHistory(p *page, h wire.History) {
	for _, e := range h.Entries {
		p.line("%s  %s", when(e.At), e.Says)
		for _, text := range []string{e.Comment, e.Message} {
			if text != "" {
				p.line("    %s", text)
			}
		}
		p.line("    leaf %d, %s…", e.Leaf, e.Hash[:16])
	}
	p.line("Each entry is proved to be in the log of %s, whose head is signed.", count(h.Size, "leaf", "leaves"))
	p.line("Take the proof out: sutor evidence export %s -o %s.zip", h.Change, h.Change)
}

type changeStopCmd struct{ acting }

func (k *changeStopCmd) Run(c *console) error {
	return k.do(c, "will be stopped before its commit", func(cl *client.Client) (wire.Change, error) { return cl.Stop(c.ctx, k.ID, k.Comment) })
}
