package workflow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/notice"
	"sutor/internal/wire"
)

// mostUnread bounds what is counted: more than this is said to be more.
const mostUnread = 100

// notify tells people something, in the transaction in which it happens. Nobody is
// told twice, or of what they did themselves, or of what they may not see.
func (w *Workflow) notify(tx Tx, n notice.Notice, to ...access.Email) error {
	n.At = w.Now()
	told := map[access.Email]bool{n.By: true, "": true}
	to, err := w.orHeirs(tx, n.Dataset, to)
	if err != nil {
		return err
	}
	if n.Kind.Decides() {
		if to, err = w.withDeputies(tx, n.Dataset, to); err != nil {
			return err
		}
	}
	for _, person := range to {
		if told[person] || !w.here(person) {
			continue
		}
		p, err := w.principal(tx, person)
		if err != nil {
			return err
		}
		if !w.concerns(p, n) {
			continue
		}
		told[person] = true
		one := n
		one.To = person
		if err := tx.AddNotice(&one); err != nil {
			return err
		}
	}
	return nil
}

// orHeirs puts in the place of who is not here any more those who took their duties
// over.
func (w *Workflow) orHeirs(tx Tx, dataset string, people []access.Email) (out []access.Email, err error) {
	for _, e := range people {
		if e == "" || dataset == "" || w.here(e) {
			out = append(out, e)
			continue
		}
		for _, name := range change.SplitDatasets(dataset) {
			heirs, err := w.heirsOf(tx, e, name)
			if err != nil {
				return nil, err
			}
			out = append(out, heirs...)
		}
	}
	return out, nil
}

// withDeputies adds to those who are asked to decide the deputies who may in their
// place.
func (w *Workflow) withDeputies(tx Tx, dataset string, asked []access.Email) ([]access.Email, error) {
	all, err := w.deputiesNow(tx)
	out := slices.Clone(asked)
	for _, person := range asked {
		for _, name := range change.SplitDatasets(dataset) {
			out = append(out, deputiesOf(all, person, name)...)
		}
	}
	return out, err
}

// concerns tells whether a person may see what a notice is about.
func (w *Workflow) concerns(p access.Principal, n notice.Notice) bool {
	if n.Dataset == "" {
		return true
	}
	see := access.SeeDataset
	if n.Change != "" {
		see = access.SeeChanges
	}
	return slices.ContainsFunc(change.SplitDatasets(n.Dataset), func(name string) bool { return access.May(p, see, w.Compact().AccessDataset(name)) })
}

// readOf marks as read what a person was told of one change.
func (w *Workflow) readOf(tx Tx, p access.Principal, id change.ID) error {
	unread, err := tx.Notices(NoticeFilter{To: p.Email, Change: id, Unread: true})
	if err != nil || len(unread) == 0 {
		return err
	}
	ids := []notice.ID{}
	for _, n := range unread {
		ids = append(ids, n.ID)
	}
	return tx.ReadNotices(p.Email, ids, 0, w.Now())
}

// NoticesWanted is a page of notices.
type NoticesWanted struct {
	Unread bool
	Before notice.ID
	Limit  int
}

// Notices gives a page of what the person was told, newest first, with what of it
// they may see today.
func (w *Workflow) Notices(ctx context.Context, p access.Principal, want NoticesWanted) (out wire.Inbox, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		out = wire.Inbox{Notices: []wire.Notice{}}
		f := NoticeFilter{To: p.Email, Unread: want.Unread, Before: want.Before, Limit: want.Limit}
		seen := changesOf(tx)
		err = w.eachNotice(tx, p, f, func(n *notice.Notice) error {
			v, err := w.viewNotice(tx, p, n, seen)
			out.Notices = append(out.Notices, v)
			return err
		})
		if err != nil {
			return err
		}
		out.Waiting, err = w.waitingFor(tx, p, seen)
		return err
	})
	return out, err
}

// eachNotice calls f with the notices that a person may see, so many as the
// filter's limit, whatever it takes to find them.
func (w *Workflow) eachNotice(tx Tx, p access.Principal, f NoticeFilter, f1 func(*notice.Notice) error) error {
	if f.Limit <= 0 {
		f.Limit = mostUnread
	}
	for left := f.Limit; left > 0; {
		all, err := tx.Notices(f)
		if err != nil {
			return err
		}
		for _, n := range all {
			f.Before = n.ID
			if !w.concerns(p, *n) {
				continue
			}
			if err := f1(n); err != nil {
				return err
			}
			if left--; left == 0 {
				return nil
			}
		}
		if len(all) < f.Limit {
			return nil
		}
	}
	return nil
}

// Waiting counts what waits for a person.
func (w *Workflow) Waiting(ctx context.Context, p access.Principal) (out wire.Waiting, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err == nil {
			out, err = w.waitingFor(tx, p, changesOf(tx))
		}
		return err
	})
	return out, err
}

// waitingFor counts what the person has not read, and what they are to decide. A
// question that somebody else answered is no news any more.
func (w *Workflow) waitingFor(tx Tx, p access.Principal, seen changeOf) (out wire.Waiting, err error) {
	decide := map[change.ID]bool{}
	n := int64(0)
	err = w.eachNotice(tx, p, NoticeFilter{To: p.Email, Unread: true, Limit: mostUnread}, func(one *notice.Notice) error {
		n++
		if one.Kind.Decides() {
			waits, err := w.waitsFor(p, one, seen)
			if err != nil {
				return err
			}
			if !waits {
				return nil
			}
			decide[one.Change] = true
		}
		out.Unread++
		return nil
	})
	out.Decide, out.More = int64(len(decide)), n == mostUnread
	return out, err
}

