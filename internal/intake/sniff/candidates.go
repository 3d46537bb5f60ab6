package sniff

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sutor/internal/intake/dialect"
)

// usual are the delimiters that files have; the others must look much better.
var usual = map[string]float64{",": 1, ";": 1, "\t": 1, "|": 1, "\x1f": 1, "\x01": 1, ", ": 0.98, "; ": 0.98, "||": 0.98, "::": 0.95, "\t\t": 0.98,
	":": 0.75, " ": 0.7, "=": 0.6, "&": 0.6, "*": 0.7, "#": 0.7, "~": 0.95, "^": 0.95, "§": 0.95, "¦": 0.95}

func prior(delimiter string) float64 {
	if p, ok := usual[delimiter]; ok {
		return p
	}
	if strings.TrimLeft(delimiter, " \t") == "" {
		return 0.7
	}
	return 0.85
}

// maxCandidates bounds the delimiters that are tried.
const maxCandidates = 16

// delimiters gives what may separate the cells of the sample: characters, and
// runs of two to four of them, that are neither letters nor digits and stand in
// a good part of the lines.
func delimiters(sample []byte) []string {
	lines, seen := 0, map[string]int{}
	for line := range bytes.FieldsFuncSeq(sample, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if lines++; lines > 200 {
			break
		}
		for d := range inLine(line) {
			seen[d]++
		}
		if bytes.Contains(line, []byte(`\t`)) {
			seen[`\t`]++ // a tab that was written as an escape
		}
	}
	var out []string
	for d, n := range seen {
		if n*4 >= lines || usual[d] == 1 {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		wa, wb := float64(seen[a])*prior(a), float64(seen[b])*prior(b)
		switch {
		case wa > wb:
			return -1
		case wa < wb:
			return 1
		}
		return strings.Compare(a, b)
	})
	return out[:min(len(out), maxCandidates)]
}

// inLine gives the possible delimiters of one line.
func inLine(line []byte) map[string]bool {
	out := map[string]bool{}
	for i := 0; i < len(line); {
		r, n := utf8.DecodeRune(line[i:])
		if !mayDelimit(r) {
			i += n
			continue
		}
		start := i
		for i < len(line) && i-start < 8 {
			if r, n = utf8.DecodeRune(line[i:]); !mayDelimit(r) {
				break
			}
			out[string(line[i:i+n])] = true
			if i > start {
				two := string(line[i-1 : i+n])
				if utf8.ValidString(two) {
					out[two] = true
				}
			}
			i += n
		}
		if run := string(line[start:i]); utf8.RuneCountInString(run) > 1 && len(run) <= 4 {
			out[run] = true
		}
	}
	return out
}

func mayDelimit(r rune) bool {
	return r != utf8.RuneError && r != 0 && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) &&
		!strings.ContainsRune("\"'.-_/()<>[]{}\\\u00a0\ufeff\u200b€$£%+’“”„«»°´`", r)
}

// quotings gives the quotes and escapes worth a try with a delimiter, the usual first.
func quotings(sample []byte, delimiter string) (out []dialect.Dialect) {
	add := func(q, e string) { out = append(out, dialect.Dialect{Delimiter: delimiter, Quote: q, Escape: e}) }
	add(`"`, `"`)
	for _, e := range escapes(sample, `"`) {
		add(`"`, e)
	}
	if atEdges(sample, delimiter, "'") >= 2 {
		add("'", "'")
		for _, e := range escapes(sample, "'") {
			add("'", e)
		}
	}
	if bytes.IndexByte(sample, '"') >= 0 {
		add("", "")
	}
	return out
}

// escapes gives the characters that may escape a quote.
func escapes(sample []byte, quote string) (out []string) {
	for _, e := range []string{`\`, "\x00", "^", "~"} {
		if bytes.Contains(sample, []byte(e+quote)) {
			out = append(out, e)
		}
	}
	return out
}

// atEdges counts quotes that stand at the edge of a cell.
func atEdges(sample []byte, delimiter, quote string) int {
	if !bytes.Contains(sample, []byte(quote)) {
		return 0
	}
	n := 0
	for _, edge := range []string{delimiter + quote, quote + delimiter, "\n" + quote, quote + "\n", quote + "\r"} {
		n += bytes.Count(sample, []byte(edge))
	}
	return n
}

// recordEnd finds a record end that is no line end: U+001E, which stands for it
// where a text has no lines, or a delimiter at the end of every line that stands
// nowhere else. What somebody says is the delimiter is none.
func recordEnd(sample []byte, delimiter string) string {
	lf, cr := bytes.Count(sample, []byte("\n")), bytes.Count(sample, []byte("\r"))
	if n := bytes.Count(sample, []byte("\x1e")); n > 1 && lf+cr < n {
		if bytes.Count(sample, []byte("\x1e\r\n")) >= n-1 {
			return "\x1e\r\n"
		}
		if bytes.Count(sample, []byte("\x1e\n")) >= n-1 {
			return "\x1e\n"
		}
		return "\x1e"
	}
	first := sample[:bytes.IndexByte(sample, '\n')+1]
	for _, c := range []string{";", "|"} {
		if c == delimiter {
			continue
		}
		n := bytes.Count(sample, []byte(c))
		for _, end := range []string{"\r\n", "\n"} {
			if k := bytes.Count(sample, []byte(c+end)); n > 2 && n-k <= 1 && k == bytes.Count(sample, []byte(end)) && bytes.HasSuffix(first, []byte(c+end)) && bytes.ContainsAny(sample, ",\t") {
				return c + end
			}
		}
	}
	return ""
}
