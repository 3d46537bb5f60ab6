package plantest_test

import (
	"pgregory.net/rapid"

	"sutor/internal/record"
	"sutor/internal/record/format"
)

// dialects holds, by kind, columns that are not written in the standard way: what
// stands in their cells, and the format that reads them. Some are read by others
// too, so that live data or nobody decides.
var dialects = map[record.Kind][]struct {
	format string
	texts  []string
}{
	record.Bool: {{"ja/nein", []string{"ja", "Nein", "j", "n"}}, {"waar/onwaar", []string{"waar", "o"}}, {"oui/non", []string{"o", "non"}}, {"x/", []string{"x", "X "}}},
	record.Int: {{"1.234", []string{"1.234", "12", "-1.000", "7-", "32.767"}}, {"1,234", []string{"1,234", "(12)", "5"}}, {"1234 pcs", []string{"12 pcs", "pcs -5", "7pcs"}},
		{"1 234", []string{"1\u00a0234", "3", "\u22124"}}},
	record.Decimal: {{"1.234,50", []string{"1.234", "2.000", "3.500", "-1.000"}}, {"1.234,50", []string{"1.234,5", "2.000", "13,75", "0,01-"}}, {"1,234.50", []string{"1,234", "2,000", "5"}},
		{"standard", []string{"1.234", "2.000", "3.500", "12.500"}}, {"1234,50 €", []string{"€ 12,5", "1 €", "-0,01 €", "(5 €)"}}, {"1,234.50 $", []string{"$1,000.00", "$5", "-$7.50"}},
		{"1234.50 %", []string{"12.5 %", "5%", "100%"}}, {"1234,50 %/100", []string{"12,5 %", "5 %", "100 %"}}, {"1'234.50", []string{"1'234.50", "1’000", "2"}}, {"1234,50 stone", []string{"12,5 stone", "1 stone"}}},
	record.Float: {{"1.234,50", []string{"1.234", "2.000", "-3.5e2", "1,5e3"}}, {"1234,50", []string{"0,1", "2,5E+03", "7"}}, {"1234.50 kg", []string{"12 kg", "0.5 kg"}}},
	record.Date: {{"dmy", []string{"01/02/2026", "03/04/2026", "05/05/2026"}}, {"mdy", []string{"01/02/2026", "03/04/2026", "5/5/2026"}}, {"dmy", []string{"31.12.2025", "1. Mai 2026", "2 févr. 2026", "30.2.2026"}},
		{"mdy", []string{"Dec 31, 2025", "May 1 2026"}}, {"dmy2", []string{"01/02/26", "03/04/26"}}, {"dmy2", []string{"31-DEC-25", "1-JAN-50"}}, {"ymd", []string{"2026/1/2", "20251231"}}, {"ymd2", []string{"25-12-31", "26-01-02"}}},
	record.Timestamp:   {{"dmy", []string{"31.12.2025 9:05", "1.1.2026 23:59:59.5"}}, {"mdy", []string{"01/02/2026, 2:30:05\u202fPM", "01/03/2026 12:00 am"}}, {"dmy", []string{"01/02/2026 10:00", "02/01/2026 10:00"}}},
	record.TimestampTZ: {{"dmy", []string{"31.12.2025 9:05Z", "29.3.2026 02:30", "1 juin 2026 12:00 +02:00"}}, {"ymd", []string{"2026/1/2 2:30 PM", "2026-1-3 14:30"}}},
}

// dialect draws how a column is written, if not in the standard way; it gives the
// texts by the values that they have.
func (g *generator) dialect(c record.Column) map[string][]string {
	all := dialects[c.Type.Kind]
	if len(all) == 0 || !g.chance(35, "dialect") {
		return nil
	}
	d := pick(g, "which dialect", all...)
	f, err := format.Named(c.Type.Kind, d.format)
	if err != nil {
		g.Fatal(err)
	}
	spelled := map[string][]string{}
	for _, text := range d.texts {
		standard, ok := f.Read(text)
		if v, p := c.Type.Parse(standard, g.loc); ok && p == record.OK {
			spelled[v] = append(spelled[v], text)
		}
	}
	if len(spelled) == 0 || f.Name == "standard" && g.chance(50, "as usual") {
		return nil
	}
	return spelled
}

// formats draws a person's choices, of today or of earlier files.
func (g *generator) formats() map[string]string {
	if !g.chance(25, "formats chosen") {
		return nil
	}
	chosen := map[string]string{}
	for _, c := range g.table.Columns {
		all := format.Names(c.Type.Kind)
		for _, d := range dialects[c.Type.Kind] {
			all = append(all, d.format)
		}
		if len(all) > 0 && g.chance(40, "format") {
			chosen[c.Name] = rapid.SampledFrom(all).Draw(g.T, "format")
		}
	}
	return chosen
}
