package workflow

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/guard"
	"sutor/internal/record"
)

// sight is what one person sees of one dataset now. Whatever shows rows, columns
// or what was found in them to a person goes through it: rows of a plan (browse.go,
// badrows.go), live rows (reading.go), changes (redact.go), datasets, recipes and
// packs. See docs/rights.md.
type sight struct {
	access.Sight
	p      access.Principal
	d      *compact.Dataset // nil for a dataset that the Compact has not any more
	owners string           // whom to ask, in words
}

// sight looks with the eyes of a person whose grants are up to date.
func (w *Workflow) sight(p access.Principal, dataset string) sight {
	ad := w.Compact().AccessDataset(dataset)
	d, _ := w.Compact().Dataset(dataset)
	return sight{access.See(p, ad), p, d, joined(ad.Owners)}
}

// granted brings what was granted to a person up to date: grants lapse by the
// clock.
func (w *Workflow) granted(tx Tx, p access.Principal) (access.Principal, error) {
	all, err := tx.Requests(RequestFilter{Person: p.Email, States: []access.RequestState{access.Granted}})
	p.Grants = access.GrantsOf(all, w.Now())
	return p, err
}

// makerSight is what a change's maker sees of its dataset: who has left, what they
// saw. Of somebody whom the Compact does not name at all any more nothing is known, so
// it is what the last of those sees who went on with the change. Where there is nobody
// nothing is planned: rules about rows limit the people whom they name.
func (w *Workflow) makerSight(tx Tx, c *change.Change) (sight, error) {
	for _, email := range append([]access.Email{c.Maker}, lastFirst(c.Hands)...) {
		p, err := w.principal(tx, email)
		if errs.KindOf(err) == errs.Unsigned {
			leavers := w.Compact().Leavers()
			i := slices.IndexFunc(leavers, func(l access.Principal) bool { return l.Email == email })
			if i < 0 {
				continue
			}
			p, err = leavers[i], nil
		}
		return w.sight(p, c.Dataset), err
	}
	return sight{}, errs.New(errs.Blocked, "The Compact does not know %s any more, so it cannot be told which rows this change may write.", c.Maker).
		WithMend("A manager of the department plans it again: sutor change replan %s", c.ID)
}

func lastFirst(people []access.Email) []access.Email {
	out := slices.Clone(people)
	slices.Reverse(out)
	return out
}

// only compiles the rows that the person sees; nil for all. Where that cannot be
// done nothing is shown.
func (s sight) only(columns record.Schema) (*expr.Condition, error) {
	if s.AllRows() {
		return nil, nil
	}
	c, err := guard.CompileTable("("+strings.Join(s.Where, ") || (")+")", columns)
	if err != nil {
		return nil, errs.New(errs.Blocked, "Which rows you may see cannot be told: the Compact does not fit the table any more.").
			WithMend("The steward mends `rows` in the Compact; sutor compact check shows where.").Because(err)
	}
	return &c, nil
}

// columns gives those of which the person sees the values.
func (s sight) columns(all record.Schema) record.Schema {
	return slices.DeleteFunc(slices.Clone(all), func(c record.Column) bool { return !s.Sees(c.Name) })
}

// allOf gives names of columns if the person sees the values of all of them; else
// none.
func (s sight) allOf(names []string) []string {
	if slices.ContainsFunc(names, func(name string) bool { return !s.Sees(name) }) {
		return nil
	}
	return names
}

