package web

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// evidenceModel is what auditors search and verify.
type evidenceModel struct {
	auditor  bool
	q        evidenceQuery
	datasets []choice
	lines    []changeLine
	asked    bool // something was looked for
	more     string
	trouble  *wire.Problem
	report   string // of a check of the whole log
	pack     *packModel
	key      string // of this log
}

// evidenceQuery is what is looked for, as typed.
type evidenceQuery struct{ person, dataset, from, to, key string }

// packModel is what the verification of a pack found.
type packModel struct {
	file  string
	state ui.Word
	why   string
	facts []ui.Fact
	steps []packStep
	notes []string
}

type packStep struct{ at, what, who string }

const mostPack = 256 << 20 // bytes of a pack that is verified here

func (s *site) evidence(w http.ResponseWriter, r *http.Request, p access.Principal) {
	q := r.URL.Query()
	m := evidenceModel{q: evidenceQuery{q.Get("person"), q.Get("dataset"), q.Get("from"), q.Get("to"), q.Get("key")}}
	m.asked = len(q) > 0
	s.showEvidence(w, r, p, m, s.sought(r, p, &m))
}

// sought looks for what the address says.
func (s *site) sought(r *http.Request, p access.Principal, m *evidenceModel) error {
	if !p.Is(access.Auditor) {
		return nil
	}
	from, err := dayOf(m.q.from, 0)
	if err != nil {
		return err
	}
	to, err := dayOf(m.q.to, 1)
	if err != nil {
		return err
	}
	found, err := s.uc.Searched(r.Context(), p, workflow.Search{Person: access.Fold(m.q.person), Dataset: m.q.dataset, From: from, To: to, Key: m.q.key, Before: change.ID(r.URL.Query().Get("before"))})
	m.lines = changeLines(found.Changes)
	if found.More {
		next := url.Values{"person": {m.q.person}, "dataset": {m.q.dataset}, "from": {m.q.from}, "to": {m.q.to}, "key": {m.q.key}, "before": {found.Before}}
		m.more = "/evidence?" + next.Encode()
	}
	return err
}

func dayOf(text string, later int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, errs.New(errs.Usage, "%q is no day.", text).WithMend("Write it as in 2026-01-31.")
	}
	return t.AddDate(0, 0, later), nil
}

func (s *site) showEvidence(w http.ResponseWriter, r *http.Request, p access.Principal, m evidenceModel, refused error) {
	h := s.head(r, &p, "Evidence")
	m.auditor = p.Is(access.Auditor)
	all, err := s.uc.Datasets(r.Context(), p)
	var head wire.Checkpoint
	if err == nil {
		head, err = s.uc.Checkpoint(r.Context(), p)
	}
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	m.key = head.Key
	m.datasets = []choice{{"", "All datasets", m.q.dataset == ""}}
	for _, d := range all {
		m.datasets = append(m.datasets, choice{d.Name, labelOf(d), d.Name == m.q.dataset})
	}
	status := http.StatusOK
	if refused != nil {
		trouble := s.trouble(r, refused)
		m.trouble, status = &trouble, trouble.Status
	}
	s.render(w, r, status, evidenceView(h, m))
}

// checkEvidence checks the whole log.
func (s *site) checkEvidence(w http.ResponseWriter, r *http.Request, p access.Principal) {
	var report bytes.Buffer
	err := s.uc.Fsck(r.Context(), p, &report)
	s.showEvidence(w, r, p, evidenceModel{report: report.String()}, err)
}

// verifyPack verifies a pack that somebody sends, by this log's own key.
func (s *site) verifyPack(w http.ResponseWriter, r *http.Request, p access.Principal) {
	m := evidenceModel{}
	s.showEvidence(w, r, p, m, s.verified(w, r, p, &m))
}

func (s *site) verified(w http.ResponseWriter, r *http.Request, p access.Principal, m *evidenceModel) (err error) {
	head, err := s.uc.Checkpoint(r.Context(), p)
	if err != nil {
		return err
	}
	if err := s.readUpload(w, r, mostPack, memoryForm); err != nil {
		return s.notArrived(err)
	}
	defer func() { err = errors.Join(err, r.MultipartForm.RemoveAll()) }()
	all := r.MultipartForm.File["pack"]
	if len(all) == 0 || all[0].Size == 0 {
		return errs.New(errs.Usage, "There is no pack to verify.").WithMend("Choose the zip that was exported.")
	}
	file, err := all[0].Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	report, failure := evidence.Verify(file, all[0].Size, head.Key)
	m.pack = packOf(ui.Plain(all[0].Filename), report, failure)
	return nil
}

func packOf(file string, r evidence.Report, failure error) *packModel {
	m := &packModel{file: file, state: ui.Say("✓", "verified", "good"), notes: r.Notes}
	if failure != nil {
		m.state, m.why = ui.Say("✗", "does not verify", "bad"), errs.Public(failure).Error()
		return m
	}
	for _, f := range []ui.Fact{{Name: "Change", Value: string(r.Change)}, {Name: "State at the export", Value: stateOf(string(r.State)).Text}, {Name: "Plan that was applied", Value: string(r.Applied)}, {Name: "Exported", Value: r.Exported}, {Name: "Log", Value: r.Origin}} {
		if f.Value != "" {
			m.facts = append(m.facts, f)
		}
	}
	for _, step := range r.Steps {
		m.steps = append(m.steps, packStep{step.At, step.What, ui.Plain(step.Who)})
	}
	return m
}
