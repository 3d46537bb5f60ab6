package guard_test

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"sutor/internal/access"
	"sutor/internal/expr"
	"sutor/internal/guard"
	"sutor/internal/record"
)

// file is a file of testdata, or one block of the language's documentation.
type file struct {
	Columns yaml.Node  `yaml:"columns"` // name: type, in order
	Cases   []ruleCase `yaml:"cases"`
}

// ruleCase is one rule with what is expected of it.
type ruleCase struct {
	When    string       `yaml:"when"`
	Each    guard.Each   `yaml:"each"`
	Rows    []rowCase    `yaml:"rows"`
	Changes []changeCase `yaml:"changes"`
	Error   string       `yaml:"error"`
	Because []string     `yaml:"because"` // why it may be unknown; checked where given
	Reads   []string     `yaml:"reads"`   // the columns it reads, as before.x; checked where given
}

type rowCase struct {
	Op      string             `yaml:"op"`
	Before  map[string]*string `yaml:"before"`
	After   map[string]*string `yaml:"after"`
	Changed []string           `yaml:"changed"`
	Is      string             `yaml:"is"`
}

type changeCase struct {
	Rows, Inserts, Updates, Deletes int64
	TableRows                       int64 `yaml:"table_rows"`
	Risk                            int
	Maker                           string
	Is                              string
}

func (c rowCase) env() expr.Row {
	row := expr.Row{Operation: c.Op, Values: map[expr.Ref]string{}, Columns: c.Changed}
	for side, values := range map[expr.Side]map[string]*string{expr.Before: c.Before, expr.After: c.After} {
		for name, v := range values {
			if v != nil {
				row.Values[expr.Ref{Side: side, Name: name}] = *v
			}
		}
	}
	return row
}

func load(t *testing.T, text []byte) (record.Schema, []ruleCase) {
	t.Helper()
	var f file
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var schema record.Schema
	for i := 0; i+1 < len(f.Columns.Content); i += 2 {
		schema = append(schema, column(t, f.Columns.Content[i].Value, f.Columns.Content[i+1].Value))
	}
	return schema, f.Cases
}

// column reads "decimal(12,2) not null", and "enum(low,high)".
func column(t *testing.T, name, text string) record.Column {
	t.Helper()
	text, notNull := strings.CutSuffix(text, " not null")
	kind, args, sized := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	typ := record.Type{Kind: record.KindNamed(kind), Bits: 64, Precision: -1, Scale: -1, Native: text}
	switch {
	case typ.Kind == record.Enum:
		typ.Labels = strings.Split(args, ",")
	case sized:
		p, s, _ := strings.Cut(args, ",")
		typ.Precision, _ = strconv.Atoi(p)
		typ.Scale, _ = strconv.Atoi(s)
	}
	if typ.Kind == record.Unsupported && kind != "unsupported" {
		t.Fatalf("no type %q", text)
	}
	return record.Column{Name: name, Type: typ, Nullable: !notNull}
}

func TestRules(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"row.yaml", "change.yaml", "refused.yaml"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			schema, cases := load(t, text)
			check(t, schema, cases)
		})
	}
}

const documentation = "../../docs/guardrail-language.md"

// TestDocumentation holds every example of the language's documentation to what it says.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) < 7 {
		t.Fatalf("only %d examples", len(blocks))
	}
	schema, _ := load(t, blocks[0][1])
	for _, b := range blocks[1:] {
		_, cases := load(t, b[1])
		if len(cases) == 0 {
			t.Errorf("no cases in\n%s", b[1])
		}
		check(t, schema, cases)
	}
}

func check(t *testing.T, schema record.Schema, cases []ruleCase) {
	t.Helper()
	var judged []judgedRow
	for _, c := range cases {
		if c.Each == guard.EachChange || len(c.Changes) > 0 {
			checkChange(t, c)
			continue
		}
		rule, err := guard.CompileRow(guard.Rule{Name: "test", Each: c.Each, When: c.When}, schema)
		if !refusedAsSaid(t, c, err) {
			continue
		}
		for _, row := range c.Rows {
			if got := rule.Judge(row.env()); got.String() != row.Is {
				t.Errorf("%s\n on %+v is %s, want %s", c.When, row.env(), got, row.Is)
			}
			judged = append(judged, judgedRow{rule, row})
		}
		if c.Because != nil && !slices.Equal(rule.Unknowns(), c.Because) {
			t.Errorf("%s\n may be unknown because %q, want %q", c.When, rule.Unknowns(), c.Because)
		}
		if c.Reads != nil {
			got := []string{}
			for _, ref := range rule.Condition().Refs() {
				got = append(got, ref.String())
			}
			if diff := cmp.Diff(c.Reads, got); diff != "" {
				t.Errorf("%s reads (-want +got)\n%s", c.When, diff)
			}
		}
	}
	checkInDuck(t, schema, judged)
}

// refusedAsSaid checks the error of a case; false where there is nothing to judge.
func refusedAsSaid(t *testing.T, c ruleCase, err error) bool {
	t.Helper()
	switch {
	case err == nil && c.Error == "":
		return true
	case err == nil:
		t.Errorf("%s\n compiles, want error %s", c.When, c.Error)
	case err.Error() != c.Error:
		t.Errorf("%s\n error %s\n  want %s", c.When, err, c.Error)
	}
	return false
}

func checkChange(t *testing.T, c ruleCase) {
	t.Helper()
	rule, err := guard.CompileChange(guard.Rule{Name: "test", Each: guard.EachChange, When: c.When})
	if !refusedAsSaid(t, c, err) {
		return
	}
	for _, ch := range c.Changes {
		got := rule.Eval(guard.Change{Rows: ch.Rows, Inserts: ch.Inserts, Updates: ch.Updates, Deletes: ch.Deletes,
			TableRows: ch.TableRows, Risk: ch.Risk, Maker: access.Fold(ch.Maker)})
		if got.String() != ch.Is {
			t.Errorf("%s\n on %+v is %s, want %s", c.When, ch, got, ch.Is)
		}
	}
	if c.Because != nil && !slices.Equal(rule.Unknowns(), c.Because) {
		t.Errorf("%s\n may be unknown because %q, want %q", c.When, rule.Unknowns(), c.Because)
	}
}
