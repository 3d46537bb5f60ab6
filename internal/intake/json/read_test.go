package json

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/errs"
	"sutor/internal/record"
)

func read(file string, o Options) (Result, string, error) {
	var out bytes.Buffer
	res, err := Read(context.Background(), func() io.Reader { return strings.NewReader(file) }, &out, o)
	return res, out.String(), err
}

func TestRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file string
		columns    []string
		want       string
		form       Form
	}{
		{"array", `[{"id":1,"name":"A"},{"id":2,"name":"B"}]`, []string{"id", "name"}, "1,,\"1\",\"A\"\n1,,\"2\",\"B\"\n", Array},
		{"lines", "{\"id\":1}\n{\"id\":2}\n", []string{"id"}, "1,,\"1\"\n2,,\"2\"\n", Lines},
		{"one line", `{"id":1,"of":{"a":1}}`, []string{"id", "of"}, "1,,\"1\",\"{\"\"a\"\":1}\"\n", Lines},
		{"lines with tables inside", "{\"id\":1,\"lines\":[{\"a\":1}]}\n{\"id\":2}", []string{"id", "lines"}, "1,,\"1\",\"[{\"\"a\"\":1}]\"\n2,,\"2\",\n", Lines},
		{"wrapped", "{\"count\":2,\n\"rows\":[{\"id\":1},\n{\"id\":2}],\"next\":null}", []string{"id"}, "2,,\"1\"\n3,,\"2\"\n", Object},
		{"names in the order of their first use", `[{"b":1},{"a":2,"b":3},{"c":4}]`, []string{"b", "a", "c"}, "1,,\"1\",,\n1,,\"3\",\"2\",\n1,,,,\"4\"\n", Array},
		{"values", "\uFEFF [ {\"t\":true,\"f\":false,\"n\":null,\"e\":\"\",\"x\":1e3,\"l\":12345678901234567890.10,\"m\":-0.5} ]\n",
			[]string{"t", "f", "n", "e", "x", "l", "m"}, "1,,\"true\",\"false\",,\"\",\"1e3\",\"12345678901234567890.10\",\"-0.5\"\n", Array},
		{"canonical", `[{"a":{"b" : [ 1 , {"z":"\u0041\/\n","a":null} ],"a":1.0}}]`, []string{"a"}, `1,,"{""a"":1.0,""b"":[1,{""a"":null,""z"":""A/\n""}]}"` + "\n", Array},
		{"escapes", `[{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}]`, []string{"a"}, "1,,\"\"\"\\/\b\f\n\r\té😀\"\n", Array},
		{"names", `[{" a ":1,"":2,"a":3,"Column 2":4}]`, []string{"a", "Column 2", "a (2)", "Column 2 (2)"}, "1,,\"1\",\"2\",\"3\",\"4\"\n", Array},
		{"lines are counted as editors do", "[\r\n{\"a\":\r1},\n\n{\"a\":2}]", []string{"a"}, "2,,\"1\"\n5,,\"2\"\n", Array},
		{"brackets in texts", `[{"a":"}],{\"x"}]`, []string{"a"}, "1,,\"}],{\"\"x\"\n", Array},
		{"an empty object is a row", `[{"a":1},{}]`, []string{"a"}, "1,,\"1\"\n1,,\n", Array},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, out, err := read(tt.file, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if out != tt.want || res.Form != tt.form {
				t.Errorf("%s: %q, want %q", res.Form, out, tt.want)
			}
			if d := cmp.Diff(tt.columns, res.Columns); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestChoosesAmongTables(t *testing.T) {
	t.Parallel()
	file := `{"at":"today","customers":[{"id":1}],"orders":[{"nr":2}]}`
	if _, _, err := read(file, Options{}); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), `"customers", "orders"`) {
		t.Error(err)
	}
	res, out, err := read(file, Options{Member: "orders"})
	if err != nil || out != "1,,\"2\"\n" || res.Member != "orders" {
		t.Errorf("%+v %q %v", res, out, err)
	}
	if d := cmp.Diff([]string{"at", "customers"}, res.LeftOut); d != "" {
		t.Error(d)
	}
	for _, f := range []string{file, `[{"a":1}]`, `{"a":1}`} {
		if _, _, err := read(f, Options{Member: "nobody"}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 100_000)
	tests := []struct{ name, file, say string }{
		{"empty array", "[]", "no rows"},
		{"nothing", "  \n", "begin"},
		{"only empty objects", "[{},{}]", "no rows"},
		{"a value", "42", "where an array or an object must begin"},
		{"cut off", `[{"a":1},{"a"`, "never ends"},
		{"cut off between", `[{"a":1},`, "ends in line 1"},
		{"no closing", `[{"a":1}`, "ends in line 1"},
		{"more behind", `[{"a":1}] x`, "after the end of the table"},
		{"numbers", "[1,2]", "line 1 stands a number"},
		{"a mix", "[{\"a\":1},\n\"x\"]", "line 2 stands a text"},
		{"twice", "[{\"a\":1,\n\"a\":2}]", `line 2 an object has the name "a" twice`},
		{"twice inside", `[{"x":{"a":1,"a":2}}]`, "twice"},
		{"leading zero", `[{"a":01}]`, "no value of JSON"},
		{"bare word", `[{"a":NaN}]`, `character 7 holds "NaN"`},
		{"single quotes", `[{'a':1}]`, "missing"},
		{"trailing comma", `[{"a":1,}]`, "missing"},
		{"trailing comma in the array", `[{"a":1},]`, "where a value must stand"},
		{"comment", "[{\"a\":1 /* one */}]", "missing"},
		{"no colon", `[{"a" 1}]`, "missing"},
		{"control character", "[{\"a\":\"x\x01\"}]", "control character"},
		{"line break in a text", "[{\"a\":\"x\n\"}]", "control character"},
		{"unknown escape", `[{"a":"\x"}]`, "escape"},
		{"NUL", `[{"a":"\u0000"}]`, "NUL"},
		{"half a pair", `[{"a":"\ud800"}]`, "surrogate"},
		{"the other half", `[{"a":"\udc00\ud800"}]`, "surrogate"},
		{"not UTF-8", "[{\"a\":\"\xff\"}]", "not UTF-8"},
		{"deep", deep, "levels deep"},
		{"deep value", `[{"a":` + deep, "levels deep"},
		{"deep and closed", `[{"a":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}]`, "levels deep"},
		{"deep wrapper", `{"a":` + deep, "levels deep"},
	}
	for _, tt := range tests {
		_, _, err := read(tt.file, Options{})
		e := errs.As(err)
		if e == nil || e.Kind != errs.Invalid || e.Mend == "" || !strings.Contains(e.Message, tt.say) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file string
		o    Options
		say  string
	}{
		{`[{"a":1},{"a":2}]`, Options{MaxRows: 1}, "more than 1 rows"},
		{`[{"a":1,"b":2}]`, Options{MaxColumns: 1}, "more than 1 columns"},
		{`[{"a":"12345"}]`, Options{MaxCell: 4}, "larger than 4"},
		{`[{"a":"12345"}]`, Options{MaxRecord: 8}, "larger than 8"},
		{`{"a":"12345"}`, Options{MaxRecord: 8}, "larger than 8"},
	} {
		if _, _, err := read(tt.file, tt.o); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("%s: %v", tt.file, err)
		}
	}
	if _, _, err := read(`[{"a":1},{"a":2}]`, Options{MaxRows: 2, MaxColumns: 1, MaxCell: 1, MaxRecord: 7}); err != nil {
		t.Error(err)
	}
	if _, _, err := read(`[{"a":1,"b":2},{"a":1},{"b":1},{}]`, Options{padding: 3}); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "few names in common") {
		t.Error(err)
	}
}

