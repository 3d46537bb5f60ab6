package xlsx

import (
	"context"
	"fmt"
	"io"
	"os"

	"sutor/internal/record"
)

const (
	chunkSize  = 1 << 20
	maxStrings = 16 << 20  // strings, four bytes each
	maxPool    = 4<<30 - 1 // bytes of them: what a uint32 can point at
	inMemory   = 96 << 20  // bytes kept; what is more goes to a temporary file
	pageSize   = 64 << 10  // of the temporary file, read at once
	pages      = 256       // of them kept, each in the place its number gives
	indexBits  = 16        // strings whose places stand in one piece of the index
)

// pool holds the shared strings of a workbook in their staging form, one after
// the other: cells point at the same ones again and again, and then a cell is one
// copy. Beyond inMemory the rest stands in a temporary file.
type pool struct {
	index  [][]uint32 // where each string begins, in pieces of 1<<indexBits
	count  int
	size   int64 // bytes in all
	chunks [][]byte
	temp   string // folder of file; "" for the system's
	file   *os.File
	cached [pages]page
	joined []byte // a string that lies across chunks or pages
}

type page struct {
	number int64 // from 1
	bytes  []byte
}

// openStrings reads the workbook's shared strings; it has none if the part is
// missing. The pool must be closed.
func (w *workbook) openStrings(ctx context.Context, temp string) (*pool, error) {
	p := &pool{temp: temp}
	if w.strings == "" || !w.archive.has(w.strings) {
		return p, nil
	}
	x, err := w.archive.open(ctx, w.strings)
	if err != nil {
		return nil, err
	}
	defer x.close()
	var raw, staged []byte
	err = x.elements(func() error {
		if x.depth() != 2 || string(x.name) != "si" {
			return nil
		}
		if raw, err = x.rich(raw[:0]); err != nil {
			return err
		}
		staged = record.AppendQuoted(staged[:0], raw)
		return p.add(staged)
	})
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *pool) add(staged []byte) error {
	if p.count == maxStrings || p.size+int64(len(staged)) > maxPool {
		return tooManyStrings()
	}
	if p.count>>indexBits == len(p.index) {
		p.index = append(p.index, make([]uint32, 0, 1<<indexBits))
	}
	last := len(p.index) - 1
	p.index[last] = append(p.index[last], uint32(p.size))
	p.count++
	p.size += int64(len(staged))
	for len(staged) > 0 {
		n := len(p.chunks) - 1
		if n < 0 || len(p.chunks[n]) == chunkSize {
			if err := p.spill(); err != nil {
				return err
			}
			p.chunks = append(p.chunks, make([]byte, 0, chunkSize))
			n = len(p.chunks) - 1
		}
		k := min(len(staged), chunkSize-len(p.chunks[n]))
		p.chunks[n] = append(p.chunks[n], staged[:k]...)
		staged = staged[k:]
	}
	return nil
}

// spill writes the chunk that is full out if memory is used up, and takes its
// buffer for the next one.
func (p *pool) spill() (err error) {
	kept := inMemory / chunkSize
	if len(p.chunks) <= kept {
		return nil
	}
	if p.file == nil {
		if p.file, err = os.CreateTemp(p.temp, "sutor-strings-*"); err != nil {
			return writeError(err)
		}
	}
	if _, err := p.file.Write(p.chunks[kept]); err != nil {
		return writeError(err)
	}
	p.chunks = p.chunks[:kept]
	return nil
}

// close removes the temporary file.
func (p *pool) close() {
	if p.file != nil {
		p.file.Close()
		os.Remove(p.file.Name())
	}
}

// at gives the staging form of string i, valid until the next call; ok is false
// if there is no such string.
func (p *pool) at(i int) (staged []byte, ok bool, err error) {
	if i < 0 || i >= p.count {
		return nil, false, nil
	}
	from, to := p.begin(i), p.size
	if i+1 < p.count {
		to = p.begin(i + 1)
	}
	if n := from / chunkSize; n == (to-1)/chunkSize && n < int64(len(p.chunks)) && !p.onDisk(to) {
		return p.chunks[n][from%chunkSize : (to-1)%chunkSize+1], true, nil
	}
	p.joined = p.joined[:0]
	for from < to {
		piece, err := p.piece(from)
		if err != nil {
			return nil, false, err
		}
		piece = piece[:min(int64(len(piece)), to-from)]
		p.joined = append(p.joined, piece...)
		from += int64(len(piece))
	}
	return p.joined, true, nil
}

func (p *pool) begin(i int) int64 { return int64(p.index[i>>indexBits][i&(1<<indexBits-1)]) }

// onDisk tells whether what ends before byte to may reach beyond the memory.
func (p *pool) onDisk(to int64) bool { return p.file != nil && to > inMemory }

// piece gives some bytes of the pool from one place on, at least one.
func (p *pool) piece(from int64) ([]byte, error) {
	if !p.onDisk(from + 1) {
		return p.chunks[from/chunkSize][from%chunkSize:], nil
	}
	from -= inMemory
	spilled := (p.size - inMemory - 1) / chunkSize * chunkSize // what is full is in the file
	if from >= spilled {
		return p.chunks[len(p.chunks)-1][from-spilled:], nil
	}
	n := from / pageSize
	c := &p.cached[n%pages]
	if c.number != n+1 {
		if c.bytes == nil {
			c.bytes = make([]byte, pageSize)
		}
		if _, err := p.file.ReadAt(c.bytes, n*pageSize); err != nil && err != io.EOF {
			return nil, fmt.Errorf("xlsx: reading back shared strings: %w", err)
		}
		c.number = n + 1
	}
	return c.bytes[from%pageSize:], nil
}
