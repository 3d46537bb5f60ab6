package duck

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"math/big"
	mathbits "math/bits"
	"os"
	"runtime/debug"
	"slices"
	"sort"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Most rows of most files are what the system has already, text by text. Such a live row
// is known as it arrives: its texts have the sum that the row of the file was given when
// the file was gone through (ahead.go). Of it goes on only what a system that compares
// would give of it (there.go). Of most others nothing but the texts differ: such a row of
// the file is read again, and both go on side by side (pair.go). Neither is read into
// cells. Whatever is not known for certain is compared as it always is, so the plan is
// the same.
//
// A text is taken for the same value only if it is canonical ([record.Type.IsCanonical]):
// then it stands for itself on both sides, and has no problem that would have to be told.
// Whether it may be written in another format is decided before, by the points of its
// numbers; and after, where any of the other rows does not fit the standard grammar, for
// all of them: the file is then read from its beginning ([run.readFile]).

// sum stands for the values of a row: two rows with the same sum have the same values.
// It is made with seeds that are new for every plan, so that nobody can look for two rows
// that only have the same sum.
type sum [2]uint64

// summed is a row of the file.
type summed struct {
	line int64
	from int64 // the byte of the staging file at which it begins; less than 0 where that is not kept
	sum  sum   // zero for a row that is not compared
}

// places are the rows in the order of the file, in parts of the same length: there are
// millions of a large file, which are not to be copied as more come.
type places []part

const placesInPart = 1 << 16

// part has rows by what they are past its first: half of the memory.
type part struct {
	line, from int64 // of the first
	rows       []past
}

type past struct {
	lines, bytes uint32
	sum          sum
}

// far is for bytes past the first of a part that do not fit.
const far = math.MaxUint32

func (p *places) add(row summed) {
	last := len(*p) - 1
	if last < 0 || len((*p)[last].rows) == placesInPart {
		*p, last = append(*p, part{row.line, row.from, make([]past, 0, placesInPart)}), last+1
	}
	in := &(*p)[last]
	in.rows = append(in.rows, past{uint32(row.line - in.line), uint32(min(row.from-in.from, far)), row.sum})
}

func (p places) len() int {
	if len(p) == 0 {
		return 0
	}
	return (len(p)-1)*placesInPart + len(p[len(p)-1].rows)
}

// far tells whether it is not kept of some rows where they begin.
func (p places) far() bool {
	return slices.ContainsFunc(p, func(in part) bool { return in.rows[len(in.rows)-1].bytes == far })
}

func (p places) at(place int) summed {
	in := &p[place/placesInPart]
	row := in.rows[place%placesInPart]
	out := summed{in.line + int64(row.lines), in.from + int64(row.bytes), row.sum}
	if row.bytes == far {
		out.from = -1
	}
	return out
}

// place gives the place of a line, whose number a live row has, and the row.
func (p places) place(number []byte) (int, summed, error) {
	line, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0, summed{}, fmt.Errorf("plan/duck: a live row has the number %q", number)
	}
	n := p.len()
	if n > 0 { // where lines skip none, the place is known
		if i := line - p[0].line; i >= 0 && i < int64(n) {
			if row := p.at(int(i)); row.line == line {
				return int(i), row, nil
			}
		}
	}
	i := sort.Search(n, func(i int) bool { return p.at(i).line >= line })
	if i == n || p.at(i).line != line {
		return 0, summed{}, fmt.Errorf("plan/duck: a live row has the number %d, which is none of the file", line)
	}
	return i, p.at(i), nil
}

