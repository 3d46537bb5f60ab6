package web

import (
	"net/http"
	"runtime/debug"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// systemModel is how the server is, for stewards.
type systemModel struct {
	checks []checkLine
	jobs   []jobLine
	counts []stateCount
	facts  []ui.Fact
}

type checkLine struct {
	name  string
	state ui.Word
	why   string
}

type jobLine struct {
	id, dataset, since, node string
	state                    ui.Word
	progress                 *ui.Progress
}

type stateCount struct {
	state ui.Word
	n     string
}

func (s *site) system(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "System")
	o, err := s.uc.Operations(r.Context(), p)
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	m := systemOf(o)
	m.facts = append(m.facts, ui.Fact{Name: "Largest file", Value: errs.Size(s.o.MaxUpload)}, ui.Fact{Name: "Version", Value: version()})
	s.render(w, r, http.StatusOK, systemView(h, m))
}

func systemOf(o wire.Operations) (m systemModel) {
	for _, c := range o.Checks {
		l := checkLine{name: c.Name, state: ui.Say("✓", "answers", "good"), why: ui.Plain(c.Why)}
		if !c.OK {
			l.state = ui.Say("✗", "does not answer", "bad")
		}
		m.checks = append(m.checks, l)
	}
	for _, j := range o.Jobs {
		l := jobLine{id: j.Change, dataset: j.Dataset, since: when(j.Since), node: j.Node, state: stateOf(j.State)}
		if j.Node == "" {
			l.node = "waits for its turn"
		}
		if j.Progress != nil {
			p := progressOf(*j.Progress)
			l.progress = &p
		}
		m.jobs = append(m.jobs, l)
	}
	for _, state := range []change.State{change.Planning, change.Planned, change.Submitted, change.Approved, change.Applying, change.Applied, change.PartlyApplied, change.Rejected, change.Failed, change.Undone, change.Withdrawn, change.Expired} {
		if n := o.Changes[string(state)]; n > 0 {
			m.counts = append(m.counts, stateCount{stateOf(string(state)), group(n)})
		}
	}
	m.facts = []ui.Fact{{Name: "Evidence", Value: group(o.Leaves) + " leaves"}, {Name: "Metadata", Value: sizeWords(o.Sizes.Metadata)}, {Name: "Files and plans", Value: sizeWords(o.Sizes.Artifacts)},
		{Name: "Running since", Value: when(o.Started)}, {Name: "This server", Value: o.Node}}
	return m
}

// sizeWords gives about how much is stored.
func sizeWords(bytes int64) string {
	if bytes < 0 {
		return "not known"
	}
	return errs.About(bytes)
}

// version is what Go has noted of the program's build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "not known"
	}
	return strings.TrimPrefix(strings.Trim(info.Main.Version, "()")+", "+info.GoVersion, ", ")
}
