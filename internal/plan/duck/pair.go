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
// record: number, live key, live values, and those of the file's values that it would
// write. It is so where each of the file's values is canonical, and no cell is the empty
// text: then none is a problem, and nothing is to be decided about them; and where both
// have the same key, text by text. The table differing is made of these records without a join;
// [run.compare] adds what it makes of the other rows. They are one table because DuckDB
// sorts a union of two in memory alone.

// pairs reads rows of the file again, and takes the records.
type pairs struct {
	*records
	staging *os.File
	held    []byte // all of it, of a file that is small enough
	cols    []column

	record record.Reader
	raw    []byte
	values []record.Field // of a row, by column of the lookup; NULL where the file has none
}

// heldFile is how many bytes a staging file has at most that is held in memory while live
// rows arrive: to reach into the file for a row took two microseconds.
const heldFile = 128 << 20

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
	raw, all := p.held, p.held != nil
	if all {
		raw = raw[min(from, int64(len(raw))):]
	}
	for {
		if !all {
			n, err := p.staging.ReadAt(p.raw, from)
			if err != nil && err != io.EOF {
				return nil, diskError(err)
			}
			raw, all = p.raw[:n], err == io.EOF
		}
		fields, whole, err := p.record.Split(raw)
		if err != nil {
			return nil, err
		}
		if whole {
			return fields[2:], nil // behind the line and the defect
		}
		if all {
			return nil, fmt.Errorf("plan/duck: there is no whole row at byte %d of the file", from)
		}
		p.raw = make([]byte, 2*len(p.raw))
	}
}

// hold reads a small staging file into memory. Nil has none.
func (p *pairs) hold() error {
	if p == nil {
		return nil
	}
	info, err := p.staging.Stat()
	if err != nil {
		return diskError(err)
	}
	if info.Size() > heldFile {
		return nil
	}
	p.held = make([]byte, info.Size())
	if _, err := io.ReadFull(p.staging, p.held); err != nil {
		return diskError(err)
	}
	return nil
}

// whole is the file, where it is held. Nil holds none.
func (p *pairs) whole() []byte {
	if p == nil {
		return nil
	}
	return p.held
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
		return changes(file[i], live[i])
	})
}

// changes tells whether a value of the file would change one of a live row.
func changes(file, live record.Field) bool {
	return !file.Null && (live.Null || !bytes.Equal(file.Text, live.Text))
}

// both makes the record of a live row and a row of the file.
func (a *arriving) both(raw []byte, live, file []record.Field) {
	a.buf = append(a.buf[:0], raw[:len(raw)-1]...)
	for _, i := range a.compared {
		if i < a.nk {
			continue
		}
		if a.buf = append(a.buf, ','); changes(file[i], live[i]) {
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
	fields, writes, written := r.liveFields(), "", ""
	for j := range r.nj {
		if r.cols[r.nk+j].source < 0 {
			writes += fmt.Sprintf(", false AS m%d", j)
			written += fmt.Sprintf(", NULL::VARCHAR AS w%d", j)
			continue
		}
		fields = append(fields, fmt.Sprintf("w%d", j))
		writes += fmt.Sprintf(", w%d IS NOT NULL AS m%d", j, j)
		written += fmt.Sprintf(", w%d", j)
	}
	return r.loadRecords(ctx, r.arriving.pairs.records, `CREATE TABLE differing AS SELECT n AS line, true AS found`+r.canonical()+writes+written+`, true AS paired
		FROM `+readCSV(r.arriving.pairs.path, "n", fields), "differing")
}
