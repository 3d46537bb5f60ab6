package sniff

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/intake/dialect"
)

// Files of a stranger's test suite whose names or options tell the dialect.
func TestLabelledDialects(t *testing.T) {
	t.Parallel()
	rfc := func(delimiter string) dialect.Dialect {
		return dialect.Dialect{Delimiter: delimiter, Quote: `"`, Escape: `"`}
	}
	labels := map[string]struct {
		dialect.Dialect
		line, header, columns int
	}{
		"pipe_delim.csv":               {rfc("|"), 1, 0, 3},
		"pipe_delim_quote.csv":         {rfc("|"), 1, 0, 3},
		"semicolon_delim.csv":          {rfc(";"), 1, 0, 3},
		"semicolon_quote.csv":          {rfc(";"), 1, 0, 3},
		"semicolon_escape.csv":         {rfc(";"), 1, 0, 3},
		"tab.csv":                      {rfc("\t"), 1, 0, 3},
		"tab_single_quote.csv":         {dialect.Dialect{Delimiter: "\t", Quote: "'", Escape: "'"}, 1, 0, 3},
		"tab_single_quote_varchar.csv": {dialect.Dialect{Delimiter: "\t", Quote: "'", Escape: "'"}, 1, 0, 3},
		"backslash_escape.csv":         {dialect.Dialect{Delimiter: "|", Quote: `"`, Escape: `\`}, 1, 0, 3},
		"quote_escape.csv":             {rfc("|"), 1, 0, 3},
		"single_quote_backslash.csv":   {dialect.Dialect{Delimiter: "|", Quote: "'", Escape: `\`}, 1, 0, 3},
		"rfc_conform.csv":              {rfc(","), 1, 0, 3},
		"rfc_conform_quote.csv":        {rfc(","), 1, 0, 3},
		"skip_row.csv":                 {rfc(","), 2, 1, 3},
		"multiple_skip_row.csv":        {rfc(","), 3, 1, 3},
		"no_header.csv":                {rfc(","), 1, 0, 3},
		"single_header.csv":            {rfc(","), 1, 1, 3},
		"test_single_column.csv":       {rfc(""), 1, 1, 1},
		"simple.csv":                   {rfc(";"), 3, 1, 2},
		"venue_pipe.csv":               {rfc("|"), 1, 1, 5},
		"test_pipe.csv":                {rfc("|"), 1, 0, 3},
	}
	files, err := filepath.Glob("testdata/duckdb/*.csv")
	if err != nil || len(files) != len(labels) {
		t.Fatalf("%d files, %d labels, %v", len(files), len(labels), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := labels[filepath.Base(file)]
		got := Find(b, true, Hint{})
		if got.Dialect != want.Dialect {
			t.Errorf("%s: %s, want %s", file, got.Dialect, want.Dialect)
		}
		if len(got.Tables) == 0 || got.Tables[0].Line != want.line || got.Tables[0].Header != want.header || got.Tables[0].Columns != want.columns {
			t.Errorf("%s: %+v, want line %d, header %d, %d columns", file, got.Tables, want.line, want.header, want.columns)
		}
	}
}

// rows writes n rows of a table with a number, a date, a name and an amount.
func rows(n int, delimiter string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d%s2026-01-%02d%sName %d%s%d.50\n", i+1, delimiter, i%28+1, delimiter, i, delimiter, i*10)
	}
	return b.String()
}

func TestTables(t *testing.T) {
	t.Parallel()
	body := rows(12, ";")
	type table struct{ Line, Header, Columns, Last, Rows int }
	tests := []struct {
		name, text string
		want       []table
	}{
		{"header", "id;date;name;sum\n" + body, []table{{1, 1, 4, 0, 12}}},
		{"no header", body, []table{{1, 0, 4, 0, 12}}},
		{"two header lines", "no;day;customer;amount\n;;full name;net\n" + body, []table{{1, 2, 4, 0, 12}}},
		{"years", "region;city;2024;2025;2026\nNorth;A;1;2;3\nSouth;B;4;5;6\nWest;C;7;8;9\n", []table{{1, 1, 5, 0, 3}}},
		{"preamble", "Report of sales\nmade by ERP; page 1\n\nid;date;name;sum\n" + body, []table{{4, 1, 4, 0, 12}}},
		{"preamble of full width", "Report;;;\nmade by ERP;;;\nid;date;name;sum\n" + body, []table{{3, 1, 4, 0, 12}}},
		{"names and values above", "Report:;sales\nDate:;today\nid;date;name;sum\n" + body, []table{{3, 1, 4, 0, 12}}},
		{"comments", "# a file\n# of comments\nid;date;name;sum\n" + body, []table{{3, 1, 4, 0, 12}}},
		{"footnote", "id;date;name;sum\n" + body + "\nSource: ERP\n", []table{{1, 1, 4, 13, 12}}},
		{"footnote of full width", "id;date;name;sum\n" + body + "Source: ERP;;;\n", []table{{1, 1, 4, 13, 12}}},
		{"a footnote below names", "name;city;sum\nAnn Lee;Rome;1\nBo Chan;Oslo;2\nJo Diaz;Bonn;3\nSource: ERP;;\n", []table{{1, 1, 3, 4, 3}}},
		{"a long footnote below names", "name;city;sum\nAnn Lee;Rome;1\nBo Chan;Oslo;2\nJo Diaz;Bonn;3\nAmounts are net of tax;;\n", []table{{1, 1, 3, 4, 3}}},
		{"last rows with a name only", "name;city;sum\nAnn Lee;Rome;1\nBo Chan;Oslo;2\nJo Diaz;Bonn;3\nMay Fisher;;\nUnicode! Σ;;\n", []table{{1, 1, 3, 0, 5}}},
		{"two columns of times", "HH:mm,HH:mm:ss\n15:02,15:02:37\n16:10,16:10:59\n", []table{{1, 1, 2, 0, 2}}},
		{"one time, its name with colons", "HH:mm:ss\n15:02:37\n", []table{{1, 1, 1, 0, 1}}},
		{"colons that separate more than times", "id:from:to\n1:12:30\n20:8:15\n300:9:45\n", []table{{1, 1, 3, 0, 3}}},
		{"blank lines", "\n\nid;date;name;sum\n\n" + body + "\n\n", []table{{3, 1, 4, 0, 12}}},
		{"a second table, apart", "id;date;name;sum\n" + body + "\ncode;label\nA;first\nB;second\nC;third\nD;fourth\n", []table{{1, 1, 4, 13, 12}, {15, 1, 2, 0, 4}}},
		{"a second table, as wide", "id;date;name;sum\n" + body + "\nno;day;who;amount\n" + body, []table{{1, 1, 4, 13, 12}, {15, 1, 4, 0, 12}}},
		{"a second table, not apart", "id;date;name;sum\n" + body + "no;day;who;amount;more\n" + strings.ReplaceAll(body, "\n", ";1\n"), []table{{1, 1, 4, 13, 12}, {14, 1, 5, 0, 12}}},
		{"ragged rows", "id;date;name;sum\n1;2026-01-01;x\n" + body + "9;2026-01-01\n", []table{{1, 1, 4, 0, 14}}},
		{"a name too few", "id;date;name\n" + body, []table{{1, 1, 4, 0, 12}}},
		{"a separator too many in the header", "id;date;;name;sum\n" + body, []table{{1, 1, 4, 0, 12}}},
		{"separators at all ends", "id;date;name;sum;\n" + strings.ReplaceAll(body, "\n", ";\n"), []table{{1, 1, 4, 0, 12}}},
		{"an empty column", "id;;date;name;sum\n" + strings.ReplaceAll(body, ";2026", ";;2026"), []table{{1, 1, 5, 0, 12}}},
		{"only a header", "id;date;name;sum\n", []table{{1, 1, 4, 0, 0}}},
		{"one row", "1;2026-01-01;x;2.5\n", []table{{1, 0, 4, 0, 1}}},
		{"one column", "name\nAarts\nBakker\n", []table{{1, 1, 1, 0, 2}}},
		{"one column of times", "from\n12:30\n08:15\n", []table{{1, 1, 1, 0, 2}}},
		{"one column of decimals", "price\n1,5\n12,75\n", []table{{1, 1, 1, 0, 2}}},
		{"a cell of many lines", "id,text\n1,\"" + strings.Repeat("line, and 'line'\n", 5000) + "\"\n2,x\n3,y\n", []table{{1, 1, 2, 0, 3}}},
		{"a header in another separator", "id,date,name,sum\n" + body, []table{{1, 1, 4, 0, 12}}},
		{"a header with a stray quote", "\"id;date;name;sum\n" + body, []table{{1, 1, 4, 0, 12}}},
		{"sep line", "sep=;\nid;date;name;sum\n" + body, []table{{2, 1, 4, 0, 12}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := Find([]byte(tt.text), true, Hint{})
			var got []table
			for _, x := range f.Tables {
				got = append(got, table{x.Line, x.Header, x.Columns, x.Last, x.Rows})
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", f.Dialect, d)
			}
		})
	}
}

func TestTotalIsPointedAt(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"Total;;;550", ";;Gesamt;550", "Grand total;;;550", "\"Summe\";;;550"} {
		f := Find([]byte("id;date;name;sum\n"+rows(12, ";")+last+"\n"), true, Hint{})
		if len(f.Tables) != 1 || f.Tables[0].Total != 14 || f.Tables[0].Rows != 13 {
			t.Errorf("%s: %+v", last, f.Tables)
		}
	}
	if f := Find([]byte("id;name\n1;x\n2;Totally Green Ltd\n"), true, Hint{}); f.Tables[0].Total != 0 {
		t.Errorf("%+v", f.Tables)
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	text := "a;b,c\n1;2,3\n4;5,6\n"
	if f := Find([]byte(text), true, Hint{Delimiter: ","}); f.Dialect.Delimiter != "," || f.Tables[0].Columns != 2 {
		t.Errorf("%+v", f)
	}
	if f := Find([]byte(text), true, Hint{Quote: None}); f.Dialect.Quote != "" || f.Dialect.Escape != "" {
		t.Errorf("%+v", f)
	}
	if f := Find([]byte(text), true, Hint{Quote: "'", Escape: `\`}); f.Dialect.Quote != "'" || f.Dialect.Escape != `\` {
		t.Errorf("%+v", f)
	}
	if f := Find([]byte(text), true, Hint{SkipLines: new(1), HeaderLines: new(0)}); f.Tables[0].Line != 2 || f.Tables[0].Header != 0 || f.Tables[0].Rows != 2 {
		t.Errorf("%+v", f)
	}
}

func TestTypeOf(t *testing.T) {
	t.Parallel()
	for typ, texts := range map[Type][]string{
		Empty:   {"", "  "},
		Number:  {"1", "-1.5", "1,200.50", "1.200,50", "1'200", "1 200", "€ 12", "$3.00", "12 %", "(500)", "12-", "1e-5", "007", "5."},
		Date:    {"2026-03-31", "31.03.2026", "3/31/26", "2026-03-31 14:30", "2026-03-31T14:30:00Z", "31-03-2026 08:00:00.5"},
		Time:    {"14:30", "08:00:01", "9:05 pm", "14:30+02:00"},
		Truth:   {"true", "No", "JA", "nein"},
		Word:    {"Aarts", "A-1000", "a_b", "ZN-1090", "Müller"},
		Text:    {"two words", "a@b.test", "https://x.test/?a=1", "O'Neill & Sons"},
		Odd:     {`"x`, "a;b", "a|b", "--"},
		Wrapped: {"'x'", `"x y"`},
	} {
		for _, s := range texts {
			if got := TypeOf([]byte(s)); got != typ {
				t.Errorf("%q: %d, want %d", s, got, typ)
			}
		}
	}
}

// A table written in any dialect is found out without hints.
func TestPropertyDialectIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := dialect.Dialect{
			Delimiter: rapid.SampledFrom([]string{",", ";", "\t", "|", ", ", "||", "::", "\x1f", "§", "~"}).Draw(t, "delimiter"),
			Quote:     rapid.SampledFrom([]string{`"`, "'"}).Draw(t, "quote"),
		}
		d.Escape = rapid.SampledFrom([]string{d.Quote, `\`}).Draw(t, "escape")
		p := dialect.New(d)
		ends := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "ends")
		words := rapid.SampledFrom([]string{"Hamburg", "two words", "with, comma", "a; b", "say " + d.Quote + "hi" + d.Quote, "two\nlines", "x | y", "Größe"})
		header := rapid.Bool().Draw(t, "header")
		var file []byte
		record := func(cells ...string) {
			for i, c := range cells {
				if i > 0 {
					file = append(file, p.Delimiter...)
				}
				var ok bool
				if file, ok = p.Write(file, c, i > 1 && c != "name" && c != "note"); !ok {
					t.Fatalf("%q cannot be written", c)
				}
			}
			file = append(file, ends...)
		}
		if header {
			record("id", "amount", "name", "note")
		}
		n := rapid.IntRange(5, 30).Draw(t, "rows")
		for i := range n {
			record(fmt.Sprint(1000+i), fmt.Sprintf("%d.%02d", i*7, i), words.Draw(t, "name"), words.Draw(t, "note"))
		}
		f := Find(file, true, Hint{})
		if f.Dialect.Delimiter != d.Delimiter || f.Dialect.Quote != d.Quote {
			t.Fatalf("%q: %s, want %s", file, f.Dialect, d)
		}
		if strings.Contains(string(file), `\`+d.Quote) && f.Dialect.Escape != d.Escape {
			t.Fatalf("%q: escape %q, want %q", file, f.Dialect.Escape, d.Escape)
		}
		if len(f.Tables) != 1 || f.Tables[0].Rows != n || f.Tables[0].Columns != 4 || (f.Tables[0].Header == 1) != header {
			t.Fatalf("%q: %+v", file, f.Tables)
		}
	})
}

// Whatever the text, the tables lie in it, one behind the other, and are found
// again the same.
func FuzzFind(f *testing.F) {
	for _, s := range []string{"a,b\n1,2\n", "sep=;\n1;2\n", "x\n\ny\n", "a\tb\n\"1\n2\"\t3\n", "'a'|'b'\n", "\x1e\x1f\x1e", rows(5, ", "), "a,b\n\"1\n"} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		got := Find(b, whole, Hint{})
		line := 0
		for _, x := range got.Tables {
			if x.Line <= line || x.Columns < 1 || x.Header < 0 || x.Rows < 0 || x.Last > 0 && x.Last < x.Line {
				t.Fatalf("%q: %+v", b, got.Tables)
			}
			line = x.Line
		}
		if d := cmp.Diff(got.Tables, Find(b, whole, Hint{}).Tables); d != "" {
			t.Fatalf("%q: %s", b, d)
		}
	})
}
