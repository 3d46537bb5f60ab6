package record

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	integer   = Type{Kind: Int, Bits: 32, Native: "integer"}
	money     = Type{Kind: Decimal, Precision: 10, Scale: 2, Native: "numeric(10,2)"}
	free      = Type{Kind: Decimal, Precision: -1, Scale: -1, Native: "numeric"}
	double    = Type{Kind: Float, Bits: 64, Native: "double precision"}
	until2038 = Type{Kind: TimestampTZ, Fraction: 6, First: "1970-01-01 00:00:01+00", Last: "2038-01-19 03:14:07.999999+00", Native: "timestamp(6)"}
	short     = Type{Kind: Text, MaxLen: 3, Native: "varchar(3)"}
	fixed     = Type{Kind: Text, MaxLen: 3, Fixed: true, Native: "char(3)"}
	day       = Type{Kind: Date, Native: "date"}
	clock     = Type{Kind: Timestamp, Fraction: 3, Native: "timestamp(3)"}
	instant   = Type{Kind: TimestampTZ, Fraction: 6, Native: "timestamptz"}
	yesNo     = Type{Kind: Bool, Native: "boolean"}
	unique    = Type{Kind: UUID, Native: "uuid"}
	allOfThem = []Type{integer, money, free, double, short, fixed, day, clock, instant, yesNo, unique}
)

// Each line is a trap that somebody fell into: what engines make of it on their
// own is in the comment.
func TestParse(t *testing.T) {
	t.Parallel()
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		typ  Type
		text string
		want string
		p    Problem
	}{
		{integer, "12.7", "", NotOfType}, // 13
		{integer, "0x10", "", NotOfType}, // 16
		{integer, "1e3", "", NotOfType},  // 1000
		{integer, " +007 ", "7", OK},
		{integer, "-0", "0", OK},
		{integer, "2147483648", "", OutOfRange},
		{integer, "1 000", "", NotOfType},
		{Type{Kind: Int, Bits: 24}, "8388608", "", OutOfRange},
		{Type{Kind: Int, Bits: 24}, "-8388608", "-8388608", OK},
		{Type{Kind: Int, Bits: 8, Unsigned: true}, "-1", "", OutOfRange},
		{Type{Kind: Int, Bits: 8, Unsigned: true}, "-0", "0", OK},
		{Type{Kind: Int, Bits: 64, Unsigned: true}, "18446744073709551615", "18446744073709551615", OK},
		{money, "10.005", "", TooExact}, // 10.01
		{money, "13,75", "", NotOfType}, // 1375
		{money, "10.500", "10.50", OK},
		{money, ".5", "0.50", OK},
		{money, "-0.00", "0.00", OK},
		{money, "100000000", "", OutOfRange},
		{money, "NaN", "", NotOfType},
		{free, "0012345678901234567890123456789012345678901.2300", "12345678901234567890123456789012345678901.23", OK},
		{double, "1e3", "1000.0", OK},
		{double, "Infinity", "", NotOfType},
		{double, "0.1", "0.1", OK},
		{double, "0.12345678901234567890", "", TooExact},
		{double, "1e400", "", OutOfRange},
		{short, "äöü", "äöü", OK},
		{short, "abcd", "", TooLong},
		{short, "a\x00", "", NoNUL},
		{short, "", "", OK},
		{fixed, "a  ", "a", OK},
		{fixed, "abc    ", "abc", OK},
		{day, "2024-02-29", "2024-02-29", OK},
		{day, "2023-02-29", "", NoSuchDay},
		{day, "0000-01-01", "", NoSuchDay},
		{day, "20000-01-01", "", NotOfType},
		{day, "2024-01-31 10:00:00", "", NotOfType}, // cut to its date
		{clock, "2024-01-31T10:00", "2024-01-31 10:00:00", OK},
		{clock, "2024-01-31 10:00:00.5000", "2024-01-31 10:00:00.5", OK},
		{clock, "2024-01-31 10:00:00.1234", "", TooExact},
		{clock, "2024-01-31 24:00:00", "", NotOfType}, // the next day
		{clock, "2024-01-31", "", NotOfType},          // midnight, guessed
		{clock, "2024-01-31 10:00:00+02", "", NotOfType},
		{instant, "2024-01-31T10:00:00+02:00", "2024-01-31 08:00:00+00", OK},
		{instant, "2024-07-01 10:00:00", "2024-07-01 08:00:00+00", OK},
		{instant, "2024-03-31 02:30:00", "", NoSuchTime},
		{instant, "2024-10-27 02:30:00", "", TwiceInZone},
		{instant, "2024-10-27 02:30:00+01", "2024-10-27 01:30:00+00", OK},
		{instant, "1950-01-01 00:00:00", "", Before1970},
		{yesNo, "TRUE", "true", OK},
		{yesNo, "no", "false", OK},
		{yesNo, "2", "", NotOfType},
		{Type{Kind: Decimal, Precision: 5, Scale: 2, Unsigned: true}, "-0.01", "", OutOfRange},
		{Type{Kind: Decimal, Precision: 5, Scale: 2, Unsigned: true}, "-0", "0.00", OK},
		{Type{Kind: Float, Bits: 64, Unsigned: true}, "-1e-5", "", OutOfRange},
		{Type{Kind: Text, MaxBytes: 3}, "äö", "", TooLong},
		{Type{Kind: Text, MaxBytes: 3}, "äo", "äo", OK},
		{Type{Kind: Bytes, MaxBytes: 1}, `\x0001`, "", TooLong},
		{Type{Kind: Bytes, MaxBytes: 1}, `\xFF`, `\xff`, OK},
		{until2038, "2038-01-19 03:14:07.5Z", "2038-01-19 03:14:07.5+00", OK},
		{until2038, "2038-01-19 03:14:08Z", "", OutOfRange},
		{until2038, "1970-01-01 01:00:00+01", "", OutOfRange},
		{unique, "123E4567-E89B-12D3-A456-426614174000", "123e4567-e89b-12d3-a456-426614174000", OK},
	} {
		got, p := c.typ.Parse(c.text, amsterdam)
		if got != c.want || p != c.p {
			t.Errorf("%q as %s is %q (%s), want %q (%s)", c.text, c.typ.Native, got, p, c.want, c.p)
		}
	}
}

