package guard

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/parser"

	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/finding"
)

// maxRule is the longest rule, in characters.
const maxRule = 10_000

// compile parses a rule and translates it.
func compile(rule Rule, each Each, names scope) (condition expr.Condition, err error) {
	if err := rule.check(each); err != nil {
		return condition, err
	}
	return condition, translate(rule, names, func(n expr.Node) error {
		condition, err = expr.NewCondition(n)
		return err
	})
}

// translate parses a rule's text and hands its node over; what is wrong with it, or
// with the node, is an [*Error].
func translate(rule Rule, names scope, take func(expr.Node) error) error {
	text := []rune(rule.When)
	tree, err := known.parse(rule, text)
	if err != nil {
		return err
	}
	t := &translator{scope: names, text: text, info: tree.SourceInfo()}
	node, err := t.node(tree.Expr())
	if err != nil {
		return placed(rule, text, t.at, err)
	}
	if err := take(node); err != nil {
		return placed(rule, text, 0, err)
	}
	return nil
}

// known are the trees of texts that were parsed before: the Compact's rules are compiled
// for every plan, and stay as they are for weeks.
var known trees

// mostText bounds them, in bytes of text: people write conditions of their own, too.
const mostText = 256 << 10

type trees struct {
	mu   sync.RWMutex
	all  map[string]*ast.AST // by text; nobody changes a tree
	text int                 // bytes
}

// parse gives the tree of a rule's text; what is wrong with it is an [*Error].
func (k *trees) parse(rule Rule, text []rune) (*ast.AST, error) {
	k.mu.RLock()
	tree := k.all[rule.When]
	k.mu.RUnlock()
	if tree != nil {
		return tree, nil
	}
	p, err := parser.NewParser(parser.EnableIdentEscapeSyntax(false), parser.ExpressionSizeCodePointLimit(maxRule), parser.MaxRecursionDepth(100))
	if err != nil {
		return nil, errs.New(errs.Internal, "The parser of rules cannot start.").Because(err)
	}
	tree, problems := p.Parse(common.NewTextSource(rule.When))
	if list := problems.GetErrors(); len(list) > 0 {
		at := offsetOf(text, list[0].Location.Line(), max(list[0].Location.Column(), 0))
		return nil, placed(rule, text, at, syntaxError(text, at, list[0].Message))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.text += len(rule.When); k.all == nil || k.text > mostText {
		k.all, k.text = map[string]*ast.AST{}, len(rule.When)
	}
	k.all[rule.When] = tree
	return tree, nil
}

func (r Rule) check(each Each) error {
	if r.Each != "" && r.Each != each {
		return errs.New(errs.Invalid, "The rule %s is judged on each %s, not on each %s.", r.Name, r.Each, each).WithMend("Write each: %s.", each)
	}
	if r.Then != "" && !slices.Contains([]finding.Severity{finding.Block, finding.Approve, finding.Warn}, r.Then) {
		return errs.New(errs.Invalid, "The rule %s has the consequence %s.", r.Name, r.Then).WithMend("Write then: block, approve or warn.")
	}
	return nil
}

// placed gives an error its place in the rule's text.
func placed(rule Rule, text []rune, offset int, err error) error {
	line, column := 1, 1
	for _, r := range text[:min(offset, len(text))] {
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return &Error{Rule: rule.Name, Line: line, Column: column, public: errs.Public(err)}
}

// offsetOf is the inverse of placed, for the parser's lines from 1 and columns from 0.
func offsetOf(text []rune, line, column int) int {
	offset := 0
	for ; line > 1 && offset < len(text); offset++ {
		if text[offset] == '\n' {
			line--
		}
	}
	return min(offset+column, len(text))
}

// syntaxError words the parser's refusal by what stands at the place, since its
// own message speaks of tokens.
func syntaxError(text []rune, at int, message string) error {
	switch {
	case strings.Contains(message, "recursion"), strings.Contains(message, "size exceeds"):
		return errs.New(errs.Invalid, "The rule is too long or too deeply nested.").WithMend("Split it into several rules.")
	case strings.Contains(message, "int literal"):
		return errs.New(errs.Invalid, "This whole number is too long.").WithMend("Whole numbers go up to 9223372036854775807.")
	}
	rest := text[at:]
	for len(rest) > 0 && unicode.IsSpace(rest[0]) {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		if len(strings.TrimSpace(string(text))) == 0 {
			return errs.New(errs.Invalid, "The rule is empty.").WithMend(`Write a condition, as in after.amount > 100.`)
		}
		return errs.New(errs.Invalid, "The rule ends too early.").WithMend("A value or a closing bracket is missing.")
	}
	word := firstWord(rest)
	if strings.Contains(message, "reserved identifier") {
		return errs.New(errs.Invalid, "%s is a word of the language, not a name.", word).WithMend(`Name a column as in after.amount or col(after, "amount").`)
	}
	switch r := rest[0]; {
	case r == '"' || r == '\'':
		return errs.New(errs.Invalid, "A text begins here and does not end.").WithMend("Close the quotes, on the same line.")
	case r == '=':
		return errs.New(errs.Invalid, "A single = cannot stand here.").WithMend("Write == to compare.")
	case r == '>' && at > 0 && text[at-1] == '<':
		return errs.New(errs.Invalid, "<> cannot stand here.").WithMend("Write != for not equal.")
	case r == ',':
		return errs.New(errs.Invalid, "A comma cannot stand here.").WithMend("Write decimals with a point, and no thousands separators.")
	case r > unicode.MaxASCII || r == '`':
		return errs.New(errs.Invalid, "%s cannot stand in a plain name.", string(r)).WithMend(`Name such a column by col(after, "Straße").`)
	}
	return errs.New(errs.Invalid, "%s cannot stand here.", word).
		WithMend("Join tests with && and ||, turn one round with !, and close every bracket.")
}

// firstWord is the name or the one character that a text starts with.
func firstWord(text []rune) string {
	end := 0
	for end < len(text) && (unicode.IsLetter(text[end]) || unicode.IsDigit(text[end]) || text[end] == '_') {
		end++
	}
	return string(text[:max(end, 1)])
}

// start is where an expression begins in the text.
func (t *translator) start(e ast.Expr) int {
	switch e.Kind() {
	case ast.SelectKind:
		return t.start(e.AsSelect().Operand())
	case ast.CallKind:
		if call := e.AsCall(); call.IsMemberFunction() {
			return t.start(call.Target())
		} else if functionName(call.FunctionName()) {
			return t.name(call.FunctionName(), t.offset(e))
		}
	}
	return t.offset(e)
}

// name finds the start of a called function's name: the parser keeps the place of its bracket.
func (t *translator) name(name string, bracket int) int {
	before := strings.TrimRightFunc(string(t.text[:min(bracket, len(t.text))]), unicode.IsSpace)
	if strings.HasSuffix(before, name) {
		return len([]rune(before)) - len([]rune(name))
	}
	return bracket
}

func (t *translator) offset(e ast.Expr) int {
	r, _ := t.info.GetOffsetRange(e.ID())
	return int(r.Start)
}
