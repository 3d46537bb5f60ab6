package workflow

import (
	"context"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/identity"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// PutInForce puts a checked version of the Compact in force: it is stored byte
// for byte, a leaf says so, and changes whose rules or deciders are not the same
// any more lose their decisions. The version already in force stays silently.
func (w *Workflow) PutInForce(ctx context.Context, c *compact.Compact, text []byte, by string) error {
	if record.DigestOf(text) != c.Digest {
		return errs.New(errs.Internal, "The Compact's text is not the one that was checked.")
	}
	w.inForce.CompareAndSwap(nil, c) // at the start there is none to judge by until then
	var before *compact.Compact
	err := w.Store.Do(ctx, func(tx Tx) error {
		before = nil
		now, err := tx.InForce()
		if err != nil || now == c.Digest {
			return err
		}
		if before, err = w.former(tx, now); err != nil {
			return err
		}
		if err := tx.PutInForce(c.Digest, text, w.Now()); err != nil {
			return err
		}
		_, err = w.log.Append(tx.Log(), evidence.Entry{Kind: evidence.CompactInForce, At: w.Now(),
			Digests: map[string]record.Digest{"compact": c.Digest}, Body: evidence.Body{Action: by}})
		if err != nil {
			return err
		}
		if err := w.voidOutdated(tx, c); err != nil {
			return err
		}
		return w.relevel(tx, before, c)
	})
	if err != nil {
		return err
	}
	w.inForce.Store(c)
	return w.handOver(ctx, before)
}

// former reads the Compact that was in force until now; nil before the first, and
// where this version cannot read it any more.
func (w *Workflow) former(tx Tx, d record.Digest) (*compact.Compact, error) {
	if d == "" {
		return nil, nil
	}
	text, err := tx.CompactText(d)
	if err != nil {
		return nil, err
	}
	c, _ := compact.Parse(w.Compact().File, text)
	return c, nil
}

// today makes sure that a person is judged by the Compact in force, also where
// another process put it in force: this process takes it up first, and the
// person's rights of this moment are read anew.
func (w *Workflow) today(tx Tx, p access.Principal) (access.Principal, error) {
	if err := w.adopt(tx); err != nil {
		return p, err
	}
	now, err := w.principal(tx, p.Email)
	now.Means = p.Means
	return now, err
}

// adopt takes up the Compact that another process put in force. Of two that do so at once the
// first counts: the other may have looked before what is in force now was.
func (w *Workflow) adopt(tx Tx) error {
	before := w.Compact()
	d, err := tx.InForce()
	if err != nil || d == before.Digest {
		return err
	}
	text, err := tx.CompactText(d)
	if err != nil {
		return err
	}
	if record.DigestOf(text) != d {
		return errs.New(errs.Internal, "The Compact in force is not what was put in force: somebody altered it.").WithMend("An auditor finds out what else is not as it was: sutor evidence fsck")
	}
	c, problems := compact.Parse(w.Compact().File, text)
	if c == nil || compact.Failed(problems) {
		return errs.New(errs.Internal, "The Compact in force cannot be read by this version of Sutor.").
			WithMend("Another server with a newer version put it in force; bring this one to the same version.")
	}
	w.adopting.Lock()
	defer w.adopting.Unlock()
	if w.Compact() != before {
		return nil
	}
	if w.Adopt != nil {
		if err := w.Adopt(c); err != nil {
			return err
		}
	}
	w.inForce.Store(c)
	return nil
}

// voidOutdated voids the decisions of waiting changes that were judged by other
// rules or other people.
func (w *Workflow) voidOutdated(tx Tx, c *compact.Compact) error {
	waiting, err := tx.Changes(Filter{States: []change.State{change.Submitted, change.Approved}, Limit: 100_000})
	if err != nil {
		return err
	}
	for _, ch := range waiting {
		outdated := slices.ContainsFunc(ch.ByDataset(), func(one *change.Change) bool {
			d, there := c.DatasetDigest(one.Dataset)
			return !there || d != one.DatasetDigest
		})
		if !outdated && !w.deputyGone(c, ch) {
			continue
		}
		if err := w.voidDecisions(tx, ch, "The Compact's rules for this dataset, or the people who decide on it, changed.", "rules-changed"); err != nil {
			return err
		}
		if err := tx.SaveChange(ch); err != nil {
			return err
		}
	}
	return nil
}

// deputyGone tells whether a decision was made in somebody's place by a person whom
// a Compact does not have.
func (w *Workflow) deputyGone(comp *compact.Compact, c *change.Change) bool {
	return slices.ContainsFunc(c.Valid(), func(d change.Decision) bool {
		_, here := comp.Principal(d.By)
		return d.For != "" && !here
	})
}

// CompactInForce gives the Compact in force to anybody it knows: byte for byte to
// stewards, who write it, and to auditors; to others without what they may not see.
func (w *Workflow) CompactInForce(ctx context.Context, p access.Principal) (out wire.Compact, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		d, err := tx.InForce()
		if err != nil {
			return err
		}
		text, err := tx.CompactText(d)
		if err == nil && !p.Is(access.Steward) && !p.Is(access.Auditor) {
			text, out.Excerpt, err = compact.Excerpt(w.Compact(), text, compactReader{w, p})
		}
		out.Digest, out.Text = string(d), string(text)
		return err
	})
	return out, err
}

