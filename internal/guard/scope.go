package guard

import (
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/record"
)

// scope is what names mean in a kind of rule.
type scope interface {
	// name gives the node an identifier stands for.
	name(identifier string) (expr.Node, error)
	// column gives a column's value on a side.
	column(side expr.Side, name string) (expr.Node, error)
	// changed tests the named column for having changed.
	changed(name string) (expr.Node, error)
	// text gives a written text as it is compared in this scope.
	text(s string) string
}

// rowScope knows op, before, after and changed.
type rowScope struct{ schema record.Schema }

func (s rowScope) name(id string) (expr.Node, error) {
	switch id {
	case "op":
		return expr.Operation(), nil
	case "before", "after":
		return expr.Node{}, errs.New(errs.Invalid, "%s is a whole row, not a value.", id).WithMend("Name a column, as in %s.%s.", id, s.example())
	case "changed":
		return expr.Node{}, errs.New(errs.Invalid, "changed is the list of changed columns, not a value.").
			WithMend(`Write "%s" in changed, or size(changed) > 1.`, s.example())
	}
	if slices.Contains(figureNames, id) {
		return expr.Node{}, errs.New(errs.Invalid, "%s is a figure of the whole change, and this rule is judged row by row.", id).
			WithMend("Write each: change for such a rule.")
	}
	if s.schema.Index(id) >= 0 {
		return expr.Node{}, errs.New(errs.Invalid, "%s is a column, and the rule does not say which side.", id).WithMend("Write after.%s or before.%s.", id, id)
	}
	return expr.Node{}, unknownName(id, []string{"op", "before", "after", "changed"})
}

// example is a column for the mends: the last, since the first are keys.
func (s rowScope) example() string {
	for _, c := range slices.Backward(s.schema) {
		if c.Type.Kind != record.Unsupported {
			return c.Name
		}
	}
	return "amount"
}

func (s rowScope) column(side expr.Side, name string) (expr.Node, error) {
	i := s.schema.Index(name)
	if i < 0 {
		return expr.Node{}, s.noColumn(name)
	}
	return expr.Col(side, s.schema[i])
}

func (s rowScope) changed(name string) (expr.Node, error) {
	if s.schema.Index(name) < 0 {
		return expr.Node{}, s.noColumn(name)
	}
	return expr.HasChanged(name), nil
}

func (s rowScope) noColumn(name string) error {
	return errs.New(errs.Invalid, "There is no column %s in this table.", name).WithMend("%s", suggest(name, s.schema.Names(), "Its columns are"))
}

func (s rowScope) text(t string) string { return t }

// changeScope knows the figures of a change.
type changeScope struct{}

var figureNames = []string{"rows", "inserts", "updates", "deletes", "share", "risk", maker}

func (changeScope) name(id string) (expr.Node, error) {
	switch {
	case id == maker:
		return expr.Col(expr.Whole, record.Column{Name: maker, Type: record.Type{Kind: record.Text}})
	case id == "share":
		return share()
	case slices.Contains(figureNames, id):
		return expr.Col(expr.Whole, record.Column{Name: id, Type: figureType})
	case slices.Contains([]string{"op", "before", "after", "changed"}, id):
		return expr.Node{}, errs.New(errs.Invalid, "%s belongs to one row, and this rule is judged on the whole change.", id).
			WithMend("Write each: row for such a rule.")
	}
	return expr.Node{}, unknownName(id, figureNames)
}

// share is the exact fraction of the table's rows that would be written.
func share() (expr.Node, error) {
	rows, err := expr.Col(expr.Whole, record.Column{Name: "rows", Type: figureType})
	if err != nil {
		return rows, err
	}
	all, err := expr.Col(expr.Whole, record.Column{Name: tableRows, Type: figureType})
	if err != nil {
		return all, err
	}
	n, err := expr.Calculate('/', rows, all)
	return n.Named("share"), err
}

func (s changeScope) column(side expr.Side, _ string) (expr.Node, error) { return s.name(string(side)) }
func (s changeScope) changed(string) (expr.Node, error)                  { return s.name("changed") }

// text folds case: the only texts of a change are e-mail addresses.
func (changeScope) text(t string) string { return strings.ToLower(t) }

func unknownName(id string, known []string) error {
	return errs.New(errs.Invalid, "%s means nothing here.", id).WithMend("%s", suggest(id, known, "A rule of this kind knows"))
}

// suggest names the nearest known name, or all of them.
func suggest(name string, known []string, intro string) string {
	if best := errs.Nearest(name, known); best != "" {
		return "Did you mean " + best + "? Names are exact, upper and lower case too."
	}
	const most = 12
	if len(known) > most {
		return intro + " " + strings.Join(known[:most], ", ") + " and others."
	}
	return intro + " " + strings.Join(known, ", ") + "."
}
