package compact

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"sutor/internal/access"
	"sutor/internal/finding"
	"sutor/internal/record"
)

var datasetShape = shape{"dataset", []key{
	{"label", false, "label: Customers"},
	{"system", true, "system: erp"},
	{"table", true, "table: public.customer"},
	{"key", true, "key: [id]"},
	{"department", true, "department: sales"},
	{"process", false, "process: order-to-cash"},
	{"owner", false, "owner: olaf@example.test"}, // of the dataset, or of its process
	{"needs", false, "needs: 2"},
	{"allow", false, "allow: [insert, update]"},
	{"columns", false, "columns: {vat: {required: true}}"},
	{"guardrails", false, "guardrails: [{name: big-raise, …}]"},
	{"impact", false, "impact: [{label: open orders, …}]"},
	{"freedom", false, "freedom: [{level: expert, when: rows <= 20}]"},
	{"risk", false, "risk: {deletes: 50}"},
	{"retain", false, "retain: {values: 90d, inputs: 30d}"},
	{"share", false, "share: [finance]"},
	{"rows", false, `rows: [{for: [sales], where: "country == 'DE'"}]`},
	{"sync", false, "sync: {deletes: 25%}"},
}}

var columnShape = shape{"column", []key{
	{"label", false, "label: Payment terms"},
	{"one_of", false, "one_of: [NET30, NET45]"},
	{"min", false, "min: 0"},
	{"max", false, "max: 500000"},
	{"pattern", false, `pattern: "^[A-Z]{2}"`},
	{"say", false, `say: "A VAT number begins with two letters."`},
	{"required", false, "required: true"},
	{"writable", false, "writable: false"},
	{"also", false, "also: [terms]"},
	{"critical", false, "critical: true"},
	{"given", false, "given: true"},
	{"visible_to", false, "visible_to: [owner, finance]"},
	{"mask", false, "mask: last4"},
}}

var guardrailShape = shape{"guardrail", []key{
	{"name", true, "name: big-raise"},
	{"each", true, "each: row"},
	{"when", true, "when: 'after.credit_limit > 100000'"},
	{"then", true, "then: approve"},
	{"by", false, "by: manager"},
	{"needs", false, "needs: 2"},
	{"say", true, "say: Raising a credit limit by more than half needs a manager."},
}}

var impactShape = shape{"impact", []key{
	{"label", true, "label: open orders"},
	{"table", true, "table: public.orders"},
	{"match", true, "match: {customer_id: id}"},
	{"where", false, `where: "status == 'open'"`},
	{"measure", false, "measure: amount"},
}}

var freedomShape = shape{"freedom", []key{
	{"level", true, "level: expert"},
	{"when", true, "when: 'rows <= 20'"},
}}

var retainShape = shape{"retain", []key{
	{"values", false, "values: 90d"},
	{"inputs", false, "inputs: 30d"},
	{"notices", false, "notices: 365d"},
	{"texts", false, "texts: 3650d"},
}}

var syncShape = shape{"sync", []key{
	{"deletes", true, "deletes: 25%"},
}}

func (r *reader) dataset(e entry) Dataset {
	s := r.section(e.node, "the dataset `"+short(e.name)+"`", datasetShape)
	d := Dataset{Name: e.name, Path: e.path, Label: s.text("label"), System: s.text("system"),
		Table: s.table("table"), Key: s.texts("key"), Department: access.Department(s.text("department")),
		Process: s.text("process"), Owners: s.owners(), ownerPath: e.path.To("owner"), Needs: s.needs(), Allow: words(s, "allow", Ops), Columns: map[string]ColumnRule{},
		Retain: Retain{Values: DefaultValues, Inputs: DefaultInputs, Notices: DefaultNotices, Path: e.path.To("retain")}}
	if d.Label == "" {
		d.Label = d.Name
	}
	if d.Allow == nil {
		d.Allow = slices.Clone(Ops[:2])
	}
	r.each(s, "columns", nil, func(e entry) { d.Columns[e.name] = r.column(e) })
	for _, n := range s.nodes("guardrails") {
		d.Guardrails = append(d.Guardrails, r.guardrail(n))
	}
	r.guardrailNames("dataset", d.Guardrails)
	for _, n := range s.nodes("impact") {
		d.Impact = append(d.Impact, r.impact(n))
	}
	for _, n := range s.nodes("freedom") {
		f := r.section(n, "this freedom", freedomShape)
		d.Freedom = append(d.Freedom, Freedom{Level: word(f, "level", access.Levels), When: f.expr("when"), Path: n.path})
	}
	d.Share = s.share()
	for _, n := range s.nodes("rows") {
		d.Rows = append(d.Rows, r.rowRule(n))
	}
	risk := r.c.Risk
	if p, ok := r.c.Process(d.Process); ok {
		d.inherit(p)
		risk = p.Risk
	}
	d.Risk, d.Needs = s.weights(risk), max(d.Needs, 1)
	if _, written := s.values["owner"]; !written && d.Process == "" {
		r.problem(e.path, fmt.Sprintf("The dataset `%s` has no `owner`.", short(e.name)),
			"Add it, for example `owner: olaf@example.test`, or name the process whose owner it has with `process`.")
	}
	if n, ok := s.values["retain"]; ok {
		d.Retain = r.retain(n, d.Retain)
	}
	d.MaxDeletes = s.maxDeletes()
	return d
}

