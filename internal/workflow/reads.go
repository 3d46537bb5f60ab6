package workflow

import (
	"context"
	"time"

	"sutor/internal/change"
	"sutor/internal/evidence"
	"sutor/internal/finding"
)

// readPeriod is the time whose reads of one person, dataset and change make one leaf.
const readPeriod = time.Hour

// countRead counts a read, before its rows are shown: in the metadata, so that
// none is lost where the server ends. What was counted in former hours becomes
// leaves in the same transaction, so that the log is behind by an hour of reading
// at most, and by no more than the metadata knows.
func (w *Workflow) countRead(ctx context.Context, r Read) error {
	r.Period, r.Calls = w.Now().UTC().Truncate(readPeriod), 1
	return w.Store.Do(ctx, func(tx Tx) error {
		if err := w.readLeaves(tx); err != nil {
			return err
		}
		return tx.CountRead(r)
	})
}

// logReads makes leaves of what was read in hours that are over.
func (w *Workflow) logReads(ctx context.Context) error { return w.Store.Do(ctx, w.readLeaves) }

func (w *Workflow) readLeaves(tx Tx) error {
	all, err := tx.TakeReads(w.Now().UTC().Truncate(readPeriod))
	if err != nil {
		return err
	}
	for _, r := range all {
		e := evidence.Entry{Kind: evidence.RowsRead, At: w.Now(), Counts: map[string]int64{"calls": r.Calls, "rows": r.Rows},
			Body: evidence.Body{Who: string(r.Person), Dataset: r.Dataset, Action: "read from " + r.Period.UTC().Format(time.RFC3339)}}
		if r.Change != "" {
			e.IDs = map[string]string{"change": string(r.Change)}
		}
		if _, err := w.log.Append(tx.Log(), e); err != nil {
			return err
		}
	}
	return nil
}

// probing names what findings tell of rows that somebody does not see.
var probing = map[string]string{finding.Outside: "outside", finding.Unique: "unique", finding.ForeignKey: "references"}

// probed leaves a leaf where a plan told its maker something of what they do not
// see: that a row of theirs meets one that is not for them, that a value is taken,
// that a guardrail which reads a withheld column was met. What a system refuses
// cannot be kept from whoever tries; who tries often can be seen.
func (w *Workflow) probed(tx Tx, c *change.Change, maker sight) error {
	if maker.Whole() || c.Plan == nil || c.Maker != maker.p.Email {
		return nil
	}
	counts := map[string]int64{}
	for _, f := range c.Plan.Findings {
		switch {
		case probing[f.Guardrail] != "":
			counts[probing[f.Guardrail]] += f.Rows
		case maker.judgesWithheld(f):
			counts["guardrails"]++
		case maker.hides(f.Column):
			counts["checks"] += f.Rows
		}
	}
	if len(counts) == 0 {
		return nil
	}
	return w.leaf(tx, c, evidence.Entry{Kind: evidence.AccessProbed, Counts: counts, Digests: planDigests(c),
		Body: evidence.Body{Who: string(c.Maker), Dataset: c.Dataset}})
}
