package expr_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"sutor/internal/expr"
	"sutor/internal/record"
)

// generator draws a schema, well-typed conditions over it, and nasty rows.
type generator struct {
	t      *rapid.T
	schema record.Schema
	size   int // parts left for the condition being drawn
}

var kinds = []record.Type{
	{Kind: record.Bool},
	{Kind: record.Int, Bits: 32},
	{Kind: record.Int, Bits: 64},
	{Kind: record.Decimal, Precision: 12, Scale: 2},
	{Kind: record.Decimal, Precision: 38, Scale: 4},
	{Kind: record.Decimal, Precision: 38, Scale: 38},
	{Kind: record.Decimal, Precision: 50, Scale: 5},
	{Kind: record.Decimal, Precision: -1, Scale: -1},
	{Kind: record.Float, Bits: 64},
	{Kind: record.Float, Bits: 32},
	{Kind: record.Text},
	{Kind: record.UUID},
	{Kind: record.Date},
	{Kind: record.Timestamp, Fraction: 6},
	{Kind: record.TimestampTZ, Fraction: 6},
}

const (
	nines38 = "99999999999999999999999999999999999999"
	nines28 = "9999999999999999999999999999"
)

var numberTexts = []string{
	"0", "-0", "1", "-1", "2", "3", "10", "-7", "100", "0.5", "-0.5", "1.50", "0.01", "10.005", "99.99", "1234567.89", "-1234.5678",
	"0.00001", "123456789012.123456789", "9223372036854775807", "-9223372036854775808", nines38, "-" + nines38, nines28, nines28 + ".9",
	nines38 + "9", "0.0000000001", "0.00000000001", ".5", "5.", "0." + nines38, "." + nines38, "1e3", "0x10", " 5", "5 ", "1_000", "NaN", "nan", "inf",
	"-inf", "", "text:abc", "1.7976931348623157e+308", "5e-324", "0.1", "0.30000000000000004", "1e400", "1e+16", "3.4028235e+38", "٣", "5\n",
}

var texts = []string{
	"", " ", "a", "A", "b", "B", "ab", "abc", "NET30", "NET45", "é", "e\u0301", "ß", "ſ", "K", "k", "😀", "｡", "a b", "a'b", `a"b`, `a\b`, "a\nb", "b\n",
	"%", "_", "a%", "null", "true", "NL12345", "NL123456789B01", "Straße", "Ⓐ", "ǅ", "\u00a0", "0", "10", "x@example.test", strings.Repeat("x", 300), "İ", "ı",
}

var times = []string{
	"2026-01-31", "2026-02-30", "2024-02-29", "2023-02-29", "0001-01-01", "9999-12-31", "0000-01-01", "20000-01-01", "infinity", "-infinity", "0044-03-15 BC", "",
	"2026-01-31 00:00:00", "2026-01-31 23:59:59.999999", "2026-01-31 14:30:00.5", "2026-01-31 14:30:00.50", "2026-01-31 14:30:00.45", "2026-01-31 24:00:00",
	"2026-01-31 14:30:00+00", "2026-01-31 14:30:00.5+00", "2026-01-31 14:30:00.51+00", "9999-12-31 23:59:59.999999+00", "0001-01-01 00:00:00+00",
	"2026-02-30 10:00:00+00", "2026-01-31 14:30:00+02", "2026-01-31T14:30:00", "2026-01-31 14:30:00.1234567", "2026-1-31", "today", "epoch", "2026-02-01", "2026-02-01 00:00:00",
}

func newGenerator(t *rapid.T) *generator {
	g := &generator{t: t}
	for i, kind := range rapid.Permutation(kinds).Draw(t, "kinds") {
		g.schema = append(g.schema, record.Column{Name: fmt.Sprintf("c%d", i), Type: kind, Nullable: true})
	}
	g.schema[0].Name = "Straße \"'x"
	return g
}

func pick[T any](g *generator, from []T) T { return rapid.SampledFrom(from).Draw(g.t, "") }

func (g *generator) chance(oneIn int) bool { return rapid.IntRange(1, oneIn).Draw(g.t, "") == 1 }

