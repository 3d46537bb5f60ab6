package duck

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"sutor/internal/record"
)

// A live row that is not what the file has goes on beside the row of the file, in one
// record: number, live key, live values, and the file's values of the columns that it may
// change. It is so where each of the file's values is canonical, and no cell is the empty
// text: then none is a problem, and nothing is to be decided about them; and where both
// have the same key, text by text. The table rows is made of these records without a join;
// [run.compare] adds what it makes of the other rows. They are one table because DuckDB
// sorts a union of two in memory alone.

// pairs reads rows of the file again, and takes the records.
type pairs struct {
	*records
	staging *os.File
	cols    []column

	record record.Reader
	raw    []byte
	values []record.Field // of a row, by column of the lookup; NULL where the file has none
}

// newPairs opens what pairs take. Where empty cells clear, they are to be decided about.
func (r *run) newPairs() (*pairs, error) {
	if r.spec.Options.ClearEmpty {
		return nil, nil
	}
	p := &pairs{cols: r.cols, raw: make([]byte, 4<<10), values: make([]record.Field, len(r.cols))}
	var err error
	if p.staging, err = os.Open(r.staging); err != nil {
		return nil, diskError(err)
	}
	if p.records, err = r.newRecords("paired.csv"); err != nil {
		p.staging.Close()
		return nil, err
	}
	return p, nil
}

// end writes the last of the records. Nil has none.
func (p *pairs) end() error {
	if p == nil {
		return nil
	}
	return p.records.end()
}

// len gives how many pairs there are. Nil has none.
func (p *pairs) len() int64 {
	if p == nil {
		return 0
	}
	return p.records.len()
}

func (p *pairs) close() {
	if p != nil {
		p.staging.Close()
		p.records.close()
	}
}

// row gives the values of a row of the file, valid until the next call; nil where they
// are not known for certain.
func (p *pairs) row(row summed) ([]record.Field, error) {
	if p == nil || row.from < 0 || row.sum == (sum{}) {
		return nil, nil
	}
	cells, err := p.read(row.from)
	if err != nil {
		return nil, err
	}
	for i, c := range p.cols {
		if p.values[i] = (record.Field{Null: true}); c.source < 0 {
			continue
		}
		cell := cells[c.source]
		if cell.Null {
			continue
		}
		text := likely(c.Type, cell)
		if len(text) == 0 || !c.Type.IsCanonical(text) {
			return nil, nil
		}
		p.values[i] = record.Field{Text: text}
	}
	return p.values, nil
}

// read gives the cells of the row that begins at a byte of the staging file.
func (p *pairs) read(from int64) ([]record.Field, error) {
	for {
		n, err := p.staging.ReadAt(p.raw, from)
		if err != nil && err != io.EOF {
			return nil, diskError(err)
		}
		fields, whole, split := p.record.Split(p.raw[:n])
		if split != nil {
			return nil, split
		}
		if whole {
			return fields[2:], nil // behind the line and the defect
		}
		if err == io.EOF {
			return nil, fmt.Errorf("plan/duck: there is no whole row at byte %d of the file", from)
		}
		p.raw = make([]byte, 2*len(p.raw))
	}
}

// sameKey tells whether a row of the file and a live row have the same key, text by text.
func (a *arriving) sameKey(file, live []record.Field) bool {
	return !slices.ContainsFunc(a.compared, func(i int) bool {
		return i < a.nk && (file[i].Null || live[i].Null || !bytes.Equal(file[i].Text, live[i].Text))
	})
}

// sound tells whether the compared values of a live row stand for themselves.
func (a *arriving) sound(live []record.Field) bool {
	return !slices.ContainsFunc(a.compared, func(i int) bool {
		return !live[i].Null && !a.cols[i].Type.IsCanonical(live[i].Text)
	})
}

// writes tells whether a row of the file would change a live row: [run.writes], where
// empty cells do not clear.
func (a *arriving) writes(file, live []record.Field) bool {
	return slices.ContainsFunc(a.compared, func(i int) bool {
		return !file[i].Null && (live[i].Null || !bytes.Equal(file[i].Text, live[i].Text))
	})
}

// both makes the record of a live row and a row of the file.
func (a *arriving) both(live []byte, file []record.Field) {
	a.buf = append(a.buf[:0], live[:len(live)-1]...)
	for _, i := range a.compared {
		if i < a.nk {
			continue
		}
		if a.buf = append(a.buf, ','); !file[i].Null {
			a.buf = record.AppendQuoted(a.buf, file[i].Text)
		}
	}
	a.buf = append(a.buf, '\n')
}

// pairing tells whether some rows went on in pairs.
func (r *run) pairing() bool { return r.arriving != nil && r.arriving.pairs != nil }

// loadPaired makes the table rows of the pairs.
func (r *run) loadPaired(ctx context.Context) error {
	if !r.pairing() {
		return nil
	}
	fields, sel, after := r.liveFields(), "", ""
	for j := range r.nj {
		i := r.nk + j
		writes, value := "false", fmt.Sprintf("l%d", j)
		if r.cols[i].source >= 0 {
			fields = append(fields, fmt.Sprintf("v%d", i))
			writes, value = fmt.Sprintf("(v%[1]d IS NOT NULL AND v%[1]d IS DISTINCT FROM l%[2]d)", i, j), fmt.Sprintf("CASE WHEN m%[2]d THEN v%[1]d ELSE l%[2]d END", i, j)
		}
		sel += fmt.Sprintf(", %s AS m%d", writes, j)
		after += fmt.Sprintf(", %s AS a%d", value, j)
	}
	return r.loadRecords(ctx, r.arriving.pairs.records, `CREATE TABLE rows AS SELECT line, true AS found`+list(r.nk, "k#")+list(r.nj, "l#")+list(r.nj, "m#")+after+`, true AS paired
		FROM (SELECT *`+sel+` FROM (SELECT n AS line`+r.canonical()+r.valuesOf()+` FROM `+readCSV(r.arriving.pairs.path, "n", fields)+`))`, "rows")
}

// valuesOf lists the file's values of a pair.
func (r *run) valuesOf() (sel string) {
	for _, i := range r.arriving.compared {
		if i >= r.nk {
			sel += fmt.Sprintf(", v%d", i)
		}
	}
	return sel
}
