package duck

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"sutor/internal/system/driver"
)

// datum is what a row of a Parquet file has in a column: NULL, or a text or a number, as
// the column's type is. A text stands until the next row is read.
type datum struct {
	text     []byte
	number   int64
	isNumber bool
	null     bool
}

// bytes are its text, nil for NULL alone.
func (d datum) bytes() []byte {
	if d.text == nil && !d.null {
		return []byte{}
	}
	return d.text
}

// eachRow reads columns of the rows of a Parquet file, in its order, until do is done
// (io.EOF). The engine takes several times as long to hand so many texts over.
func eachRow(ctx context.Context, path string, columns []string, do func(row []datum) error) error {
	return eachOfGroups(ctx, path, func(format.RowGroup) bool { return true }, columns, do)
}

// eachOfOp is eachRow of those rows of a plan alone that have an operation. Groups of rows
// that all have another are not read.
func eachOfOp(ctx context.Context, path string, op driver.Op, columns []string, do func(row []datum) error) error {
	some := func(group format.RowGroup) bool {
		for _, c := range group.Columns {
			if of := c.MetaData.Statistics; c.MetaData.PathInSchema[0] == "op" && len(of.MinValue) > 0 && len(of.MaxValue) > 0 {
				return string(of.MinValue) <= string(op) && string(op) <= string(of.MaxValue)
			}
		}
		return true
	}
	return eachOfGroups(ctx, path, some, append([]string{"op"}, columns...), func(row []datum) error {
		if string(row[0].text) != string(op) {
			return nil
		}
		return do(row[1:])
	})
}

func eachOfGroups(ctx context.Context, path string, some func(format.RowGroup) bool, columns []string, do func(row []datum) error) error {
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
	for i, group := range file.RowGroups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !some(file.Metadata().RowGroups[i]) {
			continue
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
func eachOf(group parquet.RowGroup, columns []string, do func(row []datum) error) error {
	all := make([]cells, len(columns))
	defer func() {
		for i := range all {
			all[i].close()
		}
	}()
	for i, name := range columns {
		at := slices.IndexFunc(group.Schema().Columns(), func(path []string) bool { return path[0] == name })
		if at < 0 {
			return fmt.Errorf("reading Parquet: there is no column %s", name)
		}
		chunk := group.ColumnChunks()[at]
		all[i] = cells{pages: chunk.Pages(), numbers: chunk.Type().Kind() == parquet.Int64}
	}
	row := make([]datum, len(columns))
	for range group.NumRows() {
		for i := range all {
			if err := all[i].next(&row[i]); err != nil {
				return fmt.Errorf("reading Parquet: %w", err)
			}
		}
		if err := do(row); err != nil {
			return err
		}
	}
	return nil
}

// cells are those of a column of a group, one after the other. They are taken right from
// the values of a page, which has none for NULL.
type cells struct {
	pages   parquet.Pages
	page    parquet.Page
	numbers bool // not texts

	rows, row int    // of the page; the next one
	present   []byte // of its rows, 0 for NULL; empty where none is
	value     int    // the next one
	index     []int32
	ints      []int64 // values, or those of the dictionary that index is about
	texts     []byte
	ends      []uint32 // of texts, behind the beginning of the first
}

// next gives the next cell.
func (c *cells) next(d *datum) error {
	for c.row == c.rows {
		if err := c.turn(); err != nil {
			return noEOF(err)
		}
	}
	at := c.row
	c.row++
	if len(c.present) > 0 && c.present[at] == 0 {
		*d = datum{null: true}
		return nil
	}
	v := c.value
	c.value++
	if c.index != nil {
		if v >= len(c.index) {
			return io.ErrUnexpectedEOF
		}
		v = int(c.index[v])
	}
	switch {
	case c.numbers && v < len(c.ints):
		*d = datum{number: c.ints[v], isNumber: true}
	case !c.numbers && v+1 < len(c.ends):
		*d = datum{text: c.texts[c.ends[v]:c.ends[v+1]]}
	default:
		return io.ErrUnexpectedEOF
	}
	return nil
}

// turn turns to the next page.
func (c *cells) turn() error {
	page, err := c.pages.ReadPage()
	if err != nil {
		return err
	}
	parquet.Release(c.page)
	c.page, c.rows, c.row, c.value = page, int(page.NumValues()), 0, 0
	if c.present = page.DefinitionLevels(); len(c.present) > 0 && len(c.present) != c.rows {
		return fmt.Errorf("%d cells of %d are there or not", len(c.present), c.rows)
	}
	values := page.Data()
	if c.index = nil; page.Dictionary() != nil {
		c.index, values = values.Int32(), page.Dictionary().Page().Data()
	}
	if c.numbers {
		c.ints = values.Int64()
	} else {
		c.texts, c.ends = values.ByteArray()
	}
	return nil
}

func (c *cells) close() {
	if c.pages != nil {
		parquet.Release(c.page)
		c.pages.Close()
	}
}

// noEOF is for what ends before its rows do.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
