package xlsx

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// grid writes rows of cells, "name" as text and 7 as number, from a row on.
func grid(row, col int, rows ...string) string {
	var b strings.Builder
	for i, r := range rows {
		fmt.Fprintf(&b, `<row r="%d">`, row+i)
		for j, c := range strings.Split(r, "|") {
			at := cellName(row+i, col+j)
			switch {
			case c == "":
			case strings.Trim(c, "0123456789.-") == "":
				fmt.Fprintf(&b, `<c r="%s"><v>%s</v></c>`, at, c)
			default:
				fmt.Fprintf(&b, `<c r="%s" t="str"><v>%s</v></c>`, at, c)
			}
		}
		b.WriteString("</row>")
	}
	return b.String()
}

func lines(n int) *int { return &n }

func TestHeaders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows    string
		options Options
		columns string
		first   string
		count   int
		notes   []string
	}{
		"first row":            {rows: grid(1, 1, "id|name", "1|a", "2|b"), columns: "id|name", first: "2: [1]|[a]", count: 2},
		"title above":          {rows: grid(1, 1, "Customers 2026") + grid(3, 1, "id|name|city", "1|a|x", "2|b|y"), columns: "id|name|city", first: "4: [1]|[a]|[x]", count: 2, notes: []string{"preamble"}},
		"not at the edge":      {rows: grid(4, 3, "id|name", "1|a", "2|b"), columns: "id|name", first: "5: [1]|[a]", count: 2, notes: []string{"preamble"}},
		"no header":            {rows: grid(1, 1, "1|a", "2|b", "3|c"), columns: "Column 1|Column 2", first: "1: [1]|[a]", count: 3, notes: []string{"no-header"}},
		"texts only":           {rows: grid(1, 1, "a|b", "c|d"), columns: "a|b", first: "2: [c]|[d]", count: 1},
		"unnamed and double":   {rows: grid(1, 1, "id||id|x", "1|2|3|4"), columns: "id|Column 2|id (2)|x", first: "2: [1]|[2]|[3]|[4]", count: 1, notes: []string{"unnamed-column:Column 2", "double-name:id (2)"}},
		"a column beside":      {rows: grid(1, 1, "id|name", "1|a|5", "2|b|6"), columns: "id|name|Column 3", first: "2: [1]|[a]|[5]", count: 2, notes: []string{"unnamed-column:Column 3"}},
		"years as header":      {rows: grid(1, 1, "city|2024|2025", "x|10|20", "y|30|40"), columns: "city|2024|2025", first: "2: [x]|[10]|[20]", count: 2},
		"a number, said":       {rows: grid(1, 1, "city|7", "x|10", "y|30"), options: Options{HeaderLines: lines(1)}, columns: "city|7", first: "2: [x]|[10]", count: 2},
		"no header, said":      {rows: grid(1, 1, "a|b", "c|d"), options: Options{HeaderLines: lines(0)}, columns: "Column 1|Column 2", first: "1: [a]|[b]", count: 2},
		"two lines, said":      {rows: grid(1, 1, "|Q1|Q1", "city|net|gross", "x|1|2"), options: Options{HeaderLines: lines(2)}, columns: "city|Q1 net|Q1 gross", first: "3: [x]|[1]|[2]", count: 1},
		"skipped":              {rows: grid(1, 1, "a|b", "id|name", "1|c"), options: Options{SkipLines: lines(1)}, columns: "id|name", first: "3: [1]|[c]", count: 1, notes: []string{"preamble"}},
		"two tables":           {rows: grid(1, 1, "id|net", "1|10", "2|20") + grid(6, 1, "city|zip", "3|30", "4|40"), columns: "id|net", first: "2: [1]|[10]", count: 2, notes: []string{"several-tables"}},
		"the second":           {rows: grid(1, 1, "id|net", "1|10", "2|20") + grid(6, 1, "city|zip", "3|30", "4|40"), options: Options{Table: 2}, columns: "city|zip", first: "7: [3]|[30]", count: 2},
		"an empty row between": {rows: grid(1, 1, "id|net", "1|10") + grid(5, 1, "2|20"), columns: "id|net", first: "2: [1]|[10]", count: 2},
		"totals":               {rows: grid(1, 1, "id|net", "a|10", "b|20", "Total:|30"), columns: "id|net", first: "2: [a]|[10]", count: 3, notes: []string{"total"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, rows, err := read(t, rowsOf(c.rows).bytes(), c.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(res.Columns, "|"); got != c.columns || rows[0] != c.first || len(rows) != c.count {
				t.Errorf("%s, %q", got, rows)
			}
			if d := cmp.Diff(c.notes, codes(res.Notes)); d != "" {
				t.Errorf("notes (-want +got):\n%s", d)
			}
		})
	}
}

