package intake

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// synonymLines is what business columns are called; the file says its own form.
//
//go:embed synonyms.txt
var synonymLines string

// words is the file, read.
type words struct {
	concept map[string]string // by a name's spelling
	broader map[string]string // concept → the one that it is a kind of
}

// thesaurus says which concept a name stands for. It is read once.
var thesaurus = sync.OnceValue(func() words {
	w := words{map[string]string{}, map[string]string{}}
	for line := range strings.Lines(synonymLines) {
		concept, broader, names := parseSynonyms(line)
		if broader != "" {
			w.broader[concept] = broader
		}
		for _, name := range names {
			for _, k := range spellings(name) {
				w.concept[k] = concept
			}
		}
	}
	return w
})

// parseSynonyms reads a line; none where it is empty or a remark.
func parseSynonyms(line string) (concept, broader string, names []string) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", "", nil
	}
	fields := strings.Split(line, "|")
	concept, broader, _ = strings.Cut(fields[0], "<")
	for _, f := range fields[1:] {
		for name := range strings.SplitSeq(f, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return strings.TrimSpace(concept), strings.TrimSpace(broader), names
}

// conceptsOf gives what the names stand for, each concept once.
func conceptsOf(names []string) (out []string) {
	for _, name := range names {
		if c, ok := thesaurus().concept[plain(name)]; ok && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// kin tells whether a concept is a kind of one of the others, or one of them of it.
func kin(concept string, others []string) (other string, ok bool) {
	broader := thesaurus().broader
	for _, o := range others {
		if broader[concept] == o || broader[o] == concept {
			return o, true
		}
	}
	return "", false
}

// spellings gives the forms in which a listed word is found: without accents, and
// with ae, oe and ue for the umlauts.
func spellings(name string) []string {
	a := plain(name)
	b := plain(strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "ae", "Ö", "oe", "Ü", "ue").Replace(norm.NFC.String(name)))
	if a == b {
		return []string{a}
	}
	return []string{a, b}
}

// plain gives what is left of a name without case, accents, and whatever is
// neither a letter nor a digit, "%" excepted, which says what a column is.
func plain(name string) string {
	folded := cases.Fold().String(cut(name))
	if strings.IndexFunc(folded, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 { // else it has no accents
		t := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
		var err error
		if folded, _, err = transform.String(t, folded); err != nil {
			return "" // no text: it stands for nothing
		}
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '%' {
			return r
		}
		return -1
	}, folded)
}
