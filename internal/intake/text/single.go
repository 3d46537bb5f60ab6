package text

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
)

// alphabets are the letters beyond ASCII of the languages of business in the
// encodings of one byte, one language a line.
var alphabets = []string{
	"äöüßéè", "àâæçéèêëîïôœùûüÿ", "áéíñóúüª", "ãáâàçéêíóôõúª", "àèéìòùîó", "éëïóöüèê", "åäöé", "æøåéòôü", "áðéíóúýþæö", "äõöüšž",
	"ąćęłńóśźż", "áčďéěíňóřšťúůýžäľĺŕô", "áéíóöőúüű", "čćđšž", "ăâîşţșț", "çğıöşüâî", "āčēģīķļņšūž", "ąčęėįšųūž", "àéèíïóòúüç·",
}

// Cyrillic and Greek letters by how often they occur in texts; others of these
// scripts weigh rare.
const (
	cyrillicOften = "оеаинтсрвлкмдпу"
	cyrillicSome  = "яыьгзбчйхжшюіў"
	greekOften    = "ατοιενσρκπςυμλ"
	greekSome     = "ηδγθχάίόέήύώωβφ"
	hebrewOften   = "ויהלאמרתבש"
	arabicOften   = "اليمنوتربةع"
)

// goodSymbols stand in business texts, beside words and numbers.
const goodSymbols = "€£§©®°±²³µ·½¼¾«»–—‘’“”„‚…•™¿¡№ªº×\u00a0"

// evidence is what one encoding makes of a sample.
type evidence struct {
	Encoding
	table [128]rune
	score float64
}

// maxJudged bounds the characters of a sample that are weighed.
const maxJudged = 20_000

