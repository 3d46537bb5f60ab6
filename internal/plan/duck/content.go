package duck

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// content digests the file's rows as read; see plan.ContentDigest.
func (r *run) content(ctx context.Context) (record.Digest, error) {
	some, err := r.troubled(ctx, "true")
	if err != nil {
		return "", err
	}
	parts := []string{"chr(31)"}
	for i, c := range r.cols {
		switch {
		case c.source < 0:
		case some[i] == 0:
			parts = append(parts, fmt.Sprintf("COALESCE(v%d, chr(30))", i))
		default:
			parts = append(parts, fmt.Sprintf("CASE WHEN p%[1]d IS NOT NULL THEN s%[1]d ELSE COALESCE(v%[1]d, chr(30)) END", i))
		}
	}
	var rows int64
	var text string
	err = r.query(ctx, `SELECT count(*), CAST(COALESCE(sum(md5_number_lower(concat_ws(`+strings.Join(parts, ", ")+`))::HUGEINT), 0) AS VARCHAR) FROM cells`,
		func(scan func(...any) error) error { return scan(&rows, &text) })
	if err != nil {
		return "", err
	}
	sum, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return "", fmt.Errorf("plan/duck: a sum of digests is %q", text)
	}
	return plan.ContentDigest(r.spec.FileColumns(), rows, sum), nil
}

// digesting is a digest of the content under way.
type digesting struct {
	digest record.Digest
	err    error
	done   chan struct{} // closed when digest and err are set
}

// end waits until it is over; whoever is in a hurry ends its context.
func (d *digesting) end() {
	if d != nil {
		<-d.done
	}
}

// digestContent begins to digest the content, beside the lookup and the comparison, where
// the cells stay as they are.
func (r *run) digestContent(ctx context.Context) error {
	settled := !slices.ContainsFunc(r.cols, func(c column) bool { return c.source >= 0 && !c.written.found })
	if r.ahead == nil || !settled || r.spec.Lines != nil {
		return nil
	}
	aside, err := r.apart(ctx)
	if err != nil {
		return err
	}
	other, d := *r, &digesting{done: make(chan struct{})}
	other.Session, r.digesting = aside, d
	go func() {
		defer close(d.done)
		defer errs.Caught(&d.err)
		d.digest, d.err = other.content(ctx)
		d.err = errors.Join(d.err, aside.conn.Close())
	}()
	return nil
}

// contentDigested takes the digest in.
func (r *run) contentDigested(context.Context) error {
	if r.digesting == nil {
		return nil
	}
	r.digesting.end()
	r.digest = r.digesting.digest
	return r.digesting.err
}
