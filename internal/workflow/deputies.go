package workflow

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/notice"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Bounds of what a person may name: a deputy is for an absence, not for good.
const (
	longestDeputy  = 366 * 24 * time.Hour
	mostDeputies   = 20 // of one person, now or to come
	nothingToShare = "You decide on nothing and make no changes, so there is nothing that a deputy could do for you."
)

// NameDeputy has somebody decide in the person's place, for a time and for all of
// their datasets or some. It gives the deputy no right beyond that: no changes of
// their own, no exports, and no deputies.
func (w *Workflow) NameDeputy(ctx context.Context, p access.Principal, in wire.Naming) (out wire.Deputy, err error) {
	err = w.Store.Do(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		if !p.Is(access.Owner) && !p.Is(access.Manager) && !p.Is(access.Maker) {
			return errs.New(errs.Forbidden, nothingToShare).WithMend("Owners, managers and makers name deputies.")
		}
		d, err := w.naming(tx, p, in)
		if err != nil {
			return err
		}
		if err := tx.SaveDeputy(d); err != nil {
			return err
		}
		if err := w.deputyLeaf(tx, p, evidence.DeputyNamed, d); err != nil {
			return err
		}
		out = w.viewDeputy(d)
		say := fmt.Sprintf("%s named you as their deputy until %s.", w.nameOf(p.Email), w.local(d.Until))
		return w.notify(tx, notice.Notice{Kind: notice.Told, By: p.Email, Say: say}, d.Deputy)
	})
	if err != nil {
		return out, w.refused(ctx, p, "", "deputy", err)
	}
	return out, nil
}

// naming checks what is asked for.
func (w *Workflow) naming(tx Tx, p access.Principal, in wire.Naming) (d access.Deputy, err error) {
	d = access.Deputy{Person: p.Email, Deputy: access.Fold(in.Deputy), From: w.Now().UTC().Truncate(time.Second)}
	switch {
	case d.Deputy == p.Email:
		return d, errs.New(errs.Usage, "Nobody is their own deputy.").WithMend("Name somebody else.")
	case !w.here(d.Deputy):
		return d, errs.New(errs.Usage, "%s is no person of the Compact in force.", in.Deputy).WithMend("A deputy must be one: ask the steward.")
	}
	if in.From != "" {
		if d.From, _, err = w.moment(in.From); err != nil {
			return d, err
		}
	}
	until, day, err := w.moment(in.Until)
	if err != nil {
		return d, err
	}
	if d.Until = until; day {
		d.Until = w.nextDay(until)
	}
	switch {
	case !d.Until.After(d.From) || !d.Until.After(w.Now()):
		return d, errs.New(errs.Usage, "The time is over before it begins: from %s until %s.", w.local(d.From), w.local(d.Until)).WithMend("Write a later end.")
	case d.Until.Sub(d.From) > longestDeputy:
		return d, errs.New(errs.Usage, "A deputy is named for a year at most.").WithMend("Name them anew after that; for good, the steward changes the Compact.")
	}
	for _, name := range in.Datasets {
		if _, err := w.seen(p, name); err != nil {
			return d, err
		}
		if !slices.Contains(d.Datasets, name) {
			d.Datasets = append(d.Datasets, name)
		}
	}
	return d, w.identify(tx, p, &d)
}

// identify gives a deputy an ID, and ends the same person's being one until then,
// whose time and scope it replaces.
func (w *Workflow) identify(tx Tx, p access.Principal, d *access.Deputy) error {
	all, err := tx.Deputies()
	if err != nil {
		return err
	}
	own := 0
	for _, other := range all {
		if other.Person != d.Person {
			continue
		}
		if other.Deputy != d.Deputy {
			if w.Now().Before(other.Until) {
				own++
			}
			continue
		}
		if err := tx.EndDeputy(other.ID); err != nil {
			return err
		}
		if err := w.deputyLeaf(tx, p, evidence.DeputyEnded, other); err != nil {
			return err
		}
	}
	if own >= mostDeputies {
		return errs.New(errs.Blocked, "You have %d deputies already.", own).WithMend("End one of them: sutor deputy list")
	}
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	d.ID = hex.EncodeToString(random)
	return nil
}

// moment reads a day, of which it gives the beginning in the Compact's time zone, or
// a moment.
func (w *Workflow) moment(text string) (at time.Time, day bool, err error) {
	text = strings.TrimSpace(text)
	if at, err := time.ParseInLocation(time.DateOnly, text, w.Compact().Timezone); err == nil {
		return at.UTC(), true, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), false, nil
	}
	return at, false, errs.New(errs.Usage, "%q is neither a day nor a moment.", text).WithMend("Write 2026-12-31, or 2026-12-31T12:00:00+01:00.")
}