func TestErrorsOfTheFileAndTheDisk(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	_, err := Read(context.Background(), func() io.Reader { return io.MultiReader(strings.NewReader(`[{"a":`), iotest.ErrReader(gone)) }, io.Discard, Options{})
	if !errors.Is(err, gone) || errs.As(err) != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	big := strings.Repeat(`{"a":1}`, 100_000)
	if _, err := Read(ctx, func() io.Reader { return strings.NewReader(big) }, io.Discard, Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestLooks(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{
		`[{"a":1}]`: true, "[]": true, " \n[ {": true, "\uFEFF{\"a\":1}": true, "{\"a\":1}\n{\"a\":2}": true, `{"rows":[{`: true, "{}": true,
		"id,name\n": false, "[id],name\n": false, "{a},b": false, `{"a":1},x`: false, "": false, "[1,2]": false, "[\"a\"]": true, "[[1]]": true, "[2026],x": false,
	} {
		if got := Looks([]byte(file)); got != want {
			t.Errorf("%q: %v", file, got)
		}
	}
}

// Any table written as JSON in any form reads back: texts as they are, numbers
// digit by digit.
func TestPropertyReadsBack(t *testing.T) {
	t.Parallel()
	text := rapid.SampledFrom([]string{"", "a", "ß€😀", "\"", "\\", "\n", "]}", "1", "null", "\u2028", "\x7f"})
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "Größe", "x\"y", "[", "1"}), 1, 5, rapid.ID).Draw(t, "names")
		type row = map[string]any
		var rows []row
		var want [][]*string
		for range rapid.IntRange(1, 8).Draw(t, "rows") {
			r, cells := row{}, make([]*string, len(names))
			for i, n := range names {
				switch rapid.IntRange(0, 3).Draw(t, "kind") {
				case 0:
					r[n] = nil
				case 1:
					v := text.Draw(t, "text")
					r[n], cells[i] = v, &v
				case 2:
					v := new(big.Int).SetUint64(rapid.Uint64().Draw(t, "number")).String() + ".50"
					r[n], cells[i] = stdjson.Number(v), &v
				case 3:
					v := "true"
					r[n], cells[i] = true, &v
				}
			}
			rows, want = append(rows, r), append(want, cells)
		}
		file := writeForm(t, rapid.IntRange(0, 2).Draw(t, "form"), rapid.Bool().Draw(t, "indent"), rows)
		res, out, err := read(file, Options{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if d := cmp.Diff(want, picked(t, out, res.Columns, names)); d != "" {
			t.Fatalf("%s:\n%s", file, d)
		}
	})
}

