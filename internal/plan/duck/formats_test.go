package duck_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/plan"
)

// samples gives the findings about formats with what they say.
func samples(all []finding.Finding) string {
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "%s %s %s: %s | %s | %s\n", f.Guardrail, f.Column, strings.Join(f.Ranges, ","), f.Message, f.Mend, strings.Join(f.Samples, "; "))
	}
	return b.String()
}

const look = "Look at the samples. If it is written in another way, say so with --format '%s=…'."

// Columns as people write them: read by one format, which is said, or asked about.
func TestFormats(t *testing.T) {
	t.Parallel()
	credit, since := fmt.Sprintf(look, "credit"), fmt.Sprintf(look, "since")
	for _, c := range []struct {
		name, file string
		formats    map[string]string
		rows       string
		findings   string
	}{
		{name: "decimal comma", file: "id;credit\n1;1.234,50\n2;13,75\n",
			rows:     "update,1,1,100.00,1234.50\nupdate,1,2,200.50,13.75\n",
			findings: "format credit 2-3: credit is read as 1.234,50: decimal comma, point between thousands. | " + credit + " | 1.234,50 → 1234.50; 13,75 → 13.75\n"},
		{name: "a currency is said", file: "id;credit\n1;€ 12\n2;(5 €)\n",
			rows:     "update,1,1,100.00,12.00\nupdate,1,2,200.50,-5.00\n",
			findings: "format credit 2-3: credit is read as 1234.50 €: decimal point. Every cell carries €; the values are taken without it. | " + credit + " | € 12 → 12.00; (5 €) → -5.00\n"},
		{name: "two currencies are not read", file: "id;credit\n1;€ 12\n2;$ 13\n3;€ 1\n",
			rows: "update,1,1,100.00,12.00\nupdate,1,3,,1.00\n",
			findings: "value credit 3: credit is not a decimal number as it is written in this column, 1234.50 € (decimal point). | Write it in the same way as the others; a column is read by one format. | $ 13\n" +
				"format credit 2,4: credit is read as 1234.50 €: decimal point. Every cell carries €; the values are taken without it. | " + credit + " | € 12 → 12.00; € 1 → 1.00\n"},
		{name: "day or month first is asked", file: "id;since\n1;01/02/2026\n2;03/04/2026\n3;05/05/2026\n",
			findings: "unclear-format since 2-4: since can be read in several ways, which give different values, and nothing is guessed: dmy (day/month/year) or mdy (month/day/year). | " +
				"Say how it is written: --format 'since=dmy' or --format 'since=mdy'. | 01/02/2026: 2026-02-01 (dmy) or 2026-01-02 (mdy); 03/04/2026: 2026-04-03 (dmy) or 2026-03-04 (mdy)\n"},
		{name: "and chosen", file: "id;since\n1;01/02/2026\n", formats: map[string]string{"since": "mdy", "note": "not looked at, since it is not in the file"},
			rows:     "update,1,1,2020-01-31,2026-01-02\n",
			findings: "format since 2: since is read as mdy: month/day/year. | It was chosen so with --format. | 01/02/2026 → 2026-01-02\n"},
		{name: "one cell settles it", file: "id;since\n1;01/02/2026\n2;31/12/2025\n",
			rows:     "update,1,1,2020-01-31,2026-02-01\nupdate,1,2,,2025-12-31\n",
			findings: "format since 2-3: since is read as dmy: day/month/year. | " + since + " | 01/02/2026 → 2026-02-01; 31/12/2025 → 2025-12-31\n"},
		{name: "live values settle it", file: "id;since\n1;1/31/2020\n3;5/5/2021\n2;1/2/2022\n",
			rows:     "update,1,2,,2022-01-02\n",
			findings: "format since 2-4: since is read as mdy: month/day/year. | " + since + " | 1/31/2020 → 2020-01-31; 5/5/2021 → 2021-05-05; 1/2/2022 → 2022-01-02\n"},
		{name: "one or a thousand is asked", file: "id;credit\n1;1.000\n2;2.000\n",
			findings: "unclear-format credit 2-3: credit can be read in several ways, which give different values, and nothing is guessed: standard (the standard way) or 1.234,50 (decimal comma, point between thousands). | " +
				"Say how it is written: --format 'credit=standard' or --format 'credit=1.234,50'. | 1.000: 1.00 (standard) or 1000.00 (1.234,50); 2.000: 2.00 (standard) or 2000.00 (1.234,50)\n"},
		{name: "a thousand as it was", file: "id;credit\n1;100\n2;1.000\n", formats: map[string]string{"credit": "standard"}, rows: "update,1,2,200.50,1.00\n"},
		{name: "a reading that would lose digits is no reason to take another", file: "id;credit\n1;10.005\n",
			findings: "unclear-format credit 2: credit can be read in several ways, which give different values, and nothing is guessed: standard (the standard way) or 1.234,50 (decimal comma, point between thousands). | " +
				"Say how it is written: --format 'credit=standard' or --format 'credit=1.234,50'. | 10.005: no value (standard) or 10005.00 (1.234,50)\n"},
		{name: "a slip is a slip", file: "id;credit\n1;12,5\n2;12,5o\n3;1,25\n",
			rows: "update,1,1,100.00,12.50\nupdate,1,3,,1.25\n",
			findings: "value credit 3: credit is not a decimal number as it is written in this column, 1234,50 (decimal comma). | Write it in the same way as the others; a column is read by one format. | 12,5o\n" +
				"format credit 2,4: credit is read as 1234,50: decimal comma. | " + credit + " | 12,5 → 12.50; 1,25 → 1.25\n"},
		{name: "few cells do not make a format", file: "id;credit\n1;12,5\n2;n/a\n3;?\n",
			findings: "value credit 2-4: credit is not a decimal number. | Write it with a point and without thousands separators, as in 1200.50; no exponent. | 12,5; n/a; ?\n"},
		{name: "x or nothing", file: "id;active\n1;\n2;x\n", formats: map[string]string{"active": "x/"},
			rows:     "update,1,1,true,false\nupdate,1,2,false,true\n",
			findings: "format active 2-3: active is read as x/: x for yes, an empty cell for no. | It was chosen so with --format. | x → true\n"},
		{name: "keys", file: "id;name\n1.000;Thousand\n2.000;Two\n", rows: "insert,1,1000,,Thousand\ninsert,1,2000,,Two\n",
			findings: "format id 2-3: id is read as 1.234: point between thousands. | " + fmt.Sprintf(look, "id") + " | 1.000 → 1000; 2.000 → 2000\n"},
		{name: "texts are never touched", file: "id;note\n1;1.234,50\n", rows: "update,1,1,,1.234,50\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s, out := b.plan(c.file, change.Options{Mode: change.Upsert, Formats: c.formats})
			if diff := cmp.Diff(c.rows, rows(t, s, out)); diff != "" {
				t.Errorf("rows: %s", diff)
			}
			if diff := cmp.Diff(c.findings, samples(out.Findings)); diff != "" {
				t.Errorf("findings: %s", diff)
			}
			for _, source := range out.Manifest.Mapping {
				told := false
				for _, f := range out.Findings {
					told = told || f.Guardrail == finding.Format && f.Column == source.Column
				}
				if told != (source.Format != "") {
					t.Errorf("the manifest says %+v", source)
				}
			}
		})
	}
}

