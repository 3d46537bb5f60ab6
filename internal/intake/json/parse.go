package json

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep objects and arrays may stand in each other.
const maxDepth = 64

// parser reads one whole value.
type parser struct {
	text  []byte
	at    int
	begin place
	seen  map[string]bool // names of the row's object
}

// member is one of an object's members, its value as staging has it.
type member struct {
	name string
	cell []byte
	null bool
}

// object reads an object, and calls take with its members in order.
func (p *parser) object(take func(member) error) error {
	if p.text[0] != '{' {
		return noObject(p.begin.line, p.text)
	}
	clear(p.seen)
	err := p.members(func(name string) error {
		if p.seen[name] {
			return p.twice(name)
		}
		p.seen[name] = true
		m := member{name: name}
		var err error
		m.cell, m.null, err = p.cell()
		if err != nil {
			return err
		}
		return take(m)
	})
	if err != nil {
		return err
	}
	return p.nothingMore()
}

func (p *parser) nothingMore() error {
	p.blanks()
	if p.at < len(p.text) {
		return p.refuse(shown(p.text[p.at]) + " after the value")
	}
	return nil
}

// members reads an object's brackets, names and separators; value must read what
// stands behind a name.
func (p *parser) members(value func(name string) error) error {
	p.at++
	for first := true; ; first = false {
		p.blanks()
		if first && p.sees('}') {
			p.at++
			return nil
		}
		if !p.sees('"') {
			return p.missing("a name in double quotes")
		}
		name, err := p.string()
		if err != nil {
			return err
		}
		if p.blanks(); !p.sees(':') {
			return p.missing(`":"`)
		}
		p.at++
		p.blanks()
		if err := value(string(name)); err != nil {
			return err
		}
		if more, err := p.more('}'); !more {
			return err
		}
	}
}

// more passes the comma before another element, or the closing bracket.
func (p *parser) more(closing byte) (bool, error) {
	p.blanks()
	switch {
	case p.sees(','):
		p.at++
		return true, nil
	case p.sees(closing):
		p.at++
		return false, nil
	}
	return false, p.missing(`"," or "` + string(closing) + `"`)
}

// cell reads a value as it is staged.
func (p *parser) cell() (text []byte, null bool, err error) {
	switch {
	case p.sees('"'):
		text, err = p.string()
		return text, false, err
	case p.sees('{'), p.sees('['):
		text, err = p.canonical(nil, 1)
		return text, false, err
	}
	text, err = p.literal()
	return text, string(text) == "null", err
}

// canonical appends the next value's canonical text.
func (p *parser) canonical(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, tooDeep(p.here().line)
	}
	switch {
	case p.sees('"'):
		text, err := p.string()
		return appendString(dst, text), err
	case p.sees('['):
		return p.canonicalArray(dst, depth)
	case p.sees('{'):
		return p.canonicalObject(dst, depth)
	}
	word, err := p.literal()
	return append(dst, word...), err
}

func (p *parser) canonicalArray(dst []byte, depth int) ([]byte, error) {
	dst = append(dst, '[')
	p.at++
	if p.blanks(); p.sees(']') {
		p.at++
		return append(dst, ']'), nil
	}
	for {
		p.blanks()
		var err error
		if dst, err = p.canonical(dst, depth+1); err != nil {
			return nil, err
		}
		more, err := p.more(']')
		if err != nil {
			return nil, err
		}
		if !more {
			return append(dst, ']'), nil
		}
		dst = append(dst, ',')
	}
}

