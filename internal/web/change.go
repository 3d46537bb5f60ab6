package web

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/record"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const (
	rowsSize = 100
	mendSize = 50 // rows that are mended on one page
	longWait = 25 * time.Second
)

// tab is a part of the page of a change.
type tab string

const (
	tabRows       tab = "rows"
	tabFindings   tab = "findings"
	tabImpact     tab = "impact"
	tabDiscussion tab = "discussion"
	tabHistory    tab = "history"
)

var tabs = []struct {
	tab
	label string
}{{tabRows, "Rows"}, {tabFindings, "Findings"}, {tabImpact, "Impact"}, {tabDiscussion, "Discussion"}, {tabHistory, "History"}}

func (s *site) change(w http.ResponseWriter, r *http.Request, p access.Principal) {
	var wait time.Duration
	if r.URL.Query().Has("wait") {
		wait = longWait
	}
	at := tab(r.PathValue("tab"))
	if at == "" {
		at = tabRows
	}
	if !slices.ContainsFunc(tabs, func(t struct {
		tab
		label string
	}) bool {
		return t.tab == at
	}) {
		s.failed(w, r, s.head(r, &p, ""), errs.New(errs.NotFound, "There is no page %s.", r.URL.Path).WithMend("Begin at the start."))
		return
	}
	s.showChange(w, r, p, at, wait, nil)
}

// showChange shows a part of a change, and above it what went wrong with the
// person's last step, if anything did.
func (s *site) showChange(w http.ResponseWriter, r *http.Request, p access.Principal, at tab, wait time.Duration, refused error) {
	h := s.head(r, &p, "Change "+r.PathValue("id"))
	c, err := s.uc.Change(r.Context(), p, change.ID(r.PathValue("id")), wait)
	if err != nil {
		if refused != nil {
			err = refused
		}
		s.failed(w, r, h, err)
		return
	}
	view := changeOf(c, at, p)
	s.fill(r, p, c, &view)
	status := http.StatusOK
	if refused != nil {
		trouble := s.trouble(r, refused)
		view.trouble, status = &trouble, trouble.Status
		view.typed = r.PostForm.Get("comment")
	}
	h.Crumbs = []ui.Link{{Text: "Changes", To: "/changes"}}
	h.Again = view.again
	s.render(w, r, status, changeView(h, view))
}

// fill reads what the chosen part shows; what cannot be read is said in its place.
func (s *site) fill(r *http.Request, p access.Principal, c wire.Change, view *changeModel) {
	c, view.dataset = memberOf(c, view.tab, r.URL.Query().Get("dataset"))
	ctx, id := r.Context(), change.ID(c.ID)
	of := id.On(view.dataset)
	var err error
	if c.Result != nil && len(c.Result.ConflictRows) > 0 {
		if rows, err := s.uc.Conflicts(ctx, p, id); err == nil { // who sees no values is told the rows' numbers
			view.conflicts = conflictsOf(c, rows)
		}
	}
	view.since = s.sinceOf(ctx, p, view.Change)
	switch view.tab {
	case tabRows:
		if c.Plan == nil {
			return
		}
		want := wantedRows(r.URL.Query())
		var page wire.Rows
		if page, err = s.uc.Browse(ctx, p, of, want); err == nil {
			view.rows = rowsOf(c, page, want, view.dataset)
		}
		view.rows.filter = filterOf(c, want)
	case tabImpact:
		var all []wire.Spread
		if c.Plan == nil {
			return
		}
		if all, err = s.uc.Spreads(ctx, p, id); err == nil {
			view.spreads = spreadsOf(all)
		} else if errs.KindOf(err) == errs.Forbidden { // who sees no values weighs the change without
			err = nil
		}
	case tabFindings:
		var m wire.Mendable
		if m, err = s.uc.Mendable(ctx, p, of, mendSize); err == nil {
			view.mend = mendOf(c, m)
		}
	case tabDiscussion:
		var said []wire.Comment
		if said, err = s.uc.Discussion(ctx, p, id); err == nil {
			view.said = saidOf(said)
		}
	case tabHistory:
		var history wire.History
		if history, err = s.uc.History(ctx, p, id); err == nil {
			view.history = historyOf(history)
		}
	}
	if err != nil {
		view.why, view.withheld = errs.Public(err).Error(), errs.KindOf(err) == errs.Forbidden
	}
}

