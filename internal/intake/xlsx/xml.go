package xlsx

import (
	"bytes"
	"io"
)

// kind is what a token is.
type kind uint8

const (
	start kind = iota // of an element; a self-closed one is followed by its end
	end
	text
	eof
)

const (
	maxDepth = 200 // elements inside each other; a sheet needs 12
	maxAttrs = 256
)

// attr is an attribute: its name without prefix, and its value as it stands in
// the file. Both are valid until the next token.
type attr struct{ name, value []byte }

// scanner reads XML, token by token, out of a window: elements, attributes,
// text, CDATA; comments and processing instructions are passed over. It is
// strict where leniency would let two programs read one file in two ways: tags
// must match, a document type is refused (entities are a way to bombs and to
// other people's files), and so is anything that is not well-formed.
//
// Names are given without their prefix: the reader of a part knows which
// elements it wants by where they stand.
type scanner struct {
	archive *archive
	part    string
	win     window

	name  []byte // of the element that starts or ends
	attrs []attr
	text  []byte // as it stands in the file; see unescape
	cdata bool   // text is meant literally

	open    []byte // names of the open elements, one after the other
	lengths []int
	ending  bool // the element just started closes itself
	rooted  bool
	first   bool
}

func newScanner(f *feed, a *archive, part string) *scanner {
	return &scanner{archive: a, part: part, win: window{feed: f}, first: true}
}

func (x *scanner) close() {
	x.win.feed.close()
	x.archive.left -= x.win.feed.sent
}

func (x *scanner) depth() int { return len(x.lengths) }

// next gives the next token.
func (x *scanner) next() (kind, error) {
	if x.ending {
		x.ending = false
		x.pop()
		return end, nil
	}
	for {
		if x.first {
			x.begin()
		}
		b := x.win.buf[x.win.pos:x.win.end]
		if len(b) > 0 {
			n, k, err := x.token(b)
			if err != nil {
				return eof, err
			}
			x.win.pos += n
			if n > 0 && k != eof {
				return k, nil
			}
			if n > 0 {
				continue
			}
		}
		if len(b) > x.archive.cell {
			return eof, textTooLong(x.part, x.archive.cell)
		}
		if !x.win.more() {
			return eof, x.finish(len(b))
		}
	}
}

// begin passes the byte order mark, which may be there.
func (x *scanner) begin() {
	for x.win.end-x.win.pos < 3 && x.win.more() {
	}
	x.first = false
	if bytes.HasPrefix(x.win.buf[x.win.pos:x.win.end], []byte("\uFEFF")) {
		x.win.pos += 3
	}
}

// finish says whether the part may end here; rest bytes are a token cut off.
func (x *scanner) finish(rest int) error {
	switch {
	case x.win.err != io.EOF:
		return x.archive.fault(x.part, x.win.err)
	case rest > 0 && x.depth() > 0 || x.depth() > 0 || !x.rooted:
		return damaged(x.part, "it ends in the middle")
	case rest > 0 && len(bytes.TrimSpace(x.win.buf[x.win.pos:x.win.end])) > 0:
		return damaged(x.part, "something follows its end")
	}
	return nil
}

// token reads the token at the start of b, and gives its length, 0 if b does not
// hold all of it. Its kind is eof for what is to be passed over.
func (x *scanner) token(b []byte) (int, kind, error) {
	if b[0] != '<' {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			return 0, eof, nil
		}
		x.text, x.cdata = b[:i], false
		if x.depth() == 0 {
			if len(bytes.TrimSpace(x.text)) > 0 {
				return 0, eof, x.bad("text stands outside of its elements")
			}
			return i, eof, nil
		}
		return i, text, nil
	}
	if len(b) < 2 {
		return 0, eof, nil
	}
	switch b[1] {
	case '/':
		return x.endTag(b)
	case '!', '?':
		return x.aside(b)
	}
	return x.startTag(b)
}

// aside reads a comment, a processing instruction or a CDATA section.
func (x *scanner) aside(b []byte) (int, kind, error) {
	if b[1] == '?' {
		return after(b, 2, "?>"), eof, nil
	}
	const longest = len("<![CDATA[")
	if len(b) < longest && x.win.err == nil {
		return 0, eof, nil
	}
	switch {
	case bytes.HasPrefix(b, []byte("<!--")):
		return after(b, 4, "-->"), eof, nil
	case bytes.HasPrefix(b, []byte("<![CDATA[")) && x.depth() > 0:
		n := after(b, longest, "]]>")
		if n > 0 {
			x.text, x.cdata = b[longest:n-3], true
		}
		return n, text, nil
	case bytes.HasPrefix(b, []byte("<!DOCTYPE")):
		return 0, eof, documentType(x.part)
	}
	return 0, eof, x.bad("it is not well-formed XML")
}

