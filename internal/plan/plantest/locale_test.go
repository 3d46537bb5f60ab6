package plantest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/connector/mem"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// locale is a way in which somebody's program writes the values of a kind.
type locale struct {
	name  string
	write func(canonical string) string
}

// numberIn writes a canonical number with other marks.
func numberIn(group, point, before, behind string) locale {
	return locale{before + "1" + group + "234" + point + "5" + behind, func(v string) string {
		minus := ""
		if strings.HasPrefix(v, "-") {
			minus, v = "-", v[1:]
		}
		whole, frac, cut := strings.Cut(v, ".")
		for i := len(whole) - 3; i > 0 && group != ""; i -= 3 {
			whole = whole[:i] + group + whole[i:]
		}
		if cut {
			whole += point + frac
		}
		return minus + before + whole + behind
	}}
}

func dateIn(layout string) locale {
	return locale{layout, func(v string) string {
		day, err := time.Parse(time.DateOnly, v)
		if err != nil {
			panic(err) // values are dates
		}
		return day.Format(layout)
	}}
}

var (
	numberLocales = []locale{numberIn("", ".", "", ""), numberIn(",", ".", "", ""), numberIn(".", ",", "", ""), numberIn("", ",", "", ""), numberIn("'", ".", "", ""),
		numberIn("\u00a0", ",", "", " €"), numberIn(",", ".", "$", ""), numberIn(".", ",", "", " kg"), numberIn("", ",", "EUR ", "")}
	dateLocales = []locale{dateIn("2006-01-02"), dateIn("02.01.2006"), dateIn("1/2/2006"), dateIn("2 January 2006"), dateIn("Jan 2, 2006"), dateIn("2006/1/2"), dateIn("02/01/06"), dateIn("20060102")}
	valueOf     = map[record.Kind]*rapid.Generator[string]{
		record.Int:     rapid.Map(rapid.Int64Range(-20_000_000, 20_000_000), func(n int64) string { return fmt.Sprint(n) }),
		record.Decimal: rapid.Map(rapid.Int64Range(-20_000_000, 20_000_000), func(n int64) string { return fmt.Sprintf("%d.%03d", n/1000, max(n%1000, -n%1000)) }),
		record.Date: rapid.Map(rapid.IntRange(0, 20_000), func(n int) string {
			return time.Date(1995, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n).Format(time.DateOnly)
		}),
	}
)

// TestLocales: a column that is written in any locale is read back as it was, or
// asked about; nothing is ever read as another value.
func TestLocales(t *testing.T) {
	t.Parallel()
	read, asked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]record.Type{{Kind: record.Int, Bits: 64, Native: "bigint"}, {Kind: record.Decimal, Precision: 12, Scale: 3, Native: "numeric(12,3)"}, {Kind: record.Date, Native: "date"}}).Draw(t, "type")
		locales := numberLocales
		if typ.Kind == record.Date {
			locales = dateLocales
		}
		in := rapid.SampledFrom(locales).Draw(t, "locale")
		values := rapid.SliceOfN(valueOf[typ.Kind], 1, 6).Draw(t, "values")
		var texts []string
		for _, v := range values {
			texts = append(texts, in.write(v))
		}
		out, after := planOf(t, typ, nil, texts, nil, nil)
		unclear := has(out, finding.Unclear)
		if unclear {
			asked++
			return
		}
		read++
		for i, v := range values {
			if want, p := typ.Parse(v, time.UTC); p != record.OK || after[i] != want {
				t.Fatalf("%s: %q is read as %q, and was %q; findings %v", in.name, texts[i], after[i], v, out.Findings)
			}
		}
	})
	if read == 0 || asked == 0 || asked > read {
		t.Errorf("%d columns read, %d asked about", read, asked)
	}
}

// TestOursStaysOurs: an export with some values edited is never asked about, even
// where all of its numbers look like thousands.
func TestOursStaysOurs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]record.Type{{Kind: record.Decimal, Precision: 12, Scale: 3, Native: "numeric(12,3)"}, {Kind: record.Decimal, Precision: -1, Scale: -1, Native: "numeric"}, {Kind: record.Float, Bits: 64, Native: "double"}}).Draw(t, "type")
		thousand := rapid.Map(rapid.IntRange(1000, 999_999), func(n int) string { return fmt.Sprintf("%d.%03d", n/1000, n%1000|1) })
		live := rapid.SliceOfN(thousand, 3, 9).Draw(t, "live")
		texts := append([]string{}, live...)
		for i := range rapid.IntRange(0, (len(live)-1)/2).Draw(t, "edited") {
			texts[i] = rapid.OneOf(thousand, rapid.Just("13,75"), rapid.Just("x")).Draw(t, "edit")
		}
		out, after := planOf(t, typ, live, texts, nil, nil)
		if has(out, finding.Unclear) || has(out, finding.Format) {
			t.Fatalf("findings %v", out.Findings)
		}
		for i, v := range after {
			if want, p := typ.Parse(texts[i], time.UTC); p == record.OK && v != want {
				t.Fatalf("%q is read as %q", texts[i], v)
			}
		}
	})
}

