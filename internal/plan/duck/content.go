package duck

import (
	"context"
	"fmt"
	"math/big"
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