func (p *parser) canonicalObject(dst []byte, depth int) ([]byte, error) {
	type entry struct {
		name string
		text []byte
	}
	var all []entry
	err := p.members(func(name string) error {
		text, err := p.canonical(nil, depth+1)
		all = append(all, entry{name, text})
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	dst = append(dst, '{')
	for i, e := range all {
		if i > 0 {
			if all[i-1].name == e.name {
				return nil, p.twice(e.name)
			}
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, []byte(e.name)), ':')
		dst = append(dst, e.text...)
	}
	return append(dst, '}'), nil
}

// appendString writes a text with as few escapes as can be.
func appendString(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c == '\b':
			dst = append(dst, `\b`...)
		case c == '\f':
			dst = append(dst, `\f`...)
		case c < ' ':
			dst = append(dst, `\u00`...)
			dst = append(dst, hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// literal reads a number, true, false or null, as it stands.
func (p *parser) literal() ([]byte, error) {
	begin := p.at
	for p.at < len(p.text) && !bytes.ContainsRune([]byte(" \t\r\n,]}[{\":"), rune(p.text[p.at])) {
		p.at++
	}
	word := p.text[begin:p.at]
	switch string(word) {
	case "true", "false", "null":
		return word, nil
	}
	if !isNumber(word) {
		p.at = begin
		if len(word) == 0 {
			return nil, p.missing("a value")
		}
		return nil, p.refuse(quote(word) + ", which is no value of JSON")
	}
	return word, nil
}

// isNumber tells whether a word is a number as RFC 8259 writes it.
func isNumber(word []byte) bool {
	rest := bytes.TrimPrefix(word, []byte("-"))
	whole, rest := digits(rest)
	if whole == 0 || whole > 1 && bytes.TrimPrefix(word, []byte("-"))[0] == '0' {
		return false
	}
	if len(rest) > 0 && rest[0] == '.' {
		var fraction int
		if fraction, rest = digits(rest[1:]); fraction == 0 {
			return false
		}
	}
	if len(rest) > 0 && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if len(rest) > 0 && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		var power int
		if power, rest = digits(rest); power == 0 {
			return false
		}
	}
	return len(rest) == 0
}

// digits counts leading digits and gives what follows them.
func digits(b []byte) (int, []byte) {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n, b[n:]
}

// string reads a text in quotes.
func (p *parser) string() ([]byte, error) {
	p.at++
	begin := p.at
	for p.at < len(p.text) { // most texts have no escapes
		switch c := p.text[p.at]; {
		case c == '"':
			text := p.text[begin:p.at]
			p.at++
			return text, p.valid(text, begin)
		case c == '\\':
			return p.escaped(bytes.Clone(p.text[begin:p.at]), begin)
		case c < ' ':
			return nil, p.refuse("a control character inside a text, where JSON wants an escape")
		}
		p.at++
	}
	return nil, p.missing(`a closing "`)
}

// escaped goes on reading a text at its first escape.
func (p *parser) escaped(text []byte, begin int) ([]byte, error) {
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			p.at++
			return text, p.valid(text, begin)
		case c < ' ':
			return nil, p.refuse("a control character inside a text, where JSON wants an escape")
		case c != '\\':
			text = append(text, c)
			p.at++
			continue
		}
		var err error
		if text, err = p.escape(text); err != nil {
			return nil, err
		}
	}
	return nil, p.missing(`a closing "`)
}

// escape reads one escape.
func (p *parser) escape(text []byte) ([]byte, error) {
	if p.at+1 >= len(p.text) {
		return nil, p.missing("an escape")
	}
	c := p.text[p.at+1]
	if i := bytes.IndexByte([]byte(`"\/bfnrt`), c); i >= 0 {
		p.at += 2
		return append(text, "\"\\/\b\f\n\r\t"[i]), nil
	}
	r, ok := p.unit(p.at)
	if !ok {
		return nil, p.refuse("an escape that JSON does not know")
	}
	size := 6
	if utf16.IsSurrogate(r) {
		second, _ := p.unit(p.at + 6)
		if r = utf16.DecodeRune(r, second); r == utf8.RuneError {
			return nil, p.refuse("half a surrogate pair, which is no character")
		}
		size = 12
	}
	if r == 0 {
		return nil, p.refuse("a NUL character in a text, which no system stores")
	}
	p.at += size
	return utf8.AppendRune(text, r), nil
}

// unit reads \uXXXX at a place.
func (p *parser) unit(at int) (rune, bool) {
	if at+6 > len(p.text) || p.text[at] != '\\' || p.text[at+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range p.text[at+2 : at+6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// valid checks a text that has been read.
func (p *parser) valid(text []byte, begin int) error {
	if utf8.Valid(text) {
		return nil
	}
	p.at = begin
	return p.refuse("a text that is not UTF-8")
}

func (p *parser) sees(c byte) bool { return p.at < len(p.text) && p.text[p.at] == c }

func (p *parser) blanks() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t' || p.text[p.at] == '\r' || p.text[p.at] == '\n') {
		p.at++
	}
}

// here gives the parser's place in the file.
func (p *parser) here() place {
	at := p.begin
	for i, c := range p.text[:min(p.at, len(p.text))] {
		if c == '\n' || c == '\r' && (i+1 == len(p.text) || p.text[i+1] != '\n') {
			at.line, at.col = at.line+1, 1
		} else {
			at.col++
		}
	}
	return at
}