func writeForm(t *rapid.T, form int, indent bool, rows []map[string]any) string {
	var b bytes.Buffer
	e := stdjson.NewEncoder(&b)
	if indent {
		e.SetIndent(" ", "\t")
	}
	var err error
	switch form {
	case 0:
		err = e.Encode(rows)
	case 1:
		err = e.Encode(map[string]any{"@count": len(rows), "value": rows, "z": []int{1}})
	default:
		for _, r := range rows {
			err = errors.Join(err, e.Encode(r))
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// picked gives the staged cells in the order of names.
func picked(t *rapid.T, staging string, columns, names []string) (rows [][]*string) {
	for rd := record.NewReader(strings.NewReader(staging)); ; {
		fields, err := rd.Read()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		r := make([]*string, len(names))
		for i, n := range names {
			for j, c := range columns {
				if c == n {
					r[i] = fields[j+2].Ptr()
				}
			}
		}
		rows = append(rows, r)
	}
}

// Whatever the bytes: no panic, no hang; what is read is JSON for the standard
// library too, and nested values mean the same to it.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`[{"a":1}]`, `{"a":[{"b":"\u00e9"}]}`, "{\"a\":1}\n{\"b\":[1,{\"c\":null}]}", `[{"a":1e5,"b":-0.0}]`, "[[[", `{"a":`, `[{"a":"\ud83d\ude00"}]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		res, out, err := read(file, Options{MaxRecord: 1 << 20})
		if err != nil {
			if e := errs.As(err); e == nil || e.Kind != errs.Invalid || e.Mend == "" {
				t.Fatalf("%q: refused without a sentence: %v", file, err)
			}
			return
		}
		d := stdjson.NewDecoder(strings.NewReader(strings.TrimPrefix(file, "\uFEFF")))
		for {
			var v any
			if err := d.Decode(&v); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%q: read as %q, for others it is no JSON: %v", file, out, err)
			}
		}
		rd := record.NewReader(strings.NewReader(out))
		for range res.Rows {
			fields, err := rd.Read()
			if err != nil || len(fields) != len(res.Columns)+2 {
				t.Fatalf("%q: %q: %v", file, out, err)
			}
		}
	})
}