// owners reads one address or a list of them.
func (s section) owners() []access.Email {
	n, ok := s.values["owner"]
	if !ok {
		return nil
	}
	var out []access.Email
	if n.Kind != yaml.SequenceNode {
		if text := s.text("owner"); text != "" {
			out = append(out, access.Fold(text))
		}
		return out
	}
	items, _ := s.r.list(n)
	seen := map[string]bool{}
	for _, item := range items {
		text, ok := s.r.filled(item)
		if ok && s.r.distinct(item, seen, string(access.Fold(text))) {
			out = append(out, access.Fold(text))
		}
	}
	return out
}

// table reads schema.table, split at the first dot, or [schema, table].
func (s section) table(key string) record.Table {
	n, ok := s.values[key]
	if !ok {
		return record.Table{}
	}
	if n.Kind != yaml.SequenceNode {
		text := s.text(key)
		t := record.ParseTable(text)
		if text != "" && (t.Name == "" || t.Schema == "" && strings.Contains(text, ".")) {
			s.r.problem(n.path, fmt.Sprintf("%q names no table: a part beside the dot is empty.", short(text)),
				"Write schema.table, or [schema, table] where a name holds a dot.")
		}
		return t
	}
	var parts []string
	items, _ := s.r.list(n)
	for _, item := range items {
		part, _ := s.r.filled(item)
		parts = append(parts, part)
	}
	if len(parts) != 2 {
		s.r.problem(n.path, "A table written as a list has two parts.", "Write [schema, table].")
		return record.Table{}
	}
	return record.Table{Schema: parts[0], Name: parts[1]}
}

func (r *reader) column(e entry) ColumnRule {
	s := r.section(e.node, "the column `"+short(e.name)+"`", columnShape)
	c := ColumnRule{Path: e.path, Label: s.text("label"), OneOf: s.oneOf(), Min: s.limit("min"), Max: s.limit("max"),
		Pattern: s.pattern(), Say: s.text("say"), Writable: s.flag("writable"), Also: s.texts("also")}
	required, critical, given := s.flag("required"), s.flag("critical"), s.flag("given")
	c.Required, c.Critical, c.Given = required != nil && *required, critical != nil && *critical, given != nil && *given
	s.sight(&c)
	if c.Say != "" && c.Pattern == "" {
		r.problem(e.path.To("say"), "`say` puts a pattern in words, and there is none.", "Give the column a `pattern`, or take the sentence out.")
	}
	if c.Min != nil && c.Max != nil {
		if wrong := disorder(*c.Min, *c.Max); wrong != "" {
			r.problem(e.path.To("max"), wrong, "Correct `min` or `max`.")
		}
	}
	return c
}

// oneOf reads texts as they stand: an empty text in quotes is one of them.
func (s section) oneOf() []string {
	var out []string
	seen := map[string]bool{}
	for _, n := range s.nodes("one_of") {
		if text, ok := s.r.raw(n); ok && s.r.distinct(n, seen, text) {
			out = append(out, text)
		}
	}
	return out
}

var (
	anyDecimal = record.Type{Kind: record.Decimal, Precision: -1, Scale: -1}
	anyDate    = record.Type{Kind: record.Date}
)

func isDate(text string) bool {
	_, p := anyDate.Parse(text, nil)
	return p == record.OK
}

// limit reads a number or a date and keeps it exactly as written.
func (s section) limit(key string) *string {
	n, ok := s.values[key]
	if !ok {
		return nil
	}
	text, ok := s.r.filled(n)
	if !ok {
		return nil
	}
	if _, p := anyDecimal.Parse(text, nil); p != record.OK && !isDate(text) {
		s.r.problem(n.path, fmt.Sprintf("`%s` is %q, which is neither a number nor a date.", key, short(text)),
			"Write a number as 500000 or 0.05 (no exponent, no separators), or a date as 2026-01-31.")
		return nil
	}
	return &text
}

// disorder says what is wrong with a pair of limits.
func disorder(least, most string) string {
	if isDate(least) != isDate(most) {
		return "`min` and `max` are not of one kind: one is a number, the other a date."
	}
	if isDate(least) {
		if least > most {
			return fmt.Sprintf("`max` %s lies before `min` %s: no value could be right.", most, least)
		}
		return ""
	}
	a, _ := new(big.Rat).SetString(strings.Trim(least, record.Blank)) // both match the grammar of decimals
	b, _ := new(big.Rat).SetString(strings.Trim(most, record.Blank))
	if a != nil && b != nil && a.Cmp(b) > 0 {
		return fmt.Sprintf("`max` %s is less than `min` %s: no value could be right.", short(most), short(least))
	}
	return ""
}

func (s section) pattern() string {
	text := s.text("pattern")
	if _, err := regexp.Compile(text); err != nil {
		s.r.problem(s.path.To("pattern"), "`pattern` is no regular expression: "+short(strings.TrimPrefix(err.Error(), "error parsing regexp: "))+".",
			"Write it in RE2 syntax (no look-ahead, no back references), in single quotes so that \\ stays.")
		return ""
	}
	return text
}

