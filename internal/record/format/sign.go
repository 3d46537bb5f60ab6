package format

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"sutor/internal/record"
)

// Signs that are known: currencies by symbol and by their usual codes (ISO 4217),
// and units of trade. The list is closed on purpose: an O for a nought, or an l
// for a one, is a slip, not a unit. Longer signs stand before those they begin
// with.
var (
	currencies = words(`US\$ A\$ C\$ AU\$ CA\$ NZ\$ HK\$ S\$ R\$ \$ [£¤¥฿\x{20a0}-\x{20c0}] SFr\. SFr Fr\. Fr kr\. kr zł Kč Ft lei
		EUR USD GBP CHF JPY CNY SEK NOK DKK PLN CZK HUF RON BGN TRY UAH RUB INR AUD CAD NZD SGD HKD TWD KRW THB IDR MYR PHP VND BRL MXN ZAR AED SAR ILS ISK`)
	units = words(`% ‰ kg mg lbs lb oz ml cl hl cm mm km m² m2 m³ m3 qm
		Stück Stk\. Stk St\. pcs\. pcs pce pc ea pièces pce stuks Std\. Std uur Tage days kWh MWh GWh kW MW °C °F KB MB GB TB`)
	letters = `[gtlmhWVA]` // units of one letter, which stand apart
)

func words(s string) string { return strings.Join(strings.Fields(s), `|`) }

// SignPatterns gives two regular expressions whose first group is the sign that a
// cell carries before its number, and behind it; the first that matches counts.
func SignPatterns() (before, behind string) {
	some := `(` + currencies + `|` + units + `)`
	number := `(?:[0-9.,]|[-+\x{2212}(]` + blanks + `[0-9.,])`
	return `^` + blanks + `[-+\x{2212}(]?` + blanks + some + blanks + number,
		`[0-9.,][-\x{2212}]?` + blanks + `\)?(?:` + blanks + some + `|` + blank + `+(` + letters + `))` + blanks + `\)?` + blanks + `$`
}

var signPatterns = func() [2]*regexp.Regexp {
	before, behind := SignPatterns()
	return [2]*regexp.Regexp{regexp.MustCompile(before), regexp.MustCompile(behind)}
}()

// SignOf gives the sign that a text carries: "€" of "€ 12". It is empty for a
// text that carries none that is known. Of a column it is the one that most cells
// carry that carry one; of several, the first by its bytes.
func SignOf(text string) string {
	if !strings.ContainsFunc(text, ofSign) {
		return ""
	}
	for _, p := range signPatterns {
		if m := p.FindStringSubmatch(text); m != nil {
			return strings.Join(m[1:], "")
		}
	}
	return ""
}

// ofSign tells whether a rune may be one that each sign has at least one of: most cells
// have none, which is found out sooner than by the patterns.
func ofSign(r rune) bool {
	return r >= utf8.RuneSelf || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '$' || r == '%'
}

// oneLetter tells whether a unit must stand apart from the digits.
func oneLetter(carried string) bool {
	r, size := utf8.DecodeRuneInString(carried)
	return size == len(carried) && unicode.IsLetter(r)
}

// signed gives the format that is named by an example with any sign before or
// behind it.
func signed(k record.Kind, name string) (Format, bool) {
	rest, share := strings.CutSuffix(name, "/100")
	for _, w := range ways(k) {
		carried, ok := strings.CutSuffix(rest, w.name)
		if !ok {
			carried, ok = strings.CutPrefix(rest, w.name)
		}
		carried = strings.TrimSpace(carried)
		switch {
		case !ok || !isSign(carried):
		case share && carried == "%" && k != record.Int:
			return w.share(k).make(), true
		case !share:
			return w.format(k, carried).make(), true
		}
	}
	return Format{}, false
}

// partOfNumber is what is no sign although a person may say so: it could not be
// told from the number, or from an exponent.
var partOfNumber = regexp.MustCompile(`^[0-9.]|[-+\x{2212}()'\x{2019},\s]|^[eE][0-9]*$`)

// isSign tells whether a text can be a sign: short, and unlike any part of a
// number.
func isSign(s string) bool {
	strange := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }
	return s != "" && utf8.RuneCountInString(s) <= 12 && !strings.ContainsFunc(s, strange) && !partOfNumber.MatchString(s)
}
