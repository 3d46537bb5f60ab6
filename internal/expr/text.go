package expr

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// String is a written text.
func String(s string) (Node, error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return Node{}, errs.New(errs.Invalid, "A text in the rule holds a NUL character or is not UTF-8.").WithMend("Remove it; no column can hold it.")
	}
	return Node{kind: Text, text: written(s), prec: precAtom, literal: true, str: &textLiteral{s, Text}}, nil
}

// Day is a written date, "2026-01-31".
func Day(s string) (Node, error) {
	day, p := record.Type{Kind: record.Date}.Parse(s, time.UTC)
	if p != record.OK || day != s {
		return Node{}, errs.New(errs.Invalid, "date(%s) is not a day.", written(s)).WithMend(`Write year-month-day, as in date("2026-01-31").`)
	}
	return Node{kind: Date, text: "date(" + written(s) + ")", prec: precAtom, literal: true, str: &textLiteral{day, Date}}, nil
}

// Time is a written date with a time: an Instant with Z or an offset, else a Timestamp.
func Time(s string) (Node, error) {
	n := Node{kind: Timestamp, text: "timestamp(" + written(s) + ")", prec: precAtom, literal: true}
	at, p := record.Type{Kind: record.Timestamp, Fraction: 6}.Parse(s, time.UTC)
	if p == record.NotOfType {
		n.kind = Instant
		at, p = record.Type{Kind: record.TimestampTZ, Fraction: 6}.Parse(s, time.UTC)
	}
	if p != record.OK {
		return Node{}, errs.New(errs.Invalid, "timestamp(%s) is not a date with a time.", written(s)).
			WithMend(`Write timestamp("2026-01-31T14:30:00Z"), or without the Z for a column without time zone.`)
	}
	n.str = &textLiteral{strings.TrimSuffix(at, "+00"), n.kind}
	return n, nil
}

// textLiteral is a written text, date or time.
type textLiteral struct {
	s    string
	kind Type
}

func (t *textLiteral) parts() []part           { return nil }
func (t *textLiteral) eval(Env) (string, bool) { return t.s, true }

func (t *textLiteral) sql(p *printer) string {
	switch t.kind {
	case Date:
		return p.Cast(quote(t.s), p.Date)
	case Timestamp, Instant:
		return p.Cast(quote(t.s), p.Timestamp)
	}
	return quote(t.s)
}

type textColumn struct{ ref Ref }

func (t *textColumn) parts() []part               { return nil }
func (t *textColumn) eval(env Env) (string, bool) { return env.Column(t.ref.Side, t.ref.Name) }
func (t *textColumn) sql(p *printer) string       { return p.Binding.Column(t.ref.Side, t.ref.Name) }

// The forms of canonical dates and times, years 0001 to 9999.
const (
	dateForm    = `(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])`
	timeForm    = dateForm + ` (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?`
	instantForm = timeForm + `\+00`
)

var (
	dateText    = regexp.MustCompile(`^(?:` + dateForm + `)$`)
	timeText    = regexp.MustCompile(`^(?:` + timeForm + `)$`)
	instantText = regexp.MustCompile(`^(?:` + instantForm + `)$`)
)

// timeColumn reads a Date, Timestamp or Instant. Its value in Go is a text
// that orders as the times do.
type timeColumn struct {
	ref  Ref
	kind Type
}

func (t *timeColumn) parts() []part { return nil }

func (t *timeColumn) eval(env Env) (string, bool) {
	text, ok := env.Column(t.ref.Side, t.ref.Name)
	if !ok {
		return "", false
	}
	form := map[Type]*regexp.Regexp{Date: dateText, Timestamp: timeText, Instant: instantText}[t.kind]
	if !form.MatchString(text) {
		return "", false
	}
	if _, err := time.Parse(time.DateOnly, text[:10]); err != nil {
		return "", false // 30 February
	}
	text = strings.TrimSuffix(text, "+00")
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text, true
}

func (t *timeColumn) sql(p *printer) string {
	switch t.kind {
	case Date:
		return p.TryCast(p.formed(t.ref, dateForm), p.Date)
	case Timestamp:
		return p.TryCast(p.formed(t.ref, timeForm), p.Timestamp)
	}
	return p.TryCast("replace("+p.formed(t.ref, instantForm)+", '+00', '')", p.Timestamp)
}

// TextTest is a test of one text against another.
type TextTest string

// The text tests of the guardrail language.
const (
	StartsWith TextTest = "startsWith"
	EndsWith   TextTest = "endsWith"
	Contains   TextTest = "contains"
	Matches    TextTest = "matches" // the second is a regular expression in RE2 syntax, matched anywhere in the first
)

// TestText tests a text against a written one.
func TestText(test TextTest, a, b Node) (Node, error) {
	n := Node{kind: Bool, text: a.inside(precAtom) + "." + string(test) + "(" + b.text + ")", prec: precAtom}
	if a.kind != Text || a.op {
		return Node{}, errs.New(errs.Invalid, "%s is %s, and %s tests a text.", a, a.kind.Article(), test).WithMend("Use a text column.")
	}
	lit, ok := b.str.(*textLiteral)
	if !ok || b.kind != Text {
		return Node{}, errs.New(errs.Invalid, "%s is not a written text, and %s needs one.", b, test).
			WithMend(`Write the text between quotes, as in %s.%s("NL").`, a.inside(precAtom), test)
	}
	if test != Matches {
		n.cond = &textTest{test, a.str, lit}
		return n, nil
	}
	re, source, err := pattern(lit.s)
	if err != nil {
		return Node{}, err
	}
	n.cond = &matching{a.str, re, source}
	return n, nil
}

type textTest struct {
	test TextTest
	a    term[string]
	b    *textLiteral
}

func (t *textTest) parts() []part { return []part{t.a, t.b} }

func (t *textTest) eval(env Env) (bool, bool) {
	s, ok := t.a.eval(env)
	switch t.test {
	case StartsWith:
		return strings.HasPrefix(s, t.b.s), ok
	case EndsWith:
		return strings.HasSuffix(s, t.b.s), ok
	}
	return strings.Contains(s, t.b.s), ok
}

func (t *textTest) sql(p *printer) string { return p.TextTest(t.test, t.a.sql(p), t.b.sql(p)) }

type matching struct {
	a      term[string]
	re     *regexp.Regexp
	source string
}

func (m *matching) parts() []part { return []part{m.a} }

func (m *matching) eval(env Env) (bool, bool) {
	s, ok := m.a.eval(env)
	return ok && m.re.MatchString(s), ok
}

func (m *matching) sql(p *printer) string { return p.Matches(m.a.sql(p), quote(m.source)) }
