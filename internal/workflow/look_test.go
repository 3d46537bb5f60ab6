package workflow_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// ids joins the keys of live rows.
func ids(rows wire.LiveRows) string {
	var out []string
	for _, r := range rows.Rows {
		out = append(out, string(r["id"]))
	}
	return strings.Join(out, " ")
}

func TestLiveRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for _, c := range []struct {
		name string
		want workflow.LiveWanted
		ids  string
		more bool
	}{
		{"in key order", workflow.LiveWanted{Limit: 3}, "1 2 3", true},
		{"further", workflow.LiveWanted{Limit: 3, Offset: 3}, "4", false},
		{"by a column, no value last", workflow.LiveWanted{Limit: 9, By: "credit", Desc: true}, "2 1 4 3", false},
		{"a text is part of it", workflow.LiveWanted{Limit: 9, Where: []workflow.LiveTest{{Column: "terms", Is: "contains", Value: "30"}}}, "1 2", false},
		{"NULL is not other than a value", workflow.LiveWanted{Limit: 9, Where: []workflow.LiveTest{{Column: "terms", Is: "!=", Value: "NET30"}}}, "4", false},
		{"a number by its value", workflow.LiveWanted{Limit: 9, Where: []workflow.LiveTest{{Column: "credit", Is: "<=", Value: "100"}}}, "1 4", false},
		{"all tests hold", workflow.LiveWanted{Limit: 9, Where: []workflow.LiveTest{{Column: "credit", Is: "filled"}, {Column: "note", Is: "empty"}}}, "1", false},
	} {
		rows, err := w.w.Live(ctx, w.as("maria"), "customers", c.want)
		if err != nil || ids(rows) != c.ids || rows.More != c.more {
			t.Errorf("%s: %s, more %t, %v", c.name, ids(rows), rows.More, err)
		}
		if (rows.Total == nil) != (c.want.Where != nil) {
			t.Errorf("%s: total %v", c.name, rows.Total)
		}
	}
	rows, err := w.w.Live(ctx, w.as("maria"), "customers", workflow.LiveWanted{Limit: 1, Columns: []string{"terms"}})
	if err != nil || strings.Join(rows.Columns, " ") != "id terms" {
		t.Errorf("columns %v, %v", rows.Columns, err)
	}
}

// TestLiveRowsAreThoseOneSees: a masked column shows its mask and can neither order
// nor sift, a hidden one is not there, and rows outside a rule stay away.
func TestLiveRowsAreThoseOneSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(company, "      touched: {writable: false}\n", `      touched: {writable: false}
      note: {visible_to: [olaf@example.test]}
      name: {visible_to: [olaf@example.test], mask: all}
    rows:
      - {for: [maria@example.test], where: 'terms == "NET30"'}
`, 1))
	rows, err := w.w.Live(ctx, w.as("maria"), "customers", workflow.LiveWanted{Limit: 9})
	if err != nil || ids(rows) != "1 2" || slices.Contains(rows.Columns, "note") || string(rows.Rows[0]["name"]) != `"•••"` || rows.Total != nil {
		t.Errorf("%s %v %v, %v", ids(rows), rows.Columns, rows.Rows, err)
	}
	for _, column := range []string{"name", "note"} {
		for _, want := range []workflow.LiveWanted{{By: column}, {Where: []workflow.LiveTest{{Column: column, Is: "contains", Value: "A"}}}} {
			if _, err := w.w.Live(ctx, w.as("maria"), "customers", want); errs.KindOf(err) != errs.Usage {
				t.Errorf("%+v: %v", want, err)
			}
		}
	}
	if rows, err := w.w.Live(ctx, w.as("olaf"), "customers", workflow.LiveWanted{Limit: 9, By: "name"}); err != nil || ids(rows) != "1 2 3 4" {
		t.Errorf("an owner: %s, %v", ids(rows), err)
	}
}

// TestLiveRowsAreRefused: whoever may not see rows gets none, and what cannot be
// tested is said, never ignored.
func TestLiveRowsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	for _, c := range []struct {
		who  string
		want workflow.LiveWanted
		kind errs.Kind
	}{
		{"ivan", workflow.LiveWanted{}, errs.Forbidden},
		{"fred", workflow.LiveWanted{}, errs.NotFound},
		{"maria", workflow.LiveWanted{By: "nothing"}, errs.Usage},
		{"maria", workflow.LiveWanted{Where: []workflow.LiveTest{{Column: "credit", Is: "contains", Value: "1"}}}, errs.Usage},
		{"maria", workflow.LiveWanted{Where: []workflow.LiveTest{{Column: "credit", Is: "=", Value: "13,75"}}}, errs.Usage},
		{"maria", workflow.LiveWanted{Where: []workflow.LiveTest{{Column: "terms", Is: "like", Value: "x"}}}, errs.Usage},
	} {
		rows, err := w.w.Live(ctx, w.as(c.who), "customers", c.want)
		if errs.KindOf(err) != c.kind || len(rows.Rows) != 0 {
			t.Errorf("%s %+v: %v, %d rows", c.who, c.want, err, len(rows.Rows))
		}
	}
}

