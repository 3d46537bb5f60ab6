package xlsx

import (
	"context"
	"fmt"
	"strings"
)

// Bounds of what is kept of a workbook; no real one comes near.
const (
	maxSheets = 4096
	maxNames  = 100_000
	maxTables = 1000    // of one sheet
	maxStyles = 100_000 // Excel has 65,490
)

// workbook is what a workbook says about itself.
type workbook struct {
	archive  *archive
	sheets   []sheet
	names    []named
	date1904 bool
	strings  string // name of the part; "" for none
	styles   string
}

// sheet is one worksheet. Charts, dialogs and macro sheets hold no rows.
type sheet struct {
	name   string
	part   string
	hidden bool
	other  bool // no worksheet
}

// named is a name that the workbook gives to a place.
type named struct{ name, place string }

// relationship is a part's link to another.
type relationship struct{ id, kind, target string }

func openWorkbook(ctx context.Context, a *archive) (*workbook, error) {
	const main = "xl/workbook.xml"
	part := main
	roots, err := a.relationships(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, r := range roots {
		if r.kind == "officeDocument" {
			part = r.target
		}
	}
	switch {
	case strings.HasSuffix(strings.ToLower(part), ".bin"):
		return nil, otherKind("a binary Excel workbook (.xlsb)")
	case !a.has(part) && a.has(main):
		part = main
	case !a.has(part):
		return nil, missingPart(part)
	}
	rels, err := a.relationships(ctx, part)
	if err != nil {
		return nil, err
	}
	w := &workbook{archive: a}
	ids := make(map[string]relationship, len(rels))
	for _, r := range rels {
		ids[r.id] = r
		switch r.kind {
		case "sharedStrings":
			w.strings = r.target
		case "styles":
			w.styles = r.target
		}
	}
	return w, w.read(ctx, part, ids)
}

// relationships reads the links of a part; "" stands for the whole archive. A
// part without a list of them has none. Targets outside the file are left out.
func (a *archive) relationships(ctx context.Context, part string) ([]relationship, error) {
	name := relsOf(part)
	if part == "" {
		name = "_rels/.rels"
	}
	if !a.has(name) {
		return nil, nil
	}
	x, err := a.open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer x.close()
	var rels []relationship
	err = x.elements(func() error {
		if string(x.name) != "Relationship" || string(x.attr("TargetMode")) == "External" {
			return nil
		}
		id, err := x.value("Id")
		if err != nil {
			return err
		}
		kind, err := x.value("Type")
		if err != nil {
			return err
		}
		target, err := x.value("Target")
		if err != nil {
			return err
		}
		if len(rels) == maxParts {
			return x.tooMany("links")
		}
		rels = append(rels, relationship{id, kind[strings.LastIndexByte(kind, '/')+1:], resolve(part, target)})
		return nil
	})
	return rels, err
}

// elements calls each at the start of every element of a part.
func (x *scanner) elements(each func() error) error {
	for {
		k, err := x.next()
		if err == nil && k == start {
			err = each()
		}
		if err != nil || k == eof {
			return err
		}
	}
}

func (w *workbook) read(ctx context.Context, part string, ids map[string]relationship) error {
	x, err := w.archive.open(ctx, part)
	if err != nil {
		return err
	}
	defer x.close()
	root := ""
	err = x.elements(func() error {
		if x.depth() == 1 {
			root = string(x.name)
		}
		switch string(x.name) {
		case "workbookPr":
			w.date1904 = x.on("date1904")
		case "sheet":
			return w.addSheet(x, ids)
		case "definedName":
			return w.addName(x)
		case "externalReferences", "extLst":
			return x.skip()
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case root == "document" || root == "presentation":
		return otherKind("a text document or a presentation")
	case root != "workbook":
		return damaged(part, "it is no workbook")
	case len(w.sheets) == 0:
		return damaged(part, "it lists no sheets")
	}
	return nil
}

func (w *workbook) addSheet(x *scanner, ids map[string]relationship) error {
	name, err := x.value("name")
	if err != nil {
		return err
	}
	if len(w.sheets) == maxSheets {
		return x.tooMany("sheets")
	}
	r := ids[string(x.attr("id"))]
	state := string(x.attr("state"))
	w.sheets = append(w.sheets, sheet{
		name:   string(decoded([]byte(name))),
		part:   r.target,
		hidden: state == "hidden" || state == "veryHidden",
		other:  r.kind != "worksheet",
	})
	return nil
}

func (w *workbook) addName(x *scanner) error {
	name, err := x.value("name")
	if err != nil {
		return err
	}
	local := x.attr("localSheetId") != nil
	place, err := x.content(nil)
	if len(w.names) == maxNames {
		return x.tooMany("names")
	}
	if err == nil && !local && !strings.HasPrefix(name, "_xlnm.") {
		w.names = append(w.names, named{name, string(place)})
	}
	return err
}

// table is a range that somebody declared to be a table (a ListObject).
type table struct {
	name    string
	sheet   int // index in workbook.sheets
	area    area
	headers int // rows: 1, or 0
	totals  int // rows below that hold totals
	columns []string
}

// tables reads the tables of one sheet.
func (w *workbook) tables(ctx context.Context, sheet int) ([]table, error) {
	rels, err := w.archive.relationships(ctx, w.sheets[sheet].part)
	if err != nil {
		return nil, err
	}
	var all []table
	for _, r := range rels {
		if r.kind != "table" || !w.archive.has(r.target) {
			continue
		}
		if len(all) == maxTables {
			return nil, damaged(w.sheets[sheet].part, fmt.Sprintf("it has more than %d tables", maxTables))
		}
		t, err := w.table(ctx, r.target)
		if err != nil {
			return nil, err
		}
		t.sheet = sheet
		all = append(all, t)
	}
	return all, nil
}

func (w *workbook) table(ctx context.Context, part string) (t table, err error) {
	x, err := w.archive.open(ctx, part)
	if err != nil {
		return t, err
	}
	defer x.close()
	err = x.elements(func() error {
		switch name := string(x.name); {
		case name == "table" && x.depth() == 1:
			if t.name, err = x.value("displayName"); err == nil && t.name == "" {
				t.name, err = x.value("name")
			}
			t.headers, t.totals = 1, 0
			if string(x.attr("headerRowCount")) == "0" {
				t.headers = 0
			}
			if n, ok := number(x.attr("totalsRowCount")); ok {
				t.totals = n
			}
			var ok bool
			if t.area, ok = parseArea(string(x.attr("ref"))); !ok {
				return x.bad("it does not say where its table stands")
			}
		case name == "extLst":
			return x.skip()
		case name == "tableColumn":
			if len(t.columns) == maxCols {
				return x.tooMany("columns")
			}
			name, err := x.value("name")
			t.columns = append(t.columns, string(decoded([]byte(name))))
			return err
		}
		return err
	})
	if err == nil && (t.totals >= t.area.height() || t.area.lastRow == 0) {
		err = x.bad("it does not say where its table stands")
	}
	return t, err
}