// after gives the position after the first mark in b[from:], 0 if there is none.
func after(b []byte, from int, mark string) int {
	i := bytes.Index(b[from:], []byte(mark))
	if i < 0 {
		return 0
	}
	return from + i + len(mark)
}

func (x *scanner) endTag(b []byte) (int, kind, error) {
	i := bytes.IndexByte(b, '>')
	if i < 0 {
		return 0, eof, nil
	}
	name := b[2:i]
	for len(name) > 0 && blank(name[len(name)-1]) {
		name = name[:len(name)-1]
	}
	if n := len(x.lengths); n == 0 || string(name) != string(x.open[len(x.open)-x.lengths[n-1]:]) {
		return 0, eof, x.bad("its tags do not match")
	}
	x.pop()
	return i + 1, end, nil
}

// pop closes the innermost element, and leaves its name in x.name.
func (x *scanner) pop() {
	n := len(x.lengths) - 1
	at := len(x.open) - x.lengths[n]
	x.name = local(x.open[at:])
	x.open, x.lengths = x.open[:at], x.lengths[:n]
}

func (x *scanner) startTag(b []byte) (int, kind, error) {
	i := 1
	for i < len(b) && b[i] > ' ' && b[i] != '>' && b[i] != '/' && b[i] != '<' {
		i++
	}
	name := b[1:i]
	x.attrs = x.attrs[:0]
	for {
		spaced := false
		for i < len(b) && blank(b[i]) {
			i, spaced = i+1, true
		}
		if i+1 >= len(b) && !(i < len(b) && b[i] == '>') {
			return 0, eof, nil
		}
		switch {
		case b[i] == '>':
			return i + 1, start, x.push(name)
		case b[i] == '/' && b[i+1] == '>':
			x.ending = true
			return i + 2, start, x.push(name)
		case !spaced || len(x.attrs) == maxAttrs:
			return 0, eof, x.bad("it is not well-formed XML")
		}
		n, ok := x.attribute(b[i:])
		if !ok {
			return 0, eof, x.bad("it is not well-formed XML")
		}
		if n == 0 {
			return 0, eof, nil
		}
		i += n
	}
}

// attribute reads name="value" at the start of b, and gives its length, 0 if b
// does not hold all of it.
func (x *scanner) attribute(b []byte) (n int, ok bool) {
	i, from := 0, 0
	for i < len(b) && b[i] != '=' {
		switch b[i] {
		case ':':
			from = i + 1
		case '<', '>', '"', '\'', '/':
			return 0, false
		}
		i++
	}
	name := bytes.TrimRight(b[from:i], " \t\r\n")
	i++
	for i < len(b) && blank(b[i]) {
		i++
	}
	if i >= len(b) {
		return 0, true
	}
	quote := b[i]
	if quote != '"' && quote != '\'' || len(name) == 0 {
		return 0, false
	}
	i++
	for at := i; i < len(b); i++ {
		switch b[i] {
		case quote:
			if ownName(name, b[:from]) {
				if x.attr(string(name)) != nil {
					return 0, false
				}
				x.attrs = append(x.attrs, attr{name, b[at:i]})
			}
			return i + 1, true
		case '<':
			return 0, false
		}
	}
	return 0, true
}

// ownName tells whether an attribute counts: declarations of namespaces do not,
// nor do attributes of other namespaces, which extensions add, except the id of a
// relationship.
func ownName(name, prefix []byte) bool {
	return len(prefix) == 0 && string(name) != "xmlns" || string(name) == "id"
}

func (x *scanner) push(name []byte) error {
	switch {
	case len(name) == 0:
		return x.bad("it is not well-formed XML")
	case len(x.lengths) == maxDepth:
		return tooDeep(x.part)
	case len(x.lengths) == 0 && x.rooted:
		return x.bad("something follows its end")
	}
	x.rooted = true
	x.open = append(x.open, name...)
	x.lengths = append(x.lengths, len(name))
	x.name = local(name)
	return nil
}

// skip passes over the rest of the element that was started last.
func (x *scanner) skip() error {
	for depth := x.depth(); x.depth() >= depth; {
		if _, err := x.next(); err != nil {
			return err
		}
	}
	return nil
}

// attr gives an attribute's value as it stands in the file; nil if there is none.
func (x *scanner) attr(name string) []byte {
	for _, a := range x.attrs {
		if string(a.name) == name {
			return a.value
		}
	}
	return nil
}

// value gives an attribute's value as a text.
func (x *scanner) value(name string) (string, error) {
	v, err := x.unescape(nil, x.attr(name))
	return string(v), err
}

// on tells whether an attribute is switched on (xsd:boolean).
func (x *scanner) on(name string) bool {
	v := string(x.attr(name))
	return v == "1" || v == "true" || v == "on"
}

func (x *scanner) bad(why string) error { return damaged(x.part, why) }

func local(name []byte) []byte {
	for i, c := range name {
		if c == ':' {
			return name[i+1:]
		}
	}
	return name
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
