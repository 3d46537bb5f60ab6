package duck

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"sutor/internal/plan"
	"sutor/internal/record"
)

// content digests the file's rows as read; see plan.ContentDigest.
func (r *run) content(ctx context.Context) (record.Digest, error) {
	some, err := r.troubled(ctx, "true")
	if err != nil {
		return "", err
	}
	var parts []string
	for i, c := range r.cols {
		switch {
		case c.source < 0:
		case some[i] == 0:
			parts = append(parts, fmt.Sprintf("COALESCE(v%d, chr(30))", i))
		default:
			parts = append(parts, fmt.Sprintf("CASE WHEN p%[1]d IS NOT NULL THEN s%[1]d ELSE COALESCE(v%[1]d, chr(30)) END", i))
		}
	}
	if len(parts) == 0 { // no column of the file is read
		parts = []string{"''"}
	}
	var rows int64
	var text string
	err = r.query(ctx, `SELECT count(*), CAST(COALESCE(sum((md5_number(concat_ws(chr(31), `+strings.Join(parts, ", ")+`)) >> 64)::HUGEINT), 0) AS VARCHAR) FROM `+r.unknown(),
		func(scan func(...any) error) error { return scan(&rows, &text) })
	if err != nil {
		return "", err
	}
	sum, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return "", fmt.Errorf("plan/duck: a sum of digests is %q", text)
	}
	if a := r.arriving; a != nil {
		rows += a.count
		sum.Add(sum, a.contentSum())
	}
	return plan.ContentDigest(r.spec.FileColumns(), rows, sum), nil
}

// digestContent begins to digest the content, beside the lookup and the comparison, where
// the cells stay as they are.
func (r *run) digestContent(ctx context.Context) (err error) {
	settled := !slices.ContainsFunc(r.cols, func(c column) bool { return c.source >= 0 && !c.written.found })
	if r.ahead == nil || !settled || r.spec.Lines != nil {
		return nil
	}
	r.digesting, err = r.meanwhile(ctx, func(ctx context.Context, other *run) (err error) {
		r.digest, err = other.content(ctx)
		return err
	})
	return err
}

// contentDigested waits for the digest.
func (r *run) contentDigested(context.Context) error { return r.digesting.end() }
