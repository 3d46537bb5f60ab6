package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/record"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
)

// LiveWanted is a page of a dataset's live rows.
type LiveWanted struct {
	Columns       []string // besides the key; nil for all
	By            string   // column that orders; "" for the key
	Desc          bool
	Where         []LiveTest // all must hold
	Limit, Offset int64
}

// LiveTest is one test of a column: "=", "!=", "<", "<=", ">", ">=", "contains",
// "starts", "ends", "empty" or "filled". A row whose value is NULL meets none but
// "empty".
type LiveTest struct{ Column, Is, Value string }

// Bounds of a page of live rows: the system orders and filters, for so long at most.
const (
	liveTime  = 15 * time.Second
	mostLive  = 1000
	mostTests = 8
)

// Live gives a page of a dataset's rows as they are now, of the columns and rows that
// the person sees. The system filters, orders and pages; nothing is read but the
// page. Where the person sees some rows only, the system may give more of them, so
// each is judged again here, and the page is counted here.
func (w *Workflow) Live(ctx context.Context, p access.Principal, name string, want LiveWanted) (out wire.LiveRows, err error) {
	r, err := w.reading(ctx, p, name, access.SeeRows, "see")
	if err != nil {
		return out, w.refused(ctx, p, "", "live", err)
	}
	l := &looking{reading: r, counts: &w.counts, want: want, loc: w.Compact().Timezone}
	if err := l.open(r.d.Key); err != nil {
		return out, err
	}
	if out, err = l.page(ctx, r.d.System); err != nil {
		return out, err
	}
	return out, w.countRead(ctx, Read{Person: p.Email, Dataset: name, Rows: int64(len(out.Rows))})
}

// looking is one look at live rows.
type looking struct {
	*reading
	counts *counts
	want   LiveWanted
	loc    *time.Location
	view   driver.View
	shows  record.Schema // the columns of the page
	asked  record.Schema // these, and those that the row rules read
}

func (l *looking) page(ctx context.Context, name string) (out wire.LiveRows, err error) {
	out = wire.LiveRows{Columns: l.shows.Names(), Rows: []map[string]json.RawMessage{}, Offset: l.view.Offset}
	bounded, cancel := context.WithTimeout(ctx, liveTime)
	defer cancel()
	err = l.paged(bounded, func(fields []record.Field) {
		if out.More = int64(len(out.Rows)) == l.view.Limit-1; !out.More {
			out.Rows = append(out.Rows, l.shown(l.shows, fields))
		}
	})
	if bounded.Err() != nil && ctx.Err() == nil {
		return out, errs.New(errs.Unavailable, "%s took longer than %s to find and order these rows.", name, liveTime).
			WithMend("Order by the key, or by a column with an index; or filter by less.").Because(errors.Join(err, bounded.Err()))
	}
	if err == nil && len(l.view.Where.All) == 0 {
		var total int64
		total, err = l.counts.of(ctx, l.sys, l.table.Table)
		out.Total = &total
	}
	return out, err
}

// paged gives the rows of the page, and one more where there is a further page. Where
// some rows are kept from the person only those that they see are passed over and
// counted: a page that is short, or says that there are more, would tell of the others.
func (l *looking) paged(ctx context.Context, do func([]record.Field)) error {
	v, left, skip := l.view, l.view.Limit, int64(0)
	if l.only != nil {
		v.Limit, v.Offset, skip = math.MaxInt64, 0, l.view.Offset
	}
	err := pipeRows(func(to io.Writer) error {
		_, err := l.sys.Page(ctx, l.table.Table, v, l.asked, to)
		return err
	}, func(fields []record.Field) error {
		switch {
		case !l.lets(fields):
			return nil
		case skip > 0:
			skip--
			return nil
		}
		do(fields)
		if left--; left == 0 && l.only != nil {
			return errEnough
		}
		return nil
	})
	if left == 0 && l.only != nil {
		return nil
	}
	return err
}

// lets judges whether the person sees a row: what is not certain is not seen.
func (l *looking) lets(fields []record.Field) bool {
	return l.only == nil || l.only.Judge(liveRow{l.asked, fields}) == expr.True
}

