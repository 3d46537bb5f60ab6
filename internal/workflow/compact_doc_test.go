package workflow_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"sutor/internal/compact"
	"sutor/internal/connector/mem"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/workflow"
)

// The reference of the Compact, docs/compact.md, is held to the code here, where
// a Compact can be checked against tables. Its rules:
//
//   - The first yaml block is the complete example, a whole Compact.
//   - Another yaml block is a whole Compact too, or a part: its keys, of the top
//     or of the dataset customers, take the place of those of the complete example.
//   - A text block after it, before the next heading, is what the check says of
//     it. Without one the check finds nothing, not even to warn of.
//   - Every key of the JSON schema is explained, in the table below the heading
//     that is named as the part in which the key stands, and stands in an example.
var updateReference = flag.Bool("update", false, "write anew what docs/compact.md says that the check says")

const (
	referenceFile = "../../docs/compact.md"
	partOf        = "customers" // the dataset into which parts of a dataset go
)

// block is one example, and what is said of it.
type block struct {
	line    int // of the page, where its first line stands
	lines   []string
	said    []string
	saidAt  [2]int // the lines of the page that hold it; both 0 where there are none
	heading string
}

// reference is the page, taken apart.
type reference struct {
	lines    []string
	blocks   []*block
	sections map[string][]string // heading → its lines
}

var (
	heading = regexp.MustCompile(`^#+ (.*)$`)
	topLine = regexp.MustCompile(`^([^\s#][^:]*|"[^"]+"):(\s|$)`)
)

func readReference(t *testing.T) *reference {
	t.Helper()
	b, err := os.ReadFile(referenceFile)
	fine(t, err)
	r := &reference{lines: strings.Split(string(b), "\n"), sections: map[string][]string{}}
	under := ""
	for i := 0; i < len(r.lines); i++ {
		if m := heading.FindStringSubmatch(r.lines[i]); m != nil {
			under = m[1]
		}
		kind, fenced := strings.CutPrefix(r.lines[i], "```")
		if !fenced {
			r.sections[under] = append(r.sections[under], r.lines[i])
			continue
		}
		end := i + 1 + slices.Index(r.lines[i+1:], "```")
		inside := r.lines[i+1 : end]
		last := len(r.blocks) - 1
		switch {
		case kind == "yaml":
			r.blocks = append(r.blocks, &block{line: i + 2, lines: inside, heading: under})
		case kind == "text" && last >= 0 && r.blocks[last].heading == under && r.blocks[last].saidAt == [2]int{}:
			r.blocks[last].said, r.blocks[last].saidAt = inside, [2]int{i + 1, end}
		}
		i = end
	}
	return r
}

// docLine is one line of a Compact that is put together, and where in the example
// it comes from: 0 for what is not the example's own.
type docLine struct {
	text string
	from int
}

// docPart is one key with all lines that belong to it.
type docPart struct {
	key   string
	lines []docLine
}

// parts cuts lines into the keys at an indentation.
func parts(lines []docLine, indent int) (all []docPart) {
	for _, l := range lines {
		if m := topLine.FindStringSubmatch(strings.TrimPrefix(l.text, strings.Repeat(" ", indent))); m != nil {
			all = append(all, docPart{key: m[1]})
		}
		if len(all) > 0 {
			all[len(all)-1].lines = append(all[len(all)-1].lines, l)
		}
	}
	return all
}

// groups are the keys whose entries have names: a part says more of them, and
// takes the place of those of the same name only.
var groups = []string{"systems", "people", "datasets"}

// lay puts the parts of an example over those of the complete one.
func lay(below, over []docLine, indent int) (out []docLine) {
	parted, named := parts(below, indent), map[string]docPart{}
	for _, p := range parts(over, indent) {
		if !slices.ContainsFunc(parted, func(b docPart) bool { return b.key == p.key }) {
			parted = append(parted, p)
		}
		named[p.key] = p
	}
	for _, p := range parted {
		o, replaced := named[p.key]
		switch {
		case !replaced:
			out = append(out, p.lines...)
		case indent == 0 && slices.Contains(groups, p.key):
			out = append(append(out, o.lines[0]), lay(p.lines[1:], o.lines[1:], 2)...)
		default:
			out = append(out, o.lines...)
		}
	}
	return out
}

func numbered(texts []string, indent int) (out []docLine) {
	for i, text := range texts {
		if text != "" {
			text = strings.Repeat(" ", indent) + text
		}
		out = append(out, docLine{text, i + 1})
	}
	return out
}

func framed(texts []string) (out []docLine) {
	for _, text := range texts {
		out = append(out, docLine{text, 0})
	}
	return out
}

