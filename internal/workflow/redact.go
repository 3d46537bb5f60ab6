package workflow

import (
	"cmp"
	"slices"
	"strings"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// cut takes out of a change what its reader may not see: of columns their names,
// values and what checks and rules say of them, of rows what samples tell.
func (w *Workflow) cut(out *wire.Change, c *change.Change, s sight) {
	for i := range out.Impact { // of related tables: who sees all of this dataset may not see all of theirs
		out.Impact[i] = w.cutImpact(out.Impact[i], s)
	}
	if s.Whole() {
		return
	}
	if out.Plan != nil {
		out.Plan.Columns = slices.DeleteFunc(slices.Clone(out.Plan.Columns), func(name string) bool { return !s.Names(name) })
		out.Plan.Mapping = s.mapping(out.Plan.Mapping)
		out.Plan.Updated = nil // it tells whether what is proposed is what stands there
		if !s.AllRows() {
			out.Plan.TableRows = 0
		}
	}
	for i, f := range out.Findings {
		out.Findings[i] = s.finding(f, c)
	}
	if t := c.TrialOf(); t != nil && out.Trial != nil {
		out.Trial.Why, _ = s.trial(t, c)
	}
	for i := range out.Route {
		out.Route[i].Why = s.asks(out.Route[i].Why, c)
	}
	if out.Split != nil { // a condition names columns and values
		out.Split.Say = ""
	}
	for i := range out.Risk.Factors {
		s.factor(&out.Risk.Factors[i], c)
	}
	if own := c.Maker == s.p.Email; own && c.Problem != nil && c.Problem.OfFile {
		return // it repeats what they wrote: what is not repeated would tell them that it is a column
	}
	out.Why = s.scrub(out.Why)
	if out.Problem != nil {
		p := *out.Problem
		p.Detail, p.Mend = s.scrub(p.Detail), s.scrub(p.Mend)
		out.Problem = &p
	}
	if out.Result != nil {
		out.Result.Message = s.scrub(out.Result.Message)
	}
}

// mapping leaves out what went to, or may be, a column that the person may not
// know of.
func (s sight) mapping(all []wire.Mapped) (out []wire.Mapped) {
	for _, m := range all {
		if !s.Names(m.Column) {
			continue
		}
		m.Candidates = slices.DeleteFunc(slices.Clone(m.Candidates), func(c wire.Candidate) bool { return !s.Names(c.Column) })
		out = append(out, m)
	}
	return out
}

// matchings are the findings about the file's columns, which name those of the
// dataset too.
var matchings = []string{finding.Unmatched, finding.Matched, finding.Question, finding.Recipe}

// quoting are the findings that repeat an expression of the maker's.
var quoting = []string{finding.OutsidePart, finding.Unjudged, finding.Uncomputed}

// finding cuts one finding. Of a check on a withheld column it is told that there
// is one, of a guardrail that reads one only what the Compact says: neither rows nor
// how many.
func (s sight) finding(f finding.Finding, c *change.Change) finding.Finding {
	own := c.Maker == s.p.Email
	if !own && slices.Contains(matchings, f.Guardrail) {
		f = withoutColumns(f)
		f.Column, f.Samples, f.Examples = "", nil, nil
	}
	if !own && slices.Contains(quoting, f.Guardrail) && len(s.Withheld()) > 0 {
		f = withoutColumns(f)
	}
	if !own && !s.AllRows() {
		f.Samples, f.Examples = nil, nil
	}
	switch {
	case s.judgesWithheld(f):
		f = finding.Finding{Guardrail: f.Guardrail, Severity: f.Severity, Message: s.say(f.Guardrail), By: f.By, Needs: f.Needs,
			Mend: "It judges what you may not see. " + s.ask()}
	case s.hides(f.Column) || s.hides(mappedTo(c, f.Column)):
		f = s.ofWithheld(f)
	}
	if !own || f.Guardrail == finding.AsStored || f.Guardrail == finding.Constraint {
		f.Message, f.Mend = s.scrub(f.Message), s.scrub(f.Mend) // of one's own file headers are repeated as they are
	}
	return f
}

// trial words why a trial did not pass, and what to do: as the first of its findings.
func (s sight) trial(t *change.Trial, c *change.Change) (why, mend string) {
	if len(t.Findings) == 0 {
		return s.scrub(t.Why), ""
	}
	f := s.finding(t.Findings[0], c)
	return f.Message, f.Mend
}

// asks words why a step of the route is there: it repeats findings, so each is told
// as the finding itself is.
func (s sight) asks(why string, c *change.Change) string {
	if c.Plan == nil {
		return s.scrub(why)
	}
	for _, f := range c.Plan.Findings {
		if f.Severity == finding.Approve {
			why = strings.ReplaceAll(why, change.Reason(f), change.Reason(s.finding(f, c)))
		}
	}
	return s.scrub(why)
}

// ofWithheld says of a check no more than that it found something.
func (s sight) ofWithheld(f finding.Finding) finding.Finding {
	what := "a column that you may not see"
	if !slices.ContainsFunc(append(strings.Split(f.Column, ", "), f.Column), func(name string) bool { return !s.Names(name) }) {
		what = f.Column + ", whose values you see masked"
	}
	out := finding.Finding{Guardrail: f.Guardrail, Severity: f.Severity, Rows: f.Rows, Invalid: f.Invalid, By: f.By,
		Message: "A check on " + what + " found something.", Mend: s.ask()}
	if f.Guardrail == finding.NotNull || f.Guardrail == finding.Required {
		out.Message = "New rows need a value in " + what + "."
		out.Ranges = f.Ranges
	}
	if what == f.Column {
		out.Column = f.Column
	}
	return out
}

// mappedTo gives the dataset's column that a column of the file went to.
func mappedTo(c *change.Change, file string) string {
	if c.Plan == nil || file == "" {
		return ""
	}
	for _, m := range c.Plan.Mapping {
		if m.File == file {
			return m.Column
		}
	}
	return ""
}

// judgesWithheld tells whether a finding is of a guardrail that may read a withheld
// column. One that the Compact has not any more may have read anything.
func (s sight) judgesWithheld(f finding.Finding) bool {
	if slices.Contains(finding.BuiltIn, f.Guardrail) || len(s.Withheld()) == 0 {
		return false
	}
	g, there := s.guardrail(f.Guardrail)
	return !there || g.Each == compact.EachRow && s.reads(g.When.Text)
}

func (s sight) guardrail(name string) (compact.Guardrail, bool) {
	if s.d == nil {
		return compact.Guardrail{}, false
	}
	i := slices.IndexFunc(s.d.Guardrails, func(g compact.Guardrail) bool { return g.Name == name })
	if i < 0 {
		return compact.Guardrail{}, false
	}
	return s.d.Guardrails[i], true
}

func (s sight) say(name string) string {
	if g, there := s.guardrail(name); there {
		return g.Say
	}
	return "A guardrail was met that is not in the Compact any more."
}

// factor cuts a reason of the risk.
func (s sight) factor(f *wire.Factor, c *change.Change) {
	switch f.Name {
	case string(compact.RiskCritical), string(compact.RiskJumps):
		if s.blindTo(c.Plan) != "" {
			f.Why = "It is about columns some of which you may not see."
		}
	case string(compact.RiskShare):
		if !s.AllRows() {
			f.Why = "It writes a large part of the table."
		}
	}
	f.Why = s.scrub(f.Why)
}

// cutImpact withholds an impact that is counted by columns whose values the person
// does not see, here or in the dataset that governs the related table, or over rows of
// that which are kept from them, and a sum of such a column.
func (w *Workflow) cutImpact(i wire.Impact, s sight) wire.Impact {
	if s.d == nil { // nothing is known of a dataset that the Compact has not any more
		return i
	}
	at := slices.IndexFunc(s.d.Impact, func(def compact.Impact) bool { return def.Label == i.Label })
	if at < 0 {
		return i
	}
	def := s.d.Impact[at]
	related := w.governing(s, def)
	by, measured := false, false
	for theirs, ours := range def.Match {
		by = by || !s.Sees(ours)
		for _, r := range related {
			by = by || !r.Sees(theirs)
		}
	}
	for _, r := range related {
		by = by || !r.AllRows() || r.reads(def.Where.Text)
		measured = measured || !r.Sees(def.Measure)
	}
	if by {
		return wire.Impact{Label: i.Label, Unknown: true, Why: "It is counted by what you may not see."}
	}
	if measured {
		i.Measure = nil
	}
	return i
}

// governing gives what the person sees of the datasets over an impact's table.
func (w *Workflow) governing(s sight, def compact.Impact) (out []sight) {
	for _, d := range w.Compact().Datasets {
		if d.System == s.d.System && w.mayBeSame(d.System, d.Table, def.Table) {
			out = append(out, w.sight(s.p, d.Name))
		}
	}
	return out
}

// mayBeSame tells whether two names may be of one table. A table without a schema
// stands in the system's own; only the connection string of a MySQL system tells which
// that is, so any may be.
func (w *Workflow) mayBeSame(system string, a, b record.Table) bool {
	if a.Name != b.Name {
		return false
	}
	sys, _ := w.Compact().System(system)
	if sys.Kind == compact.MySQL && (a.Schema == "" || b.Schema == "") {
		return true
	}
	usual := map[compact.Kind]string{compact.SQLite: "main", compact.Postgres: "public"}[sys.Kind]
	return cmp.Or(a.Schema, usual) == cmp.Or(b.Schema, usual)
}
