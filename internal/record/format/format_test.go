package format_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/record/format"
)

var kinds = []record.Kind{record.Bool, record.Int, record.Decimal, record.Float, record.Date, record.Timestamp, record.TimestampTZ}

// read gives the format's reading, or "–".
func read(t *testing.T, k record.Kind, name, text string) string {
	t.Helper()
	f, err := format.Named(k, name)
	if err != nil {
		t.Fatal(err)
	}
	standard, ok := f.Read(text)
	if !ok {
		return "–"
	}
	return standard
}

func TestReadings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       record.Kind
		name       string
		text, want string
	}{
		{record.Decimal, "1.234,50", "1.234,50", "1234.50"},
		{record.Decimal, "1.234,50", "1.234.567,5", "1234567.5"},
		{record.Decimal, "1.234,50", "13,75", "13.75"},
		{record.Decimal, "1.234,50", "-1.234", "-1234"},
		{record.Decimal, "1.234,50", "0.500", "–"},
		{record.Decimal, "1.234,50", "12.34,5", "–"},
		{record.Decimal, "1.234,50", "1.2345,6", "–"},
		{record.Decimal, "1234,50", "1.234,50", "–"},
		{record.Decimal, "1,234.50", "(1,234.50)", "-1234.50"},
		{record.Decimal, "1234.50", "( 500 )", "-500"},
		{record.Decimal, "1234.50", "12-", "-12"},
		{record.Decimal, "1234.50", "\u221212.5", "-12.5"},
		{record.Decimal, "1234.50", "- 12", "-12"},
		{record.Decimal, "1234.50", "-(12)", "–"},
		{record.Decimal, "1234.50", "-12-", "–"},
		{record.Decimal, "1234.50", "12,5o", "–"},
		{record.Decimal, "1'234.50", "1'234'567.89", "1234567.89"},
		{record.Decimal, "1'234.50", "1’234", "1234"},
		{record.Decimal, "1 234,50", "1\u00a0234\u202f567,8", "1234567.8"},
		{record.Decimal, "12,34,567.50", "1,23,45,678.90", "12345678.90"},
		{record.Decimal, "12,34,567.50", "123,456.00", "–"},
		{record.Decimal, "1.234,50 €", "€ 1.234,50", "1234.50"},
		{record.Decimal, "€ 1.234,50", "1.234,50\u00a0€", "1234.50"},
		{record.Decimal, "1.234,50 €", "1.234,50", "–"},
		{record.Decimal, "1.234,50 €", "$ 1.234,50", "–"},
		{record.Decimal, "1,234.50 $", "$1,000.00", "1000.00"},
		{record.Decimal, "1,234.50 $", "-$5", "-5"},
		{record.Decimal, "1,234.50 $", "$-5", "-5"},
		{record.Decimal, "1,234.50 $", "-$-5", "–"},
		{record.Decimal, "1,234.50 $", "($5.00)", "-5.00"},
		{record.Decimal, "1,234.50 $", "$ (5.00)", "-5.00"},
		{record.Decimal, "1.234,50 EUR", "500,00- EUR", "-500.00"},
		{record.Decimal, "1234.50 kg", "12 kg", "12"},
		{record.Decimal, "1234.50 l", "12 l", "12"},
		{record.Decimal, "1234.50 l", "1l", "–"},
		{record.Decimal, "1234.50 m2", "12.5 m2", "12.5"},
		{record.Decimal, "1234.50 stone", "12.5 stone", "12.5"},
		{record.Decimal, "1234,50 %", "12,5 %", "12.5"},
		{record.Decimal, "1234,50 %/100", "12,5 %", "000.125"},
		{record.Decimal, "1234,50 %/100", "-5%", "-00.05"},
		{record.Decimal, "1234,50 %/100", "1234%", "00012.34"},
		{record.Float, "1234,50", "1,5E+03", "1.5E+03"},
		{record.Float, "1234.50", "1e-5-", "-1e-5"},
		{record.Decimal, "1234,50", "1,5E+03", "–"},
		{record.Int, "1.234", "1.234.567", "1234567"},
		{record.Int, "1.234", "1.5", "–"},
		{record.Int, "1,234 pcs", "1,234 pcs", "1234"},
		{record.Bool, "ja/nein", "Nein", "false"},
		{record.Bool, "ja/nein", " J ", "true"},
		{record.Bool, "waar/onwaar", "onwaar", "false"},
		{record.Bool, "x/", "X", "true"},
		{record.Bool, "on/off", "of", "–"},
		{record.Date, "dmy", "31.12.2025", "2025-12-31"},
		{record.Date, "dmy", "1. 2. 2026", "2026-02-01"},
		{record.Date, "dmy", "31/12-2025", "–"},
		{record.Date, "dmy", "31. Dezember 2025", "2025-12-31"},
		{record.Date, "dmy", "31-DEC-2025", "2025-12-31"},
		{record.Date, "dmy", "1er février 2026", "2026-02-01"},
		{record.Date, "dmy", "3 déc. 2026", "2026-12-03"},
		{record.Date, "dmy", "3 de\u0301c 2026", "2026-12-03"},
		{record.Date, "dmy", "7 mrt 2026", "2026-03-07"},
		{record.Date, "dmy", "7. März 2026", "2026-03-07"},
		{record.Date, "dmy", "31.12.2025 00:00:00", "2025-12-31"},
		{record.Date, "dmy", "31.12.2025 00:01", "–"},
		{record.Date, "dmy", "32.12.2025", "–"},
		{record.Date, "mdy", "Dec 31, 2025", "2025-12-31"},
		{record.Date, "mdy", "12/31/2025", "2025-12-31"},
		{record.Date, "mdy", "31/12/2025", "–"},
		{record.Date, "mdy", "12/31/2025 12:00:00 AM", "2025-12-31"},
		{record.Date, "ymd", "2025/1/2", "2025-01-02"},
		{record.Date, "ymd", "20251231", "2025-12-31"},
		{record.Date, "ymd", "45000", "–"},
		{record.Date, "dmy2", "31/12/25", "2025-12-31"},
		{record.Date, "dmy2", "31.12.50", "1950-12-31"},
		{record.Date, "dmy2", "1 Dec 49", "2049-12-01"},
		{record.Date, "ymd2", "25-12-31", "2025-12-31"},
		{record.Timestamp, "dmy", "31.12.2025 9:05", "2025-12-31 09:05"},
		{record.Timestamp, "mdy", "12/31/2025, 2:30:05\u202fPM", "2025-12-31 14:30:05"},
		{record.Timestamp, "mdy", "Dec 31, 2025 12:05 a.m.", "2025-12-31 00:05"},
		{record.Timestamp, "mdy", "12/31/2025 12:05 PM", "2025-12-31 12:05"},
		{record.Timestamp, "mdy", "12/31/2025 13:05 PM", "–"},
		{record.Timestamp, "dmy", "31.12.2025", "–"},
		{record.TimestampTZ, "dmy", "31 mai 2025 14:30:00.5 +02:00", "2025-05-31 14:30:00.5 +02:00"},
		{record.TimestampTZ, "ymd", "2025/5/31 2:30 pmZ", "2025-05-31 14:30Z"},
	} {
		if got := read(t, c.kind, c.name, c.text); got != c.want {
			t.Errorf("%s %s reads %q as %q, want %q", c.kind, c.name, c.text, got, c.want)
		}
	}
}

func TestSignOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"€ 12": "€", "12 €": "€", "-$5": "$", "$(5)": "$", "US$1,000": "US$", "500,00- EUR": "EUR", "(12 kg)": "kg", "12 m2": "m2", "Fr. 12": "Fr.", "5%": "%",
		"12 l": "l", "12l": "", "1O": "", "12": "", "abc": "", "": "", "12 stone": "", "EUR": "", "\u00a012\u00a0€ ": "€", "CHF 1'234.50": "CHF",
	} {
		if got := format.SignOf(text); got != want {
			t.Errorf("the sign of %q is %q, want %q", text, got, want)
		}
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		for _, name := range format.Names(k) {
			if f, err := format.Named(k, name); err != nil || f.Name != name || f.Says == "" {
				t.Errorf("%s %s: %+v, %v", k, name, f, err)
			}
		}
	}
	for name, k := range map[string]record.Kind{
		"": record.Date, "DMY": record.Date, "1.234,50 12": record.Decimal, "1.234,50 (x)": record.Decimal, "1.234,50 e": record.Float, "1.234,50 €/100": record.Decimal,
		"1234 %/100": record.Int, "1234.50 a b": record.Decimal, "standard": record.Text, "dmy": record.UUID, "1234.50 \x00": record.Decimal,
	} {
		if _, err := format.Named(k, name); errs.KindOf(err) != errs.Usage {
			t.Errorf("%s %q: %v", k, name, err)
		}
	}
}

