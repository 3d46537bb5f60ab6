package compact

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rejoin gives a `say` the part after its comma back. In {…} YAML ends a text
// without quotes at a comma and reads the rest of the sentence as a key that has
// neither colon nor value:
//
//	{name: too-many, then: block, say: More than 50,000 rows at once needs IT.}
//
// Nothing in a Compact is such a key, so the file has this reading or none. Only
// `say` is treated so, because only there do people write sentences: elsewhere a
// key without a value is more likely one that somebody has not finished. What
// follows must stand on the same line, and must not be a key of this section.
// That other programs read the text otherwise is said in a warning.
func (r *reader) rejoin(n node, s shape, entries []entry) []entry {
	at := slices.IndexFunc(entries, func(e entry) bool { return e.name == "say" })
	if at < 0 || n.Style&yaml.FlowStyle == 0 {
		return entries
	}
	say := entries[at]
	if say.Kind != yaml.ScalarNode || say.Style != 0 || say.Line > len(r.c.source) {
		return entries
	}
	line := []rune(r.c.source[say.Line-1])
	end, ok := written(line, say.Node, say.Column-1)
	if !ok {
		return entries
	}
	next := at + 1
	for ; next < len(entries); next++ {
		e := entries[next]
		after, ok := written(line, e.keyNode, end)
		if !ok || !empty(e.Node) || slices.Contains(s.names(), e.name) {
			break
		}
		end = after
	}
	if next == at+1 {
		return entries
	}
	whole := *say.Node
	whole.Value = string(line[say.Column-1 : end])
	r.commas = append(r.commas, node{&whole, say.path, say.name})
	entries[at].Node = &whole
	return slices.Delete(entries, at+1, next)
}

// written finds a text without quotes where the YAML tree says it is, and gives
// the place of the comma or bracket that ends it. A text that goes on from an
// earlier one is separated from it by one comma and blanks only.
func written(line []rune, n *yaml.Node, from int) (end int, ok bool) {
	start := n.Column - 1
	end = start + len([]rune(n.Value))
	if n.Style != 0 || start < from || end > len(line) || string(line[start:end]) != n.Value {
		return 0, false
	}
	if between := strings.TrimSpace(string(line[from:start])); start > from && between != "," {
		return 0, false
	}
	following := strings.TrimLeft(string(line[end:]), " \t")
	return end, strings.HasPrefix(following, ",") || strings.HasPrefix(following, "}")
}

// unquoted tells of each text that was given back what follows its comma.
func (r *reader) unquoted() {
	for _, n := range r.commas {
		r.warning(n.path, fmt.Sprintf("The text is read beyond its comma, as %q; other programs that read YAML end it there.", short(n.Value)),
			"Put the whole text in quotes.")
	}
}
