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