// compactReader is somebody who reads the Compact.
type compactReader struct {
	w *Workflow
	p access.Principal
}

// SeesDataset implements compact.Reader.
func (r compactReader) SeesDataset(name string) bool {
	return access.May(r.p, access.SeeDataset, r.w.Compact().AccessDataset(name))
}

// NamesColumn implements compact.Reader.
func (r compactReader) NamesColumn(dataset, name string) bool {
	return r.w.sight(r.p, dataset).Names(name)
}

// SeesColumn implements compact.Reader.
func (r compactReader) SeesColumn(dataset, name string) bool {
	return r.w.sight(r.p, dataset).Sees(name)
}

// SeesText implements compact.Reader. A text about several datasets is for those who
// see all that it may speak of.
func (r compactReader) SeesText(dataset, text string) bool {
	for _, d := range r.w.Compact().Datasets {
		if (d.Name == dataset || dataset == "") && r.w.sight(r.p, d.Name).reads(text) {
			return false
		}
	}
	return true
}

// RevokeTokens revokes the access token of an id, and all tokens of a person, that are in
// force, and lists them. Like IssueToken it needs the metadata only. Whoever is signed in to
// the pages stays so until that session ends.
func RevokeTokens(ctx context.Context, s Store, id identity.TokenID, person access.Email, now time.Time) (ids []identity.TokenID, err error) {
	var log evidence.Log
	err = s.Do(ctx, func(tx Tx) error {
		if ids, err = tx.RevokeTokens(id, person, now); err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := log.Append(tx.Log(), evidence.Entry{Kind: evidence.TokenRevoked, At: now, IDs: map[string]string{"token": string(id)}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(ids) == 0 {
		err = errs.New(errs.NotFound, "There is no such token, or it was revoked before.").
			WithMend("Name the token itself, its ID (token:ID in the evidence; the second part of the token), or the address of the person whose tokens are to be revoked.")
	}
	return ids, err
}

// IssueToken issues an access token to a person of the Compact in force. It
// needs the metadata only, so that it works beside a running server.
func IssueToken(ctx context.Context, s Store, person access.Email, ttl time.Duration, now time.Time) (secret string, err error) {
	var log evidence.Log
	err = s.Do(ctx, func(tx Tx) error {
		d, err := tx.InForce()
		if err != nil {
			return err
		}
		if d == "" {
			return errs.New(errs.Blocked, "No Compact is in force yet.").WithMend("Start the server with one first: sutor serve --compact FILE")
		}
		text, err := tx.CompactText(d)
		if err != nil {
			return err
		}
		c, problems := compact.Parse("compact.yaml", text)
		if c == nil || compact.Failed(problems) {
			return errs.New(errs.Internal, "The Compact in force cannot be read by this version of Sutor.")
		}
		if _, known := c.Principal(person); !known {
			return errs.New(errs.NotFound, "The Compact in force does not know %s, or they have left.", person).WithMend("Add the person to the Compact, and put that in force, first.")
		}
		token, text2, err := identity.NewToken(person, now, ttl)
		if err != nil {
			return err
		}
		secret = text2
		if err := tx.AddToken(token); err != nil {
			return err
		}
		_, err = log.Append(tx.Log(), evidence.Entry{Kind: evidence.TokenIssued, At: now, IDs: map[string]string{"token": string(token.ID)},
			Body: evidence.Body{For: string(person)}})
		return err
	})
	return secret, err
}
