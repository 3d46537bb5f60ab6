package plan

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"sutor/internal/finding"
	"sutor/internal/record"
)

// Texts are never changed by how they look, only pointed out: what cannot be seen,
// blanks at the ends, letters of other alphabets that look like Latin ones, and new
// keys that differ from others by nothing else.

// alikeLetters are Cyrillic and Greek letters and the Latin ones that they look
// like. Greek omega and mu are not among them: they are units.
const (
	alikeLetters = "АВЕЅІЈКМНОРСТУХаеорсухіјѕΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρ"
	latinLetters = "ABESIJKMHOPCTYXaeopcyxijsABEZHIKMNOPTYXovp"
)

// LookAlike matches a text where such a letter stands beside a Latin one.
const LookAlike = `[A-Za-z\x{c0}-\x{24f}][` + alikeLetters + `]|[` + alikeLetters + `][A-Za-z\x{c0}-\x{24f}]`

// Folding gives the steps that make alike keys the same, after the canonical
// composition (NFC): what Gone matches goes, of the letters each From is a To, and
// runs of blanks are one, and none at the ends.
func Folding() (gone, from, to string) {
	return finding.Invisible + `|[\x{200c}\x{200d}]`, alikeLetters, latinLetters
}

var (
	lookAlike = regexp.MustCompile(LookAlike)
	unseen    = regexp.MustCompile(finding.Invisible)
	goneKey   = regexp.MustCompile(finding.Invisible + `|[\x{200c}\x{200d}]`)
	blankRuns = regexp.MustCompile(`[ \t]+`)
	latin     = func() *strings.Replacer {
		var pairs []string
		to := []rune(latinLetters)
		for i, r := range []rune(alikeLetters) {
			pairs = append(pairs, string(r), string(to[i]))
		}
		return strings.NewReplacer(pairs...)
	}()
)

// fold makes keys the same that look the same.
func fold(key string) string {
	key = latin.Replace(goneKey.ReplaceAllString(norm.NFC.String(key), ""))
	return strings.Trim(blankRuns.ReplaceAllString(key, " "), " ")
}

// padded tells whether a text begins or ends with a blank.
func padded(s string) bool { return strings.Trim(s, " \t") != s }

func warning(guardrail, column, message, mend string) finding.Finding {
	return finding.Finding{Guardrail: guardrail, Severity: finding.Warn, Column: column, Message: message, Mend: mend, Who: finding.Maker}
}

// UnseenFinding warns of texts with characters that nobody sees.
func UnseenFinding(c record.Column) finding.Finding {
	return warning(finding.Unseen, c.Name, fmt.Sprintf("Texts of %s have characters that cannot be seen.", c.Title()),
		"They are kept as they are. If they are not meant, remove them in the file; the samples show where they stand.")
}

// PaddedFinding warns of texts with blanks at their ends.
func PaddedFinding(c record.Column) finding.Finding {
	return warning(finding.Padded, c.Name, fmt.Sprintf("Texts of %s begin or end with blanks.", c.Title()), "They are kept as they are. If they are not meant, remove them in the file.")
}

// LookAlikeFinding warns of words that mix alphabets whose letters look the same.
func LookAlikeFinding(c record.Column) finding.Finding {
	return warning(finding.LookAlike, c.Name, fmt.Sprintf("Words of %s mix Latin letters with Cyrillic or Greek ones that look the same.", c.Title()),
		"They are kept as they are, and will not be found by those who type them. If that is not meant, type them anew.")
}

// AlikeKeysFinding warns of new keys that differ from another one only by what
// cannot be seen.
func AlikeKeysFinding(key record.Schema) finding.Finding {
	return warning(finding.AlikeKeys, strings.Join(key.Names(), ", "),
		"New rows have a key that looks the same as another one: they differ only by blanks, invisible characters, letters of another alphabet, or how accents are put together.",
		"Check whether they mean the other row.")
}
