package workflow

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"sutor/internal/access"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/guard"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// What is told here is certain: package expr proves that no row, or no change, can
// be as a rule wants it. A rule of which nothing is told may still never hit.

// compiledRule is a guardrail with its condition.
type compiledRule struct {
	compact.Guardrail
	when    expr.Condition
	certain bool // it is never unknown
}

// compiledFreedom is a freedom with its condition.
type compiledFreedom struct {
	compact.Freedom
	when expr.Condition
}

// advise warns of what can be checked and planned with, and will never do what
// somebody wrote it for.
func (k *compiler) advise() {
	for _, name := range sortedKeys(k.d.Columns) {
		if i := k.t.Columns.Index(name); i >= 0 {
			k.sensible(k.d.Columns[name], k.t.Columns[i])
		}
	}
	k.inserts()
	for _, g := range k.rows {
		k.reachRow(g)
	}
	for _, g := range k.changes {
		k.strangers(g.When, g.when)
		if !k.dead(g, expr.World{}, guard.AnyChange()) {
			k.shadowed(g, k.changes, expr.World{}, guard.AnyChange())
		}
	}
	for i, f := range k.freedoms {
		k.strangers(f.When, f.when)
		if why, mend := k.idle(i); why != "" {
			k.warn(f.When.Path, why, mend)
		}
	}
}

func (k *compiler) reachRow(g compiledRule) {
	all := expr.World{Nullable: k.nullable}
	if k.dead(g, all, nil) {
		return
	}
	if g.Process != "" { // it is for other datasets too
		return
	}
	allowed := all
	for _, op := range k.d.Allow {
		allowed.Ops = append(allowed.Ops, string(op))
	}
	if !expr.Possible(allowed, claims(g.when, expr.Hits)...) {
		k.warn(g.When.Path, fmt.Sprintf("The guardrail %s never hits a proposal: the dataset allows %s only.", g.Name, strings.Join(allowed.Ops, ", ")),
			"Correct `allow`, or remove the guardrail.")
		return
	}
	valid, names := k.valid(g.when)
	if !expr.Possible(allowed, append(claims(g.when, expr.Hits), valid...)...) {
		k.warn(g.When.Path, fmt.Sprintf("The guardrail %s never hits a proposal: rows that meet it are refused before, by the rules of %s.", g.Name, strings.Join(names, ", ")),
			"Correct the rules of the columns, or remove the guardrail.")
		return
	}
	k.shadowed(g, k.rows, allowed, valid)
}

func claims(c expr.Condition, a expr.Answers) []expr.Claim {
	return []expr.Claim{{Condition: c, Answers: a}}
}

// dead tells of a rule that contradicts itself.
func (k *compiler) dead(g compiledRule, w expr.World, known []expr.Claim) bool {
	switch {
	case !expr.Possible(w, append(claims(g.when, expr.Hits), known...)...):
		k.warn(g.When.Path, fmt.Sprintf("The guardrail %s can never hit: its condition contradicts itself.", g.Name), "Correct the condition, or remove the guardrail.")
	case !expr.Possible(w, append(claims(g.when, expr.OnlyTrue), known...)...):
		if g.certain {
			k.warn(g.When.Path, fmt.Sprintf("The guardrail %s can never hit: its condition contradicts itself.", g.Name), "Correct the condition, or remove the guardrail.")
			break
		}
		k.warn(g.When.Path, fmt.Sprintf("The guardrail %s can never be true: its condition contradicts itself, and hits only what cannot be judged.", g.Name),
			"Correct the condition, or remove the guardrail.")
	default:
		return false
	}
	return true
}

// shadowed tells of a rule that asks for an approval which never matters: whatever
// it hits is blocked by another.
func (k *compiler) shadowed(g compiledRule, all []compiledRule, w expr.World, known []expr.Claim) {
	if g.Then != finding.Approve {
		return
	}
	for _, other := range all {
		if other.Then != finding.Block {
			continue
		}
		both := append(claims(g.when, expr.Hits), expr.Claim{Condition: other.when, Answers: expr.OnlyFalse})
		if !expr.Possible(w, append(both, known...)...) {
			k.warn(g.When.Path, fmt.Sprintf("The guardrail %s asks nobody: whatever it hits is blocked by the guardrail %s.", g.Name, other.Name),
				"Correct one of the two, or remove this one.")
			return
		}
	}
}

