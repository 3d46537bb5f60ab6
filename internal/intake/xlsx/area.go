package xlsx

import (
	"strconv"
	"strings"
)

// area is a rectangle of cells, rows and columns from 1, the last included.
type area struct{ firstRow, lastRow, firstCol, lastCol int }

func wholeSheet() area { return area{1, maxRows, 1, maxCols} }

func (a area) height() int { return a.lastRow - a.firstRow + 1 }

func (a area) holds(row, col int) bool {
	return row >= a.firstRow && row <= a.lastRow && col >= a.firstCol && col <= a.lastCol
}

// String writes the area as workbooks do: "A1:D20".
func (a area) String() string {
	return cellName(a.firstRow, a.firstCol) + ":" + cellName(a.lastRow, a.lastCol)
}

// parseArea reads "A1:D20", "A1" and "A:D", with or without dollar signs.
func parseArea(text string) (area, bool) {
	from, to, two := strings.Cut(strings.ReplaceAll(text, "$", ""), ":")
	if !two {
		to = from
	}
	c1, r1, ok1 := parseCell([]byte(from))
	c2, r2, ok2 := parseCell([]byte(to))
	if two && r1 == 0 && r2 == 0 && c1 > 0 {
		r1, r2 = 1, maxRows
	}
	a := area{r1, r2, c1, c2}
	return a, ok1 && ok2 && r1 > 0 && c1 > 0 && r1 <= r2 && c1 <= c2
}

// parseCell reads "AB12": column and row from 1, 0 for one that is not named. It
// is false for anything beyond the edges of a sheet.
func parseCell(ref []byte) (col, row int, ok bool) {
	i := 0
	for ; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		col = col*26 + int(c-'A') + 1
	}
	if col > maxCols || i == 4 || len(ref) == 0 {
		return 0, 0, false
	}
	if i == len(ref) {
		return col, 0, true
	}
	row, ok = number(ref[i:])
	return col, row, ok && row > 0 && row <= maxRows
}

// number reads a whole number of at most nine digits.
func number(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// columnName gives the letters of a column, from 1.
func columnName(col int) string {
	var b [4]byte
	i := len(b)
	for ; col > 0; col = (col - 1) / 26 {
		i--
		b[i] = byte('A' + (col-1)%26)
	}
	return string(b[i:])
}

func cellName(row, col int) string { return columnName(col) + strconv.Itoa(row) }

// parsePlace reads what a name stands for: one area of one sheet, as in
// 'My Sheet'!$A$1:$D$20.
func parsePlace(place string) (sheet string, a area, ok bool) {
	i := strings.LastIndexByte(place, '!')
	if i < 0 {
		return "", area{}, false
	}
	sheet = place[:i]
	if n := len(sheet); n > 1 && sheet[0] == '\'' && sheet[n-1] == '\'' {
		sheet = strings.ReplaceAll(sheet[1:n-1], "''", "'")
	}
	a, ok = parseArea(place[i+1:])
	return sheet, a, ok
}
