package web

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// proposeModel is the form in which a change begins.
type proposeModel struct {
	dataset wire.Dataset
	label   string
	modes   []modeChoice
	recipes []choice
	keys    []choice // what rows can be found by; none where there is only the key
	with    []withModel
	sheet   string // of the first dataset, in a workbook for several
	form    url.Values
	title   string
	reason  string
	cells   string // pasted
	clear   bool
	leave   bool
	trouble *wire.Problem
	most    string // the largest file
}

// keyJoint joins the columns of a key in a form.
const keyJoint = "\x1f"

// keysOf offers by what the rows of a file are found, where there is a choice. The
// dataset's own key is the first, and chosen unless another one is.
func keysOf(d wire.Dataset, chosen []string) (all []choice) {
	if len(d.OtherKeys) == 0 {
		return nil
	}
	for i, key := range append([][]string{d.Key}, d.OtherKeys...) {
		var labels []string
		for _, name := range key {
			label := name
			if at := slices.IndexFunc(d.Columns, func(c wire.Column) bool { return c.Name == name }); at >= 0 {
				label = liveLabel(name, d.Columns[at].Label)
			}
			labels = append(labels, label)
		}
		value := strings.Join(key, keyJoint)
		if i == 0 {
			value = "" // as long as a recipe says nothing else
		}
		all = append(all, choice{value, strings.Join(labels, " and "), slices.Equal(slices.Sorted(slices.Values(key)), slices.Sorted(slices.Values(chosen)))})
	}
	return all
}

// modeChoice is a mode by what it will do.
type modeChoice struct {
	choice
	does string
}

// memoryForm is how much of a form is held in memory; files go to disk.
const (
	memoryForm = 1 << 20
	mostPasted = 8 << 20 // bytes of pasted cells
)

func (s *site) proposePage(w http.ResponseWriter, r *http.Request, p access.Principal) {
	s.showPropose(w, r, p, proposeModel{modes: modesOf(string(change.Upsert))}, nil)
}

// showPropose shows the form, with what went wrong.
func (s *site) showPropose(w http.ResponseWriter, r *http.Request, p access.Principal, m proposeModel, refused error) {
	name := r.PathValue("name")
	h := s.head(r, &p, "Change in bulk")
	d, err := s.uc.Dataset(r.Context(), p, name)
	if err == nil && !slices.Contains(d.May, "propose") {
		err = errs.New(errs.Forbidden, "Only makers of the department %s may propose changes to %s.", d.Department, labelOf(d)).
			WithMend("Ask a maker of that department, or the steward for the role.")
	}
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	m.dataset, m.label, m.most = d, labelOf(d), errs.Size(s.o.MaxUpload)
	m.modes = slices.DeleteFunc(m.modes, func(c modeChoice) bool {
		return c.value == string(change.Insert) && !slices.Contains(d.Allow, "insert") || c.value == string(change.Update) && !slices.Contains(d.Allow, "update")
	})
	h.Crumbs = []ui.Link{{Text: "Datasets", To: "/datasets"}, {Text: m.label, To: "/datasets/" + name}}
	recipes, err := s.uc.Recipes(r.Context(), p, name)
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	for _, one := range recipes {
		m.recipes = append(m.recipes, choice{one.ID, ui.Plain(one.Name), false})
	}
	m.keys = keysOf(d, strings.Split(m.form.Get("key"), keyJoint))
	if m.with, err = s.withOf(r.Context(), p, d, m.form); err != nil {
		s.failed(w, r, h, err)
		return
	}
	m.sheet = m.form.Get("sheet")
	status := http.StatusOK
	if refused != nil {
		trouble := s.trouble(r, refused)
		m.trouble, status = &trouble, trouble.Status
	}
	s.render(w, r, status, proposeView(h, m))
}

func modesOf(chosen string) []modeChoice {
	all := []modeChoice{
		{choice{string(change.Upsert), "Change and add", false}, "Rows whose key is there are changed; the others are added."},
		{choice{string(change.Update), "Change only", false}, "Rows whose key is not there are shown as wrong, and nothing is added."},
		{choice{string(change.Insert), "Add only", false}, "Rows whose key is there already are shown as wrong, and nothing is changed."},
	}
	for i := range all {
		all[i].chosen = all[i].value == chosen
	}
	return all
}

// propose takes a file, or pasted cells, and leads to the change that it became.
func (s *site) propose(w http.ResponseWriter, r *http.Request, p access.Principal) {
	m, c, err := s.proposed(w, r, p)
	if err != nil {
		s.showPropose(w, r, p, m, err)
		return
	}
	http.Redirect(w, r, "/changes/"+c.ID, http.StatusSeeOther)
}

