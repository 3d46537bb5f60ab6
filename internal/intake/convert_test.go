package intake

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/errs"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, want, defects string }{
		{"quotes only where they must be", "id;name\n1;\"a,b\"\n2;\"say \"\"hi\"\"\"\n3;plain\n4; blank\n", "id,name\r\n1,\"a,b\"\r\n2,\"say \"\"hi\"\"\"\r\n3,plain\r\n4,\" blank\"\r\n", ""},
		{"NULL and empty text", "a,b,c\n,\"\",x\n", "a,b,c\r\n,\"\",x\r\n", ""},
		{"one column", "a\nx\n\"\"\ny\n", "a\r\nx\r\n\"\"\r\ny\r\n", ""},
		{"line breaks", "a,b\n\"1\n2\",x\n", "a,b\r\n\"1\n2\",x\r\n", ""},
		{"a row too short is kept and said", "a,b,c\n1,2\n", "a,b,c\r\n1,2,\r\n", "2 cells:2;"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			defects := ""
			res, err := Convert(context.Background(), textFile(tt.file), &out, Options{Temp: t.TempDir()}, func(line int64, code string) {
				defects += fmt.Sprint(line, " ", code, ";")
			})
			if err != nil || res.Rows == 0 {
				t.Fatalf("%+v %v", res, err)
			}
			if out.String() != tt.want || defects != tt.defects {
				t.Errorf("%q, defects %q", out.String(), defects)
			}
		})
	}
}

// A file that is refused half way leaves nothing behind.
func TestConvertRefusedWritesNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	_, err := Convert(context.Background(), textFile("a,b\n1,2\n3,\x00\n"), &out, Options{}, nil)
	if errs.KindOf(err) != errs.Invalid || out.Len() > 0 {
		t.Errorf("%v, %q", err, out.String())
	}
}

// Nothing is nothing as CSV too, and is said; a plan of it is refused.
func TestConvertNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	res, err := Convert(context.Background(), textFile(""), &out, Options{}, nil)
	if err != nil || out.Len() > 0 || len(res.Notes) != 1 || res.Notes[0].Code != "empty" {
		t.Errorf("%+v %v", res, err)
	}
	if r, err := Inspect(context.Background(), textFile(""), Options{}); err != nil || len(r.Notes) != 1 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := Read(context.Background(), textFile(""), &out, Options{}); errs.KindOf(err) != errs.Invalid {
		t.Error(err)
	}
}

// What is converted reads back the same, by a reader of others too.
func TestPropertyConvertReadsBack(t *testing.T) {
	t.Parallel()
	text := rapid.SampledFrom([]string{"", "a", "1", " x ", "a,b", "say \"hi\"", "two\nlines", "cr\rlf\r\n", "ß", "'q'", "=1+1", "-"})
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 4).Draw(t, "width")
		records := [][]string{nil}
		for i := range width {
			records[0] = append(records[0], fmt.Sprint("column ", i))
		}
		for range rapid.IntRange(1, 6).Draw(t, "rows") {
			records = append(records, rapid.SliceOfN(text, width, width).Draw(t, "row"))
		}
		var file strings.Builder
		for _, r := range records {
			for i, c := range r {
				if i > 0 {
					file.WriteByte(',')
				}
				file.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
			}
			file.WriteByte('\n')
		}
		var out bytes.Buffer
		skip, one := 0, 1
		given := Choice{Encoding: "utf-8", Delimiter: ",", Quote: `"`, Escape: `"`, SkipLines: &skip, HeaderLines: &one}
		if _, err := Convert(context.Background(), textFile(file.String()), &out, Options{Choice: given}, nil); err != nil {
			t.Fatal(err)
		}
		got, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
		if err != nil {
			t.Fatalf("%q: %v", out.String(), err)
		}
		for _, r := range records { // encoding/csv makes CRLF in cells LF
			for i := range r {
				r[i] = strings.ReplaceAll(r[i], "\r\n", "\n")
			}
		}
		if d := cmp.Diff(records, got); d != "" {
			t.Fatalf("%q:\n%s", out.String(), d)
		}
	})
}

func TestInspect(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("id;code;price;since;note;empty\n")
	for i := range 30 {
		fmt.Fprintf(&file, "%d;%05d;%d.5;2026-01-%02d;text %d;\n", i, i, i, i%28+1, i%2)
	}
	file.WriteString("31;1;2\n")
	r, err := Inspect(context.Background(), textFile(file.String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Profile{
		{"id", "integer", 31, 2, []string{"0", "1", "2"}},
		{"code", "text", 31, 5, []string{"00000", "00001", "00002"}},
		{"price", "decimal", 31, 4, []string{"0.5", "1.5", "2.5"}},
		{"since", "date", 30, 10, []string{"2026-01-01", "2026-01-02", "2026-01-03"}},
		{"note", "text", 30, 6, []string{"text 0", "text 1"}},
		{"empty", "", 0, 0, nil},
	}
	if d := cmp.Diff(want, r.Profiles); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if len(r.First) != 10 || r.First[0].Line != 2 || *r.First[0].Cells[1] != "00000" || r.First[0].Cells[5] != nil {
		t.Errorf("%+v", r.First)
	}
	if len(r.Defective) != 1 || r.Defective[0].Line != 32 || r.Rows != 31 || r.Defects != 1 {
		t.Errorf("%+v", r)
	}
}

// One and the same digit is a number; truth values need both, or words.
func TestInspectDigits(t *testing.T) {
	t.Parallel()
	for cells, want := range map[string]string{"1": "integer", "1\n1\n1": "integer", "0\n0": "integer", "1\n0\n1": "boolean", "true": "boolean", "1\n2": "integer"} {
		r, err := Inspect(context.Background(), textFile("flag\n"+cells+"\n"), Options{Choice: Choice{HeaderLines: new(1)}})
		if err != nil || len(r.Profiles) != 1 || r.Profiles[0].Type != want {
			t.Errorf("%q: %+v %v, want %s", cells, r.Profiles, err, want)
		}
	}
}

func TestInspectRefusesAndStops(t *testing.T) {
	t.Parallel()
	if _, err := Inspect(context.Background(), textFile("a,b\n1,2\n\x00,3\n"), Options{}); errs.KindOf(err) != errs.Invalid {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Inspect(ctx, textFile("a,b\n"+strings.Repeat("1,2\n", 1_000_000)), Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