// arriving compares live rows as they arrive with the rows of a file.
type arriving struct {
	driver.Fetcher
	cols     []column // of a live row, in this order
	nk       int      // of them are the key
	compared []int    // places in cols of those that the file has
	spares   []bool   // by column of the lookup: it does not come back of a row that is the same
	seeds    [2]maphash.Seed
	buf      []byte

	on      bool       // else they are not compared; settled before the first arrives
	summing *meanwhile // of rows, where the first may arrive before that is over
	rows    places
	met     bits     // by place in rows: a live row arrived
	again   bits     // and another one
	known   bits     // it is the same, or went on beside it
	double  int64    // rows that several live rows arrived for
	alike   *records // of live rows that are the same: number, and what every row is needed for
	pairs   *pairs   // nil where they do not go on side by side

	digests bool      // what is known is digested
	count   int64     // rows that are known
	content [2]uint64 // their part of plan.ContentDigest's sum, the higher half first
}

// bits has a bit for each place.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) has(place int) bool { return b[place/64]&(1<<(place%64)) != 0 }
func (b bits) set(place int)      { b[place/64] |= 1 << (place % 64) }

// comparesArriving tells whether live rows can be compared as they arrive. What must know
// every row's cells, or the system's way to write them, cannot do so.
func (r *run) comparesArriving() bool {
	if r.comparing == Here || r.spec.Only != nil || r.spec.Lines != nil {
		return false
	}
	return !slices.ContainsFunc(r.cols, func(c column) bool {
		return c.source >= 0 && (c.Type.Kind == record.Native || c.written.chosen)
	})
}

func (r *run) newArriving() (_ *arriving, err error) {
	a := &arriving{Fetcher: r.live, on: r.comparesArriving(), digests: true, cols: r.cols, nk: r.nk, seeds: newSeeds()}
	still := r.still()
	for i, c := range r.cols {
		if c.source >= 0 {
			a.compared = append(a.compared, i)
		}
		a.spares = append(a.spares, i >= r.nk && !slices.Contains(still, c.Name))
	}
	if !a.on {
		return a, nil
	}
	if a.alike, err = r.newRecords("alike.csv"); err != nil {
		return nil, err
	}
	if a.pairs, err = r.newPairs(); err != nil {
		a.alike.close()
	}
	return a, err
}

// arrivingAgain compares live rows with what was stored, of which nothing is needed
// but the number of those that are the same.
func (r *run) arrivingAgain(on bool) *arriving {
	a := &arriving{Fetcher: r.live, on: on, cols: r.cols, nk: r.nk, seeds: newSeeds()}
	for i := range r.cols {
		a.compared, a.spares = append(a.compared, i), append(a.spares, true)
	}
	return a
}

func newSeeds() [2]maphash.Seed { return [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()} }

// aside is how many live rows went on elsewhere than the others.
func (a *arriving) aside() int64 { return a.alike.len() + a.pairs.len() }

// end writes the last of what goes on elsewhere.
func (a *arriving) end() error { return errors.Join(a.alike.end(), a.pairs.end()) }

func (a *arriving) close() {
	a.alike.close()
	a.pairs.close()
}

// reset begins the sum of a row.
func (a *arriving) reset() { a.buf = a.buf[:0] }

// add adds the next of the compared columns; nil for no value.
func (a *arriving) add(text []byte) {
	if text == nil {
		a.buf = append(a.buf, 0)
		return
	}
	a.buf = binary.AppendUvarint(a.buf, uint64(len(text))+1)
	a.buf = append(a.buf, text...)
}

// sum is that of the columns added, never zero.
func (a *arriving) sum() sum {
	return sum{maphash.Bytes(a.seeds[0], a.buf) | 1, maphash.Bytes(a.seeds[1], a.buf)}
}

// Fetch fetches, for a lookup of key and judged columns, the live rows that are neither
// known to be the same nor one of a pair.
func (a *arriving) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	from, to := io.Pipe()
	passed := make(chan error, 1)
	go func() {
		var err error
		defer func() { from.CloseWithError(err); passed <- err }()
		defer errs.Caught(&err)
		err = a.pass(from, out)
	}()
	sent, found, err = a.Fetcher.Fetch(ctx, l, in, to)
	if err != nil {
		to.CloseWithError(err)
	} else {
		to.Close()
	}
	if failed := <-passed; failed != nil { // else err came from it, or is the same
		err = failed
	}
	return sent, found, err
}

