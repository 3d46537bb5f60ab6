package guard

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"sutor/internal/errs"
	"sutor/internal/expr"
)

// translator turns a parsed rule into nodes of package expr. After an error, at
// is the place of the innermost expression at fault.
type translator struct {
	scope scope
	text  []rune
	info  *ast.SourceInfo
	at    int
}

// functions is the closed list, as people write it.
const functions = "abs(x), round(x, 2), size(text), trim(text), size(changed), date(\"2026-01-31\"), timestamp(\"2026-01-31T14:30:00Z\"), col(after, \"name\"), " +
	"x.startsWith(\"…\"), x.endsWith(\"…\"), x.contains(\"…\"), x.matches(\"…\") and x.replace(\"…\", \"…\")"

var comparisons = map[string]expr.Comparison{
	operators.Equals: expr.Equal, operators.NotEquals: expr.NotEqual, operators.Less: expr.Less,
	operators.LessEquals: expr.LessOrEqual, operators.Greater: expr.Greater, operators.GreaterEquals: expr.GreaterOrEqual,
}

var arithmetic = map[string]expr.Arithmetic{operators.Add: '+', operators.Subtract: '-', operators.Multiply: '*', operators.Divide: '/'}

// functionName tells a function from an operator, which has signs in its name.
func functionName(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) < 0
}

// fail sets the place of an error, unless an inner expression has set it.
func (t *translator) fail(e ast.Expr, n expr.Node, err error) (expr.Node, error) {
	if err != nil {
		t.at = t.start(e)
	}
	return n, err
}

// refuse is an error at e.
func (t *translator) refuse(e ast.Expr, mend, format string, args ...any) (expr.Node, error) {
	return t.fail(e, expr.Node{}, errs.New(errs.Invalid, format, args...).WithMend("%s", mend))
}

func (t *translator) node(e ast.Expr) (expr.Node, error) {
	switch e.Kind() {
	case ast.LiteralKind:
		return t.literal(e)
	case ast.IdentKind:
		n, err := t.scope.name(e.AsIdent())
		return t.fail(e, n, err)
	case ast.SelectKind:
		s := e.AsSelect()
		if side, ok := sideOf(s.Operand()); ok {
			n, err := t.scope.column(side, s.FieldName())
			return t.fail(e, n, err)
		}
		if id := s.Operand(); id.Kind() == ast.IdentKind {
			if _, err := t.scope.name(id.AsIdent()); err != nil {
				return t.fail(id, expr.Node{}, err)
			}
		}
		return t.refuse(e, `Write a column as after.amount, and one with a point in its name as col(after, "net.amount").`,
			"A point can follow before and after only.")
	case ast.ListKind:
		return t.refuse(e, `Write it as in after.terms in ["NET30", "NET45"].`, "A list can only stand after in.")
	case ast.CallKind:
		return t.call(e, e.AsCall())
	}
	return t.refuse(e, "Use comparisons, && and ||.", "Braces mean nothing here.")
}

func sideOf(e ast.Expr) (expr.Side, bool) {
	if e.Kind() != ast.IdentKind {
		return "", false
	}
	side := expr.Side(e.AsIdent())
	return side, side == expr.Before || side == expr.After
}

func (t *translator) literal(e ast.Expr) (expr.Node, error) {
	var n expr.Node
	var err error
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		n = expr.Truthful(bool(v))
	case types.Int:
		n, err = expr.Number(strconv.FormatInt(int64(v), 10))
	case types.Double:
		return t.double(e, float64(v))
	case types.String:
		n, err = expr.String(t.scope.text(string(v)))
	case types.Null:
		return t.refuse(e, "Write x == null or x != null.", "null can only be compared with a column, by == or !=.")
	case types.Uint:
		return t.refuse(e, "Write it without the u.", "Numbers have no suffix here.")
	default:
		return t.refuse(e, "Write a text in quotes, without the b.", "There are no bytes in this language.")
	}
	return t.fail(e, n, err)
}

// exactDigits is how many significant digits survive the parser's double.
const exactDigits = 15

// double writes a decimal literal out again. The parser keeps a double, whose
// shortest text is what was written as long as that has at most 15 digits.
func (t *translator) double(e ast.Expr, v float64) (expr.Node, error) {
	r, _ := t.info.GetOffsetRange(e.ID())
	mantissa, _, _ := strings.Cut(strings.ToLower(string(t.text[r.Start:r.Stop])), "e")
	digits := strings.TrimLeft(strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, mantissa), "0")
	if len(digits) > exactDigits {
		return t.refuse(e, "Write a shorter number; whole numbers may have 18 digits.", "A number with decimals has at most %d digits here.", exactDigits)
	}
	n, err := expr.Number(strconv.FormatFloat(v, 'f', -1, 64))
	return t.fail(e, n, err)
}

func (t *translator) call(e ast.Expr, c ast.CallExpr) (expr.Node, error) {
	name, args := c.FunctionName(), c.Args()
	if comparison, ok := comparisons[name]; ok {
		return t.comparison(e, comparison, args[0], args[1])
	}
	if op, ok := arithmetic[name]; ok {
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Calculate(op, n[0], n[1]) }, args...)
	}
	switch name {
	case operators.LogicalAnd:
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.And(n[0], n[1]) }, args...)
	case operators.LogicalOr:
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Or(n[0], n[1]) }, args...)
	case operators.LogicalNot:
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Not(n[0]) }, args...)
	case operators.Negate:
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Negate(n[0]) }, args...)
	case operators.Conditional:
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.If(n[0], n[1], n[2]) }, args...)
	case operators.In, operators.OldIn:
		return t.in(e, args[0], args[1])
	case operators.Modulo:
		return t.refuse(e, "Use + - * and /.", "There is no %% in this language.")
	case operators.Index:
		return t.refuse(e, `Write col(after, "name").`, "Square brackets after a name mean nothing here.")
	}
	return t.function(e, c)
}

