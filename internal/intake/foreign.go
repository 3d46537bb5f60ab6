package intake

import (
	"bytes"

	"sutor/internal/errs"
)

// A mark is what files of one kind begin with.
type mark struct {
	begins string
	within string // also somewhere in the head; "" for no more
	what   string
	mend   string
}

const (
	saveAsCSV = `Open it and save it as "CSV UTF-8".`
	unpack    = "Unpack it and choose the file with the table."
	asTable   = `Open it in a spreadsheet program and save the table as "CSV UTF-8".`
)

// marks are tried in order. None is what the header of a CSV file begins with,
// so no good file is refused by them.
var marks = []mark{
	{"PK\x05\x06", "", "an empty ZIP archive", unpack},
	{"%PDF-", "", "a PDF document", "Ask for the data as a table; from where it comes it can be saved as CSV."},
	{"BZh", "1AY&SY", "a file compressed with bzip2", unpack},
	{"\xFD7zXZ\x00", "", "a file compressed with xz", unpack},
	{"\x28\xB5\x2F\xFD", "", "a file compressed with Zstandard", unpack},
	{"7z\xBC\xAF\x27\x1C", "", "a 7-Zip archive", unpack},
	{"Rar!\x1A\x07", "", "a RAR archive", unpack},
	{"SQLite format 3\x00", "", "an SQLite database", "Export the table from it as CSV."},
	{"PAR1\x15", "", "a Parquet file", "Export it as CSV."},
	{"\x7FELF", "", "a program", "Choose the file with the table."},
	{"MZ", "This program", "a program", "Choose the file with the table."},
	{"\xCF\xFA\xED\xFE", "", "a program", "Choose the file with the table."},
	{"\x89PNG\r\n\x1A\n", "", "a picture (PNG)", "Choose the file with the table."},
	{"\xFF\xD8\xFF", "", "a picture (JPEG)", "Choose the file with the table."},
}

// foreign recognises by its first bytes a file that is no text with a table, and
// refuses it; nil if it may be one.
func foreign(head []byte) error {
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.begins)) && bytes.Contains(head, []byte(m.within)) {
			return refuse(m.what, m.mend)
		}
	}
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \t\r\n"))
	for _, tag := range []string{"<!doctype html", "<html", "<head", "<table"} {
		if bytes.HasPrefix(text, []byte(tag)) {
			return refuse("a web page, whatever its name ends in", asTable)
		}
	}
	if bytes.HasPrefix(text, []byte("<?xml")) {
		return refuse("an XML document", asTable)
	}
	return nil
}

func refuse(what, mend string) error {
	return errs.New(errs.Invalid, "This is %s; what can be read is a table as text (such as CSV), as JSON or as a workbook (.xlsx).", what).WithMend("%s", mend)
}
