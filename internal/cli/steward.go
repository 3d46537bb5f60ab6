package cli

import (
	"net/url"
	"time"

	"sutor/internal/wire"
)

type compactVersionsCmd struct{}

func (compactVersionsCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	all, err := cl.CompactVersions(c.ctx)
	if err != nil {
		return err
	}
	return c.show(all, func(p *page) {
		t := table{head: []string{"IN FORCE SINCE", "VERSION"}}
		for _, v := range all {
			t.row(v.Since.UTC().Format(time.DateTime), v.Digest)
		}
		t.write(p)
	})
}

type evidenceSearchCmd struct {
	Person  string `placeholder:"EMAIL" help:"Who made it, or decided on it."`
	Dataset string `placeholder:"NAME" help:"Only changes of this dataset."`
	From    string `placeholder:"DAY" help:"Made on this day or later, as in 2026-01-31 (UTC)."`
	To      string `placeholder:"DAY" help:"Made on this day or earlier."`
	Key     string `placeholder:"KEY" help:"The key of a row that the plan touches; parts of a key are joined by ' + '."`
	Before  string `placeholder:"ID" help:"Go on before this change."`
}

func (k *evidenceSearchCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	q := url.Values{}
	for name, v := range map[string]string{"person": k.Person, "dataset": k.Dataset, "from": k.From, "to": k.To, "key": k.Key, "before": k.Before} {
		if v != "" {
			q.Set(name, v)
		}
	}
	found, err := cl.SearchEvidence(c.ctx, q)
	if err != nil {
		return err
	}
	return c.show(found, func(p *page) { showSearched(p, found) })
}

func showSearched(p *page, found wire.Searched) {
	if len(found.Changes) == 0 {
		p.line("No change is like this.")
	}
	t := table{head: []string{"ID", "STATE", "DATASET", "MAKER", "TITLE"}}
	for _, ch := range found.Changes {
		t.row(ch.ID, ch.State, ch.Dataset, ch.Maker, ch.Title)
	}
	t.write(p)
	if found.More {
		p.line("There may be further ones: --before %s", found.Before)
	}
}