// apply translates the arguments and builds a node of them.
func (t *translator) apply(e ast.Expr, build func([]expr.Node) (expr.Node, error), args ...ast.Expr) (expr.Node, error) {
	nodes := []expr.Node{}
	for _, a := range args {
		n, err := t.node(a)
		if err != nil {
			return n, err
		}
		nodes = append(nodes, n)
	}
	n, err := build(nodes)
	return t.fail(e, n, err)
}

func (t *translator) comparison(e ast.Expr, op expr.Comparison, a, b ast.Expr) (expr.Node, error) {
	if isNull(a) {
		a, b = b, a
	}
	if isNull(b) && (op == expr.Equal || op == expr.NotEqual) && !isNull(a) {
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.IsNull(n[0], op == expr.NotEqual) }, a)
	}
	return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Compare(op, n[0], n[1]) }, a, b)
}

func isNull(e ast.Expr) bool { return e.Kind() == ast.LiteralKind && e.AsLiteral() == types.NullValue }

func (t *translator) in(e, item, list ast.Expr) (expr.Node, error) {
	if list.Kind() == ast.IdentKind && list.AsIdent() == "changed" {
		name, ok := textOf(item)
		if !ok {
			return t.refuse(item, `Write the column's name in quotes, as in "amount" in changed.`, "Before in changed stands a column's name.")
		}
		n, err := t.scope.changed(name)
		return t.fail(item, n, err)
	}
	if list.Kind() != ast.ListKind {
		return t.refuse(list, `Write it as in after.terms in ["NET30", "NET45"].`, "After in stands a list, or changed.")
	}
	args := append([]ast.Expr{item}, list.AsList().Elements()...)
	return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.In(n[0], n[1:]) }, args...)
}

// textOf gives a written text.
func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func (t *translator) function(e ast.Expr, c ast.CallExpr) (expr.Node, error) {
	name, args := c.FunctionName(), c.Args()
	if c.IsMemberFunction() {
		return t.method(e, c)
	}
	one := len(args) == 1
	switch {
	case name == "abs" && one:
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Abs(n[0]) }, args...)
	case name == "round" && len(args) == 2:
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Round(n[0], n[1]) }, args...)
	case name == "trim" && one:
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Trim(n[0]) }, args...)
	case name == "size" && one && args[0].Kind() == ast.IdentKind && args[0].AsIdent() == "changed":
		if _, ok := t.scope.(rowScope); ok {
			return expr.SizeOfChanged(), nil
		}
		return t.node(args[0])
	case name == "size" && one:
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Size(n[0]) }, args...)
	case name == "date" && one, name == "timestamp" && one:
		return t.moment(e, name, args[0])
	case name == "col" && one:
		return t.plainColumn(e, args[0])
	case name == "col" && len(args) == 2:
		side, ok := sideOf(args[0])
		column, written := textOf(args[1])
		if !ok || !written {
			return t.refuse(e, `Write col(after, "Straße") or col(before, "Straße").`, "col takes a side and a column's name in quotes.")
		}
		n, err := t.scope.column(side, column)
		return t.fail(args[1], n, err)
	}
	return t.noFunction(e, name)
}

// plainColumn is a column by a name that is no identifier, where there are no sides.
func (t *translator) plainColumn(e, name ast.Expr) (expr.Node, error) {
	column, written := textOf(name)
	if _, ok := t.scope.(tableScope); !ok || !written {
		return t.noFunction(e, "col")
	}
	n, err := t.scope.name(column)
	return t.fail(name, n, err)
}

func (t *translator) noFunction(e ast.Expr, name string) (expr.Node, error) {
	known := []string{"abs", "round", "trim", "replace", "size", "date", "timestamp", "col", "startsWith", "endsWith", "contains", "matches"}
	if slices.Contains(known, name) {
		return t.refuse(e, "The functions are "+functions+".", "%s is not used like this.", name)
	}
	if near := errs.Nearest(name, known); near != "" {
		return t.refuse(e, "Did you mean "+near+"?", "There is no function %s.", name)
	}
	return t.refuse(e, "The functions are "+functions+".", "There is no function %s.", name)
}

func (t *translator) moment(e ast.Expr, name string, arg ast.Expr) (expr.Node, error) {
	s, ok := textOf(arg)
	if !ok {
		return t.refuse(arg, `Write it as in date("2026-01-31").`, "%s takes a written text, nothing computed.", name)
	}
	build := expr.Time
	if name == "date" {
		build = expr.Day
	}
	n, err := build(s)
	return t.fail(arg, n, err)
}

func (t *translator) method(e ast.Expr, c ast.CallExpr) (expr.Node, error) {
	if c.FunctionName() == "replace" && len(c.Args()) == 2 {
		return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.Replace(n[0], n[1], n[2]) }, append([]ast.Expr{c.Target()}, c.Args()...)...)
	}
	test := expr.TextTest(c.FunctionName())
	if !slices.Contains([]expr.TextTest{expr.StartsWith, expr.EndsWith, expr.Contains, expr.Matches}, test) || len(c.Args()) != 1 {
		return t.noFunction(e, c.FunctionName())
	}
	target, err := t.node(c.Target())
	if err != nil {
		return target, err
	}
	arg := c.Args()[0]
	if s, ok := textOf(arg); ok && test == expr.Matches { // a pattern is never folded
		p, err := expr.String(s)
		if err == nil {
			p, err = expr.TestText(test, target, p)
		}
		return t.fail(arg, p, err)
	}
	return t.apply(e, func(n []expr.Node) (expr.Node, error) { return expr.TestText(test, target, n[0]) }, arg)
}
