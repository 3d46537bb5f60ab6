package workflow_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/record"
)

// names break programs that quote by hand, fold case, format SQL, or take a
// column of the user's for one of their own.
var names = []string{`Straße`, "order", "select", "with space", `Cust"omer`, "it's", "a,b", "a.b", "semi;colon", `back\slash`, "$1 %s ?",
	"Ünïcode", "UPPER", "-- x", "n", "mask", "line", "op", "k0", "b0", "a1", "found", "defect", "stored0", "日本", emoji}

// emoji is a name that MariaDB cannot have: it has names of the basic plane.
const emoji = "😀"

// drawTable draws a table's structure: a key of up to three columns, which may be
// numbered by the system, and up to six others, one of them generated perhaps.
func drawTable(rt *rapid.T, e engine, no int) *table {
	_, maria := e.(mariaDatabase)
	called := rapid.SliceOfNDistinct(rapid.SampledFrom(names).Filter(func(n string) bool { return !maria || n != emoji }), 3, 10, rapid.ID[string]).Draw(rt, "names")
	t := &table{name: e.place(no, called[0]), keys: rapid.IntRange(1, min(3, len(called)-2)).Draw(rt, "keys")}
	keyTypes := slices.DeleteFunc(e.types(), func(c column) bool {
		return c.Type.Kind == record.Float || c.Type.Kind == record.Bool || c.decl == longText || c.decl == longBytes
	})
	for i, name := range called[1:] {
		var c column
		switch {
		case i < t.keys:
			c = rapid.SampledFrom(keyTypes).Draw(rt, "key type")
			drawIdentity(rt, e, t, &c)
		case i == len(called)-2 && i > t.keys && !strings.HasSuffix(t.columns[0].decl, autoIncrement) && rapid.IntRange(0, 3).Draw(rt, "generated") == 0:
			c = t.columns[0]
			c.Identity, c.HasDefault, c.Generated, c.Nullable = "", false, true, true
			c.decl = strings.TrimSuffix(c.decl, " PRIMARY KEY")
		default:
			c = rapid.SampledFrom(e.types()).Draw(rt, "type")
			c.Nullable = rapid.IntRange(0, 3).Draw(rt, "nullable") > 0
			c.def = field{null: true}
			if c.HasDefault = rapid.IntRange(0, 2).Draw(rt, "default") == 0 || !c.Nullable && rapid.Bool().Draw(rt, "default too"); c.HasDefault {
				c.def = field{text: drawValue(rt, c.Type)}
			}
		}
		c.Name = name
		t.columns = append(t.columns, c)
	}
	return t
}

// drawIdentity may have the system number a key of one column.
func drawIdentity(rt *rapid.T, e engine, t *table, c *column) {
	if t.keys > 1 || c.Type.Kind != record.Int || c.Type.Bits != 64 {
		return
	}
	switch e.(type) {
	case sqliteFile:
		if rapid.Bool().Draw(rt, "row number") {
			c.decl, c.Identity, c.HasDefault = "INTEGER PRIMARY KEY", "default", true
		}
		return
	case mariaDatabase:
		if rapid.Bool().Draw(rt, "numbered") {
			c.decl, c.Identity, c.HasDefault = c.decl+autoIncrement, "default", true
		}
		return
	}
	c.Identity = rapid.SampledFrom([]string{"", "default", "always"}).Draw(rt, "identity")
}

// drawRows draws the table's rows.
func drawRows(rt *rapid.T, e engine, t *table) map[string]row {
	rows := map[string]row{}
	for range rapid.IntRange(0, 8).Draw(rt, "rows") {
		r := make(row, len(t.columns))
		for i, c := range t.columns {
			r[i] = drawField(rt, e, c, i < t.keys)
		}
		t.generate(r)
		rows[t.key(r)] = r
	}
	return rows
}

func drawField(rt *rapid.T, e tables, c column, key bool) field {
	how := rapid.IntRange(0, 9).Draw(rt, "field")
	odd := e.odd(c.Type)
	switch {
	case key:
		return field{text: drawKey(rt, c.Type)}
	case how < 2 && c.Nullable:
		return field{null: true}
	case how == 2 && len(odd) > 0:
		return field{odd: rapid.SampledFrom(odd).Draw(rt, "odd")}
	}
	return field{text: drawValue(rt, c.Type)}
}

