package demo_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/compact"
	"sutor/internal/connector/sqlite"
	"sutor/internal/demo"
	"sutor/internal/guard"
	"sutor/internal/intake"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// parsed is the demo's Compact, which nothing may be said about.
func parsed(t *testing.T, c *demo.Company) *compact.Compact {
	t.Helper()
	b, err := os.ReadFile(c.Compact)
	if err != nil {
		t.Fatal(err)
	}
	comp, problems := compact.Parse(c.Compact, b)
	for _, p := range problems {
		t.Error(p)
	}
	if comp == nil {
		t.FailNow()
	}
	return comp
}

// described is a dataset of the Compact with its table as the connector sees it.
func described(t *testing.T, c *demo.Company, name string) (*compact.Dataset, driver.Table) {
	t.Helper()
	comp := parsed(t, c)
	d, ok := comp.Dataset(name)
	if !ok {
		t.Fatalf("there is no dataset %s", name)
	}
	sys, _ := comp.System(d.System)
	dsn, err := sys.Resolve(c.Dir, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	table, err := db.Describe(context.Background(), d.Table)
	if err != nil {
		t.Fatal(err)
	}
	return d, table
}

// testCompact: the Compact and the database fit each other, and no rule can be
// left without an answer except where a table could be empty.
func testCompact(t *testing.T, c *demo.Company) {
	for _, d := range parsed(t, c).Datasets {
		_, table := described(t, c, d.Name)
		if !slices.Equal(d.Key, table.PrimaryKey) || table.ReadOnly != "" {
			t.Errorf("%s: key %v, table %+v", d.Name, d.Key, table)
		}
		for name := range d.Columns {
			if table.Columns.Index(name) < 0 {
				t.Errorf("%s: there is no column %s", d.Name, name)
			}
		}
		for _, col := range table.Columns {
			if col.Type.Kind == record.Unsupported {
				t.Errorf("%s.%s: %s", d.Name, col.Name, col.Type.Native)
			}
		}
		for _, g := range d.Guardrails {
			unknown := false
			rule := guard.Rule{Name: g.Name, Each: guard.Each(g.Each), When: g.When.Text, Then: g.Then, By: g.By, Say: g.Say}
			if g.Each == compact.EachRow {
				r, err := guard.CompileRow(rule, table.Columns)
				if err != nil {
					t.Error(err)
					continue
				}
				unknown = r.MayBeUnknown()
			} else if _, err := guard.CompileChange(rule); err != nil {
				t.Error(err)
			}
			if unknown {
				t.Errorf("%s: the guardrail %s may be unknown", d.Name, g.Name)
			}
		}
		for _, f := range d.Freedom {
			if _, err := guard.CompileChange(guard.Rule{Name: "freedom", When: f.When.Text}); err != nil {
				t.Error(err)
			}
		}
	}
}

// cells is an example as the server reads it: rows of cells by column, with
// defects.
type cells struct {
	line   string
	defect string
	of     map[string]string
}

// read takes an example in and matches its columns, all of which must be known.
func read(t *testing.T, c *demo.Company, name string) ([]cells, *compact.Dataset, driver.Table) {
	t.Helper()
	i := slices.IndexFunc(c.Examples, func(e demo.Example) bool { return filepath.Base(e.File) == name })
	if i < 0 {
		t.Fatalf("there is no example %s", name)
	}
	d, table := described(t, c, c.Examples[i].Dataset)
	f, err := os.Open(c.Examples[i].File)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	var staging bytes.Buffer
	res, err := intake.Read(t.Context(), intake.File{ReaderAt: f, Size: size}, &staging, intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var targets []intake.Target
	for _, col := range table.Columns {
		rule := d.Columns[col.Name]
		targets = append(targets, intake.Target{Name: col.Name, Label: rule.Label, Also: rule.Also, Key: slices.Contains(d.Key, col.Name)})
	}
	m, err := intake.Match(res.Columns, targets, nil)
	if err != nil || len(m.Unmatched) > 0 {
		t.Fatalf("unmatched %v, %v", m.Unmatched, err)
	}
	var all []cells
	r := record.NewReader(&staging)
	for range res.Rows {
		fields, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		row := cells{line: string(fields[0].Text), defect: string(fields[1].Text), of: map[string]string{}}
		for _, x := range m.Columns {
			row.of[targets[x.Target].Name] = string(fields[2+x.File].Text)
		}
		all = append(all, row)
	}
	return all, d, table
}

// live counts rows of a table that fit.
func live(t *testing.T, db *sql.DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := db.QueryRow("SELECT count(*) FROM "+query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// wrong gives what the column's type and rules say of a cell, "" for nothing.
func wrong(d *compact.Dataset, table driver.Table, column, text string) string {
	col := table.Columns[table.Columns.Index(column)]
	if text == "" {
		return ""
	}
	canonical, p := col.Type.Parse(text, nil)
	rule := d.Columns[column]
	decimal := record.Type{Kind: record.Decimal, Precision: -1, Scale: -1}
	number, isNumber := decimal.Parse(canonical, nil)
	switch {
	case p != record.OK:
		return string(p)
	case rule.OneOf != nil && !slices.Contains(rule.OneOf, canonical):
		return "one-of"
	case rule.Pattern != "" && !matches(rule.Pattern, canonical):
		return "pattern"
	case rule.Max != nil && isNumber == record.OK && col.Type.Kind == record.Decimal && larger(number, *rule.Max):
		return "max"
	case rule.Min != nil && col.Type.Kind == record.Decimal && strings.HasPrefix(number, "-"):
		return "min"
	}
	return ""
}

func testClean(t *testing.T, c *demo.Company, db *sql.DB) {
	rows, d, table := read(t, c, "clean.csv")
	updates, inserts := 0, 0
	for _, r := range rows {
		for column, text := range r.of {
			if w := wrong(d, table, column, text); w != "" || r.defect != "" {
				t.Errorf("line %s, %s %q: %s %s", r.line, column, text, w, r.defect)
			}
		}
		id := r.of["id"]
		switch live(t, db, "customer WHERE id = ?", id) {
		case 0:
			inserts++
			if r.of["name"] == "" || r.of["country"] == "" || r.of["vat"] == "" {
				t.Errorf("line %s: a new customer without what is required", r.line)
			}
		default:
			updates++
			if live(t, db, "customer WHERE id = ? AND name = ? AND country = ? AND coalesce(city, '') = ? AND coalesce(vat, '') = ? AND payment_terms <> ?",
				id, r.of["name"], r.of["country"], r.of["city"], r.of["vat"], r.of["payment_terms"]) != 1 {
				t.Errorf("line %s changes something else than the payment terms", r.line)
			}
		}
	}
	if updates != 1200 || inserts != 12 {
		t.Errorf("%d updates, %d inserts", updates, inserts)
	}
}

func testRisky(t *testing.T, c *demo.Company, db *sql.DB) {
	rows, d, table := read(t, c, "risky.csv")
	bigRaises := 0
	for _, r := range rows {
		if w := wrong(d, table, "credit_limit", r.of["credit_limit"]); w != "" {
			t.Errorf("line %s: %s", r.line, w)
		}
		if live(t, db, "customer WHERE id = ? AND NOT blocked AND credit_limit < CAST(? AS REAL)", r.of["id"], r.of["credit_limit"]) != 1 {
			t.Errorf("line %s raises nothing, or a blocked customer's limit", r.line)
		}
		bigRaises += live(t, db, "customer WHERE id = ? AND credit_limit * 1.5 < CAST(? AS REAL)", r.of["id"], r.of["credit_limit"])
	}
	if len(rows) != 6000 || bigRaises != 250 {
		t.Errorf("%d rows, %d of them big raises", len(rows), bigRaises)
	}
}

func testPrices(t *testing.T, c *demo.Company, db *sql.DB) {
	rows, d, table := read(t, c, "prices.csv")
	discontinued := 0
	for _, r := range rows {
		if w := wrong(d, table, "list_price", r.of["list_price"]); w != "" {
			t.Errorf("line %s: %s", r.line, w)
		}
		if live(t, db, "product WHERE product_number = ? AND name = ? AND CAST(? AS REAL) BETWEEN list_price * 1.02 AND list_price * 1.04 AND CAST(? AS REAL) > standard_cost",
			r.of["product_number"], r.of["name"], r.of["list_price"], r.of["list_price"]) != 1 {
			t.Errorf("line %s: %v", r.line, r.of)
		}
		discontinued += live(t, db, "product WHERE product_number = ? AND discontinued", r.of["product_number"])
	}
	if len(rows) != live(t, db, "product WHERE list_price > 0") || discontinued == 0 {
		t.Errorf("%d rows, %d of them discontinued", len(rows), discontinued)
	}
}

// testMistakes: the file has the mistakes it promises, and no others.
func testMistakes(t *testing.T, c *demo.Company, db *sql.DB) {
	rows, d, table := read(t, c, "mistakes.csv")
	seen := map[string]int{}
	for _, r := range rows {
		if r.defect == "" {
			seen[r.of["id"]]++
		}
	}
	got := map[string]int{}
	bad := 0
	for _, r := range rows {
		said := []string{}
		say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
		if r.defect != "" {
			kind, _, _ := strings.Cut(r.defect, ":")
			say("%s", kind)
		} else {
			for column, text := range r.of {
				if w := wrong(d, table, column, text); w != "" {
					say("%s %s", column, w)
				}
			}
			switch id := r.of["id"]; {
			case id == "":
				say("missing key")
			case seen[id] > 1:
				say("duplicate")
			case len(said) == 0 && live(t, db, "customer WHERE id = ?", id) == 0 && r.of["country"] == "":
				say("new without a country")
			case len(said) == 0 && live(t, db, "customer WHERE id = ? AND NOT blocked AND credit_limit = CAST(? AS REAL)", id, r.of["credit_limit"]) != 1:
				t.Errorf("line %s is not good: %v", r.line, r.of)
			}
		}
		if len(said) > 1 {
			t.Errorf("line %s has more than one mistake: %v", r.line, said)
		}
		for _, s := range said {
			got[s]++
		}
		if len(said) > 0 {
			bad++
		}
	}
	want := map[string]int{
		"credit_limit not-of-type": 2, "credit_limit too-exact": 1, "credit_limit max": 1, "credit_limit min": 1,
		"payment_terms one-of": 3, "currency too-long": 1, "currency pattern": 1,
		"customer_since not-of-type": 2, "customer_since no-such-day": 1, "vat pattern": 1,
		"missing key": 1, "id not-of-type": 1, "duplicate": 2, "cells": 2, "quote": 1, "new without a country": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" || bad != 22 {
		t.Errorf("%d bad rows; -want +got:\n%s", bad, diff)
	}
}

func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }

// larger compares two decimals.
func larger(a, b string) bool {
	x, _ := new(big.Rat).SetString(a)
	y, _ := new(big.Rat).SetString(b)
	return x.Cmp(y) > 0
}