// row draws values mostly of their column's form.
func (g *generator) row() expr.Row {
	row := expr.Row{Operation: pick(g, expr.Ops()), Values: map[expr.Ref]string{}}
	for _, c := range g.schema {
		if row.Operation != expr.Insert && !g.chance(6) {
			row.Values[expr.Ref{Side: expr.Before, Name: c.Name}] = g.value(c.Type.Kind)
		}
		if row.Operation != expr.Delete && !g.chance(6) {
			row.Values[expr.Ref{Side: expr.After, Name: c.Name}] = g.value(c.Type.Kind)
		}
		if g.chance(2) {
			row.Columns = append(row.Columns, c.Name)
		}
	}
	return row
}

func (g *generator) value(kind record.Kind) string {
	switch kind {
	case record.Bool:
		return pick(g, []string{"true", "false", "true", "false", "t", "TRUE", "", "1"})
	case record.Int, record.Decimal, record.Float:
		if g.chance(2) {
			return fmt.Sprint(rapid.IntRange(-3, 3).Draw(g.t, ""))
		}
		return pick(g, numberTexts)
	case record.Text, record.UUID:
		return pick(g, texts)
	}
	return pick(g, times)
}

func (g *generator) condition() expr.Condition {
	for {
		g.size = rapid.IntRange(1, 12).Draw(g.t, "size")
		node, err := g.boolean()
		if err != nil {
			continue // a scale above 38: refused when compiling
		}
		if c, err := expr.NewCondition(node); err == nil {
			return c
		}
	}
}

func (g *generator) spend() bool { g.size--; return g.size > 0 }

func two(make func(a, b expr.Node) (expr.Node, error), a, b func() (expr.Node, error)) (expr.Node, error) {
	x, err := a()
	if err != nil {
		return x, err
	}
	y, err := b()
	if err != nil {
		return y, err
	}
	return make(x, y)
}

func (g *generator) boolean() (expr.Node, error) {
	if g.spend() {
		switch rapid.IntRange(0, 4).Draw(g.t, "junction") {
		case 0:
			return two(expr.And, g.boolean, g.boolean)
		case 1:
			return two(expr.Or, g.boolean, g.boolean)
		case 2:
			a, err := g.boolean()
			if err != nil {
				return a, err
			}
			return expr.Not(a)
		case 3:
			c, err := g.boolean()
			if err != nil {
				return c, err
			}
			return two(func(a, b expr.Node) (expr.Node, error) { return expr.If(c, a, b) }, g.boolean, g.boolean)
		}
	}
	return g.atom()
}

func (g *generator) atom() (expr.Node, error) {
	switch rapid.IntRange(0, 9).Draw(g.t, "atom") {
	case 0:
		return g.column(record.Bool)
	case 1:
		column, err := expr.Col(pick(g, []expr.Side{expr.Before, expr.After}), pick(g, g.schema))
		if err != nil {
			return column, err
		}
		return expr.IsNull(column, g.chance(2))
	case 2:
		return expr.HasChanged(pick(g, g.schema).Name), nil
	case 3:
		return two(g.comparison(true), func() (expr.Node, error) { return expr.Operation(), nil },
			func() (expr.Node, error) { return expr.String(pick(g, expr.Ops())) })
	case 4:
		return g.textTest()
	case 5:
		return two(g.comparison(false), g.text, g.text)
	case 6:
		kind := pick(g, []record.Kind{record.Date, record.Timestamp, record.TimestampTZ})
		of := func() (expr.Node, error) { return g.time(kind) }
		return two(g.comparison(false), of, of)
	case 7:
		return two(func(a, b expr.Node) (expr.Node, error) { return expr.In(a, []expr.Node{b}) }, g.text,
			func() (expr.Node, error) { return expr.String(pick(g, texts)) })
	}
	return two(g.comparison(false), g.number, g.number)
}

