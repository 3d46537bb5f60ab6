package expr

import (
	"regexp"
	"regexp/syntax"
	"sync"
	"unicode"

	"sutor/internal/errs"
)

// maxPattern bounds a compiled pattern, counted as its instructions and the
// ranges of its classes: far below what RE2 refuses in any engine.
const maxPattern = 10_000

// patterns remembers what pattern made of texts: a plan compiles the Compact's anew, and
// to write a pattern out takes longer than to plan a small file by it. It forgets all of
// them when there are many.
var patterns = struct {
	mu  sync.Mutex
	all map[string]patternMade
}{all: map[string]patternMade{}}

const mostPatterns = 1000

type patternMade struct {
	re     *regexp.Regexp
	source string
}

// pattern is makePattern, once for each text that is one.
func pattern(s string) (*regexp.Regexp, string, error) {
	patterns.mu.Lock()
	defer patterns.mu.Unlock()
	if made, known := patterns.all[s]; known {
		return made.re, made.source, nil
	}
	re, source, err := makePattern(s)
	if err == nil {
		if len(patterns.all) >= mostPatterns {
			clear(patterns.all)
		}
		patterns.all[s] = patternMade{re, source}
	}
	return re, source, err
}

// makePattern reads a regular expression and writes it back with everything spelled
// out that engines could understand differently: classes by Unicode property
// and letters matched in either case become explicit ranges from Go's tables,
// groups lose their names. What is left means the same in every RE2.
func makePattern(s string) (*regexp.Regexp, string, error) {
	tree, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return nil, "", errs.New(errs.Invalid, "The pattern %s cannot be read: %s.", written(s), err.(*syntax.Error).Code).
			WithMend(`Patterns are written in RE2 syntax; in a text a backslash is doubled, as in "^\\d+$".`)
	}
	spellOut(tree)
	source := tree.String()
	re, err := regexp.Compile(source)
	if err != nil {
		return nil, "", errs.New(errs.Invalid, "The pattern %s cannot be used.", written(s)).WithMend("Write a simpler pattern.").Because(err)
	}
	if size := patternSize(tree); size > maxPattern {
		return nil, "", errs.New(errs.Invalid, "The pattern %s is too large.", written(s)).WithMend("Write a shorter pattern, with fewer repetitions and classes.")
	}
	return re, source, nil
}

func spellOut(re *syntax.Regexp) {
	for _, sub := range re.Sub {
		spellOut(sub)
	}
	switch {
	case re.Op == syntax.OpCapture:
		re.Name = ""
	case re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase != 0:
		letters := make([]*syntax.Regexp, len(re.Rune))
		for i, r := range re.Rune {
			letters[i] = eitherCase(r)
		}
		*re = syntax.Regexp{Op: syntax.OpConcat, Sub: letters}
	}
}

// eitherCase is the class of all runes that fold to the same one.
func eitherCase(r rune) *syntax.Regexp {
	class := &syntax.Regexp{Op: syntax.OpCharClass, Rune: []rune{r, r}}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		class.Rune = append(class.Rune, f, f)
	}
	if len(class.Rune) == 2 {
		return &syntax.Regexp{Op: syntax.OpLiteral, Rune: []rune{r}}
	}
	sortRanges(class.Rune)
	return class
}

// sortRanges orders one-rune ranges; an orbit has at most four.
func sortRanges(r []rune) {
	for i := 2; i < len(r); i += 2 {
		for j := i; j > 0 && r[j] < r[j-2]; j -= 2 {
			r[j], r[j+1], r[j-2], r[j-1] = r[j-2], r[j-1], r[j], r[j+1]
		}
	}
}

func patternSize(tree *syntax.Regexp) int {
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return maxPattern + 1
	}
	size := 0
	for _, in := range prog.Inst {
		size += 1 + len(in.Rune)
	}
	return size
}
