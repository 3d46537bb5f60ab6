package web

import (
	"net/http"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

type datasetsModel struct {
	q   string
	all []datasetLine
}

type datasetLine struct {
	to, name, label, department, owners string
	may                                 string // in words
	propose                             string // where; "" where the person may not
	frozen                              bool
}

func (s *site) datasets(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "Datasets")
	all, err := s.uc.Datasets(r.Context(), p)
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	m := datasetsModel{q: strings.TrimSpace(r.URL.Query().Get("q"))}
	for _, d := range all {
		if has(strings.Join(append([]string{d.Name, labelOf(d), d.Department, d.System}, d.Owners...), " "), m.q) {
			m.all = append(m.all, datasetLineOf(d))
		}
	}
	s.render(w, r, http.StatusOK, datasetsView(h, m))
}

func datasetLineOf(d wire.Dataset) datasetLine {
	l := datasetLine{to: "/datasets/" + d.Name, name: d.Name, label: labelOf(d), department: d.Department, owners: strings.Join(d.Owners, ", "), frozen: d.Frozen != nil}
	l.may = "look at what it is"
	if slices.Contains(d.May, "rows") {
		l.may = "see its rows"
	}
	if slices.Contains(d.May, "propose") {
		l.may, l.propose = "propose changes", l.to+"/propose"
	}
	return l
}

// labelOf gives a dataset's name for people.
func labelOf(d wire.Dataset) string {
	if d.Label != "" {
		return ui.Plain(d.Label)
	}
	return d.Name
}
