package csv

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/intake/dialect"
)

// body is rows of a table with a number, a day, a name and an amount.
func body(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d,2026-01-%02d,\"Name \"\"%d\"\"\",%d.50\n", i+1, i%28+1, i, i*10)
	}
	return b.String()
}

// What is wrong with single rows is mended where one reading is left, marked
// where none is, and never reaches the rows around it.
func TestRowsThatBreakTheDialect(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, row, want string }{
		{"a quote inside", "9,2026-01-01,\"say \"hi\" now\",1", `~quote:3 [9] [2026-01-01] [say "hi" now] [1]`},
		{"a quote that opens a cell", "9,2026-01-01,\"5 inch,1", `~quote:3 [9] [2026-01-01] ["5 inch] [1]`},
		{"a quote that is never closed", "9,2026-01-01,x,\"1", `~quote:4 [9] [2026-01-01] [x] ["1]`},
		{"blanks after a quote", "9,2026-01-01,\"x, y\" ,1", `~quote:3 [9] [2026-01-01] [x, y] [1]`},
		{"backslashes", `9,2026-01-01,"say \"hi, you\"",1`, `~escape:1 [9] [2026-01-01] [say "hi, you"] [1]`},
		{"semicolons", "9;2026-01-01;x, y;1", `~delimiter:1 [9] [2026-01-01] [x, y] [1]`},
		{"tabs", "9\t2026-01-01\tx\t1", `~delimiter:1 [9] [2026-01-01] [x] [1]`},
		{"blanks", "9 2026-01-01 x 1", `~delimiter:1 [9] [2026-01-01] [x] [1]`},
		{"words that blanks divide", "this is no row", `cells:1 [this is no row] <null> <null> <null>`},
		{"single quotes", "'9','2026-01-01','x, y','1'", `~quotation:1 [9] [2026-01-01] [x, y] [1]`},
		{"single quotes without need", "'9','2026-01-01','x','1'", `~quotation:1 [9] [2026-01-01] [x] [1]`},
		{"a cell too few", "9,2026-01-01,x", `cells:3 [9] [2026-01-01] [x] <null>`},
		{"a cell too many", "9,2026-01-01,x,1,2", `cells:5 [9] [2026-01-01] [x] [1]`},
		{"a separator at the end", "9,2026-01-01,x,1,", ` [9] [2026-01-01] [x] [1]`},
		{"text after a quote", "9,2026-01-01,\"x\"y,1", `quote:3 [9] [2026-01-01] ["x"y] [1]`},
		{"an open quote and a cell too few", "9,\"x,1", `quote:2 [9] ["x] [1] <null>`},
		{"lines inside quotes", "9,2026-01-01,\"x\ny, z\",1", " [9] [2026-01-01] [x\ny, z] [1]"},
	}
	for _, tt := range tests {
		for _, end := range []string{"\n", "\r\n", "\r"} {
			for _, window := range []int{100, windowSize} {
				file := "id,day,name,amount\n" + body(8) + tt.row + "\n" + body(8)
				var out bytes.Buffer
				res, err := read(context.Background(), strings.NewReader(strings.ReplaceAll(file, "\n", end)), &out, Options{}, window)
				if err != nil || res.Rows != 17 {
					t.Fatalf("%s: %d rows, %v", tt.name, res.Rows, err)
				}
				r := staged(t, out.Bytes())[8]
				got := strings.ReplaceAll(r.defect+" "+strings.Join(r.cells, " "), end, "\n")
				if got != tt.want || r.line != "10" {
					t.Errorf("%s, %q, window %d: line %s %s, want %s", tt.name, end, window, r.line, got, tt.want)
				}
				mended, bad := int64(0), int64(0)
				if strings.HasPrefix(tt.want, "~") {
					mended = 1
				} else if tt.want[0] != ' ' {
					bad = 1
				}
				if res.Repaired != mended || res.Defects != bad || mended == 1 && (len(res.Notes) != 1 || !slices.Equal(res.Notes[0].Lines, []int64{10})) {
					t.Errorf("%s: %d repaired, %d defects, %+v", tt.name, res.Repaired, res.Defects, res.Notes)
				}
			}
		}
	}
}