func (s *site) proposed(w http.ResponseWriter, r *http.Request, p access.Principal) (m proposeModel, c wire.Change, err error) {
	m.modes = modesOf(string(change.Upsert))
	if err := s.mayPropose(r, p); err != nil { // before a large file is taken
		return m, c, err
	}
	if err := s.readUpload(w, r, s.o.MaxUpload+formBytes+mostPasted, memoryForm); err != nil {
		return m, c, s.notArrived(err)
	}
	defer func() { err = errors.Join(err, r.MultipartForm.RemoveAll()) }()
	form := r.PostForm
	m.form = form
	m.title, m.reason, m.cells = form.Get("title"), form.Get("reason"), form.Get("cells")
	m.clear, m.leave, m.modes = form.Get("empty") == "clear", form.Get("leave") != "", modesOf(form.Get("mode"))
	if utf8.RuneCountInString(m.reason) > maxComment {
		return m, c, errs.New(errs.Usage, "A reason has %s characters at most, so nothing was done.", group(maxComment)).WithMend("Write less.")
	}
	c, err = s.proposeFiles(r, p, m)
	return m, c, err
}

// proposeFiles proposes what a form holds.
func (s *site) proposeFiles(r *http.Request, p access.Principal, m proposeModel) (c wire.Change, err error) {
	form := r.PostForm
	in := workflow.Proposal{Dataset: r.PathValue("name"), Title: m.title, Reason: m.reason, Recipe: form.Get("recipe")}
	choose := func(o *change.Options) error {
		if in.Recipe == "" || form.Get("mode") != "" {
			o.Mode = change.Mode(form.Get("mode"))
		}
		if key := form.Get("key"); key != "" {
			o.Key = strings.Split(key, keyJoint)
		}
		o.ClearEmpty, o.LeaveOut = o.ClearEmpty || m.clear, o.LeaveOut || m.leave
		return nil
	}
	if in.Recipe != "" {
		in.Choose = choose
	} else if err := choose(&in.Options); err != nil {
		return c, err
	}
	files, sheets, err := together(r.MultipartForm, in.Dataset)
	if err != nil {
		return c, err
	}
	if len(files) > 0 {
		return s.proposeTogether(r.Context(), p, in, files, sheets)
	}
	var file io.ReadCloser
	if in.Name, file, err = fileOf(r.MultipartForm, m.cells); err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	in.File = file
	return s.uc.Propose(r.Context(), p, in)
}

func mayProposeTo(d wire.Dataset) bool { return slices.Contains(d.May, "propose") }

// mayPropose asks the list of datasets, which reads no live system, whether an upload
// makes sense at all.
func (s *site) mayPropose(r *http.Request, p access.Principal) error {
	all, err := s.uc.Datasets(r.Context(), p)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(d wire.Dataset) bool { return d.Name == r.PathValue("name") && mayProposeTo(d) }) {
		return errs.New(errs.Forbidden, "You may not propose changes to %s.", r.PathValue("name")).WithMend("Ask a maker of its department.")
	}
	return nil
}

// fileOf gives the file of a form, or the pasted cells as one.
func fileOf(form *multipart.Form, cells string) (string, io.ReadCloser, error) {
	if all := form.File["file"]; len(all) > 0 && all[0].Size > 0 {
		f, err := all[0].Open()
		return all[0].Filename, f, err
	}
	if strings.TrimSpace(cells) == "" {
		return "", nil, errs.New(errs.Usage, "There is no file and nothing was pasted.").WithMend("Drop a file, choose one, or paste cells with their header line.")
	}
	kind := "csv"
	if strings.Contains(cells, "\t") { // what a spreadsheet program puts on the clipboard
		kind = "tsv"
	}
	return "pasted." + kind, io.NopCloser(strings.NewReader(cells)), nil
}

// notArrived says why an upload did not come to its end.
func (s *site) notArrived(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return errs.New(errs.Invalid, "The file is larger than %s, the most this server takes.", errs.Size(s.o.MaxUpload)).
			WithMend("Split the file, or ask a steward to raise the server's limit (--max-upload).")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errs.New(errs.Unavailable, "The upload stalled, so it was given up and nothing was kept.").WithMend("Send the file again over a steadier line.")
	}
	return errs.New(errs.Usage, "The upload ended before the whole file was there, so nothing was kept.").WithMend("Send it again.").Because(err)
}

// readUpload reads a form with files whole, of at most so many bytes; what is beyond
// memory goes to disk.
func (s *site) readUpload(w http.ResponseWriter, r *http.Request, most, memory int64) error {
	r.Body = s.patient(w, r, most)
	if err := r.ParseMultipartForm(memory); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, r.Body) // what follows the last part
	return err
}

// patient gives a body of at most so many bytes that may take long to come, but each
// piece of it must come in time.
func (s *site) patient(w http.ResponseWriter, r *http.Request, most int64) io.ReadCloser {
	return &patient{ReadCloser: http.MaxBytesReader(w, r.Body, most), w: w, stall: s.o.Stall}
}

type patient struct {
	io.ReadCloser
	w     http.ResponseWriter
	stall time.Duration
}

func (b *patient) Read(p []byte) (int, error) {
	_ = http.NewResponseController(b.w).SetReadDeadline(time.Now().Add(b.stall)) // a connection without deadlines has no stalled clients
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		arrived(b.w)
	}
	return n, err
}
