package duck

import (
	"context"
	"fmt"
	"io"
	"os"
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

// eachRow reads columns of the rows of a Parquet file, in its order, until do is done
// (io.EOF). The engine would take three times as long to hand so many texts over.
func eachRow(ctx context.Context, path string, columns []string, do func(row []parquet.Value) error) error {
	in, err := os.Open(path)
	if err != nil {
		return diskError(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return diskError(err)
	}
	file, err := parquet.OpenFile(in, info.Size())
	if err != nil {
		return fmt.Errorf("reading Parquet: %w", err)
	}
	for _, group := range file.RowGroups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := eachOf(group, columns, do)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachOf reads columns of a group of rows.
func eachOf(group parquet.RowGroup, columns []string, do func(row []parquet.Value) error) error {
	all := make([]*cells, len(columns))
	for i, name := range columns {
		at := slices.IndexFunc(group.Schema().Columns(), func(path []string) bool { return path[0] == name })
		if at < 0 {
			return fmt.Errorf("reading Parquet: there is no column %s", name)
		}
		all[i] = &cells{pages: group.ColumnChunks()[at].Pages()}
		defer all[i].pages.Close()
	}
	row := make([]parquet.Value, len(columns))
	for range group.NumRows() {
		for i, c := range all {
			var err error
			if row[i], err = c.next(); err != nil {
				return fmt.Errorf("reading Parquet: %w", err)
			}
		}
		if err := do(row); err != nil {
			return err
		}
	}
	return nil
}

// cells are those of a column of a group, one after the other.
type cells struct {
	pages  parquet.Pages
	page   parquet.ValueReader
	values [512]parquet.Value
	read   []parquet.Value // of values, those to come
}

// next gives the next cell, which stands until the one after it.
func (c *cells) next() (parquet.Value, error) {
	for len(c.read) == 0 {
		if c.page == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return parquet.Value{}, noEOF(err)
			}
			c.page = page.Values()
		}
		n, err := c.page.ReadValues(c.values[:])
		if c.read = c.values[:n]; err == io.EOF {
			c.page = nil
		} else if err != nil {
			return parquet.Value{}, err
		}
	}
	v := c.read[0]
	c.read = c.read[1:]
	return v, nil
}

// noEOF is for what ends before its rows do.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// bytesOf is a cell's text, nil for NULL alone.
func bytesOf(v parquet.Value) []byte {
	if v.IsNull() {
		return nil
	}
	if text := v.ByteArray(); text != nil {
		return text
	}
	return []byte{}
}
