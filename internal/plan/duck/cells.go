package duck

import (
	"fmt"
	"strings"
	"time"

	"sutor/internal/record"
)

// cellSQL gives, for a column expression x holding a cell's text, the SQL for
// its problem and its canonical text. It is the twin of record.Type.Parse: the
// same grammar, then the conversion, then the proof that nothing was lost.
//
// mids are intermediate columns, each computed from the ones before it, so that
// no expression is written (and computed) twice; see layered.
type cellSQL struct {
	mids    [][2]string // name, expression
	problem string
	value   string
}

// cell builds the SQL for column number i of type t; its text is column s<i>.
func cell(t record.Type, i int, loc *time.Location) cellSQL {
	if t.Kind == record.Text {
		return textCell(t, i)
	}
	if t.Kind == record.Native {
		return nativeCell(i)
	}
	s := fmt.Sprintf("s%d", i)
	tr := fmt.Sprintf("t%d", i)
	read := matched(s, t.Kind.Grammar())
	if t.Kind == record.Enum {
		read = labelled(s, t.Labels)
	}
	c := cellSQL{mids: [][2]string{{tr, read}}}
	switch t.Kind {
	case record.Bool:
		c.value = `CASE WHEN @t IN ('true', 't') THEN 'true' WHEN @t IN ('false', 'f') THEN 'false'
			WHEN lower(left(@t, 1)) IN ('t', 'y', '1') THEN 'true' ELSE 'false' END`
	case record.Int:
		c.intCell(t)
	case record.Decimal:
		c.decimalCell(t)
	case record.Float:
		c.floatCell(t, i)
	case record.Date:
		c.problem = `WHEN TRY_CAST(@t AS DATE) IS NULL OR starts_with(@t, '0000') THEN 'no-such-day'`
		c.value = `@t`
	case record.Timestamp, record.TimestampTZ:
		c.timestampCell(t, i, loc)
	case record.UUID, record.Bytes:
		c.value = `lower(@t)`
	case record.Time:
		c.clockCell(t)
	case record.Enum:
		c.value = `@t`
	}
	c.held(t)
	c.problem = `CASE WHEN @t IS NULL THEN 'not-of-type' ` + c.problem + ` END`
	c.fill(i, tr)
	return c
}

// held adds what a system bounds besides the grammar: the twin of record.Type.holds, but
// for texts.
func (c *cellSQL) held(t record.Type) {
	switch {
	case t.Unsigned && (t.Kind == record.Decimal || t.Kind == record.Float):
		c.mid("k", c.value)
		c.problem += ` WHEN starts_with(@k, '-') THEN 'out-of-range'`
	case t.Kind == record.TimestampTZ && t.Last != "":
		c.mid("k", c.value)
		c.problem += ` WHEN @k < ` + text(t.First) + ` OR @k > ` + text(t.Last) + ` THEN 'out-of-range'`
	case t.Kind == record.Bytes && t.MaxBytes > 0:
		c.problem += fmt.Sprintf(` WHEN length(@t) > %d THEN 'too-long'`, len(`\x`)+2*t.MaxBytes)
		return
	default:
		return
	}
	c.value = `@k`
}

// matched gives the text that the grammar matches, without the blanks around it;
// NULL where it does not match, so that nothing further is ever computed from a
// text that is not of the type. No grammar begins or ends with a blank, so most
// texts need no trimming.
func matched(s, grammar string) string {
	trimmed := fmt.Sprintf(`trim(%s, ' ' || chr(9))`, s)
	return fmt.Sprintf(`CASE WHEN regexp_full_match(%[1]s, %[2]s) THEN %[1]s WHEN regexp_full_match(%[3]s, %[2]s) THEN %[3]s END`, s, text(grammar), trimmed)
}