// drawKey draws a value that can be a key: text is not empty.
func drawKey(rt *rapid.T, t record.Type) string {
	v := drawValue(rt, t)
	if t.Kind == record.Text && strings.TrimSpace(v) == "" {
		return "k"
	}
	return v
}

// drawValue draws a value's canonical text.
func drawValue(rt *rapid.T, t record.Type) string {
	pool := pools(t)
	if t.Kind == record.Text && t.Labels == nil && rapid.IntRange(0, 3).Draw(rt, "any text") == 0 {
		any := rapid.StringOfN(rapid.Rune().Filter(func(r rune) bool { return r != 0 }), 0, 6, -1).Draw(rt, "text")
		pool = []string{any}
	}
	v, p := t.Parse(rapid.SampledFrom(pool).Draw(rt, "value"), time.UTC)
	if p != record.OK {
		rt.Fatalf("the pool of %v holds no value: %s", t, p)
	}
	return v
}

// pools gives texts of a type, among them those known to break things; those of its
// own where it has some (an enum, a system's own types, a narrow one), also where a system
// has not all values of a kind.
func pools(t record.Type) []string {
	if len(t.Labels) > 0 {
		return t.Labels
	}
	switch t.Kind {
	case record.Bool:
		return []string{"true", "false"}
	case record.Int:
		high := int64(1)<<(t.Bits-1) - 1
		if t.Unsigned {
			return []string{"0", "1", "7", "42", fmt.Sprint(uint64(high)*2 + 1)}
		}
		return []string{"0", "1", "-1", "7", "42", fmt.Sprint(high), fmt.Sprint(-high - 1)}
	case record.Decimal:
		if t.Scale == 0 {
			return []string{"0", "1", "-12", "9007199254740993", "999999999999999999"}
		}
		if t.Precision == 40 || t.Precision < 0 {
			return []string{"0", "1", "-12.5", "0.05", "12345678901234567890.0123456789", "-0.00000000000000000001"}
		}
		return []string{"0", "1", "-12.5", "0.05", "99999999.99", "100", "0.1"}
	case record.Float:
		floats := []string{"0", "1", "-1", "0.1", "1e15", "1e16", "123456.75", "-2.5e-7", "3e30"}
		if t.Bits == 64 {
			floats = append(floats, "0.3333333333333333") // which SQLite prints with one digit more
		}
		return floats
	case record.Date:
		return []string{"0001-01-01", "1582-10-10", "2000-02-29", "2026-03-31", "9999-12-31"}
	case record.Timestamp:
		return []string{"0001-01-01 00:00:00", "1999-12-31 23:59:59", "2026-03-29 02:30:00", "9999-12-31 23:59:59"}
	case record.TimestampTZ:
		return []string{"0001-01-01 00:00:00+00", "2026-03-29 01:00:00+00", "2026-10-25 00:30:00.5+00", "9999-12-31 23:59:59+00"}
	case record.Time:
		return []string{"00:00:00", "07:30:00.5", "12:34:56.123456", "23:59:59.999999"}
	case record.Bytes:
		return []string{`\x`, `\x00`, `\x5c2e0a`, `\xdeadbeef`}
	case record.UUID:
		return []string{"00000000-0000-0000-0000-000000000000", "123e4567-e89b-12d3-a456-426614174000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}
	}
	texts := []string{"", "x", "plain", "NULL", `\N`, `\.`, "a\n\\.", "'", `"`, `""`, "a,b", ";", "\t", "l\nl", "l\r\nl", "tail ", " lead", "'); --", "$1", "é", "e\u0301", "日本", "😀", "007", "1e3", "true"}
	return slices.DeleteFunc(texts, func(s string) bool { _, p := t.Parse(s, nil); return p != record.OK })
}

// drawProposal draws a file about the table: rows that are there and rows that
// are not, in any order, with some of the columns.
func drawProposal(rt *rapid.T, t *table, live map[string]row) proposal {
	p := proposal{options: change.Options{
		Mode:       rapid.SampledFrom([]change.Mode{change.Upsert, change.Upsert, change.Update, change.Insert}).Draw(rt, "mode"),
		ClearEmpty: rapid.Bool().Draw(rt, "clear"), LeaveOut: rapid.IntRange(0, 3).Draw(rt, "leave out") > 0}}
	for i, c := range t.columns {
		if i < t.keys || !c.Generated && rapid.IntRange(0, 3).Draw(rt, "in the file") > 0 {
			p.columns = append(p.columns, i)
		}
	}
	p.columns = rapid.Permutation(p.columns).Draw(rt, "columns")
	var keys []row
	for _, k := range sortedKeys(live) {
		if rapid.IntRange(0, 3).Draw(rt, "known row") > 0 {
			keys = append(keys, live[k])
		}
	}
	for range rapid.IntRange(0, 3).Draw(rt, "other rows") {
		r := make(row, len(t.columns))
		for i, c := range t.columns[:t.keys] {
			r[i] = field{text: drawKey(rt, c.Type)}
		}
		if known, ok := live[t.key(r)]; ok {
			r = known
		}
		if p.options.LeaveOut || !slices.ContainsFunc(keys, func(k row) bool { return t.key(k) == t.key(r) }) {
			keys = append(keys, r)
		}
	}
	for _, k := range rapid.Permutation(keys).Draw(rt, "order") {
		p.lines = append(p.lines, drawLine(rt, t, k, p))
	}
	return p
}

func drawLine(rt *rapid.T, t *table, known row, p proposal) line {
	l := line{}
	for _, i := range p.columns {
		c := t.columns[i]
		how := rapid.IntRange(0, 9).Draw(rt, "cell")
		switch {
		case i < t.keys:
			l[i] = spelled(rt, c.Type, known[i].text)
		case how < 2:
			l[i] = cell{empty: true}
		case how < 5 && known[i] != (field{}) && !known[i].null && known[i].odd == "":
			l[i] = spelled(rt, c.Type, known[i].text)
		case how == 5 && p.options.LeaveOut && c.Type.Kind != record.Text:
			l[i] = cell{text: "no value of it", bad: true}
		default:
			l[i] = spelled(rt, c.Type, drawValue(rt, c.Type))
		}
	}
	return l
}

// spelled writes a value in one of the ways that people do.
func spelled(rt *rapid.T, t record.Type, text string) cell {
	c := cell{text: text, value: field{text: text}}
	if t.Kind == record.Text || rapid.Bool().Draw(rt, "as it is") {
		return c
	}
	switch t.Kind {
	case record.Bool:
		c.text = map[string]string{"true": "Yes", "false": "0"}[text]
	case record.Int:
		c.text = strings.Replace("+00"+text, "+00-", "-00", 1)
	case record.Decimal:
		if strings.Contains(text, ".") {
			c.text = strings.TrimRight(text, "0")
		} else {
			c.text = text + ".0"
		}
	case record.Timestamp:
		c.text = strings.Replace(text, " ", "T", 1)
	case record.TimestampTZ:
		c.text = strings.Replace(strings.Replace(text, " ", "T", 1), "+00", "Z", 1)
	case record.Time:
		c.text = strings.TrimSuffix(text, ":00")
	case record.Bytes:
		c.text = `\x` + strings.ToUpper(text[2:])
	case record.UUID:
		c.text = strings.ToUpper(text)
	}
	c.text = " " + c.text + "\t"
	return c
}

// csv writes the file. Every cell that is not empty stands in quotes.
func (p proposal) csv(t *table, separator, end string) string {
	var b strings.Builder
	write := func(i int, text string) {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(text)
	}
	for i, c := range p.columns {
		write(i, quoted(t.columns[c].Name))
	}
	for _, l := range p.lines {
		b.WriteString(end)
		for i, c := range p.columns {
			if cell := l[c]; cell.empty {
				write(i, "")
			} else {
				write(i, quoted(cell.text))
			}
		}
	}
	return b.String() + end
}
