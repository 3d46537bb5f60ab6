package script

import (
	"encoding/csv"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// workbook makes a workbook of CSV files, a sheet for each: workbook FILE.xlsx
// SHEET=FILE.csv…
func workbook(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2, "workbook FILE.xlsx SHEET=FILE.csv...")
	book := excelize.NewFile()
	for i, arg := range args[1:] {
		sheet, file, _ := strings.Cut(arg, "=")
		if i == 0 {
			ts.Check(book.SetSheetName("Sheet1", sheet))
		} else {
			_, err := book.NewSheet(sheet)
			ts.Check(err)
		}
		f, err := os.Open(ts.MkAbs(file))
		ts.Check(err)
		rows, err := csv.NewReader(f).ReadAll()
		ts.Check(err)
		ts.Check(f.Close())
		for j, row := range rows {
			at, err := excelize.CoordinatesToCellName(1, j+1)
			ts.Check(err)
			ts.Check(book.SetSheetRow(sheet, at, &row))
		}
	}
	ts.Check(book.SaveAs(ts.MkAbs(args[0])))
	ts.Check(book.Close())
}