// TestReadingShowsTheFile: what stands in each column, what it was taken for, and
// how else it could be read; only for those who may see values.
func TestReadingShowsTheFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.propose("maria", "id;credit;Zahlungsziel\n1;1.234;NET60\n2;2.500;NET60\n", change.Options{Mode: change.Upsert})
	r, err := w.w.Reading(ctx, w.as("olaf"), change.ID(c.ID))
	if err != nil || len(r.Columns) != 3 || len(r.Rows) != 2 || !strings.Contains(r.Dialect, "semicolon") {
		t.Fatalf("%+v, %v", r, err)
	}
	credit := r.Columns[1]
	if credit.Column != "credit" || strings.Join(credit.Samples, " ") != "1.234 2.500" || len(credit.Ways) < 2 {
		t.Errorf("credit %+v", credit)
	}
	for _, way := range credit.Ways[1:] {
		if strings.Join(way.Reads, " ") == strings.Join(credit.Ways[0].Reads, " ") {
			continue
		}
		return
	}
	t.Errorf("all ways read the same: %+v", credit.Ways)
}

func TestReadingIsForThoseWhoSeeValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	c := w.propose("maria", "id,terms\n1,NET60\n", change.Options{Mode: change.Upsert})
	for who, kind := range map[string]errs.Kind{"ivan": errs.Forbidden, "fred": errs.NotFound} {
		if _, err := w.w.Reading(ctx, w.as(who), change.ID(c.ID)); errs.KindOf(err) != kind {
			t.Errorf("%s: %v", who, err)
		}
	}
}

// TestSearchingTheEvidence: by person, time and the row that a plan touches; for
// auditors alone.
func TestSearchingTheEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	one := w.propose("maria", "id,terms\n1,NET60\n", change.Options{Mode: change.Upsert})
	two := w.propose("eva", "id,terms\n2,NET60\n", change.Options{Mode: change.Upsert})
	tomorrow := one.CreatedAt.Add(24 * time.Hour)
	for _, c := range []struct {
		s    workflow.Search
		want string
	}{
		{workflow.Search{}, two.ID + " " + one.ID},
		{workflow.Search{Person: "maria@example.test"}, one.ID},
		{workflow.Search{Key: "2"}, two.ID},
		{workflow.Search{Key: "2", Person: "maria@example.test"}, ""},
		{workflow.Search{Dataset: "products"}, ""},
		{workflow.Search{From: tomorrow}, ""},
		{workflow.Search{To: tomorrow, Before: change.ID(two.ID)}, one.ID},
	} {
		found, err := w.w.Searched(ctx, w.as("aud"), c.s)
		var got []string
		for _, f := range found.Changes {
			got = append(got, f.ID)
		}
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %v, %v", c.s, got, err)
		}
	}
	if _, err := w.w.Searched(ctx, w.as("ivan"), workflow.Search{}); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("a steward: %v", err)
	}
}

func TestVersionsAndOperations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, company)
	old := w.w.Compact().Digest
	w.amend("one_of: [NET30, NET60, NET90]", "one_of: [NET30, NET60]")
	all, err := w.w.CompactVersions(ctx, w.as("maria"))
	if err != nil || len(all) != 2 || all[0].Digest != string(w.w.Compact().Digest) || all[1].Digest != string(old) {
		t.Errorf("%v, %v", all, err)
	}
	if v, err := w.w.CompactVersion(ctx, w.as("aud"), old); err != nil || record.DigestOf([]byte(v.Text)) != old {
		t.Errorf("the old version: %v", err)
	}
	waiting, err := w.w.Propose(ctx, w.as("maria"), workflow.Proposal{Dataset: "customers", Name: "a.csv", File: strings.NewReader("id,terms\n1,NET60\n"), Options: change.Options{Mode: change.Upsert}})
	if err != nil {
		t.Fatal(err)
	}
	o, err := w.w.Operations(ctx, w.as("ivan"))
	if err != nil || len(o.Jobs) != 1 || o.Jobs[0].Change != waiting.ID || o.Jobs[0].Node != "" || o.Changes["planning"] != 1 || o.Leaves < 3 || o.Sizes.Metadata == 0 || o.Sizes.Artifacts < 12 {
		t.Errorf("%+v, %v", o, err)
	}
	if _, err := w.w.Operations(ctx, access.Principal{Email: "aud@example.test", Roles: []access.Role{access.Auditor}}); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("an auditor: %v", err)
	}
}

// Threat: from pages that are short, or say that there are more, somebody who sees some
// rows learns how many others there are of which the rule is not certain.
func TestLivePagesCountOnlyRowsOneSees(t *testing.T) {
	t.Parallel()
	w := newSecretive(t)
	w.sql(`UPDATE customer SET terms = NULL WHERE id = 1; UPDATE customer SET terms = 'NET30' WHERE id = 4`)
	for _, c := range []struct {
		want workflow.LiveWanted
		ids  string
		more bool
	}{
		{workflow.LiveWanted{Limit: 1}, "2", true},
		{workflow.LiveWanted{Limit: 1, Offset: 1}, "4", false},
		{workflow.LiveWanted{Limit: 2}, "2 4", false},
		{workflow.LiveWanted{Limit: 1, By: "name", Desc: true}, "4", true},
		{workflow.LiveWanted{Limit: 9, Offset: 2}, "", false},
	} {
		if rows, err := w.w.Live(ctx, w.as("maria"), "customers", c.want); err != nil || ids(rows) != c.ids || rows.More != c.more || rows.Offset != c.want.Offset {
			t.Errorf("%+v: %s, more %t, %v", c.want, ids(rows), rows.More, err)
		}
	}
}