// A quote that is opened in a large file and never closed costs its row, not the
// rest of the file, nor the memory for it.
func TestStrayQuoteInALargeFile(t *testing.T) {
	t.Parallel()
	in := &repeated{header: "id,day,name,amount\n9,2026-01-01,\"open,1\n", row: strings.Repeat("9,2026-01-01,x,1\n", 1000), rows: 600}
	var out bytes.Buffer
	res, err := Read(context.Background(), in, &out, Options{})
	if err != nil || res.Rows != 600_001 || res.Repaired != 1 || res.Notes[0].Lines[0] != 2 {
		t.Errorf("%d rows, %+v, %v", res.Rows, res.Notes, err)
	}
}

// Behind the sample, too, footnotes are left out and totals pointed at, wherever
// the output happens to be written.
func TestEndOfALargeFile(t *testing.T) {
	t.Parallel()
	rows := strings.Repeat("9,2026-01-01,x,1\n", 80_000)
	for _, window := range []int{1000, windowSize} {
		file := "id,day,name,amount\n" + rows + "alone\n" + rows + "Total,,,160000\n\nmade by ERP\n(160000 rows)\n"
		var out bytes.Buffer
		res, err := read(context.Background(), strings.NewReader(file), &out, Options{}, window)
		if err != nil || res.Rows != 160_002 || res.Defects != 1 || len(staged(t, out.Bytes())) != 160_002 {
			t.Fatalf("%d rows, %d defects, %v", res.Rows, res.Defects, err)
		}
		if len(res.Notes) != 2 || res.Notes[0].Code != "footnote" || !slices.Equal(res.Notes[0].Lines, []int64{160_005, 160_006}) ||
			res.Notes[1].Code != "total" || !slices.Equal(res.Notes[1].Lines, []int64{160_003}) {
			t.Errorf("%+v", res.Notes)
		}
		var again bytes.Buffer
		if _, err := Read(context.Background(), strings.NewReader(file), &again, res.Found); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Errorf("given back: %v, %d and %d bytes", err, out.Len(), again.Len())
		}
	}
}

func TestSurroundingsAreLeftOutAndSaid(t *testing.T) {
	t.Parallel()
	header := "id,day,name,amount\n"
	tests := []struct {
		name, file string
		columns    []string
		rows       int64
		codes      []string
	}{
		{"nothing", header + body(9), []string{"id", "day", "name", "amount"}, 9, nil},
		{"preamble and footnote", "Sales report\n\n" + header + body(9) + "\nSource: ERP\n", []string{"id", "day", "name", "amount"}, 9, []string{"preamble", "footnote"}},
		{"two tables", header + body(9) + "\na,b\n1,2\n3,4\n5,6\n", []string{"id", "day", "name", "amount"}, 9, []string{"several-tables"}},
		{"totals", header + body(9) + "Total,,,360\n", []string{"id", "day", "name", "amount"}, 10, []string{"total"}},
		{"names", "id,,name,name\n" + body(9), []string{"id", "Column 2", "name", "name (2)"}, 9, []string{"unnamed-column", "double-name"}},
		{"no header", body(9), []string{"Column 1", "Column 2", "Column 3", "Column 4"}, 9, nil},
		{"two header lines", "no,day,customer,amount\n,,full name,net\n" + body(9), []string{"no", "day", "customer full name", "amount net"}, 9, []string{"header-lines"}},
		{"a header with a stray quote", "id,\"day,name,amount\n" + body(9), []string{"id", "\"day", "name", "amount"}, 9, []string{"header-repaired"}},
		{"only a header", header, []string{"id", "day", "name", "amount"}, 0, []string{"no-rows"}},
		{"sep line", "sep=,\n" + header + body(9), []string{"id", "day", "name", "amount"}, 9, nil},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		res, err := Read(context.Background(), strings.NewReader(tt.file), &out, Options{})
		var codes []string
		for _, n := range res.Notes {
			codes = append(codes, n.Code)
			if n.Say == "" || n.Mend == "" || n.Severity == "" || len(n.Lines) == 0 {
				t.Errorf("%s: %+v", tt.name, n)
			}
		}
		if err != nil || !slices.Equal(res.Columns, tt.columns) || res.Rows != tt.rows || !slices.Equal(codes, tt.codes) {
			t.Errorf("%s: %q, %d rows, %q, %v", tt.name, res.Columns, res.Rows, codes, err)
		}
	}
}