// reads tells whether a text of the guardrail language may read a column whose
// values the person does not see. It errs on the safe side: a name that stands in
// it in any way counts, and so does a text that may hide one.
func (s sight) reads(text string) bool {
	names := s.Withheld()
	return len(names) > 0 && (strings.Contains(text, `\`) || slices.ContainsFunc(names, func(name string) bool { return strings.Contains(text, name) }))
}

// hides tells whether one of the columns, as a finding joins them, is withheld.
func (s sight) hides(column string) bool {
	if column == "" {
		return false
	}
	return !s.Sees(column) || slices.ContainsFunc(strings.Split(column, ", "), func(name string) bool { return !s.Sees(name) })
}

// scrub takes the names and labels of hidden columns out of a sentence that was made for
// everybody: it is the last line behind the others.
func (s sight) scrub(text string) string {
	for _, name := range s.Hidden() {
		if s.d != nil {
			text = replaceWord(text, s.d.Columns[name].Label, string(access.Dots.Of("")))
		}
		text = replaceWord(text, name, string(access.Dots.Of("")))
	}
	return text
}

// replaceWord replaces a text where it is not a part of a longer word.
func replaceWord(text, word, with string) string {
	var out strings.Builder
	inWord := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	before := rune(' ')
	for text != "" {
		rest, found := strings.CutPrefix(text, word)
		next, _ := utf8.DecodeRuneInString(rest)
		if found && word != "" && !inWord(before) && !inWord(next) {
			out.WriteString(with)
			before, text = ' ', rest
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		out.WriteString(text[:n])
		before, text = r, text[n:]
	}
	return out.String()
}

// ask says whom to ask for more.
func (s sight) ask() string {
	if s.owners == "" {
		return "Ask the steward."
	}
	return fmt.Sprintf("Ask an owner of the dataset (%s), or for access: sutor access ask", s.owners)
}

// writtenBy gives the columns that a plan writes, as far as that is kept.
func writtenBy(p *change.Plan) []string {
	if p.Written == nil {
		return p.Columns
	}
	return p.Written
}

// blindTo says which of the columns that a plan writes the person does not see; ""
// for none.
func (s sight) blindTo(p *change.Plan) string {
	for _, name := range writtenBy(p) {
		switch s.Of(name) {
		case access.Hide:
			return "a column that you may not see"
		case access.NoMask:
		default:
			return name + ", whose values you see masked"
		}
	}
	return ""
}

// seesAll refuses somebody who does not see all that a plan writes: nobody decides
// on, takes back, or submits in the place of its maker, what they cannot look at. Of a
// family who decides must see the datasets that their decision counts for, who takes it
// back or submits it all of them.
func (w *Workflow) seesAll(ctx context.Context, p access.Principal, id change.ID, act change.Act) error {
	var who access.Principal
	var all []*change.Change
	err := w.Store.View(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, act)
		if errs.As(err) != nil {
			return nil // the act itself refuses it, in its order
		}
		if err != nil || (act == change.ActUndo || act == change.ActSubmit) && s.c.Maker == p.Email { // what they wrote themselves, or were let write
			return err
		}
		who, all = s.who, s.c.ByDataset()
		if s.c.IsFamily() && act != change.ActUndo && act != change.ActSubmit {
			counts := change.DecidesFor(s.c, s.seat, s.who, s.datasets...)
			all = slices.DeleteFunc(all, func(one *change.Change) bool { return !slices.Contains(counts, one.Dataset) })
		}
		return nil
	})
	for i := 0; err == nil && i < len(all); i++ {
		err = w.seesPlan(ctx, w.sight(who, all[i].Dataset), all[i], act)
	}
	return err
}

// seesPlan is seesAll over one dataset.
func (w *Workflow) seesPlan(ctx context.Context, s sight, c *change.Change, act change.Act) error {
	if c.Plan == nil || s.Whole() {
		return nil
	}
	if what := s.blindTo(c.Plan); what != "" {
		return errs.New(errs.Blocked, "You cannot %s change %s: it writes %s.", act, c.ID, what).WithMend("Somebody who sees it can: %s", s.ask())
	}
	if s.AllRows() {
		return nil
	}
	m, parquet, release, err := w.openPlan(ctx, c.Plan.Digest)
	if err != nil {
		return err
	}
	defer release()
	only, err := s.only(m.Columns)
	if err != nil {
		return err
	}
	session, err := w.Engine.View(ctx, parquet)
	if err != nil {
		return err
	}
	defer session.Close()
	n, err := session.Outside(ctx, parquet, m, *only)
	if err == nil && n > 0 {
		err = errs.New(errs.Blocked, "You cannot %s change %s: some of its rows are not among those that you may see.", act, c.ID).
			WithMend("Somebody who sees all of them can. %s", s.ask())
	}
	return err
}

// choices leaves out of what a recipe says the columns whose values the person does
// not see: what goes to them is left out of the file, as if nobody had said.
func (s sight) choices(o change.Options) change.Options {
	kept := func(all map[string]string, column func(key, value string) string) map[string]string {
		if all == nil {
			return nil
		}
		out := map[string]string{}
		for k, v := range all {
			if s.Sees(column(k, v)) {
				out[k] = v
			}
		}
		return out
	}
	o.Key = s.allOf(o.Key)
	o.Formats = kept(o.Formats, func(k, _ string) string { return k })
	o.Map = kept(o.Map, func(_, v string) string { return v })
	if o.Recipe != nil {
		r := *o.Recipe
		r.Map = kept(r.Map, func(_, v string) string { return v })
		o.Recipe = &r
	}
	return o
}
