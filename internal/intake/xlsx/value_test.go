package xlsx

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"13.75": "13.75", "0.1": "0.1", "1234567890": "1234567890", "-5": "-5", "0": "0", "-0": "0", "007": "7", "12.50": "12.5", "+3": "3",
		"1.1000000000000001": "1.1", "0.30000000000000004": "0.30000000000000004", "1E+3": "1000", "1.5e-7": "0.00000015", " 5 ": "5",
		"1234567890123456789": "1234567890123456789", "1.2345678901234568E+18": "1234567890123456800", "-0.0": "0", ".5": "0.5", "5.": "5",
	} {
		if got, _, ok := appendNumber(nil, []byte(raw)); !ok || string(got) != want {
			t.Errorf("%q: %q, %v; want %q", raw, got, ok, want)
		}
	}
	for _, raw := range []string{"", "-", ".", "1e309", "NaN", "INF", "0x10", "1_000", "1,5", "1 2", "--1", "1e", "١"} {
		if got, _, ok := appendNumber(nil, []byte(raw)); ok {
			t.Errorf("%q was taken for the number %q", raw, got)
		}
	}
}

// Every double comes out as plain digits that give it back, in whatever of the
// usual forms the file holds it.
func TestNumbersKeepTheirValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Int64Range(-1e12, 1e12), func(n int64) float64 { return float64(n) / 100 })).Draw(t, "v")
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		raw := strconv.FormatFloat(v, rapid.SampledFrom([]byte{'g', 'e', 'f', 'E'}).Draw(t, "form"), rapid.SampledFrom([]int{-1, 17}).Draw(t, "precision"), 64)
		got, f, ok := appendNumber(nil, []byte(raw))
		want, _ := strconv.ParseFloat(raw, 64)
		back, err := strconv.ParseFloat(string(got), 64)
		if !ok || err != nil || back != want || strings.ContainsAny(string(got), "eE+") {
			t.Fatalf("%s became %s", raw, got)
		}
		digits := strings.Trim(strings.ReplaceAll(strings.TrimPrefix(string(got), "-"), ".", ""), "0")
		if _, decimals, point := strings.Cut(string(got), "."); point == f.whole || len(decimals) != f.decimals || len(digits) > 15 && f.digits <= 15 {
			t.Fatalf("%s: %+v", got, f)
		}
	})
}

func TestInstants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		serial   float64
		from1904 bool
		look     look
		want     string
		hidden   bool
	}{
		{46053, false, date, "2026-01-31", false},
		{46053.5729166667, false, moment, "2026-01-31 13:45:00", false},
		{46053.5729166667, false, date, "2026-01-31 13:45:00", true},
		{46053.5729166667, false, clock, "2026-01-31 13:45:00", true},
		{0.5729166667, false, clock, "13:45:00", false},
		{0.5729166667, false, moment, "13:45:00", false},
		{46053, false, moment, "2026-01-31 00:00:00", false},
		{46053.999999999, false, moment, "2026-02-01 00:00:00", false},
		{0.000005787, false, clock, "00:00:00.5", false},
		{0, false, clock, "00:00:00", false},
		{0, true, clock, "00:00:00", false},
		{1, false, date, "1900-01-01", false},
		{59, false, date, "1900-02-28", false},
		{61, false, date, "1900-03-01", false},
		{2958465, false, date, "9999-12-31", false},
		{0, true, date, "1904-01-01", false},
		{44591, true, date, "2026-01-31", false},
		{60, false, date, "", false},
		{0, false, date, "", false},
		{-1, false, date, "", false},
		{2958466, false, date, "", false},
		{2957004, true, date, "", false},
		{1e300, false, date, "", false},
	} {
		var got []byte
		hidden := false
		at, ok := instantOf(c.serial, c.from1904, c.look)
		if ok {
			got, hidden, ok = appendInstant(nil, at, c.look)
		}
		if ok != (c.want != "") || ok && string(got) != c.want || hidden != c.hidden {
			t.Errorf("%v (1904 %v, look %d): %q, hidden %v, %v; want %q", c.serial, c.from1904, c.look, got, hidden, ok, c.want)
		}
	}
	for serial, want := range map[float64]string{5.25: "126:00:00", 0: "00:00:00", -0.5: "-12:00:00", 1.0 / 3: "08:00:00"} {
		if got, ok := appendElapsed(nil, serial); !ok || string(got) != want {
			t.Errorf("elapsed %v: %q", serial, got)
		}
	}
}

// The calendar is Go's, from the first day of either to the last.
func TestInstantsLikeTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from1904 := rapid.Bool().Draw(t, "1904")
		seconds := rapid.Int64Range(61*86400, 2957003*86400).Draw(t, "seconds")
		base := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
		if from1904 {
			base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		want := base.AddDate(0, 0, int(seconds/86400)).Add(time.Duration(seconds%86400) * time.Second).Format("2006-01-02 15:04:05")
		at, ok := instantOf(float64(seconds)/86400, from1904, moment)
		got, _, fits := appendInstant(nil, at, moment)
		if !ok || !fits || string(got) != want {
			t.Fatalf("%d: %s, want %s", seconds, got, want)
		}
	})
}

func TestISODates(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"2026-01-31": "2026-01-31", "2026-01-31T13:45:00": "2026-01-31 13:45:00", "2026-01-31T13:45:00.5Z": "2026-01-31 13:45:00.5", "13:45:00": "13:45:00",
		"31.01.2026": "", "2026-01-31T": "", "2026-1-31": "", "": "", "2026-01-31T25": "", "2026-01-31T13:45:00.": "", "2026-01-31T13:45:00+01:00": "",
	} {
		if got, ok := appendISO(nil, []byte(raw)); ok != (want != "") || ok && string(got) != want {
			t.Errorf("%q: %q, %v", raw, got, ok)
		}
	}
}
