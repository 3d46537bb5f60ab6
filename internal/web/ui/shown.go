package ui

import (
	"fmt"
	"strings"
	"unicode"
)

// Shown is a text of the data as an approver must see it: what a browser would
// hide, fold or reorder is written out as a mark, so that two texts that are not
// the same never look the same ("NET\u202e03" would read NET30; CVE-2021-42574
// tells of the same trick on source code). Letters of other alphabets that look
// alike are left as they are.
type Shown []Piece

// Piece is a run of plain text, or one mark.
type Piece struct {
	Text string
	Mark bool
}

// Visible writes a text out: spaces at the ends and beside others as ␣, anything
// else that cannot be seen by its code.
func Visible(s string) Shown {
	var out Shown
	var run strings.Builder
	end := func() {
		if run.Len() > 0 {
			out = append(out, Piece{run.String(), false})
			run.Reset()
		}
	}
	all := []rune(s)
	for i, r := range all {
		mark := ""
		switch {
		case r == ' ' && (i == 0 || i == len(all)-1 || all[i-1] == ' ' || all[i+1] == ' '):
			mark = "␣"
		case hidden(r):
			mark = code(r)
		default:
			run.WriteRune(r)
			continue
		}
		end()
		out = append(out, Piece{mark, true})
	}
	end()
	return out
}

// Plain takes out of people's own words (titles, comments) what could make a page
// say something else: marks that reorder text are written out, line breaks and
// other controls become spaces.
func Plain(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			out.WriteString(code(r))
		case unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
			out.WriteByte(' ')
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// hidden tells whether a rune has no shape of its own: control and format
// characters (those that reorder text among them), and spaces that are not the
// common one.
func hidden(r rune) bool {
	return r != ' ' && (unicode.IsControl(r) || unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Zs, unicode.Zl, unicode.Zp, unicode.Variation_Selector) ||
		r == '\u115f' || r == '\u1160' || r == '\u3164' || r == '\uffa0' || r == '\u2800') // fillers of Hangul and Braille, which are letters by name
}

// code names a rune as Unicode does.
func code(r rune) string {
	switch r {
	case '\n':
		return "⏎"
	case '\t':
		return "⇥"
	}
	return fmt.Sprintf("U+%04X", r)
}