// wantedRows reads which rows an address asks for.
func wantedRows(q url.Values) workflow.RowsWanted {
	offset, err := strconv.ParseInt(q.Get("offset"), 10, 64)
	if err != nil || offset < 0 {
		offset = 0
	}
	want := workflow.RowsWanted{Op: q.Get("op"), Finding: q.Get("finding"), Changed: q.Get("changed"), Limit: rowsSize, Offset: offset}
	if !slices.Contains(ops, want.Op) {
		want.Op = ""
	}
	if has := q.Get("has"); has != "" && q.Get("column") != "" {
		want.Column, want.Has = q.Get("column"), has
	}
	return want
}

// act does what a button asks for and leads back to the change, or to the new
// one.
func (s *site) act(w http.ResponseWriter, r *http.Request, p access.Principal) {
	err := readForm(w, r)
	var c wire.Change
	act := change.Act(r.PathValue("act"))
	if err == nil {
		c, err = s.do(r, p, change.ID(r.PathValue("id")), act)
	}
	at := tabRows
	switch {
	case act == change.ActComment:
		at = tabDiscussion
	case act == change.ActTry && err == nil && c.Trial != nil && c.Trial.Outcome != "passed":
		at = tabFindings
	}
	if err != nil {
		s.showChange(w, r, p, at, 0, err)
		return
	}
	s.told(r, didOf(act, c))
	to := "/changes/" + c.ID
	switch at {
	case tabDiscussion:
		to += "/" + string(at) + "#end"
	case tabFindings:
		to += "/" + string(at)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// actDecide approves and applies at once; it is no act of its own.
const actDecide change.Act = "approve-apply"

func (s *site) do(r *http.Request, p access.Principal, id change.ID, act change.Act) (wire.Change, error) {
	ctx, comment := r.Context(), r.PostForm.Get("comment")
	digest := record.Digest(r.PostForm.Get("digest"))
	switch act {
	case change.ActTry:
		return s.uc.Try(ctx, p, id)
	case change.ActSubmit:
		return s.uc.Submit(ctx, p, id, digest, comment)
	case change.ActWithdraw:
		return s.uc.Withdraw(ctx, p, id, digest, comment)
	case change.ActReplan:
		return s.uc.Replan(ctx, p, id, workflow.Again{})
	case change.ActApprove:
		return s.uc.Approve(ctx, p, id, digest, comment)
	case actDecide:
		c, err := s.uc.Approve(ctx, p, id, digest, comment)
		if err != nil || c.State != string(change.Approved) {
			return c, err
		}
		return s.uc.Apply(ctx, p, id, digest, "")
	case change.ActReject:
		return s.uc.Reject(ctx, p, id, digest, comment)
	case change.ActApply:
		return s.uc.Apply(ctx, p, id, digest, comment)
	case change.ActStop:
		return s.uc.Stop(ctx, p, id, comment)
	case change.ActUndo:
		return s.uc.Undo(ctx, p, id, comment)
	case change.ActComment:
		said, err := s.uc.Comment(ctx, p, id, comment)
		if err == nil && len(said.CannotSee) > 0 {
			s.told(r, "Not told, because they may not see the change: "+strings.Join(said.CannotSee, ", "))
		}
		return wire.Change{ID: string(id)}, err
	}
	return wire.Change{}, errs.New(errs.NotFound, "There is no step %q.", act)
}

// didOf says at the next page what was done.
func didOf(a change.Act, c wire.Change) string {
	if a == actDecide && c.State == string(change.Submitted) {
		return "Approved. It waits for others, so it is not applied yet."
	}
	return map[change.Act]string{change.ActSubmit: "Submitted.", change.ActWithdraw: "Withdrawn.", change.ActReplan: "It is planned again.", change.ActTry: "It was tried, and rolled back.", change.ActApprove: "Approved.",
		actDecide: "Approved, and it is being applied.", change.ActStop: "It will be stopped before its commit, if that is still ahead.",
		change.ActReject: "Sent back.", change.ActApply: "It is being applied.", change.ActUndo: "This is the reversal: look at it, then submit and apply it."}[a]
}

// mended takes the cells that were changed on the page, or a file of mended rows,
// and has the change planned again.
func (s *site) mended(w http.ResponseWriter, r *http.Request, p access.Principal) {
	id := change.ID(r.PathValue("id")).On(r.URL.Query().Get("dataset"))
	in, err := s.readMends(w, r)
	var c wire.Change
	if err == nil {
		c, err = s.uc.Mend(r.Context(), p, id, in)
	}
	if err != nil {
		s.showChange(w, r, p, tabFindings, 0, err)
		return
	}
	s.told(r, "Mended. It is planned again.")
	http.Redirect(w, r, "/changes/"+c.ID, http.StatusSeeOther)
}

// readMends reads the form of mended cells: cell.LINE.COLUMN as typed, beside
// was.LINE.COLUMN as it stood, and the columns' names as column.COLUMN.
func (s *site) readMends(w http.ResponseWriter, r *http.Request) (in workflow.Mends, err error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return s.mendFile(w, r)
	}
	r.Body = http.MaxBytesReader(w, r.Body, mendBytes)
	if err := r.ParseForm(); err != nil {
		return in, errs.New(errs.Usage, "What was typed did not arrive whole, so nothing was done.").WithMend("Send it again, or mend the rows as a file.").Because(err)
	}
	arrived(w)
	for name := range r.PostForm {
		at, is := strings.CutPrefix(name, "cell.")
		line, column, whole := strings.Cut(at, ".")
		number, err := strconv.ParseInt(line, 10, 64)
		if !is || !whole || err != nil || !r.PostForm.Has("was."+at) {
			continue
		}
		if text := r.PostForm.Get(name); text != r.PostForm.Get("was."+at) {
			m := intake.Mend{Line: number, Column: r.PostForm.Get("column." + column)}
			if text != "" {
				m.Text = &text
			}
			in.Cells = append(in.Cells, m)
		}
	}
	if len(in.Cells) == 0 {
		return in, errs.New(errs.Usage, "No cell was changed, so nothing was done.").WithMend("Correct a cell, then mend.")
	}
	slices.SortFunc(in.Cells, func(a, b intake.Mend) int {
		if a.Line != b.Line {
			return int(a.Line - b.Line)
		}
		return strings.Compare(a.Column, b.Column)
	})
	return in, nil
}

const mendBytes = 4 << 20 // of the form; rows in the thousands come as a file

// mendFile gives the file of mended rows as it comes.
func (s *site) mendFile(w http.ResponseWriter, r *http.Request) (in workflow.Mends, err error) {
	r.Body = s.patient(w, r, s.o.MaxUpload+formBytes)
	parts, err := r.MultipartReader()
	if err == nil {
		for {
			part, perr := parts.NextPart()
			if perr != nil {
				err = perr
				break
			}
			if part.FormName() == "file" && part.FileName() != "" {
				return workflow.Mends{Name: part.FileName(), File: &last{part, r.Body}}, nil
			}
		}
	}
	return in, errs.New(errs.Usage, "No file arrived, so nothing was done.").WithMend("Choose the file with the mended rows.").Because(err)
}

// last is the last part of a body that anybody wants: at its end the body is read to its
// own, so that it has arrived.
type last struct{ part, body io.Reader }

func (l *last) Read(p []byte) (int, error) {
	n, err := l.part.Read(p)
	if err == io.EOF {
		if _, rest := io.Copy(io.Discard, l.body); rest != nil {
			err = rest
		}
	}
	return n, err
}
