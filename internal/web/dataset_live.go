package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const liveSize = 50

// liveQuery is which rows of a dataset are shown, as the address says it.
type liveQuery struct {
	workflow.LiveWanted
	q url.Values
}

// liveModel is a page of live rows.
type liveModel struct {
	liveQuery
	heads   []liveHead
	lines   [][]ui.Value
	numbers []bool
	tests   []liveTest
	offered []choice // columns, with which of them are shown
	pager   ui.Pager
}

type liveHead struct {
	name, label, to string
	sort            string // aria-sort; "" where another column orders
	arrow           string
}

// liveTest is a test that holds, with the address of the page without it.
type liveTest struct{ text, without string }

// liveTests are what a column can be tested for, in words.
var liveTests = []choice{{"contains", "contains", true}, {"=", "is", false}, {"!=", "is not", false}, {"starts", "begins with", false}, {"ends", "ends with", false},
	{"<", "is less than", false}, {"<=", "is at most", false}, {">", "is more than", false}, {">=", "is at least", false}, {"empty", "is empty", false}, {"filled", "is filled", false}}

// wantedLive reads an address. A test comes as where=COLUMN SIGN VALUE, and from the
// form that adds one as three fields, which become such a test.
func wantedLive(q url.Values) (liveQuery, error) {
	out := liveQuery{q: url.Values{}}
	for _, name := range []string{"by", "desc", "column"} {
		if v, there := q[name]; there && v[0] != "" {
			out.q[name] = v
		}
	}
	tests := slices.Clone(q["where"])
	if is := q.Get("is"); q.Get("test") != "" && (q.Get("value") != "" || is == "empty" || is == "filled") {
		tests = append(tests, q.Get("test")+" "+is+" "+q.Get("value"))
	}
	out.By, out.Desc, out.Columns, out.Limit = q.Get("by"), q.Get("desc") != "", out.q["column"], liveSize
	for _, text := range tests {
		column, rest, _ := strings.Cut(text, " ")
		is, value, _ := strings.Cut(rest, " ")
		out.Where = append(out.Where, workflow.LiveTest{Column: column, Is: is, Value: value})
		out.q.Add("where", text)
	}
	offset, err := strconv.ParseInt(q.Get("offset"), 10, 64)
	if q.Has("offset") && (err != nil || offset < 0) {
		return out, errs.New(errs.Usage, "%q is no place in the list of rows.", q.Get("offset")).WithMend("Begin at the first row.")
	}
	out.Offset = offset
	return out, nil
}

func (s *site) liveOf(ctx context.Context, p access.Principal, d wire.Dataset, q liveQuery) (*liveModel, error) {
	page, err := s.uc.Live(ctx, p, d.Name, q.LiveWanted)
	if err != nil {
		return nil, err
	}
	m := &liveModel{liveQuery: q, offered: offeredColumns(d, q)}
	path := "/datasets/" + d.Name
	for _, name := range page.Columns {
		m.heads = append(m.heads, m.headOf(path, d, name))
	}
	for _, row := range page.Rows {
		var line []ui.Value
		for _, name := range page.Columns {
			line = append(line, valueOf(row[name], true))
		}
		m.lines = append(m.lines, line)
	}
	for i := range page.Columns {
		m.numbers = append(m.numbers, onlyNumbers(m.lines, i))
	}
	for i, t := range q.Where {
		rest := cloned(q.q)
		rest["where"] = slices.Delete(slices.Clone(q.q["where"]), i, i+1)
		m.tests = append(m.tests, liveTest{strings.TrimSpace(t.Column + " " + saidTest(t.Is) + " " + ui.Plain(t.Value)), path + "?" + rest.Encode()})
	}
	m.pager = m.pages(path, page)
	return m, nil
}

// headOf heads a column; it leads to the rows ordered by it, then the other way
// round.
func (m *liveModel) headOf(path string, d wire.Dataset, name string) liveHead {
	h := liveHead{name: name, label: name}
	for _, c := range d.Columns {
		if c.Name == name && c.Label != "" {
			h.label = ui.Plain(c.Label)
		}
	}
	by, desc := m.By, m.Desc
	if by == "" && len(d.Key) > 0 {
		by = d.Key[0]
	}
	q := cloned(m.q)
	q.Set("by", name)
	q.Del("desc")
	if by == name {
		h.sort, h.arrow = "ascending", "↑"
		if desc {
			h.sort, h.arrow = "descending", "↓"
		} else {
			q.Set("desc", "1")
		}
	}
	h.to = path + "?" + q.Encode()
	return h
}

func (m *liveModel) pages(path string, page wire.LiveRows) ui.Pager {
	end := page.Offset + int64(len(page.Rows))
	p := ui.Pager{Of: "rows", Swap: "live"}
	if len(page.Rows) > 0 {
		p.From, p.To = group(page.Offset+1), group(end)
	}
	if page.Total != nil {
		p.Total = group(*page.Total)
	}
	at := func(offset int64) string {
		q := cloned(m.q)
		q.Set("offset", itoa(offset))
		return path + "?" + q.Encode()
	}
	if page.Offset > 0 {
		p.Prev = at(max(0, page.Offset-liveSize))
	}
	if page.More {
		p.Next = at(end)
	}
	return p
}

func offeredColumns(d wire.Dataset, q liveQuery) (out []choice) {
	for _, c := range d.Columns {
		if !slices.Contains(d.Key, c.Name) {
			label := c.Name
			if c.Label != "" {
				label = ui.Plain(c.Label)
			}
			out = append(out, choice{c.Name, label, len(q.Columns) == 0 || slices.Contains(q.Columns, c.Name)})
		}
	}
	return out
}

func saidTest(is string) string {
	for _, t := range liveTests {
		if t.value == is {
			return t.text
		}
	}
	return is
}

func cloned(q url.Values) url.Values {
	out := url.Values{}
	for k, v := range q {
		out[k] = slices.Clone(v)
	}
	return out
}

// onlyNumbers tells whether a column holds numbers and nothing else on this page.
func onlyNumbers(lines [][]ui.Value, i int) bool {
	some := false
	for _, l := range lines {
		if l[i].There && l[i].Kind == ui.Text {
			return false
		}
		some = some || l[i].Kind == ui.Number
	}
	return some
}

func liveLabel(name, label string) string {
	if label == "" {
		return name
	}
	return ui.Plain(label)
}
