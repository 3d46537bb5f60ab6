package workflow

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Evidence writes the pack that proves one change. The export is itself a leaf,
// and the last one that the pack's checkpoint covers.
func (w *Workflow) Evidence(ctx context.Context, p access.Principal, id change.ID, out io.Writer) error {
	var in *evidence.PackInput
	err := w.Store.Do(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, change.ActProve)
		if err != nil {
			return err
		}
		if err := w.provable(s); err != nil {
			return err
		}
		err = w.leaf(tx, s.c, evidence.Entry{Kind: evidence.EvidenceExported, Means: p.Means, Body: evidence.Body{Who: string(p.Email)}})
		if err != nil {
			return err
		}
		checkpoint, err := w.log.Checkpoint(tx.Log(), w.Key)
		if err != nil {
			return err
		}
		in, err = evidence.Gather(tx.Log(), evidence.ChangeID(id), checkpoint, w.Key.Verifier())
		return err
	})
	if err != nil {
		return w.refused(ctx, p, id, change.ActProve, err)
	}
	return evidence.Export(out, in, func(a evidence.Artefact) (io.ReadCloser, error) { return w.artefact(ctx, a) })
}

// provable refuses a pack to somebody who may not see all that is in it: the
// digests that prove a plan are of all its columns and rows, and of the whole
// Compact, so nothing can be left out.
func (w *Workflow) provable(s *step) error {
	i := slices.IndexFunc(s.datasets, func(d access.Dataset) bool {
		see := w.sight(s.who, d.Name)
		return len(see.Withheld()) > 0 || !see.AllRows() && s.c.Maker != s.who.Email
	})
	if i < 0 {
		return nil
	}
	proves := func(p access.Principal) bool {
		return !slices.ContainsFunc(s.datasets, func(d access.Dataset) bool {
			return !access.May(p, access.ProveChanges, d) || !w.sight(p, d.Name).Whole()
		})
	}
	var who []string
	for _, person := range w.Compact().People {
		if p, _ := w.Compact().Principal(person.Email); proves(p) && len(who) < 5 {
			who = append(who, string(p.Email))
		}
	}
	e := errs.New(errs.Forbidden, "The evidence of change %s holds columns or rows of %s that you may not see, and cannot be proved without them.", s.c.ID, s.datasets[i].Name)
	if len(who) == 0 {
		return e.WithMend("Nobody may see all of it: the steward names somebody in the Compact.")
	}
	return e.WithMend("Ask %s.", strings.Join(who, ", "))
}

// artefact opens one member of a pack: stored as it is, or made again from what
// is stored (rows.csv, stored.csv).
func (w *Workflow) artefact(ctx context.Context, a evidence.Artefact) (io.ReadCloser, error) {
	if a.Plan == "" {
		var text []byte
		err := w.Store.View(ctx, func(tx Tx) (err error) {
			text, err = tx.CompactText(a.Digest)
			return err
		})
		return io.NopCloser(bytes.NewReader(text)), err
	}
	text, err := w.readWhole(ctx, a.Plan) // stays when the rows are purged
	if err != nil || a.Digest == a.Plan {
		return io.NopCloser(bytes.NewReader(text)), err
	}
	m, err := plan.ParseManifest(text)
	if err != nil {
		return nil, err
	}
	if a.Digest == m.File || a.Digest == m.Findings {
		return w.Artifacts.Open(ctx, a.Digest)
	}
	if a.Digest != m.Rows {
		return w.storedRows(ctx, m)
	}
	parquet, release, err := w.Artifacts.Local(ctx, m.File)
	if err != nil {
		return nil, err
	}
	return streamed(release, func(out io.Writer) error {
		return duck.CanonicalRows(ctx, parquet, m.KeySchema(), m.JudgedSchema(), out)
	}), nil
}

// storedRows gives the rows of a plan as really stored.
func (w *Workflow) storedRows(ctx context.Context, m plan.Manifest) (io.ReadCloser, error) {
	var c *change.Change
	err := w.Store.View(ctx, func(tx Tx) (err error) {
		c, err = tx.Change(m.Change)
		return err
	})
	if err != nil {
		return nil, err
	}
	if c = c.On(m.Dataset); c == nil {
		return nil, fmt.Errorf("the plan of change %s is for another dataset, %s", m.Change, m.Dataset)
	}
	if c.Result == nil || c.Result.Stored == "" {
		return nil, errs.New(errs.NotFound, "The rows of change %s as stored are not kept any more.", m.Change)
	}
	path, release, err := w.Artifacts.Local(ctx, c.Result.Stored)
	if err != nil {
		return nil, err
	}
	columns := make(record.Schema, len(c.Result.Columns))
	for i, name := range c.Result.Columns {
		columns[i].Name = name
	}
	return streamed(release, func(out io.Writer) error {
		return duck.CanonicalStored(ctx, path, m.KeySchema(), columns, out)
	}), nil
}

// streamed gives what produce writes, and releases what that reads when it is done.
func streamed(release func(), produce func(io.Writer) error) io.ReadCloser {
	r, out := io.Pipe()
	go func() {
		defer release()
		var err error
		defer func() { out.CloseWithError(err) }()
		defer errs.Caught(&err)
		err = produce(out)
	}()
	return r
}

// Checkpoint signs the log's present head. Anybody signed in may have it: it is
// meant to be kept outside.
func (w *Workflow) Checkpoint(ctx context.Context, _ access.Principal) (out wire.Checkpoint, err error) {
	err = w.Store.Do(ctx, func(tx Tx) error {
		text, err := w.log.Checkpoint(tx.Log(), w.Key)
		if err != nil {
			return err
		}
		size, err := tx.Log().Size()
		out = wire.Checkpoint{Checkpoint: string(text), Key: w.Key.Verifier(), Size: size}
		return err
	})
	return out, err
}
