package duck

import (
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"sutor/internal/plan"
)

// writeFrozen writes plan.parquet (package plan, "Files") of a plan that was made row by
// row. The engine takes ten times as long for so few rows.
func writeFrozen(out io.Writer, rows *plan.ByRow, nk, nj int) error {
	schema := frozenSchema(nk, nj)
	w := parquet.NewGenericWriter[any](out, schema, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}))
	batch := make([]parquet.Row, 0, rows.Len())
	for r := range rows.Frozen() {
		row := frozenRow{make(parquet.Row, 0, len(schema.Columns()))}
		row.number(int64(len(batch) + 1))
		row.text(&r.Op)
		if r.Line > 0 {
			row.number(r.Line)
		} else {
			row.null()
		}
		row.text(&r.Mask)
		row.text(r.Why)
		for _, cells := range [][]*string{r.Key, r.Before, r.After} {
			for _, cell := range cells {
				row.text(cell)
			}
		}
		batch = append(batch, row.Row)
	}
	if _, err := w.WriteRows(batch); err != nil {
		return fmt.Errorf("writing Parquet: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("writing Parquet: %w", err)
	}
	return nil
}

// frozenRow is a row that is being filled, column by column.
type frozenRow struct{ parquet.Row }

func (r *frozenRow) add(v parquet.Value, present int) {
	r.Row = append(r.Row, v.Level(0, present, len(r.Row)))
}

func (r *frozenRow) null()          { r.add(parquet.NullValue(), 0) }
func (r *frozenRow) number(n int64) { r.add(parquet.Int64Value(n), 1) }

func (r *frozenRow) text(s *string) {
	if s == nil {
		r.null()
		return
	}
	r.add(parquet.ByteArrayValue([]byte(*s)), 1)
}

// frozenSchema has the columns that freezing gives a plan's file, in its order.
func frozenSchema(nk, nj int) *parquet.Schema {
	columns := slices.Concat([]string{"n", "op", "line", "mask", "why"}, names("k", nk), names("b", nj), names("a", nj))
	group := parquet.Group{}
	for _, name := range columns {
		group[name] = parquet.Optional(parquet.String())
	}
	group["n"], group["line"] = parquet.Optional(parquet.Int(64)), parquet.Optional(parquet.Int(64))
	fields := group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int { return slices.Index(columns, a.Name()) - slices.Index(columns, b.Name()) })
	return parquet.NewSchema("plan", ordered{group, fields})
}

// ordered is a group that keeps its columns in an order of ours.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

func (o ordered) Fields() []parquet.Field { return o.fields }
