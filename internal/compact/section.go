package compact

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sutor/internal/errs"
	"sutor/internal/finding"
)

// shape is one kind of mapping with known keys. The JSON schema has a
// definition of the same name with the same keys; a test holds them together.
type shape struct {
	name string
	keys []key
}

type key struct {
	name     string
	required bool
	example  string // a whole entry, for the mend
}

func (s shape) names() []string {
	names := make([]string, len(s.keys))
	for i, k := range s.keys {
		names[i] = k.name
	}
	return names
}

// node is one part of the file with its path.
type node struct {
	*yaml.Node
	path Path
	name string // the key it stands under, for messages
}

// section is one mapping of a known shape, being read. Its reading methods give
// the zero value for what is absent or wrong; what is wrong is reported.
type section struct {
	r      *reader
	path   Path
	shape  shape
	values map[string]node
}

// section reads a mapping's keys. what names it in messages: "the dataset
// `customers`".
func (r *reader) section(n node, what string, s shape) section {
	sec := section{r: r, path: n.path, shape: s, values: map[string]node{}}
	entries, ok := r.entries(n, what)
	if !ok {
		return sec
	}
	for _, e := range r.rejoin(n, s, entries) {
		if slices.Contains(s.names(), e.name) {
			sec.values[e.name] = e.node
			continue
		}
		r.problemAt(e.keyNode, n.path, fmt.Sprintf("`%s` is no key of %s.", short(e.name), what), s.mendKey(e, n.Style))
	}
	for _, k := range s.keys {
		if _, there := sec.values[k.name]; k.required && !there {
			r.problem(n.path, fmt.Sprintf("%s has no `%s`.", capital(what), k.name), fmt.Sprintf("Add it, for example `%s`.", k.example))
		}
	}
	return sec
}

// mendKey says how an unknown key may have come about.
func (s shape) mendKey(e entry, style yaml.Style) string {
	near := errs.Nearest(e.name, s.names())
	switch {
	case near != "":
		return fmt.Sprintf("Did you mean `%s`?", near)
	case style&yaml.FlowStyle != 0 && empty(e.Node):
		return "If it belongs to the text before the comma, put that whole text in quotes."
	}
	return "The keys are " + list(s.names(), "and") + "."
}

// entries lists what stands in a mapping, each key once, in the file's order;
// false if n is no mapping, which is reported (an alias was already).
func (r *reader) entries(n node, what string) (out []entry, ok bool) {
	if n.Kind == yaml.AliasNode {
		return nil, false
	}
	if n.Kind != yaml.MappingNode {
		r.problem(n.path, fmt.Sprintf("%s must be a group of keys with values, but this is %s.", capital(what), describe(n.Node)),
			"Write `key: value` lines below it, or {key: value}; leave the whole entry out if there is nothing to say.")
		return nil, false
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if !readableKey(k) || seen[k.Value] {
			continue // reported by index
		}
		seen[k.Value] = true
		out = append(out, entry{node{n.Content[i+1], n.path.To(k.Value), k.Value}, k})
	}
	return out, true
}

// list gives the items of a list; false if it is none, which is reported.
func (r *reader) list(n node) (items []node, ok bool) {
	if n.Kind == yaml.AliasNode {
		return nil, false
	}
	if n.Kind != yaml.SequenceNode {
		r.problem(n.path, fmt.Sprintf("`%s` must be a list, but this is %s.", short(n.name), describe(n.Node)),
			"Write it as [one, two], or with one line that starts with - for each.")
		return nil, false
	}
	if len(n.Content) == 0 {
		r.problem(n.path, fmt.Sprintf("The list `%s` is empty.", short(n.name)), "Name at least one, or leave the key out where it may be absent.")
	}
	for i, item := range n.Content {
		items = append(items, node{item, n.path.To(strconv.Itoa(i)), n.name})
	}
	return items, true
}

// raw gives a scalar's text exactly as written, whatever YAML would make of it.
func (r *reader) raw(n node) (string, bool) {
	switch {
	case n.Kind == yaml.AliasNode:
		return "", false
	case empty(n.Node):
		r.problem(n.path, fmt.Sprintf("`%s` is empty here.", short(n.name)),
			`Write a value, or leave the key out; if the word null itself is meant, write "null".`)
		return "", false
	case n.Kind != yaml.ScalarNode:
		r.problem(n.path, fmt.Sprintf("`%s` must be a single value, but this is %s.", short(n.name), describe(n.Node)),
			"Write one text; a text that starts with [ or { needs quotes.")
		return "", false
	}
	if i := strings.IndexFunc(n.Value, control); i >= 0 {
		r.problem(n.path, fmt.Sprintf("`%s` holds a control character (%U).", short(n.name), []rune(n.Value[i:])[0]), "Remove it.")
		return "", false
	}
	return n.Value, true
}

