package workflow

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/expr"
	"sutor/internal/guard"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// RuleProposal is what a maker hands in without a file.
type RuleProposal struct {
	Dataset, Title, Reason string
	Rule                   change.Rule
	LeaveOut               bool       // rows whose values cannot be taken are left out
	ApplyAt                *time.Time // as in [change.Options]
}

// ProposeRule stores a rule and the change and enqueues its planning. The rule is
// an artefact like a file, and like one named by its digest in evidence and plan.
func (w *Workflow) ProposeRule(ctx context.Context, p access.Principal, in RuleProposal) (wire.Change, error) {
	if err := w.mayPropose(p, in.Dataset); err != nil {
		return wire.Change{}, w.refused(ctx, p, "", "propose", err)
	}
	if err := errors.Join(checkRule(in.Rule), w.checkTime(in.Dataset, in.ApplyAt)); err != nil {
		return wire.Change{}, err
	}
	doc := plan.CanonicalJSON(in.Rule)
	d, n, err := w.Artifacts.Put(ctx, bytes.NewReader(doc))
	if err != nil {
		return wire.Change{}, err
	}
	c := &change.Change{Title: oneLine(in.Title, 200), Reason: in.Reason, Dataset: in.Dataset, State: change.Draft, Maker: p.Email,
		Options: change.Options{Mode: change.Update, LeaveOut: in.LeaveOut, Rule: &in.Rule, ApplyAt: in.ApplyAt}, Input: &change.Input{Name: "rule.json", Digest: d, Bytes: n}}
	if c.Title == "" {
		c.Title = oneLine(w.ruleInWords(in.Dataset, in.Rule), 200)
	}
	var out wire.Change
	err = w.Store.Do(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		if err := w.mayPropose(p, in.Dataset); err != nil {
			return err
		}
		c.Twin = w.twin(tx, in.Dataset, d)
		if err := w.create(tx, c, p, evidence.ChangeProposed); err != nil {
			return err
		}
		out, err = w.view(tx, c, p)
		return err
	})
	return out, err
}

// ruleInWords names a rule for everybody: without values, and without columns that
// not everybody who reads it may know of.
func (w *Workflow) ruleInWords(dataset string, r change.Rule) string {
	kept := w.Compact().AccessDataset(dataset).Columns
	columns := make([]string, len(r.Set))
	for i, s := range r.Set {
		if _, withheld := kept[s.Column]; withheld {
			return "Change by rule"
		}
		columns[i] = s.Column
	}
	return "Set " + strings.Join(columns, ", ") + " by rule"
}

// checkRule refuses what is no rule whatever the dataset.
func checkRule(r change.Rule) error {
	if strings.TrimSpace(r.Where) == "" {
		return errs.New(errs.Usage, "A rule needs the rows that it is for.").WithMend("Say them with --where; --where true means all rows of the table.")
	}
	if len(r.Set) == 0 {
		return errs.New(errs.Usage, "A rule needs a column to set.").WithMend("Say it with --set 'column = expression'.")
	}
	seen := map[string]bool{}
	for _, s := range r.Set {
		if s.Column == "" || strings.TrimSpace(s.To) == "" {
			return errs.New(errs.Usage, "A column is set by its name and an expression, as in credit_limit = round(credit_limit * 1.03, 2).")
		}
		if seen[s.Column] {
			return errs.New(errs.Usage, "The rule sets %s twice.", s.Column).WithMend("Leave one of the two out.")
		}
		seen[s.Column] = true
	}
	return nil
}

// byRule makes the plan of a rule on the rows of today.
func (w *Workflow) byRule(ctx context.Context, p *drafted) (*duck.Draft, error) {
	if err := p.spec.rule(*p.c.Options.Rule, p.maker); err != nil {
		return nil, err
	}
	return p.session.Compare(ctx, p.spec.Spec, "", p.sys, w.tell(p.c.ID))
}

// ruled adds to the plan of a rule how many rows it looked at, and whether there is
// an earlier change by the same rule.
func (w *Workflow) ruled(ctx context.Context, p *drafted, out *plan.Outcome) error {
	n := out.Manifest.Counts
	p.input = n.Update + n.Unchanged + n.Invalid
	if p.c.Twin == "" {
		return nil
	}
	var twin *change.Change
	err := w.Store.View(ctx, func(tx Tx) (err error) {
		twin, err = tx.Change(p.c.Twin)
		return err
	})
	if err == nil && slices.Contains(twinStates(), twin.State) {
		p.told = append(p.told, plan.TwinFinding(p.c, twin, w.Compact().Timezone))
	}
	return err
}

// mayName gives the columns that an expression of the maker's may name: those whose
// values they see. A condition over another would tell them what stands in it.
func (s *Spec) mayName(maker sight) (columns record.Schema) {
	for _, column := range s.Table.Columns {
		if maker.Sees(column.Name) {
			columns = append(columns, column)
		}
	}
	return columns
}

// refusesMasked refuses an expression that may name a column whose values its maker
// sees masked. A hidden one needs no such words: for them there is none.
func (s sight) refusesMasked(what, text string) error {
	for _, name := range s.Withheld() {
		if s.Names(name) && strings.Contains(text, name) {
			return ofFile{errs.New(errs.Usage, "%s names %s, whose values you see masked.", what, name).
				WithMend("Leave it out: by what you may not see nothing is chosen, computed or set. %s", s.ask())}
		}
	}
	return nil
}

