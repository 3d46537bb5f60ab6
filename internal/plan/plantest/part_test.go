package plantest_test

import (
	"fmt"
	"slices"

	"sutor/internal/change"
	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// sync makes a world one of the mode sync: the whole row is judged, and the file
// stands for a part of the table.
func (g *generator) sync(w *world) {
	s := &w.spec
	s.Options.Mode, s.Allow[driver.Delete] = change.Sync, g.chance(95, "may delete")
	s.Judged = nil
	for _, c := range s.Table.Columns {
		if s.Key.Index(c.Name) < 0 {
			s.Judged = append(s.Judged, c)
		}
	}
	s.Within = &plan.Part{Where: g.part(s), MaxDeletes: pick(g, "most deletes", 0, 10, 100)}
}

// part draws a condition over the rows of the table, mostly one that most rows meet.
func (g *generator) part(s *plan.Spec) expr.Condition {
	j := &judge{g, append(slices.Clone(s.Key), s.Judged...), []expr.Side{expr.Whole}}
	node := expr.Truthful(true)
	if g.chance(70, "a part only") {
		node = j.boolean(1)
	}
	if g.chance(60, "most of it") {
		c := s.Key[len(s.Key)-1]
		node = j.must(expr.Or(node, j.must(expr.IsNull(j.must(expr.Col(expr.Whole, c)), true))))
	}
	c, err := expr.NewCondition(node)
	if err != nil {
		g.Fatal(err)
	}
	return c
}

// byRule makes a world one of a change by rule: its file has the keys, and the
// columns that are set.
func (g *generator) byRule(s *plan.Spec) {
	s.Options = change.Options{Mode: change.Update, LeaveOut: g.chance(40, "leave out")}
	s.Sources, s.Columns, s.Remembered, s.Match, s.Given = nil, nil, nil, nil, ""
	rule := &plan.Rule{Where: g.part(s)}
	columns := s.Key.Names()
	for _, c := range s.Judged {
		if len(rule.Set) == 0 || g.chance(40, "set too") {
			rule.Set = append(rule.Set, g.assign(s, c))
			columns = append(columns, c.Name)
		}
	}
	for i, name := range columns {
		s.Columns = append(s.Columns, name)
		s.Sources = append(s.Sources, plan.Source{File: i, Name: name, Column: name, How: "rule"})
	}
	s.Rule = rule
}

// assign draws what a column is set to.
func (g *generator) assign(s *plan.Spec, c record.Column) plan.Assign {
	j := &judge{g, append(slices.Clone(s.Key), s.Judged...), []expr.Side{expr.Whole}}
	if g.chance(10, "null") {
		return plan.Assign{Column: c.Name, Null: true}
	}
	node := j.must(expr.Col(expr.Whole, c))
	switch c.Type.Kind {
	case record.Int, record.Decimal, record.Float:
		node = j.number(c, node)
	case record.Text:
		node = j.joined(node)
	case record.Bool:
		node = j.boolean(1)
	case record.Date:
		if g.chance(50, "a day") {
			node = j.must(expr.Day(pick(g, "day", "2024-02-29", "2026-01-31")))
		}
	}
	to, err := expr.NewValue(node)
	if err != nil {
		g.Fatal(err)
	}
	return plan.Assign{Column: c.Name, To: to}
}

// number draws a calculation with a number column.
func (j *judge) number(c record.Column, node expr.Node) expr.Node {
	if c.Type.Precision > 30 {
		return node
	}
	by := j.must(expr.Number(pick(j.generator, "by", "1.03", "2", "3", "0", "-1", "100")))
	op := expr.Arithmetic(pick(j.generator, "arithmetic", []byte("+-*")...))
	switch j.upTo(3, "calculated") {
	case 0:
		return by
	case 1:
		return node
	}
	node = j.must(expr.Calculate(op, node, by))
	if c.Type.Kind != record.Float && j.chance(60, "rounded") {
		three := j.must(expr.Number("3"))
		if j.chance(50, "divided") {
			node = j.must(expr.Calculate('/', node, three))
		}
		node = j.must(expr.Round(node, j.must(expr.Number(fmt.Sprint(max(c.Type.Scale, 0))))))
	}
	return node
}

// joined draws a text made of a column's.
func (j *judge) joined(node expr.Node) expr.Node {
	literal := j.must(expr.String(pick(j.generator, "literal", "", "a", "x ", "é'")))
	switch j.upTo(4, "text") {
	case 0:
		return j.must(expr.Calculate('+', node, literal))
	case 1:
		return j.must(expr.Trim(node))
	case 2:
		return j.must(expr.Replace(node, j.must(expr.String("a")), literal))
	case 3:
		return literal
	}
	return node
}
