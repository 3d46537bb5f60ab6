package compact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document gives the root of the file's one YAML document, or nil when the
// file cannot be read as one; then it has said why.
func (r *reader) document(b []byte) *yaml.Node {
	if !r.readable(b) {
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	var doc, next yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		r.at(1, 1, "The file holds nothing but comments or blank lines.", "Start it with `compact: NAME`.")
		return nil
	}
	if err == nil {
		if err = dec.Decode(&next); err == nil {
			r.at(next.Line, next.Column, "A second YAML document starts here, but a Compact is one document.",
				"Keep one document, and remove the line with ---.")
			return nil
		}
	}
	if !errors.Is(err, io.EOF) {
		r.syntax(err)
		return nil
	}
	return doc.Content[0]
}

// readable refuses what is no text at all.
func (r *reader) readable(b []byte) bool {
	if len(b) > MaxBytes {
		r.at(1, 1, fmt.Sprintf("The file has %d bytes; a Compact has at most %d.", len(b), MaxBytes),
			"Check that this is the right file.")
		return false
	}
	if utf8.Valid(b) {
		return true
	}
	bad := 0
	for bad < len(b) {
		c, size := utf8.DecodeRune(b[bad:])
		if c == utf8.RuneError && size == 1 {
			break
		}
		bad += size
	}
	before := b[:bad]
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	r.at(bytes.Count(before, []byte{'\n'})+1, column, "The file is not UTF-8 text from here on.", "Save it as UTF-8.")
	return false
}

func (r *reader) at(line, column int, message, mend string) {
	r.problemAt(&yaml.Node{Line: line, Column: column}, "", message, mend)
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax reports the YAML parser's own error; it knows the line only.
func (r *reader) syntax(err error) {
	line, what := 1, err.Error()
	if m := yamlLine.FindStringSubmatch(strings.ReplaceAll(what, "\n", " ")); m != nil {
		what = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	r.at(line, 1, "The file cannot be read as YAML: "+what+".",
		"Look at this line and the one before it: most often the indentation, a colon, a quote or a bracket is wrong.")
}

// Bounds on what is walked, so that a small file cannot take much memory: paths
// are kept for every part.
const (
	deepest    = 12  // levels; the deepest part of a Compact has seven
	longestKey = 256 // bytes; longer than any name of a table or column
)

// readableKey tells whether a key can be read; what cannot is reported by index.
func readableKey(k *yaml.Node) bool {
	return k.Kind == yaml.ScalarNode && len(k.Value) <= longestKey && !(k.Value == "<<" && k.Style == 0)
}

// index walks the whole tree once: it remembers where each part stands and
// refuses what makes a file say something else than it shows.
func (r *reader) index(n *yaml.Node, path Path) {
	r.refuse(n, path)
	if strings.Count(string(path), "/") > deepest && n.Kind != yaml.ScalarNode {
		r.problemAt(n, path, "Lists and groups are nested too deeply here: no part of a Compact is.", "Look for a bracket or an indentation too many.")
		return
	}
	if _, ok := r.c.places[path]; !ok {
		r.c.places[path] = Pos{n.Line, n.Column}
	}
	switch n.Kind {
	case yaml.SequenceNode:
		texts := map[string]Path{}
		for i, item := range n.Content {
			at := path.To(strconv.Itoa(i))
			r.index(item, at)
			if _, twice := texts[fold(item.Value)]; !twice && item.Kind == yaml.ScalarNode {
				texts[fold(item.Value)] = at
			}
		}
		r.items[path] = texts
	case yaml.MappingNode:
		r.indexMapping(n, path)
	}
}

func (r *reader) indexMapping(n *yaml.Node, path Path) {
	first := map[string]int{} // key → its line
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		r.refuse(key, path)
		if !readableKey(key) {
			r.unreadableKey(key, path)
			continue
		}
		if line, twice := first[key.Value]; twice {
			r.problemAt(key, path.To(key.Value), fmt.Sprintf("`%s` stands here a second time; the first is on line %d.", short(key.Value), line),
				"Keep one of the two.")
			continue
		}
		first[key.Value] = key.Line
		r.place(path.To(key.Value), key, value)
		r.index(value, path.To(key.Value))
	}
}

// place remembers where an entry stands: a single value where it is written,
// anything longer at its key.
func (r *reader) place(path Path, key, value *yaml.Node) {
	const block = yaml.LiteralStyle | yaml.FoldedStyle
	if value.Kind == yaml.ScalarNode && value.Style&block == 0 && value.Value != "" {
		key = value
	}
	r.c.places[path] = Pos{key.Line, key.Column}
}

func (r *reader) unreadableKey(key *yaml.Node, path Path) {
	switch {
	case key.Kind == yaml.AliasNode: // reported by refuse
	case key.Kind != yaml.ScalarNode:
		r.problemAt(key, path, "A key must be a single text, but this is "+describe(key)+".",
			"Texts with { or [ in front need quotes.")
	case len(key.Value) > longestKey:
		r.problemAt(key, path, fmt.Sprintf("This key is %d bytes long; the longest that is read has %d.", len(key.Value), longestKey),
			"Look for a missing colon or quote.")
	default:
		r.problemAt(key, path, "Merge keys (<<) are not allowed: "+writtenOut, "Write the keys out here.")
	}
}

const writtenOut = "people approve what they read, so every part of a Compact is written out where it counts."

func (r *reader) refuse(n *yaml.Node, path Path) {
	if n.Kind == yaml.AliasNode {
		r.problemAt(n, path, fmt.Sprintf("The alias *%s is not allowed: %s", short(n.Value), writtenOut),
			"Write the value out here; a text that starts with * needs quotes.")
		return
	}
	if n.Anchor != "" {
		r.problemAt(n, path, fmt.Sprintf("The anchor &%s is not allowed: %s", short(n.Anchor), writtenOut),
			"Remove it; a text that starts with & needs quotes.")
	}
	if n.Style&yaml.TaggedStyle != 0 {
		r.problemAt(n, path, fmt.Sprintf("The tag %s is not allowed: each place has one kind of value, whatever a tag says.", short(n.Tag)),
			"Remove it; a text that starts with ! needs quotes.")
	}
}

// describe names a node for a sentence.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "a group of keys"
	case empty(n):
		return "empty"
	}
	return "a single value"
}

// empty tells whether nothing, ~ or null stands there, unquoted.
func empty(n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Style&^yaml.TaggedStyle != 0 {
		return false
	}
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}
