package postgres

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"sutor/internal/record"
)

// fromText parses COPY's text format, as far as textReader writes it.
func fromText(s string) (rows [][]*string) {
	unescape := strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n", `\r`, "\r")
	for line := range strings.Lines(s) {
		var row []*string
		for field := range strings.SplitSeq(strings.TrimSuffix(line, "\n"), "\t") {
			var v *string
			if field != `\N` {
				text := unescape.Replace(field)
				v = &text
			}
			row = append(row, v)
		}
		rows = append(rows, row)
	}
	return rows
}

func toCSV(rows [][]*string) []byte {
	var b bytes.Buffer
	w := record.NewWriter(&b)
	for _, row := range rows {
		for _, v := range row {
			w.Optional(v)
		}
		_ = w.End() // a bytes.Buffer does not fail
	}
	_ = w.Flush()
	return b.Bytes()
}

func equalRows(a, b [][]*string) bool { return bytes.Equal(toCSV(a), toCSV(b)) }

func TestTextReaderLaw(t *testing.T) {
	t.Parallel()
	cell := rapid.OneOf(rapid.SampledFrom([]string{"", `\.`, `\N`, "\n\\.\n", "\t", `\`, `"`, ",", "\r\n", "a"}), rapid.StringN(0, 30, -1))
	rapid.Check(t, func(rt *rapid.T) {
		width := rapid.IntRange(1, 4).Draw(rt, "width")
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.Ptr(cell, true), width, width), 0, 8).Draw(rt, "rows")
		in := toCSV(rows)
		r := newTextReader(iotest.OneByteReader(bytes.NewReader(in)))
		got, err := io.ReadAll(r)
		if err != nil || !equalRows(fromText(string(got)), rows) || r.rows.Load() != int64(len(rows)) {
			rt.Fatalf("%q became %q (%d rows), %v", in, got, r.rows.Load(), err)
		}
		whole, err := io.ReadAll(newTextReader(bytes.NewReader(in)))
		if err != nil || !bytes.Equal(whole, got) {
			rt.Fatalf("%q in one piece became %q, byte by byte %q", in, whole, got)
		}
		var c countingWriter
		c.w = io.Discard
		cut := rapid.IntRange(0, len(in)).Draw(rt, "cut")
		_, _ = c.Write(in[:cut]) // io.Discard does not fail
		_, _ = c.Write(in[cut:])
		if c.rows != int64(len(rows)) || c.quoted {
			rt.Fatalf("%q cut at %d counts %d rows, want %d", in, cut, c.rows, len(rows))
		}
	})
}

func TestTextReaderErrors(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"1":              io.ErrUnexpectedEOF,
		"1,":             io.ErrUnexpectedEOF,
		"1,\"a":          io.ErrUnexpectedEOF,
		"1,\"a\"":        io.ErrUnexpectedEOF,
		"1,\"a\"\n2,\"b": io.ErrUnexpectedEOF,
		"1,\"a\"b\n":     errDialect,
		"1,a\"b\n":       errDialect,
	} {
		r := newTextReader(strings.NewReader(in))
		_, err := io.ReadAll(r)
		cause := r.failed.Load()
		if err == nil || cause == nil || !errors.Is(*cause, want) {
			t.Errorf("%q: got %v because %v, want %v", in, err, cause, want)
		}
	}
	broken := errors.New("broken")
	r := newTextReader(iotest.ErrReader(broken))
	if _, err := io.ReadAll(r); err == nil || strings.Contains(err.Error(), "broken") || *r.failed.Load() != broken {
		t.Errorf("got %v because %v: COPY must not tell the server what failed here", err, r.failed.Load())
	}
}

// FuzzTextReader: any bytes are refused, or are the dialect and come out as the
// same rows.
func FuzzTextReader(f *testing.F) {
	for _, s := range []string{"", "\n", "1,\"a\"\n", "1,\n", "1,\"\\.\"\n", "\"\"\"\"\n", "1,\"a\nb\t\\\"\n", "1,\"a", ",,\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := newTextReader(bytes.NewReader(in))
		out, err := io.ReadAll(r)
		var want [][]*string
		reader := record.NewReader(bytes.NewReader(in))
		var readErr error
		for {
			var fields []record.Field
			if fields, readErr = reader.Read(); readErr != nil {
				break
			}
			var row []*string
			for _, field := range fields {
				row = append(row, field.Ptr())
			}
			want = append(want, row)
		}
		if (err == nil) != (readErr == io.EOF) {
			t.Fatalf("%q: %v here, %v in package record", in, err, readErr)
		}
		if err == nil && (!equalRows(fromText(string(out)), want) || r.rows.Load() != int64(len(want))) {
			t.Fatalf("%q became %q", in, out)
		}
	})
}
