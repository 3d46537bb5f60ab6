package postgres_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// spellings draws texts of a type, most of them values, by the type's name.
var spellings = map[string]*rapid.Generator[string]{
	"jsonb":          rapid.Map(documents(3), compactOrNot),
	"text[]":         rapid.Map(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]string{"", "NULL", "a,b", `"`, `\`, "{}", " x "}), rapid.StringN(0, 6, -1)), 0, 4), listOfTexts),
	"integer[]":      rapid.StringMatching(` ?\{( ?[+-]?[0-9]{1,9} ?(, ?[+-]?[0-9]{1,9} ?){0,3})?\}`),
	"numeric(6,2)[]": rapid.StringMatching(`\{-?[0-9]{1,5}(\.[0-9]{0,3})?(,-?[0-9]{0,4}\.[0-9]{1,3}){0,2}\}`),
	"real[]":         rapid.StringMatching(`\{-?[0-9]{1,9}(\.[0-9]{1,9})?(e[+-]?[0-9]{1,2})?\}`),
	"interval":       rapid.StringMatching(`(-?[0-9]{1,3} (years?|mons?|months|weeks|d|days) ?){0,3}(-?[0-9]{1,3}:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,8})?)?|-?[0-9]{1,4}(\.[0-9]{1,3})? (hours|min|s|y))?`),
	"int4range":      rapid.StringMatching(`[\[(] ?-?[0-9]{0,3} ?, ?[0-9]{0,4} ?[\])]`),
	"daterange":      rapid.StringMatching(`[\[(](20[0-9]{2}-[01][0-9]-[0-3][0-9])?,"?(21[0-9]{2}-0[1-9]-[0-2][0-9])?"?[\])]`),
	"tstzrange":      rapid.StringMatching(`[\[(](20[0-9]{2}-0[1-9]-[0-2][0-9][ T][0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,7})?)?( ?Z|[+-]0[0-9](:30)?|))?,[\])]`),
	"inet":           rapid.StringMatching(`[0-9]{1,2}\.[0-9]{1,3}\.0\.[0-9](/[0-9]{1,2})?|[0-9a-fA-F]{1,4}::[0-9A-F]{0,3}(/[0-9]{1,3})?`),
	"bit varying(5)": rapid.StringMatching(`[bBxX]?[01]{0,7}`),
}

// documents draws JSON of some depth.
func documents(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.StringMatching(`-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,9})?([eE][+-]?[0-9])?`), func(s string) any { return json.Number(s) }),
		rapid.Map(rapid.StringN(0, 5, -1), func(s string) any { return strings.ToValidUTF8(s, "") }))
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf, rapid.Map(rapid.SliceOfN(documents(depth-1), 0, 3), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(rapid.StringMatching(`[abÄ ]{0,2}`), documents(depth-1), 0, 3), func(m map[string]any) any { return m }))
}

// compactOrNot writes JSON, one of two ways with more blanks.
func compactOrNot(v any) string {
	text, err := json.MarshalIndent(v, "", map[bool]string{true: " ", false: "\t"}[fmt.Sprint(v) > "m"])
	if err != nil {
		panic(err)
	}
	return string(text)
}

func listOfTexts(texts []string) string {
	var out []string
	for _, text := range texts {
		out = append(out, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\x00", "").Replace(text)+`"`)
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// TestLawSpelling: what the system is said to write for a text is what stands in the
// table when somebody else writes that text there, and it is spelled as itself.
// SUTOR_LONG=1 tries many more texts.
func TestLawSpelling(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	rounds := 3
	if os.Getenv("SUTOR_LONG") != "" {
		rounds = 100
	}
	for name, texts := range spellings {
		table := "t_" + strings.Map(func(r rune) rune {
			if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", r) {
				return r
			}
			return '_'
		}, name)
		s.Exec(t, fmt.Sprintf("CREATE TABLE %s (id int PRIMARY KEY, v %s)", table, name))
		described := describe(t, d, table)
		accepted := 0
		for round := range rounds {
			drawn := rapid.SliceOfN(texts, 100, 100).Example(round)
			var canonical, rows []string
			for i, c := range spelled(t, d, described, drawn) {
				if c == nil {
					continue
				}
				canonical = append(canonical, *c)
				rows = append(rows, fmt.Sprintf("(%d, %s)", len(canonical), literal(&drawn[i])))
			}
			if len(rows) == 0 {
				continue
			}
			accepted += len(rows)
			s.Exec(t, fmt.Sprintf("DELETE FROM %s; INSERT INTO %[1]s VALUES %[2]s", table, strings.Join(rows, ", ")))
			for i, row := range s.Rows(t, described.Table, described.Columns) {
				if *row[1] != canonical[i] {
					t.Errorf("%s: spelled %q, stored %q", name, canonical[i], *row[1])
				}
			}
			for i, again := range spelled(t, d, described, canonical) {
				if again == nil || *again != canonical[i] {
					t.Errorf("%s: %q is not spelled as itself", name, canonical[i])
				}
			}
		}
		if accepted < 10*rounds {
			t.Errorf("%s: only %d texts were values", name, accepted)
		}
	}
}

// spelled gives the canonical texts of a table's second column; nil where one is none.
func spelled(t *testing.T, d driver.Driver, table driver.Table, texts []string) []*string {
	t.Helper()
	var up, down bytes.Buffer
	w := record.NewWriter(&up)
	for i, text := range texts {
		w.Number(int64(i))
		w.String(text)
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Spell(ctx, table.Table, table.Columns[1], &up, &down); err != nil || n != int64(len(texts)) {
		t.Fatalf("Spell: %d, %v", n, err)
	}
	out := make([]*string, len(texts))
	for r := record.NewReader(&down); ; {
		f, err := r.Read()
		if err != nil {
			return out
		}
		var at int
		if _, err := fmt.Sscan(string(f[0].Text), &at); err != nil {
			t.Fatal(err)
		}
		out[at] = f[1].Ptr()
	}
}