// A format that the column's type does not know is refused before anything is
// read.
func TestUnknownFormat(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, _, err := b.tryPlan("id;since\n1;x\n", change.Options{Mode: change.Upsert, Formats: map[string]string{"since": "1.234,50"}})
	if errs.KindOf(err) != errs.Usage || !strings.Contains(fmt.Sprint(err), "dmy, mdy") {
		t.Errorf("%v", err)
	}
}

// What was chosen for an earlier file counts where nothing else decides, and is told.
func TestRememberedFormats(t *testing.T) {
	t.Parallel()
	const since, credit = "Look at the samples. If it is written in another way, say so with --format 'since=…'.", "Look at the samples. If it is written in another way, say so with --format 'credit=…'."
	before := func(column, name string) map[string]plan.Remembered {
		return map[string]plan.Remembered{column: {Format: name, Change: "1012"}}
	}
	for _, c := range []struct {
		name, file     string
		before         map[string]plan.Remembered
		chosen         map[string]string
		rows, findings string
	}{
		{name: "it settles the question", file: "id;since\n1;01/02/2026\n", before: before("since", "dmy"),
			rows:     "update,1,1,2020-01-31,2026-02-01\n",
			findings: "format since 2: since is read as dmy (day/month/year), as chosen in change 1012: the file alone does not tell. | " + since + " | 01/02/2026 → 2026-02-01\n"},
		{name: "the standard way too", file: "id;credit\n2;1.000\n", before: before("credit", "standard"),
			rows:     "update,1,2,200.50,1.00\n",
			findings: "format credit 2: credit is read as standard (the standard way), as chosen in change 1012: the file alone does not tell. | " + credit + " | 1.000 → 1.00\n"},
		{name: "by a format that is never found out", file: "id;since\n1;01-02-03\n", before: before("since", "ymd2"),
			rows:     "update,1,1,2020-01-31,2001-02-03\n",
			findings: "format since 2: since is read as ymd2 (year of two digits/month/day), as chosen in change 1012: the file alone does not tell. Years of two digits stand for 1950 to 2049. | " + since + " | 01-02-03 → 2001-02-03\n"},
		{name: "a cell of this file counts more", file: "id;since\n1;01/02/2026\n2;12/31/2025\n", before: before("since", "dmy"),
			rows:     "update,1,1,2020-01-31,2026-01-02\nupdate,1,2,,2025-12-31\n",
			findings: "format since 2-3: since is read as mdy: month/day/year. | " + since + " | 01/02/2026 → 2026-01-02; 12/31/2025 → 2025-12-31\n"},
		{name: "live values count more", file: "id;since\n1;1/31/2020\n3;5/5/2021\n2;1/2/2022\n", before: before("since", "dmy"),
			rows:     "update,1,2,,2022-01-02\n",
			findings: "format since 2-4: since is read as mdy: month/day/year. | " + since + " | 1/31/2020 → 2020-01-31; 5/5/2021 → 2021-05-05; 1/2/2022 → 2022-01-02\n"},
		{name: "the person counts more", file: "id;since\n1;01/02/2026\n", before: before("since", "dmy"), chosen: map[string]string{"since": "mdy"},
			rows:     "update,1,1,2020-01-31,2026-01-02\n",
			findings: "format since 2: since is read as mdy: month/day/year. | It was chosen so with --format. | 01/02/2026 → 2026-01-02\n"},
		{name: "one that does not fit is no answer", file: "id;since\n1;01/02/2026\n", before: before("since", "dmy2"),
			findings: "unclear-format since 2: since can be read in several ways, which give different values, and nothing is guessed: dmy (day/month/year) or mdy (month/day/year). | " +
				"Say how it is written: --format 'since=dmy' or --format 'since=mdy'. | 01/02/2026: 2026-02-01 (dmy) or 2026-01-02 (mdy)\n"},
		{name: "and none where there is no question", file: "id;since\n1;2026-02-01\n", before: before("since", "dmy"), rows: "update,1,1,2020-01-31,2026-02-01\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s, out, err := b.planAfter(c.file, change.Options{Mode: change.Upsert, Formats: c.chosen}, c.before)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.rows, rows(t, s, out)); diff != "" {
				t.Errorf("rows: %s", diff)
			}
			if diff := cmp.Diff(c.findings, samples(out.Findings)); diff != "" {
				t.Errorf("findings: %s", diff)
			}
			told := strings.Contains(c.findings, "1012")
			if source := out.Manifest.Mapping[1]; told != (source.FormatFrom == "1012") || told && source.Format != c.before[source.Column].Format {
				t.Errorf("the manifest says %+v", source)
			}
		})
	}
}
