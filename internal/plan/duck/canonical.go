package duck

import (
	"context"
	"errors"
	"io"
	"slices"

	"sutor/internal/plan"
	"sutor/internal/record"
)

// CanonicalRows writes a plan's canonical rows CSV (package plan).
func CanonicalRows(ctx context.Context, parquet string, key, judged record.Schema, w io.Writer) error {
	out := record.NewWriter(w)
	for _, h := range plan.RowsHeader(key, judged) {
		out.String(h)
	}
	columns := slices.Concat([]string{"op", "mask"}, names("k", len(key)), names("b", len(judged)), names("a", len(judged)))
	return canonical(ctx, parquet, columns, out)
}

// CanonicalStored writes the rows as really stored as canonical CSV: a header
// record, then n, op, key and values, in the order of n.
func CanonicalStored(ctx context.Context, stored string, key, columns record.Schema, w io.Writer) error {
	out := record.NewWriter(w)
	out.String("n")
	out.String("op")
	for _, c := range key {
		out.String("key:" + c.Name)
	}
	for _, c := range columns {
		out.String("stored:" + c.Name)
	}
	return canonical(ctx, stored, slices.Concat([]string{"n", "op"}, names("k", len(key)), names("s", len(columns))), out)
}

// canonical ends the header and writes columns of the rows of a Parquet file.
func canonical(ctx context.Context, parquet string, columns []string, out *record.Writer) error {
	return errors.Join(out.End(), writeEach(ctx, parquet, columns, out), out.Flush())
}

// writeEach writes columns of the rows of a Parquet file.
func writeEach(ctx context.Context, parquet string, columns []string, out *record.Writer) error {
	return eachRow(ctx, parquet, columns, func(row []datum) error {
		for _, d := range row {
			switch {
			case d.null:
				out.Null()
			case d.isNumber:
				out.Number(d.number)
			default:
				out.Value(d.text)
			}
		}
		return out.End()
	})
}
