package duck

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/record"
)

func newSession(t *testing.T) *Session {
	t.Helper()
	e, err := New(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.Session(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

var cellTypes = []record.Type{
	{Kind: record.Bool}, {Kind: record.Int, Bits: 16}, {Kind: record.Int, Bits: 32}, {Kind: record.Int, Bits: 64},
	{Kind: record.Int, Bits: 8}, {Kind: record.Int, Bits: 24}, {Kind: record.Int, Bits: 8, Unsigned: true}, {Kind: record.Int, Bits: 24, Unsigned: true}, {Kind: record.Int, Bits: 64, Unsigned: true},
	{Kind: record.Decimal, Precision: 12, Scale: 2}, {Kind: record.Decimal, Precision: 5, Scale: 5}, {Kind: record.Decimal, Precision: 40, Scale: 0},
	{Kind: record.Decimal, Precision: 3, Scale: 5}, {Kind: record.Decimal, Precision: -1, Scale: -1},
	{Kind: record.Float, Bits: 64}, {Kind: record.Float, Bits: 32},
	{Kind: record.Text}, {Kind: record.Text, MaxLen: 3}, {Kind: record.Text, MaxLen: 3, Fixed: true},
	{Kind: record.Date}, {Kind: record.Timestamp, Fraction: 6}, {Kind: record.Timestamp, Fraction: 0},
	{Kind: record.TimestampTZ, Fraction: 6}, {Kind: record.UUID},
	{Kind: record.Time, Fraction: 6}, {Kind: record.Time}, {Kind: record.Bytes}, {Kind: record.Enum, Labels: []string{"b", "it's", " a ", "A", "b c"}},
	{Kind: record.Decimal, Precision: 12, Scale: 2, Unsigned: true}, {Kind: record.Float, Bits: 64, Unsigned: true}, {Kind: record.Text, MaxBytes: 3}, {Kind: record.Bytes, MaxBytes: 1},
	{Kind: record.TimestampTZ, Fraction: 6, First: "1970-01-01 00:00:01+00", Last: "2038-01-19 03:14:07.999999+00"},
}

// nastyCells are texts that engines read in their own ways, many of them from
// known bugs: '12.7' as 13, '0x10' as 16, '10.005' as 10.01, 13,75 as 1375.
var nastyCells = strings.Split(`12.7|0x10|1e3|10.005|13,75|NaN|Infinity|-Infinity|nan|inf|0|-0|+0|007|+7|--7|1_000|1 000|1.|.5|.|-.5|5e|1e5|1e-5|1E+05|1e400|1e-400
|0.1|0.10|123456789012345678|1234567890123456789012345678901234567890|9223372036854775807|9223372036854775808|-9223372036854775808|-9223372036854775809
|32767|32768|-32768|2147483647|2147483648|0.1000000000000000055511151231257827|16777217|16777216|3.4028235e38|3.5e38|1.7976931348623157e308|1.8e308|4.9e-324|99999.99999|0.00001|0.99999|1.00000|0.0045|12345678901.00|9999999999.99|10000000000.00
|true|TRUE|t|f|yes|No|y|n|on|off|1|2|2024-02-29|2023-02-29|2024-02-30|0000-01-01|0001-01-01|9999-12-31|20000-01-01|2024-1-1|2024-13-01|2024-12-31 |01.02.2024
|2024-01-31 10:00:00|2024-01-31T10:00|2024-01-31 24:00:00|2024-01-31 23:59:60|2024-01-31 10:00:00.5|2024-01-31 10:00:00.500000|2024-01-31 10:00:00.1234567|2024-01-31 10:00:00.000
|2024-03-31 02:30:00|2024-10-27 02:30:00|2024-10-27 02:30:00+02|2024-10-27T02:30:00+01:00|2024-06-01T00:00:00Z|2024-06-01T00:00:00-0330|0001-01-01 00:00:00+01|9999-12-31 23:30:00-01:00|2038-01-19 03:14:07.999999Z|2038-01-19 03:14:08Z|1970-01-01 01:00:01+01|1970-01-01T00:00:00.5Z|\x00|\x0001|2024-06-01 12:00:00 +02|1937-05-19 00:10:00
|123e4567-e89b-12d3-a456-426614174000|123E4567-E89B-12D3-A456-426614174000|{123e4567-e89b-12d3-a456-426614174000}|abcd|ab  |äöü|äöüß|👍👍👍|'; DROP TABLE x; --|"quoted"|a
b|\.|NULL|\N|	12	| 12|12 | `, "|")

// The SQL of every cell is the twin of record.Type.Parse: same value, same
// problem, for any text.
func TestCellsEqualReference(t *testing.T) {
	t.Parallel()
	texts := rapid.OneOf(
		rapid.SampledFrom(nastyCells),
		rapid.StringMatching(`[+-]?[0-9]{0,22}\.?[0-9]{0,12}`),
		rapid.StringMatching(`[+-]?[0-9]{0,4}\.?[0-9]{0,4}([eE][+-]?[0-9]{0,3})?`),
		rapid.StringMatching(`(19[0-9]{2}|20[0-3][0-9])-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,7})?)?(Z|[+-][01][0-9](:?[0-5][0-9])?)?)?`),
		rapid.String(),
	)
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	cases := 400
	if os.Getenv("SUTOR_LONG") != "" {
		cases = 20_000
	}
	s := newSession(t)
	gen := rapid.SliceOfN(texts, cases, cases)
	for round, loc := range []*time.Location{time.UTC, amsterdam} {
		cells := append([]string{}, nastyCells...)
		cells = append(cells, gen.Example(round+int(time.Now().UnixNano()%1_000_000))...)
		compareCells(t, s, cells, loc)
	}
}

func compareCells(t *testing.T, s *Session, texts []string, loc *time.Location) {
	ctx := context.Background()
	path := s.Path("cells.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := record.NewWriter(f)
	for i, text := range texts {
		w.Number(int64(i))
		w.String(text)
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, typ := range cellTypes {
		c := cell(typ, 0, loc)
		query := `SELECT n, s0, p, CASE WHEN p IS NULL THEN v END FROM (SELECT *, ` + c.problem + ` AS p, ` + c.value + ` AS v FROM ` +
			layered(readCSV(path, "n", []string{"s0"}), []cellSQL{c}) + `)`
		rows := 0
		err := s.query(ctx, query, func(scan func(...any) error) error {
			rows++
			var n int64
			var text string
			var problem, value *string
			if err := scan(&n, &text, &problem, &value); err != nil {
				return err
			}
			if text != texts[n] {
				t.Errorf("%q came back as %q", texts[n], text)
			}
			wantValue, wantProblem := typ.Parse(text, loc)
			gotValue, gotProblem := "", record.OK
			if problem != nil {
				gotProblem = record.Problem(*problem)
			}
			if value != nil {
				gotValue = *value
			}
			if gotValue != wantValue || gotProblem != wantProblem {
				t.Errorf("%+v in %s: %q is %q (%s) in DuckDB, %q (%s) in Go", typ, loc, text, gotValue, gotProblem, wantValue, wantProblem)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%+v: %v", typ, err)
		}
		if rows != len(texts) {
			t.Fatalf("%d rows of %d came back", rows, len(texts))
		}
	}
}