// rule completes the spec by a rule over the columns that its maker may name: what
// it writes and all that it reads is judged.
func (s *Spec) rule(r change.Rule, maker sight) error {
	named := s.mayName(maker)
	if err := maker.refusesMasked("--where", r.Where); err != nil {
		return err
	}
	where, err := guard.CompileTable(r.Where, named)
	if err != nil {
		return inExpression("--where", err)
	}
	rule := &plan.Rule{Where: where}
	wanted := slices.Clone(s.reads)
	for _, ref := range where.Refs() {
		wanted = append(wanted, ref.Name)
	}
	if s.Only != nil {
		wanted = append(wanted, s.Only.Columns(expr.Whole)...)
	}
	columns := s.Key.Names()
	for _, set := range r.Set {
		if err := maker.refusesMasked("--set", set.Column+" = "+set.To); err != nil {
			return err
		}
		assign, err := s.assign(set, named)
		if err != nil {
			return err
		}
		rule.Set = append(rule.Set, assign)
		columns = append(columns, set.Column)
		wanted = append(wanted, set.Column)
		if !assign.Null {
			wanted = append(wanted, assign.To.Columns(expr.Whole)...)
		}
	}
	for i, name := range columns {
		s.Columns = append(s.Columns, name)
		s.Sources = append(s.Sources, plan.Source{File: i, Name: name, Column: name, How: "rule"})
	}
	s.judge(wanted)
	s.Rule = rule
	return nil
}

// assign compiles what one column is set to.
func (s *Spec) assign(set change.Assign, named record.Schema) (plan.Assign, error) {
	i := named.Index(set.Column)
	if i < 0 {
		return plan.Assign{}, ofFile{errs.New(errs.Usage, "There is no column %q in %s, which --set names.", set.Column, s.Table.Table).
			WithMend("Names are exact. It has: %s.", strings.Join(named.Names(), ", "))}
	}
	c := named[i]
	switch {
	case s.Key.Index(c.Name) >= 0:
		return plan.Assign{}, errs.New(errs.Usage, "%s is part of the key, which says which row is meant; it is not set.", c.Name).WithMend("Set another column.")
	case c.Type.Kind == record.Unsupported:
		return plan.Assign{}, errs.New(errs.Usage, "The column %s %s.", c.Name, c.Type.Unsupported()).WithMend("Set another column.")
	case strings.EqualFold(strings.TrimSpace(set.To), "null"):
		return plan.Assign{Column: c.Name, Null: true}, nil
	}
	to, err := guard.CompileValue(set.To, named)
	if err != nil {
		return plan.Assign{}, inExpression("--set "+c.Name, err)
	}
	if !to.Fits(c.Type) {
		return plan.Assign{}, ofFile{errs.New(errs.Usage, "%s is %s, and %s is %s.", to, to.Type().Article(), c.Name, c.Type.Article()).
			WithMend("Write an expression that gives values of the column; a text stands in quotes.")}
	}
	return plan.Assign{Column: c.Name, To: to}, nil
}

// inExpression says where in an expression that a person wrote the mistake is.
func inExpression(what string, err error) error {
	var bad *guard.Error
	if !errors.As(err, &bad) {
		return err
	}
	return ofFile{errs.New(errs.Usage, "%s, %d:%d: %s", what, bad.Line, bad.Column, bad.Message()).WithMend("%s", bad.Mend()).Because(err)}
}

// sync completes the spec of a sync: the part that its file stands for, over the
// whole row, so that a row that is deleted can come back as it was.
func (s *Spec) sync(d *compact.Dataset, within string, maker sight) error {
	if err := maySync(d); err != nil {
		return err
	}
	if err := maker.refusesMasked("--within", within); err != nil {
		return err
	}
	where, err := guard.CompileTable(within, s.mayName(maker))
	if err != nil {
		return inExpression("--within", err)
	}
	for _, c := range s.Table.Columns {
		if c.Type.Kind == record.Unsupported {
			return errs.New(errs.Blocked, "%s cannot be synced, since a deleted row could not be brought back: its column %s %s.", s.Table.Table, c.Name, c.Type.Unsupported()).WithMend("Use --mode upsert.")
		}
	}
	s.judge(s.Table.Columns.Names())
	s.Within = &plan.Part{Where: where, MaxDeletes: d.MaxDeletes}
	return nil
}

// maySync refuses where the dataset does not allow what a sync is for.
func maySync(d *compact.Dataset) error {
	if d.Allows(compact.Delete) {
		return nil
	}
	return errs.New(errs.Blocked, "A sync deletes what is not in the file, and the Compact does not allow to delete rows of %s.", d.Name).
		WithMend("Use --mode upsert, or ask the steward for allow: [insert, update, delete].")
}

// filed refuses what only a change with a file can do.
func filed(c *change.Change, what string) error {
	switch {
	case c.IsReversal():
		return errs.New(errs.Usage, "Change %s is a reversal: it has no file, and nothing to %s.", c.ID, what).WithMend("Leave the file and the choices out.")
	case c.Options.Rule != nil:
		return errs.New(errs.Usage, "Change %s is made by a rule: it has no file, and nothing to %s.", c.ID, what).
			WithMend("Plan it again as it is, or propose another rule: sutor change set %s", c.Dataset)
	}
	return nil
}
