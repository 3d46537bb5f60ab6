package workflow_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// office has another program open a workbook and save it again.
func office(t tb, file []byte, do func(f *excelize.File)) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(file))
	fine(t, err)
	do(f)
	var out bytes.Buffer
	_, err = f.WriteTo(&out)
	fine(t, err)
	fine(t, f.Close())
	return out.Bytes()
}

func resaved(t tb, file []byte) []byte { return office(t, file, func(*excelize.File) {}) }

// export takes a dataset out as a workbook.
func (w *world) export(name, dataset string) []byte {
	w.t.Helper()
	var out bytes.Buffer
	fine(w.t, w.w.Export(ctx, w.as(name), dataset, "xlsx", &out))
	return out.Bytes()
}

func (w *world) proposeBook(name, dataset string, file []byte, o change.Options) wire.Change {
	w.t.Helper()
	return w.proposeTo(w.t, name, dataset, string(file), o)
}

// labelled is a table that refers to the customers; one of its labels is another
// column's name.
const labelled = `
  orders:
    system: shop
    table: orders
    key: [no]
    department: sales
    owner: olaf@example.test
    columns: {customer: {label: Customer no}, amount: {label: buyer, min: 0, max: 1000}}
`

// A workbook is put back with an edit, an emptied cell, a new row and another row
// left out: just that changes.
func TestWorkbookOfADataset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company+labelled)
	w.sql(`CREATE TABLE orders (no INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer(id), buyer INTEGER, amount DECIMAL(10,2));
		INSERT INTO orders VALUES (1, 1, 7, 10), (2, 2, 8, 20), (3, 3, 9, NULL)`)
	file := w.export("maria", "orders")
	f, err := excelize.OpenReader(bytes.NewReader(file))
	fine(t, err)
	rows, err := f.GetRows("orders")
	fine(t, err)
	if d := fmt.Sprint(rows); d != "[[no Customer no buyer amount] [1 1 7 10.00] [2 2 8 20.00] [3 3 9]]" {
		t.Errorf("headers that could mean another column: %s", d)
	}
	rules, err := f.GetDataValidations("orders")
	fine(t, err)
	choices, _ := f.GetCols("Lists")
	if len(rules) != 4 || rules[1].Formula1 != "Lists!$A$1:$A$4" || fmt.Sprint(choices) != "[[1 2 3 4]]" {
		t.Errorf("customers to choose from: %+v, %v", rules[1], choices)
	}
	back := office(t, file, func(f *excelize.File) {
		fine(t, f.SetCellValue("orders", "C2", 70))
		fine(t, f.SetCellValue("orders", "D3", nil))
		fine(t, f.RemoveRow("orders", 4))
		fine(t, f.SetSheetRow("orders", "A4", &[]any{4, 1, 7, 5.5}))
		fine(t, f.SetSheetName("orders", "my orders"))
	})
	c := in(t, w.proposeBook("maria", "orders", back, upsert), change.Planned)
	if want := (wire.Counts{Insert: 1, Update: 2}); c.Plan.Counts != want || len(c.Findings) != 2 || c.Findings[0].Guardrail != "emptied" || !strings.Contains(c.Findings[1].Message, "more sheets") {
		t.Fatalf("planned %+v: %v", c.Plan.Counts, c.Findings)
	}
	if o := manifestOptions(w, c); !o.ClearEmpty {
		t.Errorf("the manifest says nothing of emptied cells: %+v", o)
	}
	kept := upsert
	kept.KeepEmpty = true
	if c := in(t, w.proposeBook("maria", "orders", back, kept), change.Planned); c.Plan.Counts.Update != 1 || manifestOptions(w, c).ClearEmpty {
		t.Errorf("with --empty keep: %+v", c.Plan.Counts)
	}
	// A label that is another one today is understood all the same.
	w.amend("touched: {writable: false}", "touched: {writable: false}\n      credit: {label: Limit of credit}")
	labels := w.export("maria", "customers")
	w.amend("{label: Limit of credit}", "{label: How much}")
	if c := in(t, w.proposeBook("maria", "customers", labels, upsert), change.Planned); c.Plan.Counts != (wire.Counts{Unchanged: 4}) || len(c.Findings) > 0 {
		t.Errorf("after a label was changed: %+v %v", c.Plan.Counts, c.Findings)
	}
}

func manifestOptions(w *world, c wire.Change) change.Options {
	m, _ := w.manifestOf(w.t, c)
	return m.Options
}

