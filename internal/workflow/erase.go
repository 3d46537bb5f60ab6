package workflow

import (
	"context"
	"fmt"
	"time"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/evidence"
	"sutor/internal/notice"
	"sutor/internal/record"
)

// Names, reasons and comments stand in the envelopes beside the log, and again in the
// change and in what people were told of it. Where the Compact says how long (retain,
// texts) they are erased together, in one transaction with the leaf that names the
// envelopes: the log, fsck and packs know then what is lawfully gone. What proves the
// change stays: digests, counts, states, roles and times, and its maker, on whose
// changes their limits rest. It is done once: who exports the evidence later is in it.

// eraseTexts erases the texts of changes whose time is over; with dry it counts them.
func (w *Workflow) eraseTexts(ctx context.Context, dry bool) (n int64, err error) {
	var due []change.ID
	err = w.Store.View(ctx, func(tx Tx) error {
		return pages(tx, Filter{}, func(c *change.Change) {
			if w.textsOver(c) && (c.Purged == nil || c.Purged.Texts == nil) {
				due = append(due, c.ID)
			}
		})
	})
	if err != nil || dry {
		return int64(len(due)), err
	}
	for _, id := range due {
		if err := w.Store.Do(ctx, func(tx Tx) error { return w.eraseChange(tx, id) }); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// textsOver tells whether a change is at its end for so long that what people wrote of
// it goes. Of a family the longest of its datasets counts: what the evidence of one must
// hold is that of all. While it can be undone it must be known who may.
func (w *Workflow) textsOver(c *change.Change) bool {
	if !closed(c.State) || w.undo(c).Possible {
		return false
	}
	keep := compact.Days(0)
	for _, name := range c.Datasets() {
		d, there := w.Compact().Dataset(name)
		if !there || d.Retain.Texts == 0 {
			return false
		}
		keep = max(keep, d.Retain.Texts)
	}
	return w.Now().Sub(endedAt(c)) > days(keep)
}

// endedAt is from when on what a change has is kept for a time.
func endedAt(c *change.Change) time.Time {
	if c.AppliedAt != nil {
		return *c.AppliedAt
	}
	return c.UpdatedAt
}

func (w *Workflow) eraseChange(tx Tx, id change.ID) error {
	c, err := tx.Change(id)
	if err != nil || !w.textsOver(c) {
		return err
	}
	chain, err := evidence.History(tx.Log(), evidence.ChangeID(id))
	if err != nil {
		return err
	}
	e := evidence.Entry{Change: evidence.ChangeID(id), At: w.Now(), Digests: map[string]record.Digest{}, IDs: map[string]string{"why": "retention"}}
	for _, step := range chain {
		if step.Leaf.Envelope != "" && !step.Erased {
			e.Digests[fmt.Sprintf("envelope.%d", len(e.Digests)+1)] = step.Leaf.Envelope
		}
	}
	if len(e.Digests) > 0 {
		if _, err := w.log.Erase(tx.Log(), e); err != nil {
			return err
		}
	}
	if err := removeAll(tx, NoticeFilter{Change: id}); err != nil {
		return err
	}
	c.EraseTexts(w.Now())
	return tx.SaveChange(c)
}

func removeAll(tx Tx, f NoticeFilter) error {
	for {
		list, err := tx.Notices(f)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := tx.RemoveNotices(list); err != nil {
			return err
		}
	}
}

// noticePage is how many notices are looked at in one transaction.
const noticePage = 500

// removeNotices removes what people were told, and the mails that carried it, when its
// time is over; with dry it counts. It goes from the oldest on, and stops at the first
// that no dataset lets go.
func (w *Workflow) removeNotices(ctx context.Context, dry bool) (n int64, err error) {
	shortest := compact.DefaultNotices
	for _, d := range w.Compact().Datasets {
		shortest = min(shortest, d.Retain.Notices)
	}
	for last, more := notice.ID(0), true; more; {
		var over []*notice.Notice
		next, again := last, false
		look := func(tx Tx) error {
			list, err := tx.Notices(NoticeFilter{Oldest: true, After: last, Limit: noticePage})
			over, again = nil, len(list) == noticePage
			for _, one := range list {
				if age := w.Now().Sub(one.At); age > days(w.noticeDays(one.Dataset)) {
					over = append(over, one)
				} else if age <= days(shortest) {
					again = false
				}
				next = one.ID
			}
			if err != nil || dry || len(over) == 0 {
				return err
			}
			return tx.RemoveNotices(over)
		}
		act := w.Store.Do
		if dry {
			act = w.Store.View
		}
		if err := act(ctx, look); err != nil {
			return n, err
		}
		n, last, more = n+int64(len(over)), next, again
	}
	return n, nil
}

// noticeDays is how long a notice about a dataset is kept, about several as long as
// the shortest: its time is over for one of them.
func (w *Workflow) noticeDays(joined string) compact.Days {
	keep := compact.Days(0)
	for _, name := range change.SplitDatasets(joined) {
		if d, there := w.Compact().Dataset(name); there && (keep == 0 || d.Retain.Notices < keep) {
			keep = d.Retain.Notices
		}
	}
	if keep == 0 {
		return compact.DefaultNotices
	}
	return keep
}
