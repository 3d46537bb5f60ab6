package compact

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Expr is an expression of the guardrail language as text. Package guard
// compiles it; here it is only kept with its place.
type Expr struct {
	Text string
	Path Path

	start Pos // where the first character of Text stands
	style yaml.Style
}

// exprAt notes where an expression's text starts: behind the quote, or on the
// line after the sign of a block.
func exprAt(n *yaml.Node, text string, path Path, source []string) Expr {
	e := Expr{Text: text, Path: path, start: Pos{n.Line, n.Column}, style: n.Style}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		e.start = Pos{n.Line + 1, indent(lineOf(source, n.Line+1)) + 1}
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		e.start.Column++
	}
	return e
}

// at finds a place of the text in the file. It is exact where the text stands
// in the file as it is (one line, or a literal block) and the start of the
// expression where YAML has folded lines.
func (e Expr) at(source []string, line, column int) Pos {
	if e.style&yaml.LiteralStyle != 0 {
		from := lineOf(source, e.start.Line+line-1)
		if indent(from) >= e.start.Column-1 {
			return Pos{e.start.Line + line - 1, e.start.Column + column - 1}
		}
		return e.start
	}
	if line != 1 {
		return e.start
	}
	from := []rune(lineOf(source, e.start.Line))
	at := e.start.Column - 1
	for range column - 1 {
		if at >= len(from) {
			return e.start
		}
		at += e.width(from[at:])
	}
	if at >= len(from) {
		return e.start
	}
	return Pos{e.start.Line, at + 1}
}

// width is how many characters of the file stand for the next one of the text.
func (e Expr) width(from []rune) int {
	escaped := e.style&yaml.DoubleQuotedStyle != 0 && from[0] == '\\' ||
		e.style&yaml.SingleQuotedStyle != 0 && len(from) > 1 && from[0] == '\'' && from[1] == '\''
	if escaped {
		return 2
	}
	return 1
}

func lineOf(source []string, line int) string {
	if line < 1 || line > len(source) {
		return ""
	}
	return source[line-1]
}

func indent(line string) int {
	return utf8.RuneCountInString(line) - utf8.RuneCountInString(strings.TrimLeft(line, " "))
}
