package workflow

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/notice"
	"sutor/internal/record"
	"sutor/internal/wire"
)

const (
	morning   = 7                  // the hour, in the Compact's time zone, of what can wait
	stale     = 3 * 24 * time.Hour // what is older when mail is switched on is not mailed any more
	sending   = 2 * time.Minute    // for one attempt; after that another server may try
	lettersAt = 20                 // in one round
)

// MailDue bundles what people were told and sends it. Several servers may do so at
// once: who bundles takes the notices in one transaction, and who sends moves the
// time of the next attempt on first.
func (w *Workflow) MailDue(ctx context.Context) error {
	if w.Post == nil {
		return nil
	}
	if err := w.Store.Do(ctx, w.bundle); err != nil {
		return err
	}
	var due []*notice.Mail
	err := w.Store.Do(ctx, func(tx Tx) (err error) {
		if due, err = tx.DueMails(w.Now(), lettersAt); err != nil {
			return err
		}
		for _, m := range due {
			m.Attempts++
			m.Due = w.Now().Add(sending)
			if err := tx.SaveMail(m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range due {
		if err := w.send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// keepMailing mails what is due until ctx ends, beside all other work: a mail server
// that is slow keeps nobody else waiting.
func (w *Workflow) keepMailing(ctx context.Context) {
	if w.Post == nil {
		return
	}
	ticker := time.NewTicker(watch)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.each(ctx, "sending mails", w.MailDue)
		}
	}
}

// bundle makes mails of notices: at once for whom something urgent waits, with all
// that waits for them; of the rest once a day, in the morning.
func (w *Workflow) bundle(tx Tx) error {
	all, err := tx.Notices(NoticeFilter{Unmailed: true, Limit: 1000})
	if err != nil {
		return err
	}
	byPerson := map[access.Email][]*notice.Notice{}
	for _, n := range all {
		byPerson[n.To] = append(byPerson[n.To], n)
	}
	for _, person := range slices.Sorted(maps.Keys(byPerson)) {
		mine := byPerson[person]
		oldest := mine[len(mine)-1].At
		urgent := slices.ContainsFunc(mine, func(n *notice.Notice) bool { return n.Kind.Urgent() && n.Read == nil })
		if !urgent && w.Now().Before(w.nextMorning(oldest)) {
			continue
		}
		m := &notice.Mail{To: person, Due: w.Now()}
		for _, n := range slices.Backward(mine) {
			m.Notices = append(m.Notices, n.ID)
		}
		if err := tx.AddMail(m); err != nil {
			return err
		}
	}
	return nil
}

// nextMorning is the first morning after a time.
func (w *Workflow) nextMorning(t time.Time) time.Time {
	zone := w.Compact().Timezone
	if zone == nil {
		zone = time.UTC
	}
	at := t.In(zone)
	next := time.Date(at.Year(), at.Month(), at.Day(), morning, 0, 0, 0, zone)
	if !next.After(t) {
		next = time.Date(at.Year(), at.Month(), at.Day()+1, morning, 0, 0, 0, zone)
	}
	return next
}

// send tries once to send a mail, and notes what became of it.
func (w *Workflow) send(ctx context.Context, m *notice.Mail) error {
	l, worth, err := w.letter(ctx, m)
	if err != nil {
		return err
	}
	if worth {
		trying, cancel := context.WithTimeout(ctx, sending/2)
		err = w.Post.Send(trying, l)
		cancel()
	}
	now := w.Now()
	switch {
	case err == nil:
		m.Done, m.Trouble = &now, ""
		if w.Outbox && worth {
			m.Subject, m.Text = l.Subject, l.Text
		}
	case m.Attempts >= notice.MostAttempts:
		m.Done, m.Lost, m.Trouble = &now, true, errs.Public(err).Error()
		w.Log.Error("a mail was given up", "mail", m.Number, "attempts", m.Attempts, "error", errs.Detail(err))
	default:
		m.Due, m.Trouble = now.Add(notice.Again(m.Attempts)), errs.Public(err).Error()
		w.Log.Warn("a mail could not be sent; it is tried again", "mail", m.Number, "attempts", m.Attempts, "error", errs.Detail(err))
	}
	return w.Store.Do(context.WithoutCancel(ctx), func(tx Tx) error { return tx.SaveMail(m) })
}

// letter writes a mail, by the rights of now; worth tells whether anything of it is
// left to be told.
func (w *Workflow) letter(ctx context.Context, m *notice.Mail) (l notice.Letter, worth bool, err error) {
	var told []wire.Notice
	var p access.Principal
	err = w.Store.View(ctx, func(tx Tx) (err error) {
		told = nil
		if p, err = w.principal(tx, m.To); errs.KindOf(err) == errs.Unsigned {
			return nil
		}
		if err != nil {
			return err
		}
		seen := changesOf(tx)
		f := NoticeFilter{To: m.To, Unread: true, Limit: 1000}
		return w.eachNotice(tx, p, f, func(n *notice.Notice) error {
			if !slices.Contains(m.Notices, n.ID) || w.Now().Sub(n.At) > stale {
				return nil
			}
			v, err := w.viewNotice(tx, p, n, seen)
			if err == nil && !v.Read {
				told = append(told, v)
			}
			return err
		})
	})
	if err != nil || len(told) == 0 {
		return l, false, err
	}
	slices.Reverse(told)
	l = notice.Letter{ID: fmt.Sprintf("notices-%d-%s", m.Number, record.DigestOf([]byte(w.Key.Verifier())).Hex()[:12]), To: m.To, Name: p.Name, At: w.Now(), Subject: subject(told), Text: w.letterText(told)}
	return l, true, nil
}

func subject(told []wire.Notice) string {
	first := told[0].Says
	if i := slices.IndexFunc(told, func(n wire.Notice) bool { return n.Urgent }); i >= 0 {
		first = told[i].Says
	}
	if more := len(told) - 1; more > 0 {
		first += fmt.Sprintf(" (and %d more)", more)
	}
	return oneLine(first, 180)
}

func (w *Workflow) letterText(told []wire.Notice) string {
	var b strings.Builder
	for _, n := range told {
		b.WriteString(n.Says + "\n")
		if n.Title != "" {
			b.WriteString("    " + oneLine(n.Title, 200) + "\n")
		}
		if n.Quote != "" {
			b.WriteString("    “" + strings.ReplaceAll(n.Quote, "\n", "\n    ") + "”\n")
		}
		if to := w.linkTo(n); to != "" {
			b.WriteString("    " + to + "\n")
		}
		b.WriteString("\n")
	}
	b.WriteString("All that waits for you: " + w.base() + "/inbox\n-- \n" + w.Compact().Name + ", Sutor\n")
	return b.String()
}

func (w *Workflow) base() string { return strings.TrimSuffix(w.URL, "/") }

// linkTo leads to the page of what a notice is about; whoever is not signed in comes
// there after that.
func (w *Workflow) linkTo(n wire.Notice) string {
	if n.Change == "" {
		return ""
	}
	to := w.base() + "/changes/" + url.PathEscape(n.Change)
	if k := notice.Kind(n.Kind); k == notice.Comment || k == notice.Mention {
		to += "/discussion"
	}
	return to
}

// Outgoing lists the mails of a server whose mails go to its outbox, newest first.
func (w *Workflow) Outgoing(ctx context.Context, _ access.Principal) (out []wire.Mail, err error) {
	if !w.Outbox {
		return nil, errs.New(errs.NotFound, "This server has no outbox: its mails go to people.")
	}
	err = w.Store.View(ctx, func(tx Tx) error {
		out = []wire.Mail{}
		all, err := tx.Mails(false, 100)
		for _, m := range all {
			if m.Text != "" {
				out = append(out, wire.Mail{To: string(m.To), At: *m.Done, Subject: m.Subject, Text: m.Text})
			}
		}
		return err
	})
	return out, err
}

// mailHealth tells whether mails go out.
func (w *Workflow) mailHealth(ctx context.Context) Health {
	h := Health{Name: "mail", OK: true}
	err := w.Store.View(ctx, func(tx Tx) error {
		all, err := tx.Mails(true, 100)
		for _, m := range all {
			if m.Trouble != "" {
				h.OK, h.Why = false, fmt.Sprintf("Mails wait to be sent: %s", m.Trouble)
			}
		}
		return err
	})
	if err != nil {
		h.OK, h.Why = false, errs.Public(err).Error()
	}
	return h
}