// whole makes a Compact of an example; indent is what its lines were moved by.
func (b *block) whole(complete []string, top []string) (out []docLine, indent int) {
	own := parts(numbered(b.lines, 0), 0)
	switch {
	case slices.ContainsFunc(own, func(p docPart) bool { return p.key == "compact" }):
		return numbered(b.lines, 0), 0
	case slices.ContainsFunc(own, func(p docPart) bool { return slices.Contains(top, p.key) }):
		return lay(framed(complete), numbered(b.lines, 0), 0), 0
	}
	for _, p := range parts(framed(complete), 0) {
		if p.key != "datasets" {
			out = append(out, p.lines...)
			continue
		}
		out = append(out, p.lines[0])
		for _, d := range parts(p.lines[1:], 2) {
			if d.key == partOf {
				d.lines = append(d.lines[:1:1], lay(d.lines[1:], numbered(b.lines, 4), 4)...)
			}
			out = append(out, d.lines...)
		}
	}
	return out, 4
}

func textOf(lines []docLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

// exampleSystems are the tables that the page's examples speak of.
func exampleSystems(t *testing.T) systems {
	t.Helper()
	db := mem.New()
	text, date := record.Type{Kind: record.Text}, record.Type{Kind: record.Date}
	id, money := record.Type{Kind: record.Int, Bits: 64}, record.Type{Kind: record.Decimal, Precision: 12, Scale: 2}
	table := func(name string, columns ...record.Column) {
		at := "2026-01-31 14:30:00+00"
		db.Create(mem.Table{Defaults: map[string]*string{"updated_at": &at}, Name: record.Table{Schema: "public", Name: name}, Key: []string{"id"},
			Columns: append(record.Schema{{Name: "id", Type: id, Identity: "default"}}, columns...)})
	}
	table("customer", record.Column{Name: "name", Type: text}, record.Column{Name: "payment_terms", Type: text},
		record.Column{Name: "credit_limit", Type: money}, record.Column{Name: "vat", Type: text, Nullable: true},
		record.Column{Name: "country", Type: text}, record.Column{Name: "valid_from", Type: date, Nullable: true},
		record.Column{Name: "updated_at", Type: record.Type{Kind: record.TimestampTZ, Fraction: 6}})
	table("address", record.Column{Name: "customer_id", Type: id}, record.Column{Name: "city", Type: text})
	table("orders", record.Column{Name: "customer_id", Type: id}, record.Column{Name: "status", Type: text},
		record.Column{Name: "amount", Type: money})
	sys, err := system.Open(ctx, "erp", "mem", "", system.Registry{"mem": db.Open})
	fine(t, err)
	t.Cleanup(func() { fine(t, sys.Close()) })
	return systems{"erp": sys}
}

// said is what the check says of an example, each problem with its place in the
// example.
func (b *block) check(t *testing.T, lines []docLine, indent int, sys systems) (said []string) {
	t.Helper()
	c, problems := compact.Parse("", []byte(textOf(lines)))
	if c != nil {
		live, err := workflow.CheckLive(ctx, c, sys)
		fine(t, err)
		problems = compact.Sort(slices.Concat(problems, workflow.CheckRoutes(c), live))
	}
	for i, p := range problems {
		from := lines[p.Line-1].from
		if from == 0 {
			t.Errorf("docs/compact.md:%d: with this example something else is wrong, in %q: %s", b.line, lines[p.Line-1].text, p)
		}
		problems[i].Line, problems[i].Column = from, p.Column-indent
	}
	for _, p := range compact.Sort(problems) {
		said = append(said, strings.TrimPrefix(p.String(), ":"))
	}
	return said
}

// schemaNode is a part of the JSON schema.
type schemaNode = map[string]any

func readKeys(t *testing.T) *keys {
	t.Helper()
	var root schemaNode
	fine(t, json.Unmarshal(compact.Schema(), &root))
	return &keys{defs: root["$defs"].(schemaNode), shown: map[string]bool{}, under: map[string][]string{"compact": {"The top"}}}
}

// keys is what the schema knows, and what of it the examples show.
type keys struct {
	defs  schemaNode
	shown map[string]bool     // "definition.key"
	under map[string][]string // definition → the headings that may explain it
}

func (k *keys) follow(s any, def string) (schemaNode, string) {
	node, _ := s.(schemaNode)
	if ref, ok := node["$ref"].(string); ok {
		def = strings.TrimPrefix(ref, "#/$defs/")
		return k.defs[def].(schemaNode), def
	}
	return node, def
}

// show marks what stands in an example.
func (k *keys) show(n *yaml.Node, s any, def string) {
	node, def := k.follow(s, def)
	if all, ok := node["anyOf"].([]any); ok {
		for _, one := range all {
			k.show(n, one, def)
		}
	}
	properties, _ := node["properties"].(schemaNode)
	switch n.Kind {
	case yaml.DocumentNode:
		k.show(n.Content[0], s, def)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			k.show(item, node["items"], def)
		}
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if property, ok := properties[name]; ok {
				k.shown[def+"."+name] = true
				k.show(n.Content[i+1], property, def)
			} else {
				k.show(n.Content[i+1], node["additionalProperties"], def)
			}
		}
	}
}

