package csv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/intake/dialect"
)

// A table written as CSV in any legal way comes out as it is, at the right lines.
func TestPropertyAnyLegalWritingReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := writing{t: t, delimiter: rapid.SampledFrom([]byte{',', ';', '\t'}).Draw(t, "delimiter"), line: 1}
		width := rapid.IntRange(1, 5).Draw(t, "width")
		if rapid.Bool().Draw(t, "mark") {
			w.file.WriteString("\uFEFF")
		}
		w.blankLines()
		header := make([]string, width)
		for i := range header {
			header[i] = fmt.Sprint("c", i, rapid.SampledFrom([]string{"", ",", ";x", "\ty", "\"", "\nz"}).Draw(t, "name"))
		}
		w.record(pointers(header))
		w.lineEnd(false)
		var want []row
		for n := rapid.IntRange(1, 12).Draw(t, "rows"); n > 0; n-- {
			w.blankLines()
			cells := rapid.SliceOfN(rapid.Ptr(anyText(), true), width, width).Draw(t, "cells")
			if width == 1 && cells[0] == nil {
				cells[0] = new(string) // one NULL cell would be a blank line
			}
			want = append(want, row{line: fmt.Sprint(w.line), cells: shown(cells)})
			w.record(cells)
			w.lineEnd(n == 1)
		}
		window := rapid.SampledFrom([]int{8, 16, 100, windowSize}).Draw(t, "window")
		var in io.Reader = bytes.NewReader(w.file.Bytes())
		if rapid.Bool().Draw(t, "by bytes") {
			in = iotest.OneByteReader(in)
		}
		var out bytes.Buffer
		res, err := read(context.Background(), in, &out, Options{Delimiter: string(w.delimiter), Quote: `"`, Escape: `"`, SkipLines: new(0), HeaderLines: new(1)}, window)
		if err != nil {
			t.Fatalf("%q: %v", w.file.String(), err)
		}
		if d := cmp.Diff(header, res.Columns); d != "" {
			t.Fatalf("%q: columns (-want +got):\n%s", w.file.String(), d)
		}
		if d := cmp.Diff(want, staged(t, out.Bytes()), asRow); d != "" {
			t.Fatalf("%q: rows (-want +got):\n%s", w.file.String(), d)
		}
		if res.Defects != 0 || res.BlankLines != w.blank || res.Rows != int64(len(want)) {
			t.Fatalf("%+v, %d blank", res, w.blank)
		}
	})
}

func anyText() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{"a", "1", " ", "\"", ",", ";", "\t", "\n", "\r", "\r\n", "ß", "€", "😀", "\u2028", "-- long enough for words --", "\\.", "="})
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "") })
}

func pointers(texts []string) []*string {
	out := make([]*string, len(texts))
	for i := range texts {
		out[i] = &texts[i]
	}
	return out
}

func shown(cells []*string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		if out[i] = null; c != nil {
			out[i] = shownText(*c)
		}
	}
	return out
}

// writing writes a CSV file in random legal ways and counts its lines.
type writing struct {
	t         *rapid.T
	delimiter byte
	file      bytes.Buffer
	line      int64
	blank     int64
}

func (w *writing) record(cells []*string) {
	for i, c := range cells {
		if i > 0 {
			w.file.WriteByte(w.delimiter)
		}
		if c == nil {
			continue
		}
		plain := *c != "" && !strings.HasPrefix(*c, `"`) && !strings.ContainsAny(*c, "\r\n"+string(w.delimiter))
		if plain && rapid.Bool().Draw(w.t, "plain") {
			w.file.WriteString(*c)
			continue
		}
		w.file.WriteString(`"` + strings.ReplaceAll(*c, `"`, `""`) + `"`)
		w.line += int64(strings.Count(strings.ReplaceAll(strings.ReplaceAll(*c, "\r\n", "\n"), "\r", "\n"), "\n"))
	}
}

// lineEnd ends a record, at the end of the file perhaps by nothing.
func (w *writing) lineEnd(last bool) {
	ends := []string{"\n", "\r\n", "\r"}
	if last {
		ends = append(ends, "")
	}
	end := rapid.SampledFrom(ends).Draw(w.t, "line end")
	w.file.WriteString(end)
	w.line++
}

func (w *writing) blankLines() {
	for rapid.IntRange(0, 9).Draw(w.t, "blank") == 0 {
		end := "\r" // after a lone CR an LF would make no new line
		if !bytes.HasSuffix(w.file.Bytes(), []byte("\r")) {
			end = rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(w.t, "blank line end")
		}
		w.file.WriteString(end)
		w.line++
		w.blank++
	}
}

// Whatever the bytes, the scanner that reads a word a step stages what the parser
// of the general grammar finds, and ends each record where that ends it.
func FuzzScannerLikeParser(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n", "a;b\r\n\"1\";\"\"\r\n", "a\tb\r1\t2", "a,b\n\"x\"y,1\n\n1,2,3,,\n", "a\n\"1\n\r\n2\r3\"\n",
		"a,b\n1,\"2", "\"a\"\"b\",c\n5\" x,\\.\n", "a,b\n\"\"\"\",\"\"\"\n", "'a','b'\n",
	} {
		f.Add([]byte(seed), byte(0))
		f.Add([]byte(seed), byte(1))
	}
	f.Fuzz(func(t *testing.T, file []byte, delimiter byte) {
		scannerLikeParser(t, file, []byte{',', ';', '\t', '|'}[delimiter%4])
	})
}

// scannerLikeParser compares the two on one file, records cut anywhere included.
func scannerLikeParser(t testing.TB, file []byte, delimiter byte) {
	t.Helper()
	d := dialect.Common()
	d.Delimiter = string(delimiter)
	p := dialect.New(d)
	fast, slow := newScanner(p, 3, 1<<20), newScanner(p, 3, 1<<20)
	slow.delimiter = 0
	buf := append(bytes.Clone(file), make([]byte, slack)...)
	for pos := 0; pos < len(file); {
		fast.n, slow.n = 0, 0
		a, st := fast.record(buf, pos, len(file), true)
		b, same := slow.record(buf, pos, len(file), true)
		if st != same || st == complete && (a != b || fast.cells != slow.cells || fast.broken != slow.broken || fast.surplus != slow.surplus ||
			fast.lines != slow.lines || fast.ends != slow.ends || !bytes.Equal(fast.out[:fast.n], slow.out[:slow.n])) {
			t.Fatalf("%q at %d: %+v\nparser: %+v\n%q\n%q", file, pos, fast, slow, fast.out[:fast.n], slow.out[:slow.n])
		}
		if st != complete {
			return
		}
		pos = a
	}
}
