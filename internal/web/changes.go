package web

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const listSize = 50

// changesModel is a list of changes.
type changesModel struct {
	lines    []changeLine
	older    bool // it does not begin with the newest
	filtered bool
	tabs     []ui.Link
	pager    ui.Pager
	mine     bool
	states   []choice
	datasets []choice
}

// choice is one of a list to choose from.
type choice struct {
	value, text string
	chosen      bool
}

type changeLine struct {
	id, title, dataset, maker, made string
	machine                         string // when it was made, for machines
	state                           ui.Word
	rows                            string
}

// stateGroups are the states that people look for together; the first stands for all.
var stateGroups = []struct {
	name, text string
	states     []change.State
}{
	{"", "Any state", nil},
	{"open", "On their way", []change.State{change.Planning, change.Planned, change.Submitted, change.Approved, change.Applying, change.Rejected, change.Failed}},
	{"submitted", "Waiting for a decision", []change.State{change.Submitted}},
	{"approved", "Approved", []change.State{change.Approved}},
	{"applied", "Applied", []change.State{change.Applied, change.PartlyApplied}},
	{"back", "Sent back or failed", []change.State{change.Rejected, change.Failed}},
	{"undone", "Undone", []change.State{change.Undone}},
	{"over", "Withdrawn or expired", []change.State{change.Withdrawn, change.Expired}},
}

func (s *site) changes(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "Changes")
	datasets, err := s.uc.Datasets(r.Context(), p)
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	q := r.URL.Query()
	all, err := s.uc.Changes(r.Context(), p, changesFilter(q, p, datasets))
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	s.render(w, r, http.StatusOK, changesView(h, changesOf(q, all, datasets)))
}

// changesFilter reads what the list is cut to from its address. A dataset that there
// is not is one without changes.
func changesFilter(q url.Values, p access.Principal, datasets []wire.Dataset) workflow.Filter {
	f := workflow.Filter{Limit: listSize, Before: change.ID(q.Get("before"))}
	if q.Get("mine") != "" {
		f.Maker = p.Email
	}
	for _, g := range stateGroups {
		if g.name == q.Get("state") {
			f.States = g.states
		}
	}
	if name := q.Get("dataset"); name != "" {
		f.Datasets = []string{}
		if slices.ContainsFunc(datasets, func(d wire.Dataset) bool { return d.Name == name }) {
			f.Datasets = []string{name}
		}
	}
	return f
}

func changesOf(q url.Values, all []wire.Change, datasets []wire.Dataset) changesModel {
	m := changesModel{lines: changeLines(all), older: q.Get("before") != "", mine: q.Get("mine") != ""}
	m.filtered = m.mine || q.Get("state") != "" || q.Get("dataset") != ""
	m.tabs = []ui.Link{{Text: "All you may see", To: ui.With("/changes", q, "mine", ""), Here: !m.mine}, {Text: "Yours", To: ui.With("/changes", q, "mine", "1"), Here: m.mine}}
	for _, g := range stateGroups {
		m.states = append(m.states, choice{g.name, g.text, q.Get("state") == g.name})
	}
	m.datasets = []choice{{"", "All datasets", q.Get("dataset") == ""}}
	for _, d := range datasets {
		m.datasets = append(m.datasets, choice{d.Name, labelOf(d), q.Get("dataset") == d.Name})
	}
	if len(all) == listSize {
		next := url.Values{}
		for _, name := range []string{"mine", "state", "dataset"} {
			if q.Get(name) != "" {
				next.Set(name, q.Get(name))
			}
		}
		next.Set("before", all[len(all)-1].ID)
		m.pager = ui.Pager{Of: "changes", Next: "/changes?" + next.Encode(), Swap: "list"}
	}
	return m
}

func changeLines(all []wire.Change) (out []changeLine) {
	for _, c := range all {
		l := changeLine{id: c.ID, title: ui.Plain(c.Title), dataset: c.Dataset, maker: c.Maker, made: when(c.CreatedAt), machine: c.CreatedAt.UTC().Format(time.RFC3339), state: stateOf(c.State)}
		if l.title == "" {
			l.title = "Change " + c.ID
		}
		if c.Plan != nil {
			l.rows = group(c.Plan.Counts.Insert + c.Plan.Counts.Update + c.Plan.Counts.Delete)
		}
		out = append(out, l)
	}
	return out
}
