package drivertest

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"sutor/internal/record"
)

// edges gives canonical texts of a type that are known to break things.
func edges(t record.Type) []string {
	switch t.Kind {
	case record.Bool:
		return []string{"true", "false"}
	case record.Int:
		low, high := t.Bounds()
		if t.Unsigned {
			return []string{low, "1", "100", high}
		}
		return []string{"0", "1", "-1", low, high, "100"}
	case record.Decimal:
		return canonical(t, "0", "0.1", "-0.1", "1", "-12.5", "0.05", nines(t), "-"+nines(t))
	case record.Float:
		return canonical(t, edgeFloats(t.Bits)...)
	case record.Text:
		return edgeTexts(t)
	case record.Date:
		return []string{"0001-01-01", "1582-10-10", "1969-12-31", "2000-02-29", "2024-02-29", "2100-02-28", "9999-12-31"}
	case record.Timestamp:
		return canonical(t, "0001-01-01 00:00:00", "1969-12-31 23:59:59.999999", "1999-12-31 23:59:59", "2024-02-29 12:34:56.123456",
			"2026-03-29 02:30:00", "2026-06-01 00:00:00.5", "9999-12-31 23:59:59")
	case record.TimestampTZ:
		return canonical(t, "0001-01-01 00:00:00+00", "1969-12-31 23:59:59.999999+00", "2026-03-29 00:59:59+00", "2026-03-29 01:00:00+00",
			"2026-10-25 00:30:00.000001+00", "2026-10-25 01:30:00+00", "1890-06-01 12:00:00+00", "9999-12-31 23:59:59+00")
	case record.Time:
		return canonical(t, "00:00:00", "12:34:56.123456", "23:59:59.999999", "23:59:59", "07:30:00.5")
	case record.Bytes:
		return canonical(t, `\x`, `\x00`, `\xdeadbeef`, `\x5c2e0a`, `\x`+strings.Repeat("ff", 3000))
	case record.Enum:
		return t.Labels
	case record.UUID:
		return []string{"00000000-0000-0000-0000-000000000000", "123e4567-e89b-12d3-a456-426614174000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}
	}
	return nil
}

// canonical parses texts by the type's grammar and leaves out those that are
// none of its values.
func canonical(t record.Type, texts ...string) []string {
	var out []string
	for _, s := range texts {
		if c, p := t.Parse(s, time.UTC); p == record.OK {
			out = append(out, c)
		}
	}
	return out
}

// nines is the largest value of a decimal type, or a very long one.
func nines(t record.Type) string {
	if t.Scale < 0 {
		digits := 40
		if t.Precision > 0 {
			digits = t.Precision
		}
		return strings.Repeat("9", digits-digits/3) + "." + strings.Repeat("9", digits/3)
	}
	digits := strings.Repeat("0", max(0, t.Scale-t.Precision)) + strings.Repeat("9", t.Precision)
	return digits[:len(digits)-t.Scale] + "." + digits[len(digits)-t.Scale:]
}

func edgeFloats(bits int) []string {
	values := []float64{0, 1, -1, 0.1, 1.0 / 3, 1e15, 1e16, 123456.75, -2.5e-7, math.Pi}
	if bits == 64 {
		values = append(values, math.MaxFloat64, 1e-300, 1e300, 4503599627370497.5)
	} else {
		values = append(values, math.MaxFloat32, 1e-30)
	}
	var out []string
	for _, v := range values {
		if bits == 32 {
			v = float64(float32(v))
		}
		out = append(out, record.FormatFloat(v, bits))
	}
	return out
}

func edgeTexts(t record.Type) []string {
	texts := []string{
		"", " ", "plain", "NULL", "null", `\N`, `\.`, "\n\\.\n", "a\n\\.\nb", `\`, `\\`, "'", "''", `"`, `""`, `say "hi"`, "a,b", ",", "\t", "a\tb",
		"line\nline", "line\r\nline", "\r", "tail  ", "  lead", "'; DROP TABLE x; --", "$1", "%s", "?", ":name", "é", "e\u0301", "日本語", "😀", "👩‍👩‍👧",
		"\u200b", "\ufeffbom", "true", "007", "1e3", "NaN", "2024-02-30", "\x01\x1f\x7f",
		strings.Repeat("x", 4000), strings.Repeat("ü€😀\"", 1000),
	}
	return canonicalTexts(t, texts)
}

// canonicalTexts cuts texts to the type's length instead of leaving them out.
func canonicalTexts(t record.Type, texts []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range texts {
		if t.MaxLen > 0 && utf8.RuneCountInString(s) > t.MaxLen {
			s = string([]rune(s)[:t.MaxLen])
		}
		if c, p := t.Parse(s, time.UTC); p == record.OK && !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}

// value draws a canonical text of a type.
func value(t record.Type) *rapid.Generator[string] {
	edge := rapid.SampledFrom(edges(t))
	switch t.Kind {
	case record.Int:
		return rapid.OneOf(edge, ints(t))
	case record.Decimal:
		return rapid.OneOf(edge, decimals(t))
	case record.Float:
		return rapid.OneOf(edge, floats(t))
	case record.Text:
		return rapid.OneOf(edge, texts(t))
	case record.Date, record.Timestamp, record.TimestampTZ:
		return rapid.OneOf(edge, times(t))
	}
	return edge
}

func ints(t record.Type) *rapid.Generator[string] {
	if t.Unsigned {
		return rapid.Map(rapid.Uint64Range(0, 1<<t.Bits-1), func(v uint64) string { return fmt.Sprint(v) })
	}
	return rapid.Map(rapid.Int64Range(-1<<(t.Bits-1), 1<<(t.Bits-1)-1), func(v int64) string { return fmt.Sprint(v) })
}

func decimals(t record.Type) *rapid.Generator[string] {
	return rapid.Custom(func(rt *rapid.T) string {
		scale := max(t.Scale, 0)
		digits := 18
		if t.Precision > 0 {
			digits = min(t.Precision, 18)
		}
		limit := int64(math.Pow10(digits)) - 1
		least := -limit
		if t.Unsigned {
			least = 0
		}
		v := rapid.Int64Range(least, limit).Draw(rt, "digits")
		sign := ""
		if v < 0 {
			sign, v = "-", -v
		}
		s := fmt.Sprintf("%0*d", scale+1, v)
		s = sign + s[:len(s)-scale] + "." + s[len(s)-scale:]
		c, p := t.Parse(strings.TrimSuffix(s, "."), time.UTC)
		if p != record.OK {
			return "0"
		}
		return c
	})
}

func floats(t record.Type) *rapid.Generator[string] {
	least := -1.0
	if t.Unsigned {
		least = 0
	}
	if t.Bits == 32 {
		return rapid.Map(rapid.Float32Range(float32(least)*1e30, 1e30), func(v float32) string { return record.FormatFloat(float64(v), 32) })
	}
	return rapid.Map(rapid.Float64Range(least*1e300, 1e300), func(v float64) string { return record.FormatFloat(v, 64) })
}

func texts(t record.Type) *rapid.Generator[string] {
	return rapid.Map(rapid.StringN(0, 40, -1), func(s string) string {
		s = strings.ReplaceAll(s, "\x00", "")
		if all := canonicalTexts(t, []string{s}); len(all) == 1 {
			return all[0]
		}
		return ""
	})
}

// times draws an instant between the years 2 and 9998, or of those that the type has.
func times(t record.Type) *rapid.Generator[string] {
	return rapid.Custom(func(rt *rapid.T) string {
		least, most := int64(-62_100_000_000_000_000), int64(253_300_000_000_000_000)
		if first, err := time.Parse(time.DateTime+"-07", t.First); err == nil {
			least = first.UnixMicro()
		}
		if last, err := time.Parse(time.DateTime+"-07", t.Last); err == nil {
			most = last.UnixMicro()
		}
		at := time.UnixMicro(rapid.Int64Range(least, most).Draw(rt, "microseconds")).UTC()
		if t.Fraction < 6 {
			at = at.Truncate(time.Second)
		}
		layout := map[record.Kind]string{record.Date: time.DateOnly, record.Timestamp: time.DateTime + ".999999", record.TimestampTZ: time.DateTime + ".999999-07"}[t.Kind]
		return at.Format(layout)
	})
}