// detectSingle finds the encoding of one byte a character.
func detectSingle(b []byte) Guess {
	var all []evidence
	n := max(1, float64(beyondASCII(b)))
	for _, e := range single {
		v := evidence{Encoding: e, table: e.table()}
		v.score = v.weigh(b) + e.prior*(1+8/n) // the less evidence, the more it counts what is common
		all = append(all, v)
	}
	slices.SortStableFunc(all, func(a, b evidence) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	g := Guess{Encoding: all[0].Encoding, Certain: 1}
	var alternatives []Encoding
	for _, v := range all[1:] {
		if differ(b, all[0].table, v.table) {
			if len(alternatives) == 0 {
				g.Certain = surely(2.5*(all[0].score-v.score), b)
			}
			if all[0].score-v.score < 0.5 && len(alternatives) < 3 {
				alternatives = append(alternatives, v.Encoding)
			}
		}
	}
	g.Others = others(b, g.Encoding, alternatives)
	return g
}

// surely scales a certainty by how much evidence there is.
func surely(c float64, b []byte) float64 {
	n := float64(beyondASCII(b))
	return max(0, min(1, c)) * n / (n + 2)
}

func beyondASCII(b []byte) (n int) {
	for _, c := range b {
		if c >= 0x80 {
			n++
		}
	}
	return n
}

func differ(b []byte, one, other [128]rune) bool {
	for _, c := range b {
		if c >= 0x80 && one[c-0x80] != other[c-0x80] {
			return true
		}
	}
	return false
}

// at gives the character of a byte.
func (v *evidence) at(b []byte, i int) rune {
	switch {
	case i < 0 || i >= len(b):
		return ' '
	case b[i] < 0x80:
		return rune(b[i])
	}
	return v.table[b[i]-0x80]
}

// weigh judges every character beyond ASCII where it stands, and the letters by
// the alphabet that has most of them; the result is an average.
func (v *evidence) weigh(b []byte) float64 {
	sum, n := 0.0, 0
	latin := map[rune]int{}
	for i, c := range b {
		if c < 0x80 {
			continue
		}
		if n++; n > maxJudged {
			break
		}
		r := v.table[c-0x80]
		before, behind := v.at(b, i-1), v.at(b, i+1)
		switch {
		case r == unicode.ReplacementChar || r < 0xA0:
			sum -= 3
		case unicode.IsLetter(r):
			if !unicode.IsLetter(before) && !unicode.IsLetter(behind) {
				sum += 0.2 // alone it says little
				continue
			}
			sum += inWord(r, before, behind)
			if unicode.Is(unicode.Latin, r) {
				latin[unicode.ToLower(r)]++
			}
		case strings.ContainsRune(goodSymbols, r):
			sum += 0.4
			switch {
			case r == '\u00a0' && strings.ContainsRune(",;\t|\"\r\n", behind):
				sum += 0.7 // at the end of a cell, where pages and spreadsheets leave it
			case r == '\u00a0':
				sum += 0.4
			case unicode.IsLetter(before) && unicode.IsLetter(behind) && !strings.ContainsRune("’·–—", r):
				sum--
			}
		case unicode.IsMark(r):
			sum += 0.2
		default:
			sum -= 0.4
			if unicode.IsLetter(before) || unicode.IsLetter(behind) {
				sum--
			}
		}
	}
	return (sum + covered(latin)) / float64(max(1, n))
}

// covered gives how many of the letters one language has: of all, the best.
func covered(letters map[rune]int) float64 {
	best := 0
	for _, a := range alphabets {
		n := 0
		for r, k := range letters {
			if strings.ContainsRune(a, r) {
				n += k
			}
		}
		best = max(best, n)
	}
	return float64(best)
}

// inWord judges a letter by those beside it.
func inWord(r, before, behind rune) float64 {
	w := scriptWeight(r)
	for _, near := range []rune{before, behind} {
		if !unicode.IsLetter(near) {
			continue
		}
		if script(near) != script(r) {
			w--
		} else if near > 0x7F && script(r) == 'L' {
			w -= 0.3 // letters with marks seldom stand together
		}
	}
	switch {
	case unicode.IsUpper(r) && unicode.IsLower(before):
		w--
	case unicode.IsLower(r) && unicode.IsUpper(before) && unicode.IsUpper(behind):
		w -= 0.7
	case unicode.IsUpper(r) && unicode.IsLower(behind) && unicode.IsLetter(before):
		w -= 0.3
	}
	return w
}

func script(r rune) rune {
	switch {
	case unicode.Is(unicode.Latin, r):
		return 'L'
	case unicode.Is(unicode.Cyrillic, r):
		return 'C'
	case unicode.Is(unicode.Greek, r):
		return 'G'
	case unicode.Is(unicode.Hebrew, r):
		return 'H'
	case unicode.Is(unicode.Arabic, r):
		return 'A'
	}
	return 'o'
}

// scriptWeight is what a letter says by itself. A Latin one says nothing: its
// language does.
func scriptWeight(r rune) float64 {
	low := unicode.ToLower(r)
	often, some := "", ""
	switch script(r) {
	case 'L':
		return 0
	case 'C':
		often, some = cyrillicOften, cyrillicSome
	case 'G':
		often, some = greekOften, greekSome
	case 'H':
		often = hebrewOften
	case 'A':
		often = arabicOften
	default:
		return 0.5
	}
	w := 0.3
	if strings.ContainsRune(often, low) {
		w = 1
	} else if strings.ContainsRune(some, low) {
		w = 0.8
	}
	if unicode.IsUpper(r) {
		w -= 0.1
	}
	return w
}

// others gives the alternatives with up to three cells each that they read
// differently.
func others(b []byte, best Encoding, alternatives []Encoding) (out []Other) {
	for _, e := range alternatives {
		o := Other{Encoding: e}
		line := 1
		for rest := b; len(rest) > 0 && len(o.Cells) < 3; {
			row, below, _ := bytes.Cut(rest, []byte("\n"))
			if cell := differs(row, best, e); cell.Here != cell.There {
				cell.Line = line
				o.Cells = append(o.Cells, cell)
			}
			rest = below
			line++
		}
		out = append(out, o)
	}
	return out
}

// differs gives the first cell of a line that two encodings read differently.
func differs(row []byte, one, other Encoding) Cell {
	for _, cell := range bytes.FieldsFunc(row, func(r rune) bool { return strings.ContainsRune(",;\t|\"\r", r) }) {
		if bytes.IndexFunc(cell, func(r rune) bool { return r > 0x7F }) < 0 {
			continue
		}
		cell = cell[:min(len(cell), 60)]
		here, err := one.enc.NewDecoder().Bytes(cell)
		if err != nil {
			continue
		}
		there, err := other.enc.NewDecoder().Bytes(cell)
		if err == nil && !bytes.Equal(here, there) {
			return Cell{Here: strings.TrimSpace(string(here)), There: strings.TrimSpace(string(there))}
		}
	}
	return Cell{}
}