// piece is more than connectors write at once, 256 KB and a row, so that they make the next
// one while it is compared. Where the last row of it was not taken they waited until nearly
// all of it was, and fetching and comparing took turns.
const piece = 512 << 10

// pass reads live rows and writes what goes on of them. The first comes when all keys were
// read (driver.Fetcher), and so when the file was gone through.
func (a *arriving) pass(in io.Reader, out io.Writer) error {
	rows, w := bufio.NewReaderSize(in, piece), bufio.NewWriterSize(out, 256<<10)
	if _, err := rows.Peek(1); err != nil && err != io.EOF {
		return err
	}
	if err := a.summing.end(); err != nil {
		return err
	}
	each := a.compare
	if !a.on {
		each = func(in io.Reader, out io.Writer) error { _, err := io.Copy(out, in); return err }
	}
	if err := each(rows, w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return diskError(err)
	}
	return nil
}

// compare compares live rows.
func (a *arriving) compare(in io.Reader, out io.Writer) error {
	n := a.rows.len()
	a.met, a.again, a.known = newBits(n), newBits(n), newBits(n)
	if err := a.pairs.hold(); err != nil {
		return err
	}
	for rows := record.NewReader(in); ; {
		fields, err := rows.Read()
		if err == io.EOF {
			return a.end()
		}
		if err != nil {
			return err
		}
		if len(fields) != 1+len(a.cols) {
			return fmt.Errorf("plan/duck: a live row has %d columns, %d were asked for", len(fields)-1, len(a.cols))
		}
		place, row, err := a.rows.place(fields[0].Text)
		if err != nil {
			return err
		}
		if a.met.has(place) && !a.again.has(place) {
			a.again.set(place)
			a.double++
		}
		a.met.set(place)
		to, err := a.one(place, row, fields, rows.Raw(), out)
		if err != nil {
			return err
		}
		if _, err := to.Write(a.buf); err != nil {
			return diskError(err)
		}
	}
}

// one compares a live row, and gives what goes on of it, in buf, and where to.
func (a *arriving) one(place int, row summed, fields []record.Field, raw []byte, out io.Writer) (io.Writer, error) {
	live := fields[1:]
	if a.isSame(row, live) {
		a.know(place, live)
		a.spared(fields)
		return a.alike, nil
	}
	file, err := a.pairs.row(row)
	if err != nil || file == nil || !a.sameKey(file, live) || !a.sound(live) {
		a.buf = append(a.buf[:0], raw...)
		return out, err
	}
	a.know(place, file)
	if !a.writes(file, live) {
		a.spared(fields)
		return a.alike, nil
	}
	a.both(raw, live, file)
	return a.pairs, nil
}

// know notes that a row of the file is known, by values that are its own.
func (a *arriving) know(place int, values []record.Field) {
	a.known.set(place)
	a.count++
	if a.digests {
		a.digest(values)
	}
}

// spared makes the record of a row that is the same: what every row is needed for.
func (a *arriving) spared(fields []record.Field) {
	a.buf = append(a.buf[:0], fields[0].Text...)
	for i, f := range fields[1:] {
		if a.spares[i] {
			continue
		}
		if a.buf = append(a.buf, ','); !f.Null {
			a.buf = record.AppendQuoted(a.buf, f.Text)
		}
	}
	a.buf = append(a.buf, '\n')
}

// loadAlike makes the table alike of the live rows that are the same: n, and of key and
// live values those that every row is needed for.
func (r *run) loadAlike(ctx context.Context) error {
	var fields []string
	for i, name := range r.liveFields() {
		if !r.arriving.spares[i] {
			fields = append(fields, name)
		}
	}
	return r.loadRecords(ctx, r.arriving.alike, `CREATE TABLE alike AS SELECT * FROM `+readCSV(r.arriving.alike.path, "n", fields), "alike")
}