// labelled gives the label that a text is, as it stands or without blanks around it.
func labelled(s string, labels []string) string {
	quoted := []string{"NULL"}
	for _, l := range labels {
		quoted = append(quoted, text(l))
	}
	in := strings.Join(quoted, ", ")
	trimmed := fmt.Sprintf(`trim(%s, ' ' || chr(9))`, s)
	return fmt.Sprintf(`CASE WHEN %[1]s IN (%[3]s) THEN %[1]s WHEN %[2]s IN (%[3]s) THEN %[2]s END`, s, trimmed, in)
}

// layered wraps from, which has the cells' texts, in one subquery for each depth
// of intermediate columns: DuckDB computes each once a row, where it would copy
// an alias of the same SELECT into every CASE that uses it.
func layered(from string, cells []cellSQL) string {
	for depth := 0; ; depth++ {
		mids := ""
		for _, c := range cells {
			if depth < len(c.mids) {
				mids += ", " + c.mids[depth][1] + " AS " + c.mids[depth][0]
			}
		}
		if mids == "" {
			return from
		}
		from = "(SELECT *" + mids + " FROM " + from + ")"
	}
}

// fill puts the names of the intermediate columns in.
func (c *cellSQL) fill(i int, trimmed string) {
	r := strings.NewReplacer(
		"@date_bad", `(TRY_CAST(left(@t, 10) AS DATE) IS NULL OR left(@t, 4) = '0000')`)
	n := strings.NewReplacer("@t", trimmed, "@", fmt.Sprintf("x%d_", i))
	for j := range c.mids {
		c.mids[j][0] = n.Replace(c.mids[j][0])
		c.mids[j][1] = n.Replace(r.Replace(c.mids[j][1]))
	}
	c.problem, c.value = n.Replace(r.Replace(c.problem)), n.Replace(r.Replace(c.value))
}

func textCell(t record.Type, i int) cellSQL {
	c := cellSQL{value: fmt.Sprintf("s%d", i)}
	c.problem = `CASE WHEN contains(` + c.value + `, chr(0)) THEN 'nul-character'`
	if t.Fixed {
		c.mid("v", fmt.Sprintf("CASE WHEN ends_with(s%[1]d, ' ') THEN rtrim(s%[1]d, ' ') ELSE s%[1]d END", i))
		c.value = "@v"
	}
	if t.MaxLen > 0 {
		c.problem += fmt.Sprintf(` WHEN length(%s) > %d THEN 'too-long'`, c.value, t.MaxLen)
	}
	if t.MaxBytes > 0 {
		c.problem += fmt.Sprintf(` WHEN strlen(%s) > %d THEN 'too-long'`, c.value, t.MaxBytes)
	}
	c.problem += " END"
	c.fill(i, c.value)
	return c
}

func (c *cellSQL) mid(name, expression string) {
	c.mids = append(c.mids, [2]string{"@" + name, expression})
}

// intCell casts a whole number, which takes signs and zeros before it off. DuckDB has
// signed types of all sizes but 24 bits; the rest is held to its bounds.
func (c *cellSQL) intCell(t record.Type) {
	name, out := map[int]string{8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}[t.Bits], `@i IS NULL`
	if name == "" || t.Unsigned {
		low, high := t.Bounds()
		name, out = "HUGEINT", `coalesce(@i NOT BETWEEN `+low+` AND `+high+`, true)`
	}
	c.mid("i", `TRY_CAST(@t AS `+name+`)`)
	c.problem = `WHEN ` + out + ` THEN 'out-of-range'`
	c.value = `CAST(@i AS VARCHAR)`
}

