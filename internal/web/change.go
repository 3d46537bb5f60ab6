package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const (
	rowsSize  = 100
	longWait  = 25 * time.Second
	shortWait = time.Second
)

func (s *site) change(w http.ResponseWriter, r *http.Request, p access.Principal) {
	var wait time.Duration
	if r.URL.Query().Has("wait") {
		wait = longWait
		if r.Header.Get("Sutor-Again") != "" { // a script that shows how far it is
			wait = shortWait
		}
	}
	s.showChange(w, r, p, wait, nil)
}

// showChange shows a change, and above it what went wrong with the person's last
// step, if anything did.
func (s *site) showChange(w http.ResponseWriter, r *http.Request, p access.Principal, wait time.Duration, refused error) {
	h := s.head(r, &p, "Change "+r.PathValue("id"))
	c, err := s.uc.Change(r.Context(), p, change.ID(r.PathValue("id")), wait)
	if err != nil {
		if refused != nil {
			err = refused
		}
		s.failed(w, r, h, err)
		return
	}
	op := r.URL.Query().Get("op")
	if !slices.Contains(ops, op) {
		op = ""
	}
	offset, err := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 64)
	if err != nil || offset < 0 {
		offset = 0
	}
	view := changeOf(c, op)
	if c.Plan != nil {
		page, err := s.uc.Rows(r.Context(), p, change.ID(c.ID), op, rowsSize, offset)
		if err != nil {
			view.rows.why = errs.Public(err).Error()
		} else {
			view.rows = rowsOf(c, page, op)
		}
	}
	status := http.StatusOK
	if refused != nil {
		trouble := s.trouble(r, refused)
		view.trouble, status = &trouble, trouble.Status
	}
	h.Crumbs = []ui.Link{{Text: "Changes", To: "/changes"}}
	h.Again = view.again
	s.render(w, r, status, changeView(h, view))
}

// act does what a button asks for and leads back to the change, or to the new
// one.
func (s *site) act(w http.ResponseWriter, r *http.Request, p access.Principal) {
	err := readForm(w, r)
	var c wire.Change
	if err == nil {
		c, err = s.do(r, p, change.ID(r.PathValue("id")), r.PathValue("act"))
	}
	if err != nil {
		s.showChange(w, r, p, 0, err)
		return
	}
	s.told(r, didOf(change.Act(r.PathValue("act"))))
	http.Redirect(w, r, "/changes/"+c.ID, http.StatusSeeOther)
}

func (s *site) do(r *http.Request, p access.Principal, id change.ID, act string) (wire.Change, error) {
	ctx, comment := r.Context(), r.PostForm.Get("comment")
	digest := record.Digest(r.PostForm.Get("digest"))
	switch change.Act(act) {
	case change.ActSubmit:
		return s.uc.Submit(ctx, p, id, comment)
	case change.ActWithdraw:
		return s.uc.Withdraw(ctx, p, id, comment)
	case change.ActReplan:
		return s.uc.Replan(ctx, p, id, workflow.Again{})
	case change.ActApprove:
		return s.uc.Approve(ctx, p, id, digest, comment)
	case change.ActReject:
		return s.uc.Reject(ctx, p, id, digest, comment)
	case change.ActApply:
		return s.uc.Apply(ctx, p, id, comment)
	case change.ActUndo:
		return s.uc.Undo(ctx, p, id, comment)
	}
	return wire.Change{}, errs.New(errs.NotFound, "There is no step %q.", act)
}

// didOf says at the next page what was done.
func didOf(a change.Act) string {
	return map[change.Act]string{change.ActSubmit: "Submitted.", change.ActWithdraw: "Withdrawn.", change.ActReplan: "It is planned again.", change.ActApprove: "Approved.",
		change.ActReject: "Sent back.", change.ActApply: "It is being applied.", change.ActUndo: "This is the reversal: look at it, then submit and apply it."}[a]
}
