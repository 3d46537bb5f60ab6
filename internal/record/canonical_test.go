package record

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever is known of a text by its bytes, Parse says the same.
func TestIsCanonical(t *testing.T) {
	t.Parallel()
	types := append([]Type{
		{Kind: Int, Bits: 8}, {Kind: Int, Bits: 16, Unsigned: true}, {Kind: Int, Bits: 24}, {Kind: Int, Bits: 64},
		{Kind: Decimal, Precision: 5, Scale: 2}, {Kind: Decimal, Precision: 2, Scale: 2}, {Kind: Decimal, Precision: 4, Scale: 0}, {Kind: Decimal, Precision: -1, Scale: -1},
		{Kind: Decimal, Precision: -1, Scale: 1}, {Kind: Enum, Labels: []string{"a", " b"}}, {Kind: Bytes}, {Kind: Time, Fraction: 3}, {Kind: Native}, {Kind: Unsupported},
	}, allOfThem...)
	texts := rapid.OneOf(
		rapid.StringMatching(`[+-]?[0-9]{0,20}`), rapid.StringMatching(`-?[0-9]{1,5}\.[0-9]{1,3}`), rapid.StringMatching(`[0-9]{4}-[01][0-9]-[0-3][0-9]( [0-2][0-9]:[0-5][0-9]:00(\+00)?)?`),
		rapid.SampledFrom([]string{"", "0", "-0", "00", "0.00", "-0.00", "-0.01", ".50", "1.", "true", "TRUE", "f", "a", "b", " b", "abc ", "äöü", "äöüß", "a\x00b", "0000-01-01", "2024-02-29", "2023-02-29", `\x00ff`, `\x00FF`, "10:00:00", "nan", "127", "128", "-128"}),
		rapid.String())
	rapid.Check(t, func(rt *rapid.T) {
		typ, text := rapid.SampledFrom(types).Draw(rt, "type"), texts.Draw(rt, "text")
		canonical, p := typ.Parse(text, time.UTC)
		want := p == OK && canonical == text && typ.Kind != Native && typ.Kind != Unsupported
		if got := typ.IsCanonical([]byte(text)); got != want {
			rt.Fatalf("%q as %s %+v: canonical %v, want %v", text, typ.Kind, typ, got, want)
		}
	})
}