// decimalCell takes a text apart unless it is canonical, as most are: @u, @w and @f
// are NULL then.
func (c *cellSQL) decimalCell(t record.Type) {
	c.mid("p", `regexp_full_match(@t, `+text(plainDecimal(t))+`)`)
	c.mid("u", `CASE WHEN NOT @p THEN ltrim(@t, '+-') END`)
	c.mid("w", `ltrim(split_part(@u, '.', 1), '0')`)
	c.mid("f", `rtrim(split_part(@u, '.', 2), '0')`)
	frac := `@f`
	if t.Scale >= 0 {
		frac = fmt.Sprintf(`rpad(@f, %d, '0')`, t.Scale)
		c.problem = fmt.Sprintf(`WHEN length(@f) > %d THEN 'too-exact'`, t.Scale)
		if t.Precision >= 0 {
			c.problem += fmt.Sprintf(` WHEN length(ltrim(@w || %s, '0')) > %d THEN 'out-of-range'`, frac, t.Precision)
		}
	} else {
		c.problem = `WHEN length(@w) > 1000 OR length(@f) > 1000 THEN 'out-of-range'`
	}
	point := `CASE WHEN ` + frac + ` = '' THEN '' ELSE '.' || ` + frac + ` END`
	if t.Scale == 0 {
		point = `''`
	}
	c.value = `CASE WHEN @p THEN @t ELSE CASE WHEN starts_with(@t, '-') AND (@w <> '' OR @f <> '') THEN '-' ELSE '' END ||
		CASE WHEN @w = '' THEN '0' ELSE @w END || ` + point + ` END`
}

// plainDecimal matches numbers of a type as they are when canonical, though not all of
// them; "" matches none.
func plainDecimal(t record.Type) string {
	scale, whole := max(t.Scale, 0), 18
	if t.Precision >= 0 {
		whole = min(t.Precision-scale, whole)
	}
	if whole < 1 || scale > 1000 { // RE2 repeats nothing more often
		return ""
	}
	numbers := fmt.Sprintf(`(?:0|-?[1-9][0-9]{0,%d})`, whole-1)
	if scale > 0 {
		numbers += fmt.Sprintf(`\.[0-9]{%d}`, scale)
	}
	return numbers
}

func (c *cellSQL) floatCell(t record.Type, i int) {
	kind := floatType(t)
	digits := func(x string) string {
		return `trim(regexp_replace(split_part(lower(` + x + `), 'e', 1), '[^0-9]', '', 'g'), '0')`
	}
	c.mid("d", `TRY_CAST(@t AS `+kind+`)`)
	c.mid("v", floatText(t, "@d"))
	c.problem = `WHEN @d IS NULL OR isinf(@d) THEN 'out-of-range' WHEN ` + digits("@t") + ` <> ` + digits("@v") + ` THEN 'too-exact'`
	c.value = `@v`
}

func floatType(t record.Type) string {
	if t.Bits == 32 {
		return "FLOAT"
	}
	return "DOUBLE"
}

// canonicalLive gives the canonical text of a live value that a driver read:
// only floats need it, because each system prints them its own way.
func canonicalLive(t record.Type, x string) string {
	if t.Kind != record.Float {
		return x
	}
	d := `TRY_CAST(` + x + ` AS ` + floatType(t) + `)`
	return `CASE WHEN ` + d + ` IS NULL THEN ` + x + ` ELSE ` + floatText(t, d) + ` END`
}

// floatText is the twin of record.FormatFloat.
func floatText(t record.Type, d string) string {
	shortest := d
	if t.Bits == 32 {
		shortest = `CASE WHEN NOT isfinite(` + d + `) THEN CAST(` + d + ` AS DOUBLE)`
		for digits := 6; digits <= 9; digits++ {
			text := fmt.Sprintf(`printf('%%.%dg', %s)`, digits, d)
			shortest += ` WHEN TRY_CAST(` + text + ` AS FLOAT) = ` + d + ` THEN TRY_CAST(` + text + ` AS DOUBLE)`
		}
		shortest += ` ELSE CAST(` + d + ` AS DOUBLE) END`
	}
	return `CASE WHEN ` + d + ` = 0 THEN '0.0' ELSE CAST(` + shortest + ` AS VARCHAR) END`
}

