package intake

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold gives what similar names have in common: composed (NFC), case-folded as
// Unicode says (Straße is STRASSE), without blanks, underscores and hyphens of
// any kind. Empty where nothing is left, which is similar to nothing.
func fold(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, name)
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
}

// nearest gives up to three of names that name may be a slip of, nearest first.
func nearest(name string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var near []candidate
	want := []rune(cut(fold(name)))
	for _, n := range names {
		have := []rune(cut(fold(n)))
		if d := distance(want, have); d <= max(2, len(want)/3) && d < max(len(want), len(have)) {
			near = append(near, candidate{n, d})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var out []string
	for _, c := range near[:min(3, len(near))] {
		out = append(out, c.name)
	}
	return out
}

// cut keeps distances cheap where a header is hostile.
func cut(s string) string { return s[:min(len(s), 100)] }

// distance counts the insertions, deletions and replacements that make b of a
// (Levenshtein).
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			replace := diagonal
			if x != y {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// oneSlip tells whether two names differ by one slip of the finger: one letter
// more, fewer, other, or exchanged with its neighbour, in a word of five letters
// or more. The first letter and all digits are the same: people slip inside
// words, and line_1 and line_2 are two things.
func oneSlip(a, b string) bool {
	one, two := tokens(a), tokens(b)
	if len(one) != len(two) {
		one, two = []string{strings.Join(one, "")}, []string{strings.Join(two, "")}
	}
	slips := 0
	for i, x := range one {
		if x == two[i] {
			continue
		}
		if slips++; slips > 1 || !slip([]rune(x), []rune(two[i])) {
			return false
		}
	}
	return slips == 1
}

func slip(a, b []rune) bool {
	if min(len(a), len(b)) < 5 || a[0] != b[0] || digits(a) != digits(b) {
		return false
	}
	i, k := 0, 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	for k < min(len(a), len(b))-i && a[len(a)-1-k] == b[len(b)-1-k] {
		k++
	}
	x, y := a[i:len(a)-k], b[i:len(b)-k]
	return len(x) <= 1 && len(y) <= 1 || len(x) == 2 && len(y) == 2 && x[0] == y[1] && x[1] == y[0]
}

func digits(name []rune) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, string(name))
}

// tokens splits a name into its words, folded: at whatever is neither letter nor
// digit, and where a small letter meets a capital one (paymentTerms).
func tokens(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if f := fold(string(word)); f != "" {
			out = append(out, f)
		}
		word = word[:0]
	}
	var last rune
	for _, r := range cut(name) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) {
			flush()
		} else {
			if unicode.IsLower(last) && unicode.IsUpper(r) {
				flush()
			}
			word = append(word, r)
		}
		last = r
	}
	flush()
	return out
}

// within tells whether all words of one name stand in the other, which has more,
// and say something: of "name" and "file name" the same word stands in both, and
// they have nothing in common.
func within(a, b string) bool {
	one, two := tokens(a), tokens(b)
	if len(one) > len(two) {
		one, two = two, one
	}
	says := false
	for _, x := range one {
		if !slices.Contains(two, x) {
			return false
		}
		says = says || len([]rune(x)) >= 4 && !general(x)
	}
	return says && len(one) < len(two)
}

// general tells whether a word stands in the names of many columns.
func general(word string) bool {
	switch word {
	case "name", "names", "code", "number", "nummer", "numéro", "date", "datum", "type", "group", "gruppe", "groep", "status", "value", "wert",
		"text", "column", "field", "total", "list", "item":
		return true
	}
	return false
}

// closeness is 1 for names that are the same when folded, 0 for names that have
// nothing in common, or are too short to tell.
func closeness(a, b string) float64 {
	one, two := []rune(cut(fold(a))), []rune(cut(fold(b)))
	longer := max(len(one), len(two))
	if min(len(one), len(two)) < 4 { // all short names resemble each other
		return 0
	}
	return 1 - float64(distance(one, two))/float64(longer)
}