func (g *generator) comparison(onlyEqual bool) func(a, b expr.Node) (expr.Node, error) {
	ops := []expr.Comparison{expr.Equal, expr.NotEqual, expr.Less, expr.LessOrEqual, expr.Greater, expr.GreaterOrEqual}
	if onlyEqual {
		ops = ops[:2]
	}
	op := pick(g, ops)
	return func(a, b expr.Node) (expr.Node, error) { return expr.Compare(op, a, b) }
}

func (g *generator) column(of ...record.Kind) (expr.Node, error) {
	var fit record.Schema
	for _, c := range g.schema {
		for _, k := range of {
			if c.Type.Kind == k {
				fit = append(fit, c)
			}
		}
	}
	return expr.Col(pick(g, []expr.Side{expr.Before, expr.After}), pick(g, fit))
}

func (g *generator) number() (expr.Node, error) {
	if g.spend() {
		switch rapid.IntRange(0, 6).Draw(g.t, "number") {
		case 0, 1, 2:
			op := expr.Arithmetic(pick(g, []byte("+-*/")))
			return two(func(a, b expr.Node) (expr.Node, error) { return expr.Calculate(op, a, b) }, g.number, g.number)
		case 3:
			return g.unary()
		case 4:
			c, err := g.atom()
			if err != nil {
				return c, err
			}
			return two(func(a, b expr.Node) (expr.Node, error) { return expr.If(c, a, b) }, g.number, g.number)
		case 5:
			return expr.SizeOfChanged(), nil
		}
	}
	if g.chance(3) {
		return expr.Number(pick(g, []string{"0", "1", "2", "-3", "0.1", "1.5", "100", "-0.005", "1000000", nines38, "0." + nines38[:20]}))
	}
	return g.column(record.Int, record.Decimal, record.Float)
}

func (g *generator) unary() (expr.Node, error) {
	a, err := g.number()
	if err != nil {
		return a, err
	}
	if g.chance(3) {
		text, err := g.text()
		if err != nil {
			return text, err
		}
		return expr.Size(text)
	}
	if g.chance(2) {
		return expr.Abs(a)
	}
	return expr.Negate(a)
}

func (g *generator) text() (expr.Node, error) {
	if g.chance(3) {
		return expr.String(pick(g, texts))
	}
	return g.column(record.Text, record.UUID)
}

func (g *generator) time(kind record.Kind) (expr.Node, error) {
	if !g.chance(3) {
		return g.column(kind)
	}
	switch kind {
	case record.Date:
		return expr.Day(pick(g, []string{"2026-01-31", "0001-01-01", "9999-12-31", "2024-02-29"}))
	case record.Timestamp:
		return expr.Time(pick(g, []string{"2026-01-31T14:30:00", "2026-01-31 14:30:00.5", "2026-02-01T00:00:00"}))
	}
	return expr.Time(pick(g, []string{"2026-01-31T14:30:00Z", "2026-01-31 14:30:00.5Z", "2026-01-31T16:30:00+02:00"}))
}

var patterns = []string{
	"", "a", "^a", "b$", "^NET(30|45)$", `^\d+$`, `\w`, `\s`, "(?i)k", "(?i)straSSe", "(?i)é", "^.$", "a.b", "(?s)a.b", "(?m)^b", `\bb\b`, `[^a]`, "[[:alpha:]]",
	`^\pL+$`, `\p{Lu}`, `\PL`, `(?P<x>a)|b`, `(?<y>a)`, `a{2,3}`, `\Qa%\E`, `\x{1F600}`, `^[A-Z]{2}.+$`, `^$`, `\A\z`, `(?i)[k-m]`, `(?U)a+`, `(?i:s)`, `\\`, `'`, `x{300}`, `(?i)ǆ`, `İ`, `(?i)i`,
}

func (g *generator) textTest() (expr.Node, error) {
	a, err := g.text()
	if err != nil {
		return a, err
	}
	test := pick(g, []expr.TextTest{expr.StartsWith, expr.EndsWith, expr.Contains, expr.Matches})
	from := texts
	if test == expr.Matches {
		from = patterns
	}
	b, err := expr.String(pick(g, from))
	if err != nil {
		return b, err
	}
	return expr.TestText(test, a, b)
}