// lead notes which keys lead to which definitions.
func (k *keys) lead(s any, key string) {
	node, ok := s.(schemaNode)
	if !ok {
		return
	}
	if ref, ok := node["$ref"].(string); ok {
		def := strings.TrimPrefix(ref, "#/$defs/")
		k.under[def] = append(k.under[def], key)
	}
	k.lead(node["additionalProperties"], key)
	k.lead(node["items"], key)
	all, _ := node["anyOf"].([]any)
	for _, one := range all {
		k.lead(one, key)
	}
	properties, _ := node["properties"].(schemaNode)
	for name, property := range properties {
		k.lead(property, name)
	}
}

func (k *keys) properties(def string) (names []string) {
	properties, _ := k.defs[def].(schemaNode)["properties"].(schemaNode)
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// explained tells whether a table under one of the headings has a row for a key.
func (r *reference) explained(headings []string, key string) bool {
	row := regexp.MustCompile("^\\|[^|]*`" + regexp.QuoteMeta(key) + "`[^|]*\\|")
	for _, h := range headings {
		if slices.ContainsFunc(r.sections[h], row.MatchString) {
			return true
		}
	}
	return false
}

func schemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(compact.Schema()))
	fine(t, err)
	c := jsonschema.NewCompiler()
	fine(t, c.AddResource("compact.json", doc))
	s, err := c.Compile("compact.json")
	fine(t, err)
	return s
}

// asEditorsRead gives the values that an editor gives to the schema: in YAML 1.2 a
// date is a text.
func asEditorsRead(t *testing.T, text string) (doc any) {
	t.Helper()
	var n yaml.Node
	fine(t, yaml.Unmarshal([]byte(text), &n))
	var plain func(*yaml.Node)
	plain = func(n *yaml.Node) {
		if n.Tag == "!!timestamp" {
			n.Tag = "!!str"
		}
		for _, inner := range n.Content {
			plain(inner)
		}
	}
	plain(&n)
	fine(t, n.Decode(&doc))
	return doc
}

// Every example of the page is what the page says of it: good, or refused in
// exactly these words. What the check lets pass, the schema does too.
func TestReferenceExamples(t *testing.T) {
	t.Parallel()
	r, k, sys, schema := readReference(t), readKeys(t), exampleSystems(t), schemaOf(t)
	top := k.properties("compact")
	for i := len(r.blocks) - 1; i >= 0; i-- { // from the end, so that -update moves no line that is still to come
		b := r.blocks[i]
		lines, indent := b.whole(r.blocks[0].lines, top)
		said := b.check(t, lines, indent, sys)
		if *updateReference && !slices.Equal(said, b.said) && b.saidAt[1] > 0 {
			r.lines = slices.Replace(r.lines, b.saidAt[0], b.saidAt[1], said...)
			continue
		}
		if diff := cmp.Diff(b.said, said); diff != "" {
			t.Errorf("docs/compact.md:%d: what the check says of this example (-page +check; -update writes it):\n%s", b.line, diff)
		}
		asJSON, err := json.Marshal(asEditorsRead(t, textOf(lines)))
		fine(t, err)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		fine(t, err)
		if err := schema.Validate(value); err != nil && len(b.said) == 0 {
			t.Errorf("docs/compact.md:%d: the schema refuses this example: %v", b.line, err)
		}
	}
	if *updateReference {
		fine(t, os.WriteFile(referenceFile, []byte(strings.Join(r.lines, "\n")), 0o644))
	}
}

// Every key is explained, and shown in an example that the check finds good.
func TestReferenceKeys(t *testing.T) {
	t.Parallel()
	r, k := readReference(t), readKeys(t)
	top := k.properties("compact")
	for _, b := range r.blocks {
		if len(b.said) > 0 {
			continue
		}
		lines, _ := b.whole(r.blocks[0].lines, top)
		var n yaml.Node
		fine(t, yaml.Unmarshal([]byte(textOf(lines)), &n))
		k.show(&n, k.defs["compact"], "compact")
	}
	for _, def := range k.defs {
		k.lead(def, "")
	}
	for def := range k.defs {
		for _, key := range k.properties(def) {
			if !k.shown[def+"."+key] {
				t.Errorf("no good example of docs/compact.md has the key `%s` of %s: show it in a yaml block there", key, def)
			}
			if !r.explained(k.under[def], key) {
				t.Errorf("docs/compact.md does not explain the key `%s` of %s: give it a row in the table under %s",
					key, def, fmt.Sprintf("%q", k.under[def]))
			}
		}
	}
}