// Who may not export another dataset is offered none of its keys; who is, leaves a
// leaf for it too.
func TestChoicesNeedTheRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "table: product\n    key: [sku]\n    department: finance", "table: product\n    key: [sku]\n    department: sales", 1)+`
  stock:
    system: shop
    table: stock
    key: [no]
    department: finance
    owner: owen@example.test
`)
	w.sql(`CREATE TABLE stock (no INTEGER PRIMARY KEY, sku TEXT REFERENCES product(sku)); INSERT INTO stock VALUES (1, 'A1')`)
	lists := func(who string) bool {
		f, err := excelize.OpenReader(bytes.NewReader(w.export(who, "stock")))
		fine(t, err)
		return slices.Contains(f.GetSheetList(), "Lists")
	}
	if lists("fred") {
		t.Error("a maker of finance chooses from a dataset of sales")
	}
	before := w.exports(t)
	if !lists("owen") || w.exports(t) != before+2 {
		t.Error("who owns both chooses from none, or leaves no leaf for it")
	}
}

// exports counts the leaves of exported rows.
func (w *world) exports(t tb) (n int) {
	t.Helper()
	fine(t, w.deps.Store.View(ctx, func(tx workflow.Tx) error {
		leaves, err := tx.Log().Leaves(0, 1000)
		for _, l := range leaves {
			if strings.Contains(string(l), string(evidence.DatasetExported)) {
				n++
			}
		}
		return err
	}))
	return n
}

// Bad rows as a workbook: the reason at the cell, edited in another program, and
// back into the same change and no other.
func TestBadRowsAsWorkbook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := in(t, w.propose("maria", badFile, upsert), change.Planned)
	other := in(t, w.propose("maria", badFile+"9,Zoe,NET30,1,z\n", upsert), change.Planned)
	var out bytes.Buffer
	fine(t, w.w.BadRows(ctx, w.as("maria"), change.ID(c.ID), "xlsx", false, &out))
	const sheet = "Rows to mend"
	file := office(t, out.Bytes(), func(f *excelize.File) {
		comments, err := f.GetComments(sheet)
		fine(t, err)
		var at []string
		for _, c := range comments {
			at = append(at, c.Cell)
		}
		slices.Sort(at)
		if fmt.Sprint(at) != "[A1 B5 D2 E3]" {
			t.Errorf("comments at %v", at)
		}
		fine(t, f.SetCellStr(sheet, "D2", "NET90"))
		fine(t, f.SetCellValue(sheet, "E3", 1.5))
		fine(t, f.SetCellStr(sheet, "B4", "5"))
		fine(t, f.SetCellValue(sheet, "B5", 7))
	})
	_, err := w.w.Mend(ctx, w.as("maria"), change.ID(other.ID), workflow.Mends{Name: "bad.xlsx", File: bytes.NewReader(file)})
	refused(t, err, errs.Invalid, "does not hold rows of change")
	if again := w.proposeBook("maria", "customers", file, upsert); again.State != string(change.Failed) || !strings.Contains(again.Why, "only the rows of change "+c.ID) {
		t.Errorf("bad rows as a file of their own: %s %s", again.State, again.Why)
	}
	c, err = mend(t, w, c, workflow.Mends{Name: "bad.xlsx", File: bytes.NewReader(file)})
	fine(t, err)
	if want := (wire.Counts{Insert: 2, Update: 4}); c.Plan == nil || c.Plan.Counts != want {
		t.Errorf("mended: %+v %v", c.Plan, c.Findings)
	}
}

// libreOffice has a workbook opened and saved by LibreOffice, without a screen.
func libreOffice(t tb, file []byte) []byte {
	t.Helper()
	dir, err := os.MkdirTemp("", "office")
	fine(t, err)
	defer os.RemoveAll(dir)
	from, to := filepath.Join(dir, "in.xlsx"), filepath.Join(dir, "out")
	fine(t, os.WriteFile(from, file, 0o600))
	said, err := exec.Command("soffice", "-env:UserInstallation=file://"+dir+"/user", "--headless", "--convert-to", "xlsx", "--outdir", to, from).CombinedOutput()
	if err != nil {
		t.Fatalf("LibreOffice: %v: %s", err, said)
	}
	saved, err := os.ReadFile(filepath.Join(to, "in.xlsx"))
	fine(t, err)
	return saved
}