// Canonical text is a fixed point: read again it is itself, so two values are
// equal exactly where their texts are.
func TestCanonicalTextIsAFixedPoint(t *testing.T) {
	t.Parallel()
	texts := rapid.OneOf(rapid.StringMatching(`[+-]?[0-9]{0,12}\.?[0-9]{0,3}`), rapid.StringMatching(`[0-9]{4}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-5][0-9])?`), rapid.String())
	rapid.Check(t, func(rt *rapid.T) {
		typ, text := rapid.SampledFrom(allOfThem).Draw(rt, "type"), texts.Draw(rt, "text")
		once, p := typ.Parse(text, time.UTC)
		if p != OK {
			message, mend := p.Sentence(typ)
			if message == "" || mend == "" {
				rt.Fatalf("%q as %s is refused without a sentence (%s)", text, typ.Native, p)
			}
			return
		}
		if twice, p := typ.Parse(once, time.UTC); p != OK || twice != once {
			rt.Fatalf("%q becomes %q, and that %q (%s)", text, once, twice, p)
		}
	})
}

// Decimals keep their value exactly, at any length.
func TestDecimalsKeepTheirValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[+-]?[0-9]{1,60}(\.[0-9]{0,30})?`).Draw(rt, "text")
		got, p := free.Parse(text, nil)
		want, ok := new(big.Rat).SetString(text)
		if p != OK || !ok {
			rt.Fatalf("%q is refused: %s", text, p)
		}
		if have, ok := new(big.Rat).SetString(got); !ok || have.Cmp(want) != 0 {
			rt.Fatalf("%q became %q", text, got)
		}
	})
}

// A float's canonical text reads back as the same value in its own width.
func TestFloatsReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		v := rapid.Float64().Draw(rt, "v")
		if got, err := strconv.ParseFloat(FormatFloat(v, 64), 64); err != nil || got != v {
			rt.Fatalf("%v becomes %s", v, FormatFloat(v, 64))
		}
		v32 := rapid.Float32().Draw(rt, "v32")
		text := FormatFloat(float64(v32), 32)
		if got, err := strconv.ParseFloat(text, 32); err != nil || float32(got) != v32 {
			rt.Fatalf("%v becomes %s", v32, text)
		}
	})
	if FormatFloat(math.NaN(), 64) != "nan" || FormatFloat(math.Inf(-1), 32) != "-inf" || FormatFloat(math.Copysign(0, -1), 64) != "0.0" {
		t.Error("NaN, infinity or zero has another text")
	}
}

// A clock time in a zone is one instant that reads as that time there, or none.
func TestLocalTimes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		loc, err := time.LoadLocation(rapid.SampledFrom([]string{"Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"}).Draw(rt, "zone"))
		if err != nil {
			rt.Fatal(err)
		}
		text := time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(rt, "seconds"), 0).UTC().Format(time.DateTime)
		got, p := instant.Parse(text, loc)
		if p == NoSuchTime || p == TwiceInZone {
			return
		}
		at, err := time.Parse(time.DateTime+"-07", got)
		if p != OK || err != nil || at.In(loc).Format(time.DateTime) != text {
			rt.Fatalf("%s in %s became %q (%s)", text, loc, got, p)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1", "1.5", "-1e5", "2024-01-31 10:00:00.5+02", "true", "", " \t", "٣", "１２"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, typ := range allOfThem {
			if v, p := typ.Parse(s, time.UTC); p == OK && typ.Kind != Text && strings.TrimSpace(v) == "" {
				t.Errorf("%q as %s is a value without text", s, typ.Native)
			}
		}
	})
}
