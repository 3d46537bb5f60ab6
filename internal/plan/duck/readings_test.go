package duck

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/record"
	"sutor/internal/record/format"
)

// formattedCells are texts as people write them, and others that are nearly so.
var formattedCells = strings.Split(`1.234,50|1.234.567|1,234.50|12,34,567.50|1'234.50|1’234|1 234,5|1`+"\u00a0"+`234|1`+"\u202f"+`234,5|0.500|01.234|1.2345|,5|5,|-|,|(500)|( 5 )|(5|5)|12-|-12-|−12|- 12|+12|1,5E+03|1e-5-|1.5e3
|€ 12|12 €|€12|-€5|€-5|-€-5|(€ 5)|€ (5)|$1,000.00|US$5|500,00- EUR|12kg|12 kg|kg 12|12 m2|12 l|12l|1O|5 %|5%|12,5 %|1234%|-0,5 %|% 5|CHF 1'234.50|Fr. 5|12 EUR $
|31.12.2025|31. 12. 2025|1.2.2026|31/12/25|12/31/2025|1-2-2026|31.12/2025|2025/1/2|20251231|25-12-31|45000|31. Dezember 2025|31-DEC-2025|1er février 2026|3 déc. 2026|3 de`+"\u0301"+`c 2026|7 mrt 26|Dec 31, 2025|december 31 2025|MÄRZ 3, 2026|1 aout 2026|30.2.2026
|31.12.2025 00:00|31.12.2025 12:00:00 AM|31.12.2025 9:05|12/31/2025, 2:30:05`+"\u202f"+`PM|Dec 31, 2025 12:05 a.m.|12/31/2025 12:05 pm|31 mai 2025 14:30:00.5 +02:00|2025/5/31 2:30 pmZ|29.3.2026 02:30|13/1/2026 13:05 PM
|ja|Nein|J|n|oui|o|onwaar|wahr|VRAI|on|off|x|X|✓|`+"ſ|\u212a", "|")

// The SQL of every format's reading is the twin of Format.Read: the same texts
// are read, to the same problems and values.
func TestReadingsEqualFormats(t *testing.T) {
	t.Parallel()
	texts := rapid.OneOf(rapid.SampledFrom(formattedCells),
		rapid.StringMatching(`(€|EUR|%|\()? ?[-+]?[0-9]{1,3}([., '][0-9]{1,3}){0,3}( ?€|-|\))?`),
		rapid.StringMatching(`[0-9]{1,4}([./ -]|\. )([0-9]{1,2}|Dec|mars|août)([./ -]|, )[0-9]{1,4}(,? [0-2]?[0-9]:[0-5][0-9](:[0-5][0-9])?( ?[AP]M)?)?`),
		rapid.String())
	cases := 100
	if os.Getenv("SUTOR_LONG") != "" {
		cases = 5_000
	}
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	cells := append(append([]string{}, formattedCells...), nastyCells...)
	cells = append(cells, rapid.SliceOfN(texts, cases, cases).Example(int(time.Now().UnixNano()%1_000_000))...)
	s := newSession(t)
	stageTexts(t, s, cells)
	for _, typ := range cellTypes {
		r := &run{Session: s, cols: []column{{Column: record.Column{Type: typ}}}}
		r.spec.Location = amsterdam
		var formats []format.Format
		for _, name := range format.Names(typ.Kind) {
			f, err := format.Named(typ.Kind, name)
			if err != nil {
				t.Fatal(err)
			}
			formats = append(formats, f)
		}
		for _, sign := range []string{"€", "%", "l", "m2"} {
			formats = append(formats, format.For(typ.Kind, sign)[min(len(format.For(typ.Kind, "")), len(format.For(typ.Kind, sign))):]...)
		}
		for _, f := range formats {
			compareReadings(t, r, typ, f)
		}
	}
	for _, text := range formattedCells {
		got := ""
		if err := s.exec(t.Context(), `CREATE OR REPLACE TABLE said AS SELECT `+quote(text)+` AS s, 1 AS n; CREATE OR REPLACE TABLE shapes AS SELECT `+shape(record.Decimal)+` AS s, n FROM said`); err != nil {
			t.Fatal(err)
		}
		r := &run{Session: s}
		if got, err = r.commonSign(t.Context(), record.Decimal); err != nil || got != format.SignOf(text) {
			t.Errorf("the sign of %q is %q (%v) in DuckDB, %q in Go", text, got, err, format.SignOf(text))
		}
	}
}

// quote is a text literal that may hold a NUL.
func quote(s string) string {
	return strings.ReplaceAll(text(s), "\x00", "' || chr(0) || '")
}

// stageTexts makes the tables texts and said of one column.
func stageTexts(t *testing.T, s *Session, texts []string) {
	t.Helper()
	f, err := os.Create(s.Path("texts.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := record.NewWriter(f)
	for i, text := range texts {
		w.Number(int64(i))
		w.Null()
		w.String(text)
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.exec(t.Context(), `CREATE TABLE texts AS SELECT * FROM `+readCSV(s.Path("texts.csv"), "line", []string{"defect", "s0"})); err != nil {
		t.Fatal(err)
	}
	if err := (&run{Session: s}).gather(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
}

func compareReadings(t *testing.T, r *run, typ record.Type, f format.Format) {
	ctx := context.Background()
	if _, err := r.candidates(ctx, 0, []format.Format{f}); err != nil {
		t.Fatalf("%+v %s: %v", typ, f.Name, err)
	}
	err := r.query(ctx, `SELECT s, f0, CASE WHEN f0 THEN p0 END, CASE WHEN f0 AND p0 IS NULL THEN v0 END FROM readings0`, func(scan func(...any) error) error {
		var text string
		var fits bool
		var problem, value *string
		if err := scan(&text, &fits, &problem, &value); err != nil {
			return err
		}
		standard, ok := f.Read(text)
		wantValue, wantProblem := "", record.OK
		if ok {
			wantValue, wantProblem = typ.Parse(standard, r.spec.Location)
		}
		gotValue, gotProblem := "", record.OK
		if problem != nil {
			gotProblem = record.Problem(*problem)
		}
		if value != nil {
			gotValue = *value
		}
		if fits != ok || gotValue != wantValue || gotProblem != wantProblem {
			t.Errorf("%+v %s: %q fits: %v, as %q (%s) in DuckDB; %v, %q (%s) in Go", typ, f.Name, text, fits, gotValue, gotProblem, ok, wantValue, wantProblem)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%+v %s: %v", typ, f.Name, err)
	}
}
