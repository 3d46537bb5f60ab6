package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sutor/internal/errs"
)

func TestReadRefusesForeignFiles(t *testing.T) {
	t.Parallel()
	tests := []struct{ file, say string }{
		{"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml … xl/workbook.xml", "damaged: it was cut off"},
		{"PK\x03\x04whatever", "archive is damaged"},
		{"PK\x05\x06" + strings.Repeat("\x00", 18), "empty ZIP"},
		{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\x00", "old Excel workbook"},
		{"%PDF-1.7\n", "PDF"},
		{"\x7fELF\x02\x01\x01\x00,\"\x00\"\n", "a program"},
		{"\x1F\x8B\x08", "archive is damaged"},
		{"BZh91AY&SY", "bzip2"},
		{"SQLite format 3\x00", "SQLite"},
		{"\uFEFF\r\n<!DOCTYPE HTML><table>", "web page"},
		{"<?xml version=\"1.0\"?>", "XML"},
		{"a,b\n1,\x00\n", "NUL"},
		{"", "empty"},
	}
	for _, tt := range tests {
		_, err := Read(context.Background(), textFile(tt.file), io.Discard, Options{})
		e := errs.As(err)
		if e == nil || e.Kind != errs.Invalid || e.Mend == "" || !strings.Contains(e.Error(), tt.say) {
			t.Errorf("%q: %v, want %q", tt.file, err, tt.say)
		}
	}
}

func TestReadTakesWhatOnlyLooksForeign(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"PK,name\n1,a\n", "PAR1,PAR2\n1,2\n", "BZh9,b\n1,2\n", "\uFEFFid,<html>\n1,2\n", "%PDF,b\n1,2\n"} {
		if _, err := Read(context.Background(), textFile(file), io.Discard, Options{}); err != nil {
			t.Errorf("%q: %v", file, err)
		}
	}
}

// The head that is looked at is neither lost nor doubled, and an error inside it
// is the reader's, not the file's.
func TestReadPassesTheHeadOn(t *testing.T) {
	t.Parallel()
	file := "a,b\n" + strings.Repeat("1,some text\n", 2*headSize/10)
	var whole bytes.Buffer
	res, err := Read(context.Background(), textFile(file), &whole, Options{})
	if err != nil || res.Bytes != int64(len(file)) || res.Rows != int64(strings.Count(file, "\n")-1) {
		t.Fatalf("%+v, %v", res, err)
	}
	gone := errors.New("input/output error")
	for _, n := range []int64{0, 3, headSize, headSize + 1, int64(len(file))} {
		in := File{ReaderAt: broken{strings.NewReader(file), n, gone}, Size: int64(len(file)) + 1}
		if _, err := Read(context.Background(), in, io.Discard, Options{}); !errors.Is(err, gone) || errs.As(err) != nil {
			t.Errorf("broken after %d bytes: %v", n, err)
		}
	}
}

// textFile is a file of a text.
func textFile(s string) File { return File{ReaderAt: strings.NewReader(s), Size: int64(len(s))} }

// broken is a file on a disk that fails at a place.
type broken struct {
	from io.ReaderAt
	at   int64
	err  error
}

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= b.at {
		return b.from.ReadAt(p, off)
	}
	n := 0
	if off < b.at {
		n, _ = b.from.ReadAt(p[:b.at-off], off)
	}
	return n, b.err
}

// A workbook says what else it holds, and is read the same again by what was
// found.
func TestReadWorkbook(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(filepath.Join("xlsx", "testdata", "phpspreadsheet", "TableFormulae.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	f := File{ReaderAt: bytes.NewReader(file), Size: int64(len(file)), Name: "sales.xlsx"}
	var first, again bytes.Buffer
	res, err := Read(context.Background(), f, &first, Options{Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(context.Background(), f, &again, Options{Temp: t.TempDir(), Choice: res.Found}); err != nil || again.String() != first.String() {
		t.Errorf("read as found: %v, %s", err, again.String())
	}
	if res.Kind != "xlsx" || res.Found.Sheet != "DeptSales" || res.Rows != 6 || !slices.Contains(res.Parts, Part{Kind: "table", Name: "DeptSales", Read: true}) ||
		!slices.ContainsFunc(res.Notes, func(n Note) bool { return n.Code == "totals-row" }) {
		t.Errorf("%+v", res)
	}
}

// Where it is known what columns are called, a line of such names is the header, and
// the whole of it: not two lines, and not none because data looks as odd.
func TestReadKnowsNames(t *testing.T) {
	t.Parallel()
	names := []string{"Straße", `Cust"omer`, "UPPER", "found"}
	for _, tt := range []struct {
		what, file string
		blind      []string // what is made of the header without the names
	}{
		{"a text twice in its column", "Straße,\"Cust\"\"omer\"\nx,1a\nStraße,b\n;,c\n", []string{"Column 1", "Column 2"}},
		{"numbers below a line of words", "UPPER,found\nup,ᾜ\n12,34\n13,35\n14,36\n", []string{"UPPER up", "found ᾜ"}},
		{"one more column", "straße , found,remark\nx,1,y\nx,Found,z\n", []string{"straße", "found", "remark"}},
		{"one column", "UPPER\n12\nUPPER\n", []string{"UPPER"}},
	} {
		blind, err := Read(t.Context(), textFile(tt.file), io.Discard, Options{})
		if err != nil || !slices.Equal(blind.Columns, tt.blind) {
			t.Errorf("%s: without names %q, %v, want %q", tt.what, blind.Columns, err, tt.blind)
		}
		res, err := Read(t.Context(), textFile(tt.file), io.Discard, Options{Names: names})
		if rows := int64(strings.Count(tt.file, "\n") - 1); err != nil || *res.Found.HeaderLines != 1 || res.Rows != rows {
			t.Errorf("%s: %d rows below %d lines, %v, want %d below 1", tt.what, res.Rows, *res.Found.HeaderLines, err, rows)
		}
	}
	data := "Straße,12\nStraße,13\nfound,14\n" // a known name is no header by itself
	if res, err := Read(t.Context(), textFile(data), io.Discard, Options{Names: names}); err != nil || *res.Found.HeaderLines != 0 {
		t.Errorf("data became a header: %+v, %v", res, err)
	}
}
