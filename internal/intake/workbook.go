package intake

import (
	"bytes"
	"context"
	"io"

	"sutor/internal/intake/xlsx"
)

// isCompound tells the compound files (MS-CFB) that old workbooks are, and those
// with a password. Package xlsx knows which, and refuses them in words.
func isCompound(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"))
}

// readWorkbook reads one table of a workbook; other documents in the same
// wrapping are refused.
func readWorkbook(ctx context.Context, f File, out io.Writer, o Options) (Result, error) {
	res, err := xlsx.Read(ctx, f, f.Size, out, xlsx.Options{
		Limits: xlsx.Limits{MaxBytes: o.MaxBytes, MaxRows: o.MaxRows, MaxColumns: o.MaxColumns, MaxCell: o.MaxCell}, Temp: o.Temp,
		Sheet: o.Sheet, Table: o.Table, SkipLines: o.SkipLines, HeaderLines: o.HeaderLines,
	})
	if err != nil {
		return Result{}, err
	}
	r := Result{
		Kind:    "xlsx",
		Found:   Choice{Sheet: res.Sheet, Table: res.Table, SkipLines: &res.SkipLines, HeaderLines: &res.HeaderLines},
		Dialect: res.Dialect(), Columns: res.Columns, Rows: res.Rows, Bytes: f.Size, Defects: res.Defects, BlankLines: res.BlankLines,
		Parts: partsOf(res),
	}
	for _, n := range res.Notes {
		r.Notes = append(r.Notes, Note(n))
	}
	return r, nil
}

// partsOf lists what there is to choose from.
func partsOf(res xlsx.Result) (parts []Part) {
	for _, s := range res.Contents.Sheets {
		if !s.Other {
			parts = append(parts, Part{Kind: "sheet", Name: s.Name, Hidden: s.Hidden, Read: s.Name == res.Sheet})
		}
	}
	for _, r := range res.Contents.Ranges {
		kind := "range"
		if r.Table {
			kind = "table"
		}
		parts = append(parts, Part{Kind: kind, Name: r.Name, Read: r.Name == res.Sheet})
	}
	return parts
}