// texts draws what may stand in a cell, most of it like one of the formats.
func texts(k record.Kind) *rapid.Generator[string] {
	shapes := map[record.Kind]string{
		record.Bool: `[ ]?(ja|nein|JA|j|n|nee|o|oui|non|w|f|on|off|x|wahr|vrai|faux|onwaar|true|0)[ ]?`,
		record.Date: `([0-3]?[0-9]|(19|20)[0-9]{2})([./ -]|\. )([01]?[0-9]|Dec|mars|Mai|août|sept\.)([./ -]|, )([0-3]?[0-9]|(19|20)[0-9]{2})( 00:00)?`,
	}
	number := `(€ |-|\(|EUR|\+)?[ ]?[0-9]{0,3}([., '][0-9]{1,3}){0,3}([.,][0-9]{0,2})?([eE]-?[0-9])?(-| €|\)|%| kg|EUR)?`
	stamp := `([0-3]?[0-9])([./-])([01]?[0-9]|Dec)([./-])((19|20)?[0-9]{2})(,? |T)[0-2]?[0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9])?)?( ?[AaPp]\.?[Mm]\.?)?( ?Z|\+02:00)?`
	shape, ok := shapes[k]
	switch {
	case ok:
	case k == record.Timestamp || k == record.TimestampTZ:
		shape = stamp
	default:
		shape = number
	}
	return rapid.OneOf(rapid.StringMatching(shape), rapid.StringMatching(shape), rapid.String())
}

// The law of every format: what its grammar matches becomes a text of the
// standard grammar, and what the standard grammar matches already, some other
// format's reading of it is the same value, or it is one of the known two ways to
// read a point.
func TestReadingIsStandard(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		standard := regexp.MustCompile(`^(?:` + k.Grammar() + `)$`)
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			read := map[string]int{}
			rapid.Check(t, func(t *rapid.T) {
				text := texts(k).Draw(t, "text")
				for _, f := range format.For(k, format.SignOf(text)) {
					got, ok := f.Read(text)
					if !ok {
						continue
					}
					read[f.Name]++
					if !standard.MatchString(got) {
						t.Fatalf("%s %s reads %q as %q, which is not of the standard grammar", k, f.Name, text, got)
					}
					typ := record.Type{Kind: k, Bits: 64, Precision: -1, Scale: -1, Fraction: 6}
					a, p := typ.Parse(text, time.UTC)
					b, q := typ.Parse(got, time.UTC)
					if p != record.NotOfType && (a != b || p != q) && !format.GroupedByPoint.MatchString(text) {
						t.Fatalf("%s %s reads %q as %q (%s), which is %q (%s) already", k, f.Name, text, b, q, a, p)
					}
				}
			})
			if len(read) < 2 {
				t.Errorf("only these formats were met: %v", read)
			}
		})
	}
}

// FuzzRead: no text makes a format panic, or give what is not of the standard
// grammar.
func FuzzRead(f *testing.F) {
	for i, seed := range []string{"1.234,50 €", "(500)", "31. Dezember 2025", "Dec 31, 2025 2:30 PM", "ja", "12-", "5 %"} {
		f.Add(seed, uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		k := kinds[int(n)%len(kinds)]
		for _, format := range format.For(k, format.SignOf(text)) {
			got, ok := format.Read(text)
			typ := record.Type{Kind: k, Bits: 64, Precision: -1, Scale: -1, Fraction: 9}
			if _, p := typ.Parse(got, time.UTC); ok && p == record.NotOfType {
				t.Errorf("%s %s reads %q as %q", k, format.Name, text, got)
			}
		}
	})
}

// Two formats that are found out never read one text in the same standard way
// while one of them drops a sign unseen.
func TestSignsAreAllOrNothing(t *testing.T) {
	t.Parallel()
	for _, f := range format.For(record.Decimal, "€") {
		_, with := f.Read("€ 12")
		_, without := f.Read("12")
		if with == without || with != (f.Sign != "") {
			t.Errorf("%s reads €: %v, no sign: %v", f.Name, with, without)
		}
	}
	if slices.ContainsFunc(format.Names(record.Decimal), func(n string) bool { return strings.Contains(n, "€") }) {
		t.Error("formats with a sign are listed")
	}
}