// waitsFor tells whether the decision that a notice asks for still waits for its
// reader.
func (w *Workflow) waitsFor(p access.Principal, n *notice.Notice, seen changeOf) (bool, error) {
	c, err := seen(n.Change)
	if err != nil || c == nil {
		return false, err
	}
	_, no := change.Judge(c, change.ActApprove, p, w.accessOf(c)...)
	return no == nil, nil
}

// changeOf gives a change; nil if there is none.
type changeOf func(change.ID) (*change.Change, error)

// changesOf reads each change once.
func changesOf(tx Tx) changeOf {
	known := map[change.ID]*change.Change{}
	return func(id change.ID) (*change.Change, error) {
		if c, read := known[id]; read || id == "" {
			return c, nil
		}
		c, err := tx.Change(id)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return nil, err
		}
		known[id] = c
		return c, nil
	}
}

// ReadNotices marks notices of the person as read: those with these ids, or all up
// to and with the last.
func (w *Workflow) ReadNotices(ctx context.Context, p access.Principal, ids []notice.ID, last notice.ID) (out wire.Waiting, err error) {
	err = w.Store.Do(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		if err := tx.ReadNotices(p.Email, ids, last, w.Now()); err != nil {
			return err
		}
		out, err = w.waitingFor(tx, p, changesOf(tx))
		return err
	})
	return out, err
}

// viewNotice words a notice for its reader.
func (w *Workflow) viewNotice(tx Tx, p access.Principal, n *notice.Notice, seen changeOf) (wire.Notice, error) {
	out := wire.Notice{ID: int64(n.ID), Kind: string(n.Kind), At: n.At, By: string(n.By), Change: string(n.Change), Dataset: n.Dataset,
		Urgent: n.Kind.Urgent(), Read: n.Read != nil}
	c, err := seen(n.Change)
	if err != nil {
		return out, err
	}
	if c != nil {
		if c.IsFamily() {
			out.Dataset = w.knows(p, c).joined(c.Datasets())
		}
		out.Title = c.Title
		out.Quote = quoted(c, n)
	}
	if n.Comment > 0 {
		if out.Quote, err = w.commentIn(tx, n); err != nil {
			return out, err
		}
	}
	if n.Kind.Decides() {
		out.Waits, err = w.waitsFor(p, n, seen)
		out.Read = out.Read || !out.Waits
	}
	out.Says = w.sentence(n)
	return out, err
}

// quoted gives the words that a decision came with.
func quoted(c *change.Change, n *notice.Notice) string {
	for _, d := range slices.Backward(c.Decisions) {
		if d.By == n.By && !d.At.After(n.At) && (n.Kind == notice.SentBack && !d.Approve || d.Approve && (n.Kind == notice.Approved || n.Kind == notice.Decided)) {
			return d.Comment
		}
	}
	return ""
}

// sentences say what happened.
var sentences = map[notice.Kind]string{
	notice.Asked:      "{who} asks you to decide on change {change}.",
	notice.Decided:    "{who} approved change {change}; others must still decide.",
	notice.Approved:   "{who} approved change {change}: it can be applied.",
	notice.SentBack:   "{who} sent change {change} back.",
	notice.Split:      "{who} approved a part of change {change}.",
	notice.Planned:    "The plan of change {change} stands: look at it, then submit it.",
	notice.PlanFailed: "No plan could be made of change {change}.",
	notice.Applied:    "Change {change} was applied by {who}.",
	notice.Conflict:   "Change {change} was not applied: rows changed since it was planned. Nothing was written; it must be planned again.",
	notice.Failed:     "Change {change} could not be applied. Nothing was written.",
	notice.Stopped:    "{who} stopped the apply of change {change}. Nothing was written.",
	notice.Undone:     "Change {change} was undone.",
	notice.Voided:     "The decisions on change {change} became void, because the rules changed. It must be planned again.",
	notice.Withdrawn:  "{who} took change {change} back.",
	notice.Expired:    "Change {change} expired: nobody applied it within 14 days.",
	notice.Comment:    "{who} commented on change {change}.",
	notice.Mention:    "{who} mentioned you in change {change}.",
	notice.Reminder:   "Change {change} still waits for your decision.",
	notice.Expiring:   "Change {change} will expire soon.",
}

// sentence says what a notice tells.
func (w *Workflow) sentence(n *notice.Notice) string {
	if n.Say != "" {
		return n.Say
	}
	form, known := sentences[n.Kind]
	if !known {
		return fmt.Sprintf("Something happened to change %s.", n.Change)
	}
	return strings.NewReplacer("{who}", w.nameOf(n.By), "{change}", string(n.Change)).Replace(form)
}

// nameOf gives the name of a person of the Compact in force, else the address.
func (w *Workflow) nameOf(e access.Email) string {
	if e == "" {
		return "Sutor"
	}
	if p, known := w.Compact().Person(e); known && p.Name != "" {
		return p.Name
	}
	return string(e)
}

// commentIn gives the comment that a notice tells of; "" where it was erased.
func (w *Workflow) commentIn(tx Tx, n *notice.Notice) (string, error) {
	chain, err := evidence.History(tx.Log(), evidence.ChangeID(n.Change))
	for _, e := range chain {
		if e.Leaf.Seq == n.Comment {
			return e.Body.Comment, err
		}
	}
	return "", err
}
