package plantest_test

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// rules draws the maker's options and the Compact's rules.
func (g *generator) rules(w *world) {
	s := &w.spec
	s.Options = change.Options{Mode: pick(g, "mode", change.Upsert, change.Upsert, change.Upsert, change.Upsert, change.Update, change.Insert),
		ClearEmpty: g.chance(50, "clear"), LeaveOut: g.chance(30, "leave out"), Formats: g.formats()}
	s.Remembered = map[string]plan.Remembered{}
	for column, name := range g.formats() {
		s.Remembered[column] = plan.Remembered{Format: name, Change: "1012"}
	}
	s.Allow = map[driver.Op]bool{driver.Insert: g.chance(97, "may insert"), driver.Update: g.chance(97, "may update")}
	s.Rules = map[string]plan.ColumnRule{}
	for _, c := range g.table.Columns {
		if g.chance(40, "ruled") {
			s.Rules[c.Name] = g.rule(c)
		}
	}
	switch n := g.percent("without a file"); {
	case n >= 85:
		g.sync(w)
	case n >= 70 && len(s.Judged) > 0:
		g.byRule(s)
	}
	judge := &judge{g, append(slices.Clone(s.Key), s.Judged...), []expr.Side{expr.Before, expr.After}}
	for i := range g.upTo(2, "row rules") {
		s.Row = append(s.Row, plan.RowRule{Hit: judge.condition(), Finding: worded(i, pick(g, "about", judge.columns...).Name)})
	}
	if g.chance(10, "sees some rows") {
		judge.sides = []expr.Side{expr.Whole}
		only := judge.condition()
		s.Only = &only
	}
}

func (g *generator) rule(c record.Column) (rule plan.ColumnRule) {
	switch g.upTo(8, "rule") {
	case 0, 1:
		rule.OneOf = rapid.SliceOfNDistinct(rapid.SampledFrom(g.values[c.Name]), (len(g.values[c.Name])+1)/2, len(g.values[c.Name]), rapid.ID[string]).Draw(g.T, "one of")
	case 2, 3:
		rule.Required = true
	case 4:
		rule.ReadOnly = true
	default:
		if c.Type.Kind == record.Text {
			pattern, err := plan.NewPattern(c, pick(g, "pattern", patterns...))
			if err != nil {
				g.Fatal(err)
			}
			rule.Pattern = pattern
		}
		rule.Min, rule.Max = g.limit(c, expr.Less), g.limit(c, expr.Greater)
	}
	return rule
}

// limit draws a limit for kinds that have one.
func (g *generator) limit(c record.Column, beyond expr.Comparison) *plan.Limit {
	var text string
	switch c.Type.Kind {
	case record.Int, record.Decimal, record.Float:
		text = pick(g, "limit", "0", "1.5", "-3", "12", "1000000")
	case record.Date:
		text = "2024-01-31"
	default:
		return nil
	}
	limit, err := plan.NewLimit(c, text, beyond)
	if err != nil {
		g.Fatal(err)
	}
	return limit
}

// judge draws conditions that are well typed over the columns.
type judge struct {
	*generator
	columns record.Schema
	sides   []expr.Side
}

// worded gives a row rule its finding, of each severity by turns, about a column.
func worded(i int, about string) func(rows, unknown int64) finding.Finding {
	severity := []finding.Severity{finding.Approve, finding.Block, finding.Warn}[i%3]
	return func(rows, unknown int64) finding.Finding {
		return finding.Finding{Guardrail: fmt.Sprint("rule ", i), Severity: severity, By: "owner", Unknown: unknown, Column: about,
			Message: fmt.Sprintf("%d rows are hit, %d of them for want of knowledge.", rows, unknown)}
	}
}

func (j *judge) condition() expr.Condition {
	c, err := expr.NewCondition(j.boolean(3))
	if err != nil {
		j.Fatal(err)
	}
	return c
}

// must is for what is well typed by how it is drawn.
func (j *judge) must(n expr.Node, err error) expr.Node {
	if err != nil {
		j.Fatal(err)
	}
	return n
}

func (j *judge) boolean(depth int) expr.Node {
	if depth > 0 {
		switch j.upTo(5, "junction") {
		case 0:
			return j.must(expr.And(j.boolean(depth-1), j.boolean(depth-1)))
		case 1:
			return j.must(expr.Or(j.boolean(depth-1), j.boolean(depth-1)))
		case 2:
			return j.must(expr.Not(j.boolean(depth - 1)))
		}
	}
	return j.test()
}

func (j *judge) test() expr.Node {
	if j.sides[0] == expr.Whole { // of one row: nothing happens to it
		if j.chance(20, "null") {
			_, column := j.column()
			return j.must(expr.IsNull(column, j.chance(50, "not")))
		}
		return j.compared()
	}
	switch j.upTo(4, "test") {
	case 0:
		op := j.must(expr.String(pick(j.generator, "op", expr.Ops()...)))
		return j.must(expr.Compare(expr.Equal, expr.Operation(), op))
	case 1:
		return expr.HasChanged(pick(j.generator, "changed", j.columns...).Name)
	case 2:
		_, column := j.column()
		return j.must(expr.IsNull(column, j.chance(50, "not")))
	case 3:
		return j.must(expr.Compare(j.comparison(), expr.SizeOfChanged(), j.must(expr.Number(pick(j.generator, "size", "0", "1", "2")))))
	}
	return j.compared()
}

func (j *judge) comparison() expr.Comparison {
	return pick(j.generator, "comparison", expr.Equal, expr.NotEqual, expr.Less, expr.LessOrEqual, expr.Greater, expr.GreaterOrEqual)
}

// column draws a column on one side.
func (j *judge) column() (record.Column, expr.Node) {
	c := pick(j.generator, "column", j.columns...)
	return c, j.must(expr.Col(pick(j.generator, "side", j.sides...), c))
}

// compared draws a comparison of a column with its other side or a written value.
func (j *judge) compared() expr.Node {
	c, a := j.column()
	b := j.must(expr.Col(pick(j.generator, "side", j.sides...), c))
	switch c.Type.Kind {
	case record.Bool:
		return j.must(expr.Compare(expr.Equal, a, b))
	case record.Int, record.Decimal, record.Float:
		number := j.must(expr.Number(pick(j.generator, "number", "0", "1", "0.5", "12", "-3", "100")))
		if c.Type.Precision < 30 && j.chance(50, "calculated") {
			op := expr.Arithmetic(pick(j.generator, "arithmetic", []byte("+-*/")...))
			a = j.must(expr.Calculate(op, a, b))
			b = number
		} else if j.chance(50, "literal") {
			b = number
		}
	case record.Text:
		return j.text(a, b)
	case record.Enum, record.Native: // which have no order here
		if j.chance(50, "literal") {
			b = j.must(expr.String(pick(j.generator, "words", "a b", "a", "b a", "b", "New")))
		}
		return j.must(expr.Compare(pick(j.generator, "equality", expr.Equal, expr.NotEqual), a, b))
	}
	return j.must(expr.Compare(j.comparison(), a, b))
}

func (j *judge) text(a, b expr.Node) expr.Node {
	switch j.upTo(3, "text") {
	case 0:
		return j.must(expr.TestText(expr.Matches, a, j.must(expr.String(pick(j.generator, "pattern", patterns...)))))
	case 1:
		return j.must(expr.Compare(j.comparison(), j.must(expr.Size(a)), j.must(expr.Number("1"))))
	case 2:
		b = j.must(expr.String(pick(j.generator, "literal", "a", "", "é", "'")))
	}
	return j.must(expr.Compare(j.comparison(), a, b))
}