func (r *reader) guardrail(n node) Guardrail {
	s := r.section(n, "this guardrail", guardrailShape)
	g := Guardrail{Path: n.path, Name: s.text("name"), Each: word(s, "each", []Each{EachRow, EachChange}),
		When: s.expr("when"), Then: word(s, "then", []finding.Severity{finding.Block, finding.Approve, finding.Warn}),
		Say: s.text("say")}
	if g.Name != "" && !slug.MatchString(g.Name) {
		r.problem(n.path.To("name"), fmt.Sprintf("%q is no name for a guardrail.", short(g.Name)), slugMend)
	}
	if slices.Contains(finding.BuiltIn, g.Name) {
		r.problem(n.path.To("name"), fmt.Sprintf("`%s` is the name of a built-in check: findings of the two could not be told apart.", g.Name), "Choose another name.")
	}
	_, by := s.values["by"]
	if by {
		g.By = word(s, "by", deciderRoles)
	}
	for _, key := range []string{"by", "needs"} {
		if _, there := s.values[key]; there && g.Then != "" && g.Then != finding.Approve {
			r.problem(n.path.To(key), fmt.Sprintf("`%s` has no meaning with `then: %s`: nobody is asked.", key, g.Then), "Remove it, or write `then: approve`.")
		}
	}
	if g.Then == finding.Approve {
		g.Needs = max(s.needs(), 1)
		if !by {
			g.By = access.Owner
		}
	}
	return g
}

// mostNeeded is how many people of one role a route may ask for.
const mostNeeded = 9

// needs reads how many people of a role must approve; 0 where the file says nothing.
func (s section) needs() int {
	n, ok := s.values["needs"]
	if !ok {
		return 0
	}
	text, ok := s.r.filled(n)
	if !ok {
		return 0
	}
	needs, err := strconv.Atoi(text)
	if err != nil || needs < 1 || needs > mostNeeded || text != strconv.Itoa(needs) {
		s.r.problem(n.path, fmt.Sprintf("%q is no number of people that can be asked.", short(text)), fmt.Sprintf("Write 1 to %d.", mostNeeded))
		return 0
	}
	return needs
}

func (r *reader) impact(n node) Impact {
	s := r.section(n, "this impact", impactShape)
	i := Impact{Path: n.path, Label: s.text("label"), Table: s.table("table"), Match: map[string]string{},
		Where: s.expr("where"), Measure: s.text("measure")}
	r.each(s, "match", nil, func(e entry) {
		if column, ok := r.filled(e.node); ok {
			i.Match[e.name] = column
		}
	})
	return i
}

var duration = regexp.MustCompile(durationPattern)

const durationPattern = `^[1-9][0-9]{0,4}d$`

func (r *reader) retain(n node, t Retain) Retain {
	s := r.section(n, "`retain`", retainShape)
	t.Values, t.Inputs = s.days("values", t.Values), s.days("inputs", t.Inputs)
	t.Notices, t.Texts = s.days("notices", t.Notices), s.days("texts", 0)
	if t.Notices < leastNotices {
		r.problem(s.path.To("notices"), fmt.Sprintf("Notices are kept for %d days at least: the mail that carries one may be tried for two.", leastNotices),
			fmt.Sprintf("Write %dd or more.", leastNotices))
	}
	if last := max(t.Values, t.Inputs); t.Texts > 0 && t.Texts < last {
		r.problem(s.path.To("texts"), fmt.Sprintf("Values and inputs are kept for up to %d days, and who proposed and decided must be known as long.", last),
			fmt.Sprintf("Write %dd or more, or leave it out to keep texts for ever.", last))
	}
	return t
}

var percent = regexp.MustCompile(percentPattern)

const percentPattern = `^(?:[0-9]|[1-9][0-9]|100)%$`

// maxDeletes reads how much of its part a sync may delete.
func (s section) maxDeletes() int {
	n, ok := s.values["sync"]
	if !ok {
		return DefaultMaxDeletes
	}
	sync := s.r.section(n, "`sync`", syncShape)
	text := sync.text("deletes")
	if text == "" {
		return DefaultMaxDeletes
	}
	share, err := strconv.Atoi(strings.TrimSuffix(text, "%"))
	if err != nil || !percent.MatchString(text) {
		s.r.problem(sync.path.To("deletes"), fmt.Sprintf("%q is no share.", short(text)), "Write whole per cent, 0% to 100%, as in 25%.")
		return DefaultMaxDeletes
	}
	return share
}

// days gives the length of time under a key.
func (s section) days(key string, otherwise Days) Days {
	text := s.text(key)
	if text == "" {
		return otherwise
	}
	days, err := strconv.Atoi(strings.TrimSuffix(text, "d"))
	if err != nil || !duration.MatchString(text) {
		s.r.problem(s.path.To(key), fmt.Sprintf("%q is no length of time.", short(text)), "Write whole days, 1 to 99999, as in 90d.")
		return otherwise
	}
	return Days(days)
}