// open makes what the system is asked for: one row more than wanted, to see whether
// there is a further page.
func (l *looking) open(keys []string) error {
	if err := l.opened(keys); err != nil || l.only == nil {
		return err
	}
	l.view.Where.All = append(l.view.Where.All, l.only.Narrow(expr.Whole, l.table.Columns))
	for _, ref := range l.only.Refs() {
		if l.asked.Index(ref.Name) < 0 {
			l.asked = append(l.asked, l.table.Columns.Pick([]string{ref.Name})...)
		}
	}
	return nil
}

// opened makes the view of what the person wants; columns whose values they do not
// see can neither order nor sift.
func (l *looking) opened(keys []string) error {
	want, v := l.want, &l.view
	v.Key = l.table.Columns.Pick(keys)
	v.Limit, v.Offset, v.Desc = min(max(want.Limit, 1), mostLive)+1, max(want.Offset, 0), want.Desc
	named := slices.DeleteFunc(readable(l.table, keys), func(c record.Column) bool { return !l.Names(c.Name) })
	seen := slices.DeleteFunc(slices.Concat(v.Key, named), func(c record.Column) bool { return !l.Sees(c.Name) })
	if want.By != "" {
		if v.By = seen.Pick([]string{want.By}); len(v.By) == 0 {
			return unreadable(want.By)
		}
	}
	if len(want.Where) > mostTests {
		return errs.New(errs.Usage, "At most %d tests can hold at once.", mostTests)
	}
	for _, t := range want.Where {
		f, err := t.filter(seen, l.loc)
		if err != nil {
			return err
		}
		v.Where.All = append(v.Where.All, f...)
	}
	if want.Columns != nil {
		named = slices.DeleteFunc(named, func(c record.Column) bool { return !slices.Contains(want.Columns, c.Name) })
	}
	l.shows = slices.Concat(v.Key, named)
	l.asked = slices.Clone(l.shows)
	return nil
}

func unreadable(name string) error {
	return errs.New(errs.Usage, "There is no column %q that could be read.", name).WithMend("Look at the dataset's columns.")
}

// relations are the tests by their signs, with whether they are the contrary.
var relations = map[string]struct {
	is  record.Relation
	not bool
}{
	"=": {record.Same, false}, "!=": {record.Same, true}, "<": {record.Less, false}, ">=": {record.Less, true}, "<=": {record.AtMost, false}, ">": {record.AtMost, true},
	"contains": {record.Contains, false}, "starts": {record.StartsWith, false}, "ends": {record.EndsWith, false}, "empty": {record.Null, false}, "filled": {record.Null, true},
}

// filter gives the sieve of a test. A sieve lets NULL through, so that there is no
// value is ruled out beside it.
func (t LiveTest) filter(columns record.Schema, loc *time.Location) ([]record.Filter, error) {
	at := columns.Index(t.Column)
	if at < 0 {
		return nil, unreadable(t.Column)
	}
	c := columns[at]
	r, known := relations[t.Is]
	if !known || !slices.Contains(record.Relations(c.Type.Kind), r.is) {
		return nil, errs.New(errs.Usage, "%s cannot be tested with %q.", t.Column, t.Is).WithMend("Use one of: %s.", strings.Join(liveTests(c.Type.Kind), ", "))
	}
	test := &record.Test{Column: c, Is: r.is, Not: r.not}
	if r.is == record.Null {
		return []record.Filter{{Test: test}}, nil
	}
	v, problem := c.Type.Parse(t.Value, loc)
	if problem != "" {
		return nil, errs.New(errs.Usage, "%q is not %s, as %s is.", t.Value, c.Type.Article(), t.Column).WithMend("Write it as it stands in the table.")
	}
	test.Values = []string{v}
	return []record.Filter{{Test: test}, {Test: &record.Test{Column: c, Is: record.Null, Not: true}}}, nil
}

// liveTests lists the tests of columns of a kind.
func liveTests(k record.Kind) (out []string) {
	for _, sign := range []string{"=", "!=", "<", "<=", ">", ">=", "contains", "starts", "ends", "empty", "filled"} {
		if slices.Contains(record.Relations(k), relations[sign].is) {
			out = append(out, sign)
		}
	}
	return out
}
