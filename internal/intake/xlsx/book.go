package xlsx

import (
	"strings"
	"unicode"

	"sutor/internal/record"
)

// Book is a workbook for people to work in: one sheet of rows, one that explains
// them, and a mark by which it is known again.
type Book struct {
	Sheet   string   // the name of the sheet with the rows; made to fit
	Columns []Column // of that sheet
	About   []Line   // the sheet that explains; none without lines
	Mark    Mark     // nothing is marked by the zero Mark
	Locked  bool     // only the cells of columns that are not locked can be changed
}

// Column is one column of the sheet with the rows. The zero Type is text.
type Column struct {
	Header string
	Type   record.Type // how its values are written
	Note   string      // the comment at its header; "" for none
	Locked bool        // its cells cannot be changed
	Below  bool        // but those below the last row can be, for new rows
	Hidden bool
	OneOf  []string // canonical texts to choose from
	Min    *string  // smallest and largest value, as canonical or plain texts
	Max    *string
}

// Line is one line of the sheet that explains: texts from its first cell on. A
// Head stands out.
type Line struct {
	Head  bool
	Cells []string
}

// Remark is what must be seen at one cell of a row.
type Remark struct {
	Column int // index
	Text   string
}

// Limits of the format (ECMA-376, and Excel's own).
const (
	maxRows   = 1_048_576
	maxText   = 32_767 // UTF-16 units in a cell
	maxSheet  = 31     // characters of a sheet's name
	maxNotice = 255    // characters of what is told of a refused value
)

// fit makes a sheet's name of a text.
func fit(name, otherwise string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, name)
	name = strings.TrimSpace(cut(strings.TrimSpace(name), maxSheet))
	if name == "" || strings.EqualFold(name, "History") { // which Excel keeps for itself
		return otherwise
	}
	return name
}

// cut keeps the first characters of a text, in UTF-16 units as the format counts.
func cut(text string, units int) string {
	for i, r := range text {
		if units -= len16(r); units < 0 {
			return text[:i]
		}
	}
	return text
}

// len16 is the number of UTF-16 units of a character.
func len16(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}
