package workflow

import (
	"context"
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/wire"
)

// Bounds of asking for access.
const (
	mostDays     = 365
	mostOpen     = 20 // requests of one person that nobody has answered
	mostColumns  = 50
	longestAsked = 100 // characters of a name that is asked for
)

// AskAccess asks the owners of a dataset to let the person see it, or columns of
// it, for so many days. Whether there is such a dataset, or such a column, is not
// told: the answer is the same.
func (w *Workflow) AskAccess(ctx context.Context, p access.Principal, dataset string, columns []string, days int, reason string) (wire.Access, error) {
	r := &access.Request{Person: p.Email, Dataset: oneLine(dataset, longestAsked), Days: days, Reason: oneLine(reason, 1000), State: access.Asked}
	for _, c := range columns {
		if c = oneLine(c, longestAsked); c != "" && !slices.Contains(r.Columns, c) {
			r.Columns = append(r.Columns, c)
		}
	}
	if err := askable(r); err != nil {
		return wire.Access{}, err
	}
	return w.access(ctx, p, func(tx Tx, p access.Principal) (*access.Request, error) {
		open, err := tx.Requests(RequestFilter{Person: p.Email, States: []access.RequestState{access.Asked}})
		if err != nil {
			return nil, err
		}
		open = slices.DeleteFunc(open, func(o *access.Request) bool { return o.At(w.Now()) != access.Asked })
		if len(open) >= mostOpen {
			return nil, errs.New(errs.Blocked, "You wait for the answer to %d requests already.", len(open)).
				WithMend("Wait for their owners, or end some: sutor access end %s", open[len(open)-1].ID)
		}
		if r.ID, err = tx.NewRequestID(); err != nil {
			return nil, err
		}
		r.Asked = w.Now().UTC()
		return r, w.accessLeaf(tx, p, evidence.AccessAsked, r, r.Reason)
	})
}

func askable(r *access.Request) error {
	switch {
	case r.Dataset == "":
		return errs.New(errs.Usage, "Say which dataset you ask to see.")
	case r.Days < 1 || r.Days > mostDays:
		return errs.New(errs.Usage, "Access is asked for 1 to %d days, not %d.", mostDays, r.Days).WithMend("Say it with --for.")
	case r.Reason == "":
		return errs.New(errs.Usage, "Asking for access needs a reason: its owner decides by it.").WithMend("Say it with --reason.")
	case len(r.Columns) > mostColumns:
		return errs.New(errs.Usage, "At most %d columns are asked for at once.", mostColumns)
	}
	return nil
}

// Accesses lists who asked for access and what came of it, newest first: one's own,
// those of the datasets that one owns, and for stewards and auditors all.
func (w *Workflow) Accesses(ctx context.Context, p access.Principal) ([]wire.Access, error) {
	out := []wire.Access{}
	err := w.Store.View(ctx, func(tx Tx) error {
		out = out[:0]
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		all, err := tx.Requests(RequestFilter{})
		for _, r := range all {
			if w.seesRequest(p, r) {
				out = append(out, w.viewAccess(r, p))
			}
		}
		return err
	})
	return out, err
}

func (w *Workflow) seesRequest(p access.Principal, r *access.Request) bool {
	return r.Person == p.Email || p.Is(access.Steward) || p.Is(access.Auditor) || w.Compact().AccessDataset(r.Dataset).OwnedBy(p)
}

// GrantAccess gives what was asked for, from now on and for at most so many days as
// were asked for (0: as many).
func (w *Workflow) GrantAccess(ctx context.Context, p access.Principal, id access.RequestID, days int, comment string) (wire.Access, error) {
	return w.answer(ctx, p, id, "grant", func(tx Tx, p access.Principal, r *access.Request) error {
		if days == 0 {
			days = r.Days
		}
		if days < 1 || days > r.Days {
			return errs.New(errs.Usage, "Access was asked for %d days, so it is granted for 1 to %d.", r.Days, r.Days).WithMend("Say it with --for.")
		}
		r.State, r.Until = access.Granted, w.Now().UTC().Add(time.Duration(days)*24*time.Hour)
		return w.accessLeaf(tx, p, evidence.AccessGranted, r, comment)
	}, comment)
}

// DenyAccess says no, and why.
func (w *Workflow) DenyAccess(ctx context.Context, p access.Principal, id access.RequestID, comment string) (wire.Access, error) {
	if strings.TrimSpace(comment) == "" {
		return wire.Access{}, errs.New(errs.Usage, "A denial needs a comment: whoever asked will read it.").WithMend("Say it with --comment.")
	}
	return w.answer(ctx, p, id, "deny", func(tx Tx, p access.Principal, r *access.Request) error {
		r.State = access.Denied
		return w.accessLeaf(tx, p, evidence.AccessDenied, r, comment)
	}, comment)
}