// idle says why a freedom never counts; "" where it may.
func (k *compiler) idle(i int) (why, mend string) {
	mine := k.freedoms[i]
	holds := append(claims(mine.when, expr.OnlyTrue), guard.AnyChange()...)
	never := func(c expr.Condition, a expr.Answers) bool {
		return !expr.Possible(expr.World{}, append(slices.Clip(holds), expr.Claim{Condition: c, Answers: a})...)
	}
	if never(mine.when, expr.OnlyTrue) {
		return "This freedom can never hold: its condition contradicts itself.", "Correct the condition, or remove the freedom."
	}
	for _, g := range k.changes {
		if g.Then != finding.Warn && never(g.when, expr.OnlyFalse) {
			return fmt.Sprintf("This freedom never counts: the guardrail %s hits whatever it lets pass, and no freedom overrides a guardrail.", g.Name),
				"Correct one of the two, or remove the freedom."
		}
	}
	for j, other := range k.freedoms {
		if j == i || !mine.Level.AtLeast(other.Level) || !never(other.when, expr.NotTrue) {
			continue
		}
		back := expr.Possible(expr.World{}, append(claims(other.when, expr.OnlyTrue), expr.Claim{Condition: mine.when, Answers: expr.NotTrue})...)
		if same := mine.Level == other.Level && !back; !same || j < i { // of two that say the same, the later one
			return fmt.Sprintf("This freedom adds nothing: the one with `%s` lets the same changes pass.", other.When.Text), "Remove it, or correct its condition."
		}
	}
	return "", ""
}

func (k *compiler) nullable(ref expr.Ref) bool {
	i := k.t.Columns.Index(ref.Name)
	return i < 0 || k.t.Columns[i].Nullable
}

// valid says of the columns that a condition reads that a proposal writes only
// what their rules allow: other rows are refused before a guardrail sees them.
func (k *compiler) valid(when expr.Condition) (known []expr.Claim, names []string) {
	for _, name := range when.Columns(expr.After) {
		rule, ruled := k.spec.Rules[name]
		i := k.t.Columns.Index(name)
		if !ruled || i < 0 || slices.Contains(k.d.Key, name) {
			continue
		}
		for _, wrong := range refused(k.t.Columns[i], rule) {
			known, names = append(known, expr.Claim{Condition: wrong, Answers: expr.OnlyFalse}), append(names, name)
		}
	}
	return known, slices.Compact(names)
}

// refused gives, for each rule of a column, the rows that it refuses: those that
// write a value of which the rule is hit.
func refused(c record.Column, rule plan.ColumnRule) (all []expr.Condition) {
	var wrong []expr.Node
	for _, limit := range []*plan.Limit{rule.Min, rule.Max, rule.Pattern} {
		if limit != nil {
			wrong = append(wrong, limit.Beyond.Node())
		}
	}
	if other, ok := notOneOf(c, rule.OneOf); ok {
		wrong = append(wrong, other)
	}
	for _, w := range wrong {
		if condition, err := writing(c, w); err == nil {
			all = append(all, condition)
		}
	}
	return all
}

func notOneOf(c record.Column, values []string) (expr.Node, bool) {
	literal := map[record.Kind]func(string) (expr.Node, error){record.Text: expr.String, record.Int: expr.Number, record.Decimal: expr.Number, record.Date: expr.Day}[c.Type.Kind]
	column, err := expr.Col(expr.After, c)
	if err != nil || literal == nil || len(values) == 0 {
		return expr.Node{}, false
	}
	var list []expr.Node
	for _, v := range values {
		n, err := literal(v)
		if err != nil {
			return expr.Node{}, false
		}
		list = append(list, n)
	}
	in, err := expr.In(column, list)
	if err != nil {
		return expr.Node{}, false
	}
	out, err := expr.Not(in)
	return out, err == nil
}

// writing is a condition on a value, where a row writes one.
func writing(c record.Column, value expr.Node) (expr.Condition, error) {
	insert, err := expr.String(expr.Insert)
	if err != nil {
		return expr.Condition{}, err
	}
	isInsert, err := expr.Compare(expr.Equal, expr.Operation(), insert)
	if err != nil {
		return expr.Condition{}, err
	}
	column, err := expr.Col(expr.After, c)
	if err != nil {
		return expr.Condition{}, err
	}
	filled, err := expr.IsNull(column, true)
	if err != nil {
		return expr.Condition{}, err
	}
	node, err := expr.Or(expr.HasChanged(c.Name), isInsert)
	for _, and := range []expr.Node{filled, value} {
		if err != nil {
			return expr.Condition{}, err
		}
		node, err = expr.And(node, and)
	}
	if err != nil {
		return expr.Condition{}, err
	}
	return expr.NewCondition(node)
}

// strangers tells of people in a condition whom the Compact does not know.
func (k *compiler) strangers(e compact.Expr, when expr.Condition) {
	for _, address := range guard.Makers(when) {
		if _, known := k.c.Person(access.Email(address)); known {
			continue
		}
		var all []string
		for _, p := range k.c.People {
			all = append(all, string(p.Email))
		}
		mend := "Define the person under `people`, or correct the address."
		if near := errs.Nearest(address, all); near != "" {
			mend = fmt.Sprintf("Did you mean `%s`?", near)
		}
		line, column := placeOf(e.Text, address)
		p := k.c.ProblemIn(e, line, column, fmt.Sprintf("There is no person `%s`, so nobody's change meets this.", address), mend)
		p.Warning = true
		k.problems = append(k.problems, p)
	}
}

// placeOf finds a text within a rule, whatever its case; line and column from 1.
func placeOf(rule, text string) (line, column int) {
	at := strings.Index(strings.ToLower(rule), text)
	if at < 0 || len(strings.ToLower(rule)) != len(rule) {
		return 1, 1
	}
	before := rule[:at]
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}