// alike selects them as live_all has them; what did not go on is NULL.
func (r *run) alike() string {
	if r.reversal {
		return `SELECT line AS n` + list(r.nk, "v# AS k#") + list(r.nj, "stored# AS l#") + `, true AS same FROM cells WHERE line IN (SELECT n FROM alike)`
	}
	sel := "n"
	for i, name := range r.liveFields() {
		value := canonicalLive(r.cols[i].Type, name)
		if r.arriving.spares[i] {
			value = "NULL::VARCHAR"
		}
		sel += ", " + value + " AS " + name
	}
	return `SELECT ` + sel + `, true AS same FROM alike`
}

// isSame tells whether a live row has the values of the row of the file.
func (a *arriving) isSame(row summed, live []record.Field) bool {
	if row.sum == (sum{}) {
		return false
	}
	return a.sumOf(live) == row.sum && a.sound(live)
}

// sumOf is the sum of the compared values of a row.
func (a *arriving) sumOf(values []record.Field) sum {
	a.reset()
	for _, i := range a.compared {
		a.add(textOf(values[i]))
	}
	return a.sum()
}

// textOf is a field's text, nil for NULL.
func textOf(f record.Field) []byte {
	if f.Null {
		return nil
	}
	return f.Text
}

// digest adds a row of the file to the sum of the content: plan.ContentDigest.
func (a *arriving) digest(values []record.Field) {
	text := a.buf[:0]
	for n, i := range a.compared {
		if n > 0 {
			text = append(text, 0x1f)
		}
		if values[i].Null {
			text = append(text, 0x1e)
		} else {
			text = append(text, values[i].Text...)
		}
	}
	a.buf = text
	hash := md5.Sum(text)
	low, carry := mathbits.Add64(a.content[1], binary.LittleEndian.Uint64(hash[8:]), 0)
	a.content = [2]uint64{a.content[0] + carry, low}
}

// contentSum is the same as a number.
func (a *arriving) contentSum() *big.Int {
	sum := new(big.Int).SetUint64(a.content[0])
	return sum.Lsh(sum, 64).Add(sum, new(big.Int).SetUint64(a.content[1]))
}

// rest copies the rows of a staging file that are not known: by where they begin, or, where
// that was not kept of all, by reading the whole file again.
func (a *arriving) rest(staging string, out io.Writer) error {
	in, err := os.Open(staging)
	if err != nil {
		return diskError(err)
	}
	defer in.Close()
	if !a.rows.far() {
		return a.restByPlace(in, out)
	}
	rows := record.NewReader(in)
	for place := 0; ; place++ {
		_, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if a.known.has(place) {
			continue
		}
		if _, err := out.Write(rows.Raw()); err != nil {
			return err
		}
	}
}

// restByPlace copies them by where they begin.
func (a *arriving) restByPlace(in *os.File, out io.Writer) error {
	info, err := in.Stat()
	if err != nil {
		return diskError(err)
	}
	held, begin := a.pairs.whole(), int64(-1) // of rows that are not known, one after the other
	copied := func(end int64) error {
		if held != nil {
			_, err := out.Write(held[begin:end])
			return err
		}
		_, err := io.Copy(out, io.NewSectionReader(in, begin, end-begin))
		return err
	}
	for place := range a.rows.len() {
		if a.known.has(place) != (begin >= 0) {
			continue
		}
		from := a.rows.at(place).from
		if begin < 0 {
			begin = from
			continue
		}
		if err := copied(from); err != nil {
			return err
		}
		begin = -1
	}
	if begin < 0 {
		return nil
	}
	return copied(info.Size())
}

// manyRows is from how many rows on what is kept of them is worth to be given back at once:
// some 30 bytes each, and the file itself where that was held, which the plan's other half does
// not need.
const manyRows = 1 << 18

// forget forgets what was kept of the rows of the file.
func (a *arriving) forget() {
	many := a.rows.len() > manyRows
	a.rows, a.met, a.again, a.known = nil, nil, nil, nil
	if a.pairs != nil {
		a.pairs.held = nil
	}
	if many {
		debug.FreeOSMemory()
	}
}
