package xlsx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/finding"
)

// The sentences of every refusal. Texts from the file are quoted and cut, so
// that control characters in them do nothing to a terminal.

const (
	saveAsXLSX = `Open it in Excel or LibreOffice and save it as an Excel workbook (.xlsx).`
	askLimit   = "Split the file, or ask the steward, who can raise the limit in the configuration."
	saveNew    = "Open the workbook in Excel or LibreOffice, save it under a new name, and bring that."
)

func quote(text string) string { return fmt.Sprintf("%q", finding.Sample(text)) }

func otherKind(what string) error {
	return errs.New(errs.Invalid, "This is %s; workbooks are read as .xlsx and .xlsm.", what).WithMend(saveAsXLSX)
}

// notZip says what a file is that begins unlike any workbook.
func notZip(file *disk, head []byte, size int64) error {
	switch {
	case size == 0:
		return errs.New(errs.Invalid, "The file is empty: it has no bytes at all.").
			WithMend("Choose the file again; if it should have content, save it again first.")
	case !bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return errs.New(errs.Invalid, "This is no workbook, whatever its name ends in.").WithMend(saveAsXLSX)
	case isEncrypted(file):
		return encrypted()
	}
	return otherKind("an old Excel workbook (.xls) or another old Office file")
}

// isEncrypted tells whether a compound file (MS-CFB) holds a package that is
// encrypted, by the names in the first sector of its directory.
func isEncrypted(file *disk) bool {
	head := make([]byte, 512)
	if _, err := file.ReadAt(head, 0); err != nil {
		return false
	}
	shift := binary.LittleEndian.Uint16(head[30:])
	sector := int64(binary.LittleEndian.Uint32(head[48:]))
	if shift != 9 && shift != 12 {
		return false
	}
	names := make([]byte, 1<<shift)
	if n, _ := file.ReadAt(names, (sector+1)<<shift); n == 0 {
		return false
	}
	return bytes.Contains(names, []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00"))
}

func encrypted() error {
	return errs.New(errs.Invalid, "The workbook is protected by a password, so it cannot be read.").
		WithMend("Open it, take the password away (File, Info, Protect workbook), save it, and bring it again.")
}

func notWhole(cause error) error {
	return errs.New(errs.Invalid, "The workbook is damaged: it was cut off or altered on its way.").
		WithMend("Fetch it again from where it comes, or open and save it in Excel.").Because(cause)
}

func damaged(part, why string) *errs.Error {
	return errs.New(errs.Invalid, "The workbook is damaged: its part %s cannot be trusted, for %s.", quote(part), why).WithMend(saveNew)
}

func missingPart(part string) error {
	return errs.New(errs.Invalid, "The workbook is damaged: its part %s is missing.", quote(part)).WithMend(saveNew)
}

func doublePart(part string) error {
	return errs.New(errs.Invalid, "The workbook holds the part %s twice: two programs could read two different tables out of it.", quote(part)).WithMend(saveNew)
}

func unknownPacking(part string) error {
	return errs.New(errs.Invalid, "The workbook's part %s is packed in a way that workbooks are not.", quote(part)).WithMend(saveNew)
}

func tooManyParts() error {
	return errs.New(errs.Invalid, "The file has more than %d parts; no workbook needs so many.", maxParts).WithMend(saveNew)
}

func tooLarge(limit int64) error {
	return errs.New(errs.Invalid, "The file has more than %d bytes, the most that are taken.", limit).WithMend(askLimit)
}

func bomb(part string) error {
	return errs.New(errs.Invalid, "The workbook's part %s unpacks to far more than its size lets expect.", quote(part)).
		WithMend("If it is a real table, take out empty cells that only have a format, or save it as CSV.")
}

func growsTooMuch(row int) error {
	return errs.New(errs.Invalid, "The table, up to row %d, is far larger than the file: its cells repeat long texts, or most columns are empty.", row).
		WithMend("Take out columns that are not needed, or save the table as CSV.")
}

func documentType(part string) error {
	return errs.New(errs.Invalid, "The workbook's part %s defines a document type, which no workbook does: it may be an attack.", quote(part)).WithMend(saveNew)
}

func (x *scanner) tooMany(what string) error {
	return errs.New(errs.Invalid, "The workbook's part %s holds more %s than any workbook needs.", quote(x.part), what).WithMend(saveNew)
}

func rowTooLong(row int) error {
	return errs.New(errs.Invalid, "Row %d of the sheet holds more than %d MiB.", row, maxRecord>>20).WithMend("Shorten its texts.")
}

func tooDeep(part string) error {
	return errs.New(errs.Invalid, "The workbook's part %s nests its elements more than %d deep: it may be an attack.", quote(part), maxDepth).WithMend(saveNew)
}

func textTooLong(part string, limit int) error {
	return errs.New(errs.Invalid, "The workbook's part %s holds more than %d bytes in one place, or one text of that size.", quote(part), limit).WithMend(saveNew)
}

func tooManyStrings() error {
	return errs.New(errs.Invalid, "The workbook holds more than %d different texts, or more than 4 GiB of them.", maxStrings).
		WithMend("Split it, or save the table as CSV.")
}

func tooManyRows(limit int64) error {
	return errs.New(errs.Invalid, "The table has more than %d rows, the most that are taken.", limit).WithMend(askLimit)
}

func tooManyColumns(found, limit int) error {
	return errs.New(errs.Invalid, "The table has %d columns; at most %d are taken.", found, limit).
		WithMend("Leave out columns that are not needed, or ask the steward, who can raise the limit in the configuration.")
}

func beyondEdge(what string) error {
	return errs.New(errs.Invalid, "The workbook is damaged: %s lies beyond the edges of a sheet.", what).WithMend(saveNew)
}

func unordered(row, before int) error {
	return errs.New(errs.Invalid, "The workbook is damaged: row %d comes after row %d, so two programs could read two different tables.", row, before).WithMend(saveNew)
}

func strayCell(cell string, row int) error {
	return errs.New(errs.Invalid, "The workbook is damaged: the cell %s stands in row %d.", quote(cell), row).WithMend(saveNew)
}

func unorderedCell(cell string) error {
	return errs.New(errs.Invalid, "The workbook is damaged: the cell %s stands twice, or after one to its right.", quote(cell)).WithMend(saveNew)
}

func noString(cell string) error {
	return errs.New(errs.Invalid, "The workbook is damaged: the cell %s points at a text that is not there.", cell).WithMend(saveNew)
}

func noRows(sheet string, hidden []string) error {
	return errs.New(errs.Invalid, "The sheet %s has no rows.", quote(sheet)).
		WithMend("Put the columns' names into the first row and the rows below it, or choose another sheet.%s", hiddenOnes(hidden))
}

func noSheet(hidden []string) error {
	return errs.New(errs.Invalid, "The workbook has no visible sheet with cells.").
		WithMend("Put the table into a sheet of a workbook.%s", hiddenOnes(hidden))
}

// hiddenOnes names the hidden sheets, which are read only when they are chosen.
func hiddenOnes(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " Hidden sheets are read when they are chosen: " + strings.Join(names[:min(10, len(names))], ", ") + "."
}

func onlyHeader(sheet string, line int) error {
	return errs.New(errs.Invalid, "The sheet %s has only a header (row %d) and no rows below it.", quote(sheet), line).
		WithMend("Put the rows below the header; if the first row was meant as data, put the columns' names above it.")
}