func control(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c >= 0x7f && c < 0xa0 }

// filled gives a text that says something.
func (r *reader) filled(n node) (string, bool) {
	s, ok := r.raw(n)
	if ok && strings.TrimSpace(s) == "" {
		r.problem(n.path, fmt.Sprintf("`%s` is empty here.", short(n.name)), "Write a text.")
		return "", false
	}
	return s, ok
}

// choice gives one of the known words.
func choice[T ~string](r *reader, n node, known []T) (T, bool) {
	s, ok := r.filled(n)
	if !ok {
		return "", false
	}
	if slices.Contains(known, T(s)) {
		return T(s), true
	}
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
	}
	mend := "Write " + list(words, "or") + "."
	if near := errs.Nearest(s, words); near != "" {
		mend = fmt.Sprintf("Did you mean `%s`?", near)
	}
	r.problem(n.path, fmt.Sprintf("%q is not something `%s` can be.", short(s), n.name), mend)
	return "", false
}

// distinct reports every item whose text stood in the list before.
func (r *reader) distinct(n node, seen map[string]bool, text string) bool {
	if seen[text] {
		r.problem(n.path, fmt.Sprintf("%q stands twice in `%s`.", short(text), short(n.name)), "Keep it once.")
		return false
	}
	seen[text] = true
	return true
}

// text gives the text under a key.
func (s section) text(key string) string {
	n, ok := s.values[key]
	if !ok {
		return ""
	}
	text, _ := s.r.filled(n)
	return text
}

// texts gives the list of distinct texts under a key.
func (s section) texts(key string) []string {
	n, ok := s.values[key]
	if !ok {
		return nil
	}
	items, _ := s.r.list(n)
	var out []string
	seen := map[string]bool{}
	for _, item := range items {
		if text, ok := s.r.filled(item); ok && s.r.distinct(item, seen, text) {
			out = append(out, text)
		}
	}
	return out
}

// word gives the known word under a key.
func word[T ~string](s section, key string, known []T) T {
	n, ok := s.values[key]
	if !ok {
		return ""
	}
	w, _ := choice(s.r, n, known)
	return w
}

// words gives the list of distinct known words under a key.
func words[T ~string](s section, key string, known []T) []T {
	n, ok := s.values[key]
	if !ok {
		return nil
	}
	items, _ := s.r.list(n)
	var out []T
	seen := map[string]bool{}
	for _, item := range items {
		if w, ok := choice(s.r, item, known); ok && s.r.distinct(item, seen, string(w)) {
			out = append(out, w)
		}
	}
	return out
}

// flag gives the true or false under a key, nil where it says neither.
func (s section) flag(key string) *bool {
	n, ok := s.values[key]
	if !ok || n.Kind == yaml.AliasNode {
		return nil
	}
	if n.Kind == yaml.ScalarNode && n.Style == 0 && (n.Value == "true" || n.Value == "false") {
		v := n.Value == "true"
		return &v
	}
	s.r.problem(n.path, fmt.Sprintf("`%s` must be true or false.", key), "Write true or false, without quotes.")
	return nil
}

// expr gives the expression under a key.
func (s section) expr(key string) Expr {
	n, ok := s.values[key]
	if !ok {
		return Expr{Path: s.path.To(key)}
	}
	text, _ := s.r.filled(n)
	return exprAt(n.Node, text, n.path, s.r.c.source)
}

// entry is one key of a mapping with its value.
type entry struct {
	node
	keyNode *yaml.Node
}

// short cuts a text from the file to what a person needs to recognise it. Every
// text of the file that a message repeats comes through here: what may hold a
// password (a dsn that lost its quotes ends in a key) is not repeated.
func short(s string) string {
	if hasPassword(s) {
		return "(a text not shown, as it may hold a password)"
	}
	return finding.Sample(strings.Map(func(c rune) rune {
		if control(c) || c == '\n' || c == '\t' {
			return ' '
		}
		return c
	}, s))
}

// list writes names as "`a`, `b` and `c`".
func list(names []string, last string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "`" + n + "`"
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " " + last + " " + quoted[len(quoted)-1]
}

// capital starts a sentence.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