func choices() book {
	rel := fmt.Sprintf(`<Relationships %s><Relationship Id="t" Type="%stable" Target="../tables/table1.xml"/></Relationships>`, relNS, relOf)
	return book{
		sheets: []string{"<sheetData>" + grid(1, 1, "a cover") + "</sheetData>", "<sheetData>" + grid(1, 1, "a note") + grid(3, 2, "id|net", "1|10", "2|20", "Total|30") + "</sheetData>",
			"<sheetData>" + grid(1, 1, "x|y", "1|2", "3|4") + "</sheetData>"},
		states: map[string]string{"Sheet3": "hidden"},
		names:  map[string]string{"Corner": "Sheet3!$A$1:$A$2", "Sum": "SUM(Sheet3!A1)"},
		parts: map[string]string{"xl/worksheets/_rels/sheet2.xml.rels": rel,
			"xl/tables/table1.xml": `<table name="t" displayName="Orders" ref="B3:C6" totalsRowCount="1"><tableColumns><tableColumn name="id"/></tableColumns></table>`},
	}
}

func TestChoices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sheet, found, at string
		rows             []string
		notes            []string
	}{
		{"", "Orders", "B4:C5", []string{"4: [1]|[10]", "5: [2]|[20]"}, []string{"totals-row", "other-sheets", "outside"}},
		{"Orders", "Orders", "B4:C5", []string{"4: [1]|[10]", "5: [2]|[20]"}, []string{"totals-row", "outside"}},
		{"sheet2", "Sheet2", "B4:C6", []string{"4: [1]|[10]", "5: [2]|[20]", "6: [Total]|[30]"}, []string{"preamble", "total"}},
		{"Sheet3", "Sheet3", "A2:B3", []string{"2: [1]|[2]", "3: [3]|[4]"}, []string{"hidden-sheet"}},
		{"Corner", "Corner", "A2:A2", []string{"2: [1]"}, []string{"hidden-sheet", "outside"}},
	} {
		res, rows, err := read(t, choices().bytes(), Options{Sheet: c.sheet})
		if err != nil {
			t.Errorf("%q: %v", c.sheet, err)
			continue
		}
		if d := cmp.Diff(c.rows, rows); d != "" || res.Sheet != c.found || res.Range != c.at {
			t.Errorf("%q: %s %s %s", c.sheet, res.Sheet, res.Range, d)
		}
		if d := cmp.Diff(c.notes, codes(res.Notes)); d != "" {
			t.Errorf("%q: notes (-want +got):\n%s", c.sheet, d)
		}
	}
	for choice, want := range map[string]string{"nothing": `no sheet, table or named range "nothing"`, "Sum": "not one range"} {
		if _, _, err := read(t, choices().bytes(), Options{Sheet: choice}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", choice, err)
		}
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	file := choices().bytes()
	got, err := Inspect(context.Background(), bytes.NewReader(file), int64(len(file)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := Contents{
		Sheets: []Sheet{{Name: "Sheet1"}, {Name: "Sheet2"}, {Name: "Sheet3", Hidden: true}},
		Ranges: []Range{{"Orders", "Sheet2", "B3:C6", true}, {"Corner", "Sheet3", "A1:A2", false}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAreas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"A1": "A1:A1", "$B$2:$C$9": "B2:C9", "A:C": "A1:C1048576", "xfd1048576": "XFD1048576:XFD1048576", "B2:A1": "", "": "", "1:2": "", "XFE1": "", "A0": "", "A1048577": "", "A1:": ""} {
		got, ok := parseArea(text)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("%q: %s, %v", text, got, ok)
		}
	}
	for col := 1; col <= maxCols; col++ {
		if got, _, ok := parseCell([]byte(columnName(col))); !ok || got != col {
			t.Fatalf("column %d is %s is %d", col, columnName(col), got)
		}
	}
	if sheet, a, ok := parsePlace("'It''s a! sheet'!$A$1:$B$2"); !ok || sheet != "It's a! sheet" || a.String() != "A1:B2" {
		t.Errorf("%s %s %v", sheet, a, ok)
	}
}