func TestTableIsChosen(t *testing.T) {
	t.Parallel()
	file := "id,day,name,amount\n" + body(9) + "\na,b\n1,2\n3,4\n5,6\n"
	var out bytes.Buffer
	res, err := Read(context.Background(), strings.NewReader(file), &out, Options{Table: 2})
	if err != nil || !slices.Equal(res.Columns, []string{"a", "b"}) || res.Rows != 3 || res.Tables != 2 {
		t.Errorf("%+v, %v", res, err)
	}
	if rows := staged(t, out.Bytes()); rows[0].line != "13" {
		t.Errorf("%+v", rows)
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, dialect, defect, cell string }{
		{"Windows-1252", "id;name\n1;M\xfcller\n2;Gr\xf6\xdfe\n", "Windows-1252, separated by semicolons, lines ended by LF", "", "[Müller]"},
		{"UTF-16", "\xff\xfei\x00d\x00;\x00n\x00\n\x001\x00;\x00\xfc\x00\n\x00", "UTF-16LE with byte order mark, separated by semicolons, lines ended by LF", "", "[ü]"},
		{"mixed", "id;name\n1;M\xfcller\n2;Größe\n3;Ärger\n", "UTF-8, separated by semicolons, lines ended by LF", "~encoding:1", "[Müller]"},
		{"lost", "id;name\n1;M\x81ller\n2;Größe\n3;Ärger\n", "UTF-8, separated by semicolons, lines ended by LF", "encoding:1", "[M\uFFFDller]"},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		res, err := Read(context.Background(), strings.NewReader(tt.file), &out, Options{})
		if err != nil || res.Dialect != tt.dialect || res.Bytes != int64(len(tt.file)) {
			t.Errorf("%s: %+v, %v", tt.name, res, err)
			continue
		}
		if r := staged(t, out.Bytes())[0]; r.defect != tt.defect || r.cells[1] != tt.cell {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
	var out bytes.Buffer
	res, err := Read(context.Background(), strings.NewReader("id;name\n1;M\xfcller\n"), &out, Options{Encoding: "iso-8859-5"})
	if err != nil || res.Found.Encoding != "iso-8859-5" || staged(t, out.Bytes())[0].cells[1] != "[Mќller]" {
		t.Errorf("told: %+v, %v", res, err)
	}
}

// The twelve shapes of csv-spectrum, each against what its authors say it holds.
func TestSpectrum(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/spectrum/*.csv")
	if err != nil || len(files) != 12 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		said, err := os.ReadFile(strings.TrimSuffix(file, ".csv") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want []map[string]string
		if err := json.Unmarshal(said, &want); err != nil {
			want = make([]map[string]string, 1) // one of them is an object alone
			if err := json.Unmarshal(said, &want[0]); err != nil {
				t.Fatal(err)
			}
		}
		var out bytes.Buffer
		res, err := Read(context.Background(), bytes.NewReader(b), &out, Options{})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var got []map[string]string
		for _, r := range staged(t, out.Bytes()) {
			m := map[string]string{}
			for i, c := range r.cells {
				if m[res.Columns[i]] = ""; c != null {
					m[res.Columns[i]] = strings.TrimSuffix(strings.TrimPrefix(c, "["), "]")
				}
			}
			got = append(got, m)
		}
		if d := cmp.Diff(want, got); d != "" || res.Defects+res.Repaired > 0 {
			t.Errorf("%s: %s (-want +got):\n%s", file, res.Dialect, d)
		}
	}
}

// A random table in a random dialect is found out, and reads back; what was found,
// given back as a choice, reads the same.
func TestPropertyAnyDialectReadsBack(t *testing.T) {
	t.Parallel()
	texts := []string{"", "Hamburg", "two words", "with, comma", "a; b", "two\nlines", "x | y", "Größe", "it's", "5\" pipe"}
	rapid.Check(t, func(t *rapid.T) {
		d := dialect.Dialect{
			Delimiter: rapid.SampledFrom([]string{",", ";", "\t", "|", ", ", "||", "::", "§"}).Draw(t, "delimiter"),
			Quote:     rapid.SampledFrom([]string{`"`, `"`, "'"}).Draw(t, "quote"),
			End:       rapid.SampledFrom([]string{"", "", "\x1e"}).Draw(t, "end"),
		}
		d.Escape = rapid.SampledFrom([]string{d.Quote, d.Quote, `\`}).Draw(t, "escape")
		p, always := dialect.New(d), rapid.Bool().Draw(t, "all quoted")
		end := max(d.End, rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line end"))
		records := [][]string{{"id", "amount", "name", "note"}}
		for i := range rapid.IntRange(6, 20).Draw(t, "rows") {
			text := rapid.SampledFrom(texts)
			records = append(records, []string{fmt.Sprint(1000 + i), fmt.Sprintf("%d.25", i*3), text.Draw(t, "name"), text.Draw(t, "note")})
		}
		if d.Quote == "'" && !always { // two of them alone may be meant as text; around a delimiter they are not
			records = append(records, []string{"999", "0.25", "so" + d.Delimiter + "so", ""})
		}
		var file []byte
		for _, r := range records {
			for i, c := range r {
				if i > 0 {
					file = append(file, p.Delimiter...)
				}
				var ok bool
				if file, ok = p.Write(file, c, always); !ok {
					t.Fatalf("%q cannot be written", c)
				}
			}
			file = append(file, end...)
		}
		var first, again bytes.Buffer
		res, err := Read(context.Background(), bytes.NewReader(file), &first, Options{})
		if err != nil {
			t.Fatalf("%q: %v", file, err)
		}
		var got [][]string
		for _, r := range staged(t, first.Bytes()) {
			cells := []string{}
			for _, c := range r.cells {
				cells = append(cells, strings.TrimSuffix(strings.TrimPrefix(c, "["), "]"))
			}
			got = append(got, cells)
		}
		if diff := cmp.Diff(records, append([][]string{res.Columns}, got...)); diff != "" || res.Defects > 0 {
			t.Fatalf("%s read as %s:\n%q\n(-want +got):\n%s", d, res.Dialect, file, diff)
		}
		if _, err := Read(context.Background(), bytes.NewReader(file), &again, res.Found); err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
			t.Fatalf("%q: %+v: %v\n%q\n%q", file, res.Found, err, first.String(), again.String())
		}
	})
}

// Whatever the bytes, Read ends, with rows as wide as the columns and lines that
// go up, or with a sentence.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "x\n\na;b\n1;2\n\nfoot\n", "\"a\",b\n\"1\n\"2,x\n", "a\tb\n1\t\"2\n3\t4\n", "'a'|'b'\n'1'|'2'\n", "\xff\xfea\x00,\x00b\x00\n\x00", "a\x1eb\x1e"} {
		f.Add([]byte(s), uint8(0))
		f.Add([]byte(s), uint8(30))
	}
	f.Fuzz(func(t *testing.T, b []byte, window uint8) {
		var out bytes.Buffer
		res, err := read(context.Background(), bytes.NewReader(b), &out, Options{}, 8+int(window))
		if err != nil {
			refusedWell(t, b, err)
			return
		}
		rows := staged(t, out.Bytes())
		if int64(len(rows)) != res.Rows {
			t.Fatalf("%q: %d rows, %d staged", b, res.Rows, len(rows))
		}
		line, defects := 0, int64(0)
		for _, r := range rows {
			var n int
			if fmt.Sscan(r.line, &n); n <= line || len(r.cells) != len(res.Columns) {
				t.Fatalf("%q: line %s after %d, %d cells, %q", b, r.line, line, len(r.cells), res.Columns)
			}
			if line = n; r.defect != "" {
				defects++
			}
		}
		if defects != res.Defects+res.Repaired {
			t.Fatalf("%q: %d defects, %+v", b, defects, res)
		}
		var whole bytes.Buffer
		if _, err := Read(context.Background(), bytes.NewReader(b), &whole, Options{}); err != nil || !bytes.Equal(out.Bytes(), whole.Bytes()) {
			t.Fatalf("%q: in windows of %d: %q\nat once: %q (%v)", b, 8+int(window), out.String(), whole.String(), err)
		}
	})
}

// A delimiter that is told never ends records, however many lines end with it; nor does
// one that the header, whose line ends in another way, does not end with.
func TestToldDelimiterEndsNoRecord(t *testing.T) {
	t.Parallel()
	const text = "\"c0,\";\"c1\nz\"\n;\r\n;\r\n"
	for name, o := range map[string]Options{"told": {Delimiter: ";", Quote: `"`, Escape: `"`, SkipLines: new(0), HeaderLines: new(1)}, "found": {HeaderLines: new(1)}} {
		res, err := read(context.Background(), strings.NewReader(text), io.Discard, o, windowSize)
		if err != nil || !slices.Equal(res.Columns, []string{"c0,", "c1\nz"}) || name == "told" && res.Rows != 2 { // what is found leaves empty rows at the end out
			t.Errorf("%s: %q, %d rows, %v", name, res.Columns, res.Rows, err)
		}
	}
}
