package errs

import "strings"

// longestName bounds the names that are compared: nobody mistypes longer ones
// in a way that a suggestion could help with.
const longestName = 64

// Nearest gives the known name that was probably meant, or "": the one with the
// fewest typing mistakes, at most one in three characters. A mend may ask: did you
// mean this one?
func Nearest(name string, known []string) string {
	if len(name) > longestName {
		return ""
	}
	best, least := "", max(1, len([]rune(name))/3)+1
	for _, k := range known {
		if len(k) > longestName {
			continue
		}
		if d := mistakes([]rune(strings.ToLower(name)), []rune(strings.ToLower(k))); d < least {
			best, least = k, d
		}
	}
	return best
}

// mistakes counts insertions, deletions, replacements and swaps of neighbours
// (optimal string alignment distance).
func mistakes(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			differ := 1
			if a[i-1] == b[j-1] {
				differ = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
