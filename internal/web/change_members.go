package web

import (
	"net/url"
	"slices"
	"strings"

	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// memberModel is one dataset of a change over several, with the ways to its rows and
// to how its file is read.
type memberModel struct {
	name, mode, file string
	counts           []countLink
	rows, reading    string // where they are; "" where there are none
}

func membersOf(c wire.Change) (out []memberModel) {
	for _, m := range c.Members {
		line := memberModel{name: m.Dataset, mode: m.Mode, rows: changePath(c.ID, "", "dataset", m.Dataset) + "#rows"}
		if m.Input != nil {
			line.file = ui.Plain(m.Input.Name)
		}
		if m.Plan != nil {
			one, _ := memberOf(c, tabRows, m.Dataset)
			if line.counts = countsOf(one, m.Dataset); len(m.Plan.Mapping) > 0 {
				line.reading = changePath(c.ID, "reading", "dataset", m.Dataset)
			}
		}
		out = append(out, line)
	}
	return out
}

// memberOf gives a change as it is over one of its datasets: the named one, else the
// first of which the tab has something to show. A change over one dataset gives itself.
func memberOf(c wire.Change, at tab, dataset string) (one wire.Change, name string) {
	if len(c.Members) == 0 {
		return c, ""
	}
	shows := func(m wire.Member) bool {
		n := wire.Counts{}
		if m.Plan != nil {
			n = m.Plan.Counts
		}
		if at == tabFindings {
			return n.Invalid > 0
		}
		return n.Insert+n.Update+n.Delete > 0
	}
	i := slices.IndexFunc(c.Members, func(m wire.Member) bool { return m.Dataset == dataset })
	if i < 0 {
		i = max(0, slices.IndexFunc(c.Members, shows))
	}
	m := c.Members[i]
	c.Dataset, c.Mode, c.Input, c.Plan, c.Findings, c.Result, c.Members = m.Dataset, m.Mode, m.Input, m.Plan, m.Findings, m.Result, nil
	return c, m.Dataset
}

// changePath gives the address of a change's page, or of a part of it; of pairs of
// name and value those without a value are left out.
func changePath(id, part string, pairs ...string) string {
	path, q := "/changes/"+url.PathEscape(id), url.Values{}
	if part != "" {
		path += "/" + part
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

// sentenceOfAll says what a change does in each of its datasets.
func sentenceOfAll(c wire.Change) string {
	var all []string
	for _, m := range c.Members {
		one, _ := memberOf(c, tabRows, m.Dataset)
		if says := sentenceOf(one); says != "" {
			all = append(all, strings.ReplaceAll(m.Dataset, "_", " ")+": "+says)
		}
	}
	return strings.Join(all, " ")
}

// stepOf says who decides in a step of a route.
func stepOf(s wire.Step) string {
	if s.Dataset == "" {
		return s.Role
	}
	return s.Role + " of " + s.Dataset
}