// answer lets an owner answer a request of somebody else that still waits.
func (w *Workflow) answer(ctx context.Context, p access.Principal, id access.RequestID, what string, do func(Tx, access.Principal, *access.Request) error, comment string) (wire.Access, error) {
	return w.access(ctx, p, func(tx Tx, p access.Principal) (*access.Request, error) {
		r, err := w.request(tx, p, id)
		if err != nil {
			return nil, err
		}
		d := w.Compact().AccessDataset(r.Dataset)
		switch {
		case d.OwnedBy(p) && r.Person == p.Email:
			return nil, errs.New(errs.Forbidden, "You asked for this yourself, so you may not %s it.", what).WithMend("Another owner of %s can.", r.Dataset)
		case !access.MayGrant(p, r.Person, d):
			return nil, errs.New(errs.Forbidden, "Only an owner of the dataset may %s access to it.", what)
		case r.At(w.Now()) != access.Asked:
			return nil, errs.New(errs.Blocked, "Request %s is %s already.", r.ID, r.At(w.Now()))
		}
		r.By, r.Comment, r.Decided = p.Email, oneLine(comment, 1000), w.Now().UTC()
		return r, do(tx, p, r)
	})
}

// EndAccess ends a grant before its time, or takes a request back: whoever asked,
// an owner, or a steward.
func (w *Workflow) EndAccess(ctx context.Context, p access.Principal, id access.RequestID, comment string) (wire.Access, error) {
	return w.access(ctx, p, func(tx Tx, p access.Principal) (*access.Request, error) {
		r, err := w.request(tx, p, id)
		if err != nil {
			return nil, err
		}
		if r.Person != p.Email && !p.Is(access.Steward) && !w.Compact().AccessDataset(r.Dataset).OwnedBy(p) {
			return nil, errs.New(errs.Forbidden, "Only who asked, an owner of the dataset or a steward may end access.")
		}
		if s := r.At(w.Now()); s != access.Asked && s != access.Granted {
			return nil, errs.New(errs.Blocked, "Request %s is %s already.", r.ID, s)
		}
		r.State, r.By, r.Comment, r.Decided = access.Ended, p.Email, oneLine(comment, 1000), w.Now().UTC()
		return r, w.accessLeaf(tx, p, evidence.AccessEnded, r, comment)
	})
}

// request reads one that the person may see; one that they may not see is as good
// as none.
func (w *Workflow) request(tx Tx, p access.Principal, id access.RequestID) (*access.Request, error) {
	r, err := tx.Request(id)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return nil, err
	}
	if err != nil || !w.seesRequest(p, r) {
		return nil, errs.New(errs.NotFound, "There is no request %.40q that you may see.", string(id)).WithMend("See which there are: sutor access list")
	}
	return r, nil
}

// access does something to a request and stores it, in one transaction.
func (w *Workflow) access(ctx context.Context, p access.Principal, do func(Tx, access.Principal) (*access.Request, error)) (out wire.Access, err error) {
	err = w.Store.Do(ctx, func(tx Tx) error {
		now, err := w.today(tx, p)
		if err != nil {
			return err
		}
		r, err := do(tx, now)
		if err != nil {
			return err
		}
		out = w.viewAccess(r, now)
		return tx.SaveRequest(r)
	})
	return out, w.refused(ctx, p, "", "access", err)
}

func (w *Workflow) accessLeaf(tx Tx, p access.Principal, kind evidence.Kind, r *access.Request, comment string) error {
	_, err := w.log.Append(tx.Log(), evidence.Entry{Kind: kind, At: w.Now(), Means: p.Means, IDs: map[string]string{"request": string(r.ID)},
		Body: evidence.Body{Who: string(p.Email), For: string(r.Person), Dataset: r.Dataset, Action: strings.Join(r.Columns, ", "), Comment: comment}})
	return err
}

// lapse records what has lapsed by the clock. Rights do not wait for it.
func (w *Workflow) lapse(ctx context.Context) error {
	return w.Store.Do(ctx, func(tx Tx) error {
		all, err := tx.Requests(RequestFilter{States: []access.RequestState{access.Asked, access.Granted}})
		if err != nil {
			return err
		}
		for _, r := range all {
			if r.At(w.Now()) != access.Lapsed {
				continue
			}
			r.State = access.Lapsed
			_, err := w.log.Append(tx.Log(), evidence.Entry{Kind: evidence.AccessLapsed, At: w.Now(), IDs: map[string]string{"request": string(r.ID)},
				Body: evidence.Body{For: string(r.Person), Dataset: r.Dataset}})
			if err != nil {
				return err
			}
			if err := tx.SaveRequest(r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Workflow) viewAccess(r *access.Request, p access.Principal) wire.Access {
	out := wire.Access{ID: string(r.ID), Person: string(r.Person), Dataset: r.Dataset, Columns: r.Columns, Days: r.Days, Reason: r.Reason,
		State: string(r.At(w.Now())), Asked: r.Asked, By: string(r.By), Comment: r.Comment, May: []string{}}
	if !r.Until.IsZero() {
		out.Until = &r.Until
	}
	d := w.Compact().AccessDataset(r.Dataset)
	state := r.At(w.Now())
	if state == access.Asked && access.MayGrant(p, r.Person, d) {
		out.May = append(out.May, "grant", "deny")
	}
	if (state == access.Asked || state == access.Granted) && (r.Person == p.Email || p.Is(access.Steward) || d.OwnedBy(p)) {
		out.May = append(out.May, "end")
	}
	return out
}