// timestampCell: the date and the clock stay text; only an offset needs
// arithmetic, on whole seconds.
func (c *cellSQL) timestampCell(t record.Type, i int, loc *time.Location) {
	c.mid("r", `substr(@t, 12)`)
	c.mid("h", `regexp_extract(@r, '^[0-9:]+')`)
	c.mid("f", `rtrim(regexp_extract(@r, '[.]([0-9]+)', 1), '0')`)
	c.mid("c", `left(@t, 10) || ' ' || CASE WHEN length(@h) = 5 THEN @h || ':00' ELSE @h END`)
	fraction := `CASE WHEN @f = '' THEN '' ELSE '.' || @f END`
	c.problem = fmt.Sprintf(`WHEN @date_bad THEN 'no-such-day' WHEN length(@f) > %d THEN 'too-exact'`, t.Fraction)
	if t.Kind == record.Timestamp {
		c.value = `@c || ` + fraction
		return
	}
	c.mid("o", `regexp_extract(@r, '(Z|[+-][0-9:]+)$', 1)`)
	c.mid("l", `TRY_CAST(@c AS TIMESTAMP)`)
	c.mid("z", localInstant(loc))
	c.mid("i", `CASE WHEN @o = '' THEN @z WHEN @o = 'Z' THEN @l ELSE @l - to_minutes(
		CASE WHEN starts_with(@o, '-') THEN -1 ELSE 1 END *
		(COALESCE(TRY_CAST(substr(@o, 2, 2) AS INTEGER), 0) * 60 + COALESCE(TRY_CAST(substr(replace(@o, ':', ''), 4, 2) AS INTEGER), 0))) END`)
	if !isUTC(loc) {
		c.problem += ` WHEN @o = '' AND left(@t, 4) < '1970' THEN 'before-1970'`
	}
	c.problem += ` WHEN @o = '' AND ` + skipped(loc) + ` THEN 'no-such-time' WHEN @o = '' AND ` + twice(loc) + ` THEN 'time-occurs-twice'
		WHEN year(@i) NOT BETWEEN 1 AND 9999 THEN 'no-such-day'`
	c.value = `CAST(@i AS VARCHAR) || ` + fraction + ` || '+00'`
}

// clockCell: the clock of a time of day stays text as well.
func (c *cellSQL) clockCell(t record.Type) {
	c.mid("h", `regexp_extract(@t, '^[0-9:]+')`)
	c.mid("f", `rtrim(regexp_extract(@t, '[.]([0-9]+)', 1), '0')`)
	c.problem = fmt.Sprintf(`WHEN length(@f) > %d THEN 'too-exact'`, t.Fraction)
	c.value = `CASE WHEN length(@h) = 5 THEN @h || ':00' ELSE @h END || CASE WHEN @f = '' THEN '' ELSE '.' || @f END`
}

// localInstant, skipped and twice read a clock time in the Compact's zone; for
// UTC there is nothing to do.
func localInstant(loc *time.Location) string {
	if isUTC(loc) {
		return `@l`
	}
	return `timezone('UTC', timezone(` + text(loc.String()) + `, @l))`
}

func skipped(loc *time.Location) string {
	if isUTC(loc) {
		return `false`
	}
	return `timezone(` + text(loc.String()) + `, timezone('UTC', @z)) <> @l`
}

func twice(loc *time.Location) string {
	if isUTC(loc) {
		return `false`
	}
	var other []string
	for _, minutes := range []int{30, 60, 120} { // the shifts that zones have used in the last hundred years
		for _, sign := range []string{"+", "-"} {
			other = append(other, fmt.Sprintf(`timezone(%s, timezone('UTC', @z %s to_minutes(%d))) = @l`, text(loc.String()), sign, minutes))
		}
	}
	return `(` + strings.Join(other, " OR ") + `)`
}

func isUTC(loc *time.Location) bool { return loc == nil || loc == time.UTC || loc.String() == "UTC" }