func (w *Workflow) nextDay(at time.Time) time.Time {
	return at.In(w.Compact().Timezone).AddDate(0, 0, 1).UTC()
}

// local writes a moment for people, in the Compact's time zone.
func (w *Workflow) local(at time.Time) string {
	return at.In(w.Compact().Timezone).Format("2006-01-02 15:04 MST")
}

// EndDeputy ends a deputy: one's own, or that one is somebody's. What they decided
// until then counts.
func (w *Workflow) EndDeputy(ctx context.Context, p access.Principal, idOrEmail string) (out wire.Deputy, err error) {
	err = w.Store.Do(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		all, err := tx.Deputies()
		if err != nil {
			return err
		}
		who := access.Fold(idOrEmail)
		i := slices.IndexFunc(all, func(d access.Deputy) bool {
			return d.Person == p.Email && (d.ID == idOrEmail || d.Deputy == who) || d.Deputy == p.Email && (d.ID == idOrEmail || d.Person == who)
		})
		if i < 0 {
			return errs.New(errs.Blocked, "%s is no deputy of yours, and you are none of theirs: there is nothing to end.", idOrEmail).WithMend("See them with: sutor deputy list")
		}
		d := all[i]
		if err := tx.EndDeputy(d.ID); err != nil {
			return err
		}
		if err := w.deputyLeaf(tx, p, evidence.DeputyEnded, d); err != nil {
			return err
		}
		out = w.viewDeputy(d)
		out.InForce, out.Why = false, "It was ended."
		say := fmt.Sprintf("%s ended that %s decides in the place of %s.", w.nameOf(p.Email), w.nameOf(d.Deputy), w.nameOf(d.Person))
		return w.notify(tx, notice.Notice{Kind: notice.Told, By: p.Email, Say: say}, d.Deputy, d.Person)
	})
	return out, err
}

// deputyLeaf records a deputy: who named whom in the envelope, and of the person the
// leaf itself says nothing.
func (w *Workflow) deputyLeaf(tx Tx, p access.Principal, kind evidence.Kind, d access.Deputy) error {
	details := scopeOf(d)
	if kind == evidence.DeputyEnded {
		details = map[string]string{"deputy": string(d.Deputy), "person": string(d.Person)}
	}
	_, err := w.log.Append(tx.Log(), evidence.Entry{Kind: kind, At: w.Now(), Means: p.Means, IDs: map[string]string{"deputy": d.ID},
		Digests: map[string]record.Digest{"compact": w.Compact().Digest},
		Body:    evidence.Body{Who: string(p.Email), For: string(d.Deputy), Details: details}})
	return err
}

// scopeOf words a deputy's time and datasets, as they stand in the envelope.
func scopeOf(d access.Deputy) map[string]string {
	details := map[string]string{"from": d.From.Format(time.RFC3339), "until": d.Until.Format(time.RFC3339), "datasets": "all"}
	if len(d.Datasets) > 0 {
		details["datasets"] = strings.Join(d.Datasets, ", ")
	}
	return details
}

// Deputies lists those that concern the person; stewards and auditors see all.
func (w *Workflow) Deputies(ctx context.Context, p access.Principal) (out []wire.Deputy, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err == nil {
			out, err = w.viewDeputies(tx, p, p.Is(access.Steward) || p.Is(access.Auditor))
		}
		return err
	})
	if out == nil {
		out = []wire.Deputy{}
	}
	return out, err
}

// viewDeputies shows deputies whose time is not over, the first to begin first.
func (w *Workflow) viewDeputies(tx Tx, p access.Principal, everybodys bool) (out []wire.Deputy, err error) {
	all, err := tx.Deputies()
	slices.SortStableFunc(all, func(a, b access.Deputy) int { return a.From.Compare(b.From) })
	for _, d := range all {
		if w.Now().Before(d.Until) && (everybodys || d.Person == p.Email || d.Deputy == p.Email) {
			out = append(out, w.viewDeputy(d))
		}
	}
	return out, err
}

func (w *Workflow) viewDeputy(d access.Deputy) wire.Deputy {
	out := wire.Deputy{ID: d.ID, Person: string(d.Person), Deputy: string(d.Deputy), From: d.From, Until: d.Until, Datasets: d.Datasets}
	switch {
	case w.Now().Before(d.From):
		out.Why = "It has not begun."
	case !w.Now().Before(d.Until):
		out.Why = "Its time is over."
	case !w.here(d.Deputy):
		out.Why = fmt.Sprintf("%s is no person of the Compact in force.", d.Deputy)
	default:
		out.InForce = true
	}
	return out
}