// TestAmbiguousIsAsked: a column whose days could all be months is asked about,
// whatever it holds, and read when somebody chooses, or did before.
func TestAmbiguousIsAsked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		typ := record.Type{Kind: record.Date, Native: "date"}
		layout := rapid.SampledFrom([]string{"02/01/2006", "2.1.2006", "1-2-2006", "02/01/06"}).Draw(t, "layout")
		name := map[bool]string{true: "dmy", false: "mdy"}[strings.HasPrefix(layout, "0") || strings.HasPrefix(layout, "2")]
		if strings.HasSuffix(layout, "/06") {
			name += "2"
		}
		days := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("20%02d-%02d-%02d", rapid.IntRange(0, 49).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 12).Draw(t, "day"))
		}), 1, 5).Draw(t, "days")
		days = append(days, "2026-02-01")
		var texts []string
		for _, v := range days {
			texts = append(texts, dateIn(layout).write(v))
		}
		out, _ := planOf(t, typ, nil, texts, nil, nil)
		if !has(out, finding.Unclear) || out.Manifest.Counts.Invalid != int64(len(days)) {
			t.Fatalf("%v are not asked about: %v", texts, out.Findings)
		}
		chosen := map[string]string{"value": name}
		_, now := planOf(t, typ, nil, texts, chosen, nil)
		_, before := planOf(t, typ, nil, texts, nil, chosen)
		for i, v := range days {
			if now[i] != v || before[i] != v {
				t.Fatalf("%q is read as %q where it is chosen, and as %q where it was", texts[i], now[i], before[i])
			}
		}
	})
}

func has(out *plan.Outcome, guardrail string) bool {
	for _, f := range out.Findings {
		if f.Guardrail == guardrail {
			return true
		}
	}
	return false
}

// planOf plans a file of numbered rows with one column over a table that has the
// live values, by formats that are chosen or were before, and gives what the rows
// have afterwards ("" where they are not planned to have anything).
func planOf(t *rapid.T, typ record.Type, live, texts []string, formats, before map[string]string) (*plan.Outcome, []string) {
	columns := record.Schema{{Name: "id", Type: record.Type{Kind: record.Int, Bits: 64, Native: "bigint"}}, {Name: "value", Type: typ, Nullable: true}}
	db := mem.New()
	db.Create(mem.Table{Name: tableName, Columns: columns, Key: []string{"id"}})
	for i, v := range live {
		canonical, p := typ.Parse(v, time.UTC)
		if err := db.Insert(tableName, columns, [][]*string{{number(i), &canonical}}); err != nil || p != record.OK {
			t.Fatalf("%v %s", err, p)
		}
	}
	w := &world{db: db, cases: 1}
	for i := range texts {
		w.records = append(w.records, fileRecord{cells: []*string{number(i), &texts[i]}})
	}
	spec := plan.Spec{Table: driver.Table{Table: tableName, Columns: columns, PrimaryKey: []string{"id"}}, Key: columns[:1], Judged: columns[1:],
		Columns: columns.Names(), Location: time.UTC, Sources: []plan.Source{{File: 0, Name: "id", Column: "id"}, {File: 1, Name: "value", Column: "value"}},
		Options: change.Options{Mode: change.Upsert, LeaveOut: true, Formats: formats}, Allow: map[driver.Op]bool{driver.Insert: true, driver.Update: true}}
	spec.Remembered = map[string]plan.Remembered{}
	for column, name := range before {
		spec.Remembered[column] = plan.Remembered{Format: name, Change: "1012"}
	}
	sys, err := system.Open(t.Context(), "mem", "mem", "", system.Registry{"mem": db.Open})
	if err != nil {
		t.Fatal(err)
	}
	out, rows, err := plan.Reference(t.Context(), spec, bytes.NewReader(w.staging(w.order())), sys)
	if err != nil {
		t.Fatal(err)
	}
	return out, afterOf(t, rows.Canonical, live, len(texts))
}

// afterOf takes the values afterwards from canonical rows, op, mask, key, before
// and after; rows that are not there keep what they had.
func afterOf(t *rapid.T, rows []byte, live []string, n int) []string {
	after := make([]string, n)
	copy(after, live)
	for i, line := range strings.Split(strings.TrimSuffix(string(rows), "\n"), "\n") {
		fields := strings.Split(strings.ReplaceAll(line, `"`, ""), ",")
		if i == 0 {
			continue
		}
		var id int
		if _, err := fmt.Sscan(fields[2], &id); err != nil {
			t.Fatal(err)
		}
		after[id] = fields[4]
	}
	return after
}
