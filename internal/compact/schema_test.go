package compact

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"sutor/internal/access"
	"sutor/internal/finding"
)

// What the tests look at in the schema's own text.
type schemaDoc struct {
	Defs map[string]definition `json:"$defs"`
}

type definition struct {
	Additional any                 `json:"additionalProperties"`
	Required   []string            `json:"required"`
	Properties map[string]property `json:"properties"`
}

type property struct {
	Description   string      `json:"description"`
	Enum          []string    `json:"enum"`
	Pattern       string      `json:"pattern"`
	Items         *property   `json:"items"`
	Not           *property   `json:"not"`
	PropertyNames *property   `json:"propertyNames"`
	AnyOf         []*property `json:"anyOf"`
}

func readSchema(t *testing.T) schemaDoc {
	t.Helper()
	var s schemaDoc
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// Every key that the parser knows is in the schema, and the other way round.
func TestSchemaKeys(t *testing.T) {
	t.Parallel()
	s := readSchema(t)
	shapes := []shape{rootShape, systemShape, personShape, datasetShape, columnShape, guardrailShape, impactShape,
		freedomShape, retainShape, freezeShape, riskShape, processShape, shareShape, rowsShape, levelShape, syncShape}
	objects := 0
	for _, d := range s.Defs {
		if d.Properties != nil {
			objects++
		}
	}
	if objects != len(shapes) {
		t.Errorf("the schema defines %d sections, the parser %d", objects, len(shapes))
	}
	for _, sh := range shapes {
		def := s.Defs[sh.name]
		if def.Additional != false {
			t.Errorf("%s: the schema allows unknown keys", sh.name)
		}
		if diff := cmp.Diff(sorted(sh.names()), sortedKeys(def.Properties)); diff != "" {
			t.Errorf("%s: keys (-parser +schema):\n%s", sh.name, diff)
		}
		var required []string
		for _, k := range sh.keys {
			if k.required {
				required = append(required, k.name)
			}
			if def.Properties[k.name].Description == "" {
				t.Errorf("%s.%s: no description", sh.name, k.name)
			}
		}
		if diff := cmp.Diff(sorted(required), sorted(def.Required)); diff != "" {
			t.Errorf("%s: required keys (-parser +schema):\n%s", sh.name, diff)
		}
	}
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// The closed lists of words, and the patterns, are the same on both sides.
func TestSchemaWords(t *testing.T) {
	t.Parallel()
	defs := readSchema(t).Defs
	at := func(def, key string) property { return defs[def].Properties[key] }
	tests := []struct {
		name string
		got  any
		want any
	}{
		{"kinds", at("system", "kind").Enum, texts(Kinds)},
		{"roles", at("person", "roles").Items.Enum, texts(access.Roles)},
		{"levels", at("person", "level").Enum, texts(access.Levels)},
		{"levels of freedom", at("freedom", "level").Enum, texts(access.Levels)},
		{"allow", at("dataset", "allow").Items.Enum, texts(Ops)},
		{"each", at("guardrail", "each").Enum, []string{string(EachRow), string(EachChange)}},
		{"then", at("guardrail", "then").Enum, texts([]finding.Severity{finding.Block, finding.Approve, finding.Warn})},
		{"by", at("guardrail", "by").Enum, texts(deciderRoles)},
		{"built-in checks", at("guardrail", "name").Not.Enum, finding.BuiltIn},
		{"guardrail names", at("guardrail", "name").Pattern, slugPattern},
		{"system names", at("compact", "systems").PropertyNames.Pattern, slugPattern},
		{"process names", at("compact", "processes").PropertyNames.Pattern, slugPattern},
		{"dataset names", at("compact", "datasets").PropertyNames.Pattern, slugPattern},
		{"addresses", at("compact", "people").PropertyNames.Pattern, addressPattern},
		{"lengths of time", at("retain", "values").Pattern, durationPattern},
		{"time of reminders", at("compact", "remind").Pattern, durationPattern},
		{"levels of rules", at("level", "level").Enum, texts(access.Levels[1:])},
		{"shares", at("sync", "deletes").Pattern, percentPattern},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-parser +schema):\n%s", tt.name, diff)
		}
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("compact.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("compact.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// value reads a node the way editors do (YAML 1.2 core schema).
func value(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.DocumentNode:
		return value(t, n.Content[0])
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = value(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, value(t, item))
		}
		return list
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true"
	case "!!int", "!!float":
		if i, ok := new(big.Int).SetString(n.Value, 0); ok {
			return json.Number(i.String())
		}
		if r, ok := new(big.Rat).SetString(n.Value); ok {
			return json.Number(r.FloatString(6))
		}
	}
	return n.Value
}

// The schema accepts every good example, rejects every bad one whose first line
// says "structure", and cannot see what is wrong with those that say "meaning".
func TestSchemaExamples(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	files, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		class, _, _ := strings.Cut(strings.TrimPrefix(string(b), "# "), ":")
		if filepath.Base(filepath.Dir(file)) != "bad" && class != "structure" {
			class = "good" // but for what a YAML reader elsewhere sees otherwise than Parse does
		}
		counts[class]++
		if class == "yaml" {
			continue // what a JSON schema never gets to see
		}
		var n yaml.Node
		if err := yaml.Unmarshal(b, &n); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		err = schema.Validate(value(t, &n))
		switch {
		case class == "structure" && err == nil:
			t.Errorf("%s: the schema accepts it", file)
		case class != "structure" && err != nil:
			t.Errorf("%s: the schema rejects it: %v", file, err)
		}
	}
	if classes := slices.Sorted(maps.Keys(counts)); !slices.Equal(classes, []string{"good", "meaning", "structure", "yaml"}) {
		t.Errorf("the examples' first lines say %v", classes)
	}
}
