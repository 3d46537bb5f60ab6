package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// filled stands behind the pages with something in every field of every document,
// all of it this one text.
type filled struct {
	*recorder
	says string
}

func (f filled) Person(context.Context, access.Email, access.Means) (access.Principal, error) {
	return access.Principal{Email: "olaf@example.test", Name: f.says, Roles: access.Roles, Departments: []access.Department{"sales"}, Level: access.Expert}, nil
}

func (f filled) raw() json.RawMessage {
	b, _ := json.Marshal(f.says)
	return b
}

func (f filled) changes() []wire.Change {
	one := submitted()
	one.May = []string{"approve", "approve-part", "apply", "replan"}
	one.Trial = &wire.Trial{Outcome: "refused", At: &one.CreatedAt, Why: f.says}
	one.Title, one.Reason, one.Why, one.Next, one.Dataset, one.Maker, one.RouteWhy, one.Blocked = f.says, f.says, f.says, f.says, f.says, f.says, f.says, f.says
	one.Input = &wire.Input{Name: f.says, Rows: 2}
	one.Findings = []finding.Finding{{Guardrail: f.says, Severity: finding.Warn, Column: f.says, Message: f.says, Mend: f.says, Samples: []string{f.says}, Rows: 1, Ranges: []string{"2"}},
		{Guardrail: f.says, Severity: finding.Warn, Message: f.says, Rows: 1, Examples: []finding.Example{{Row: 2, Key: f.says, Value: f.says, Live: f.says}, {Key: f.says}}}}
	one.Risk = wire.Risk{Score: 3, Factors: []wire.Factor{{Name: f.says, Points: 3, Why: f.says}}}
	one.Impact = []wire.Impact{{Label: f.says, Why: f.says, Rows: 2}}
	one.Route = []wire.Step{{Role: "owner", Needs: 1, Why: f.says}}
	one.Decisions = []wire.Decision{{By: f.says, Role: f.says, Decision: "approve", Comment: f.says, Void: f.says, Means: f.says}}
	one.Result = &wire.Result{Message: f.says, Conflicts: 2, ConflictRows: []int64{2, 3, 4}}
	one.Plan.Columns = []string{"id", f.says}
	one.Plan.Mapping = []wire.Mapped{{File: f.says, Column: f.says}}
	applied := one
	applied.ID, applied.State, applied.CreatedAt = "1002", "applied", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	return []wire.Change{one, applied}
}

func (f filled) Change(context.Context, access.Principal, change.ID, time.Duration) (wire.Change, error) {
	return f.changes()[0], nil
}

func (f filled) Changes(context.Context, access.Principal, workflow.Filter) ([]wire.Change, error) {
	return f.changes(), nil
}

func (f filled) Datasets(context.Context, access.Principal) ([]wire.Dataset, error) {
	d, err := f.Dataset(f, access.Principal{}, "")
	other := d
	other.Name = "orders"
	return []wire.Dataset{d, other}, err
}

// The recorder is its own context where none is needed.
func (filled) Deadline() (time.Time, bool) { return time.Time{}, false }
func (filled) Done() <-chan struct{}       { return nil }
func (filled) Err() error                  { return nil }
func (filled) Value(any) any               { return nil }

func (f filled) Dataset(context.Context, access.Principal, string) (wire.Dataset, error) {
	rows := int64(12345)
	return wire.Dataset{Name: "customers", Label: f.says, System: f.says, Table: f.says, Key: []string{"id"}, OtherKeys: [][]string{{f.says}, {"id", f.says}}, Department: f.says, Owners: []string{f.says},
		Allow: []string{"insert", "update"}, May: []string{"rows", "export", "propose", "freeze"}, Rows: &rows,
		Columns:    []wire.Column{{Name: "id", Label: f.says, Type: f.says}, {Name: f.says, Label: f.says, Type: "TEXT", Writable: true, OneOf: []string{f.says}, Pattern: f.says, Min: f.says, Also: []string{f.says}}},
		Guardrails: []wire.Rule{{Name: f.says, Each: "row", When: f.says, Then: "approve", By: "manager", Say: f.says}},
		Frozen:     &wire.Frozen{By: f.says, Say: f.says}}, nil
}

func (f filled) Live(context.Context, access.Principal, string, workflow.LiveWanted) (wire.LiveRows, error) {
	return wire.LiveRows{Columns: []string{"id", f.says}, Rows: []map[string]json.RawMessage{{"id": json.RawMessage("7"), f.says: f.raw()}}, More: true}, nil
}

func (f filled) Reading(context.Context, access.Principal, change.ID) (wire.Reading, error) {
	return wire.Reading{Dialect: f.says, Columns: []wire.FileColumn{{Mapped: wire.Mapped{File: f.says, Why: f.says, Candidates: []wire.Candidate{{Column: f.says, Confidence: 60, Why: f.says}}}, Samples: []string{f.says},
		Ways: []wire.Way{{Format: f.says, Says: f.says, Reads: []string{f.says}}}}}}, nil
}

func (f filled) Fitting(context.Context, access.Principal, string, string) (wire.Fitting, error) {
	return wire.Fitting{Rows: 2, Columns: []string{"id", f.says}, First: []map[string]json.RawMessage{{"id": json.RawMessage("7"), f.says: f.raw()}}}, nil
}

func (f filled) Spreads(context.Context, access.Principal, change.ID) ([]wire.Spread, error) {
	side := wire.SpreadSide{Values: 3, Least: 1, Middle: 2, Most: 3}
	return []wire.Spread{{Column: f.says, Rows: 3, Before: side, After: side, Bins: []wire.SpreadBin{{From: 0, To: 2, Before: 1, After: 2}, {From: 2, To: 4, Before: 2, After: 1}}}}, nil
}

func (f filled) Since(context.Context, access.Principal, change.ID) (wire.Since, error) {
	return wire.Since{Decision: &wire.Decision{By: f.says, Decision: "reject", Comment: f.says}, Datasets: []wire.Differences{{Dataset: "customers", Added: 2, Other: 1, Says: f.says}, {Dataset: "orders", Why: f.says, Says: f.says}}}, nil
}

func (f filled) Conflicts(context.Context, access.Principal, change.ID) ([]wire.ConflictRow, error) {
	row := wire.Row{Op: "update", Key: map[string]json.RawMessage{"id": json.RawMessage("7")}, Before: map[string]json.RawMessage{f.says: f.raw()}, After: map[string]json.RawMessage{f.says: f.raw()}, Changed: []string{f.says}}
	return []wire.ConflictRow{{Row: row, Live: map[string]json.RawMessage{f.says: json.RawMessage("null")}}, {Row: row}}, nil
}

func (f filled) Outgoing(context.Context, access.Principal) ([]wire.Mail, error) {
	return []wire.Mail{{To: "olaf@example.test", Subject: f.says, Text: f.says + "\n    http://x/changes/1001\n\nAll that waits for you: http://x/inbox\n-- \n" + f.says + ", Sutor\n"}}, nil
}

func (f filled) Rehearse(context.Context, access.Principal, []byte, int) (wire.Rehearsal, error) {
	hit := &wire.RuleHit{Severity: "approve", By: f.says, Rows: 3}
	return wire.Rehearsal{Compact: digest, InForce: digest, Notes: []string{f.says}, Changes: []wire.RehearsedChange{{ID: "1001", Title: f.says, Dataset: f.says, Verdict: wire.RehearsedRouted, Why: f.says, Void: true,
		Then: wire.RehearsedRoute{Blocked: f.says}, Now: wire.RehearsedRoute{Route: []wire.Step{{Role: f.says, Needs: 1}}}, Rules: []wire.RehearsedRule{{Guardrail: f.says, Now: hit, Message: f.says}}, Unjudged: []string{f.says}}}}, nil
}

func (f filled) Recipes(context.Context, access.Principal, string) ([]wire.Recipe, error) {
	return []wire.Recipe{{ID: "r1", Name: f.says}}, nil
}

func (f filled) Notices(context.Context, access.Principal, workflow.NoticesWanted) (wire.Inbox, error) {
	return wire.Inbox{Notices: []wire.Notice{{Says: f.says, Quote: f.says, Change: "1001"}}, Waiting: wire.Waiting{Unread: 1, Decide: 1}}, nil
}

func (f filled) Waiting(context.Context, access.Principal) (wire.Waiting, error) {
	return wire.Waiting{Decide: 3}, nil
}

func (f filled) CompactInForce(context.Context, access.Principal) (wire.Compact, error) {
	return wire.Compact{Digest: digest, Text: "compact: x\n# " + f.says}, nil
}

func (f filled) CompactVersions(context.Context, access.Principal) ([]wire.CompactVersion, error) {
	return []wire.CompactVersion{{Digest: digest}, {Digest: digest}}, nil
}

func (f filled) CompactVersion(_ context.Context, _ access.Principal, d record.Digest) (wire.Compact, error) {
	return wire.Compact{Digest: digest, Text: f.says + "\nsame\n" + time.Now().String()}, nil
}

func (f filled) Operations(context.Context, access.Principal) (wire.Operations, error) {
	return wire.Operations{Checks: []wire.Check{{Name: f.says, Why: f.says}}, Jobs: []wire.RunningJob{{Change: "1001", Dataset: f.says, State: "planning", Node: f.says, Progress: &wire.Progress{Step: f.says, Of: 3}}}, Changes: map[string]int64{"applied": 7}, Node: f.says}, nil
}

func (f filled) Searched(context.Context, access.Principal, workflow.Search) (wire.Searched, error) {
	return wire.Searched{Changes: f.changes(), More: true, Before: "1001"}, nil
}

func (f filled) Checkpoint(context.Context, access.Principal) (wire.Checkpoint, error) {
	return wire.Checkpoint{Key: f.says}, nil
}

func (f filled) Fsck(_ context.Context, _ access.Principal, w io.Writer) error {
	_, err := io.WriteString(w, f.says)
	return err
}

// everyPage lists the pages that a signed-in person can open.
var everyPage = []string{"/", "/changes", "/changes?mine=1&state=applied&dataset=customers", "/changes/1001", "/changes/1001/impact", "/changes/1001/reading", "/changes/1001/part", "/outbox", "/compact/rehearse", "/datasets/customers/rule", "/datasets", "/datasets/customers",
	"/datasets/customers?where=id+%3D+7&by=id&desc=1", "/datasets/customers/rules", "/datasets/customers/history", "/datasets/customers/propose",
	"/compact", "/compact/versions?at=0", "/system", "/evidence?key=7", "/search?q=", "/help"}

// TestEveryPageIsWhole: one heading that says where one is, a title, no empty link,
// every field labelled, every id once, every table headed, every picture told.
func TestEveryPageIsWhole(t *testing.T) {
	t.Parallel()
	b := open(t, filled{&recorder{}, "something"}).signIn()
	for _, path := range everyPage {
		res, page := b.get(path)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", path, res.StatusCode, words(page))
			continue
		}
		if h := all(page, "h1"); len(h) != 1 || words(h[0]) == "" {
			t.Errorf("%s has %d headings", path, len(h))
		}
		if title := words(all(page, "title")[0]); !strings.HasSuffix(title, " · Sutor") || !strings.HasPrefix(title, "(3) ") {
			t.Errorf("%s: title %q", path, title)
		}
		for _, fault := range faults(page) {
			t.Errorf("%s: %s", path, fault)
		}
	}
}

// faults gives what is wrong with the structure of a page.
func faults(page *html.Node) (out []string) {
	seen := map[string]bool{}
	for n := range page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attr(n, "id"); id != "" && seen[id] {
			out = append(out, "the id "+id+" stands twice")
		} else {
			seen[id] = true
		}
		switch n.Data {
		case "a":
			if attr(n, "href") == "" || words(n) == "" && attr(n, "aria-label") == "" {
				out = append(out, "a link leads nowhere or says nothing")
			}
		case "input", "select", "textarea":
			if attr(n, "type") != "hidden" && attr(n, "aria-label") == "" && !labelled(page, attr(n, "id")) && !inside(n, "label") {
				out = append(out, "the field "+attr(n, "name")+" has no label")
			}
		case "table":
			if len(all(n, "thead")) != 1 {
				out = append(out, "a table has no head")
			}
		case "svg":
			if attr(n, "aria-hidden") == "" && attr(n, "aria-label") == "" {
				out = append(out, "a picture says nothing")
			}
		}
	}
	return out
}

func inside(n *html.Node, name string) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == name {
			return true
		}
	}
	return false
}

// TestNoTextBecomesCode is an attack: a file, its names and cells, and whatever
// people write, hold texts that want to be markup, script or the attribute of an
// element. They stay text on every page.
func TestNoTextBecomesCode(t *testing.T) {
	t.Parallel()
	plainly := map[string][]string{}
	b := open(t, filled{&recorder{}, "plain"}).signIn()
	for _, path := range everyPage {
		_, page := b.get(path)
		plainly[path] = skeleton(page)
	}
	for _, says := range naughty(t) {
		b := open(t, filled{&recorder{}, says}).signIn()
		for _, path := range everyPage {
			_, page := b.get(path)
			if foreign(page) {
				t.Errorf("%s shows %q as code", path, says)
			}
			if got := skeleton(page); !slices.Equal(got, plainly[path]) {
				t.Errorf("%s has other elements with %q", path, says)
			}
		}
	}
}

// skeleton gives the elements of a page by name and attributes, without the marks
// in which texts are written out, and without the pictures of their spaces.
func skeleton(page *html.Node) (out []string) {
	for n := range page.Descendants() {
		if n.Type != html.ElementNode || attr(n, "class") == "mark" {
			continue
		}
		names := []string{n.Data}
		for _, a := range n.Attr {
			names = append(names, a.Key)
		}
		slices.Sort(names[1:])
		out = append(out, strings.Join(names, " "))
	}
	return out
}

// TestProposingTakesAFile: what is dropped, or pasted, becomes a change; without
// either the form comes back with all that was typed.
func TestProposingTakesAFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, cells, name, content string }{
		{"id,terms\n1,NET30\n", "", "terms.csv", "id,terms\n1,NET30\n"},
		{"", "id\tterms\n1\tNET30", "pasted.tsv", "id\tterms\n1\tNET30"},
	} {
		uc := &proposing{filled: filled{&recorder{}, "x"}}
		b := open(t, uc).signIn()
		res := b.send("/datasets/customers/propose", map[string]string{"title": "New terms", "reason": "Because", "mode": "update", "cells": c.cells, "key": "vat"}, "terms.csv", c.file)
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/changes/1001" {
			t.Errorf("%d %s", res.StatusCode, res.Header.Get("Location"))
		}
		if uc.in.Name != c.name || uc.content != c.content || uc.in.Title != "New terms" || uc.in.Options.Mode != change.Update || uc.in.Reason != "Because" || !slices.Equal(uc.in.Options.Key, []string{"vat"}) {
			t.Errorf("%+v %q", uc.in, uc.content)
		}
	}
	uc := &proposing{filled: filled{&recorder{}, "x"}}
	res := open(t, uc).signIn().send("/datasets/customers/propose", map[string]string{"title": "typed already"}, "", "")
	page, err := html.Parse(res.Body)
	if err != nil || res.StatusCode != http.StatusBadRequest || uc.in.Name != "" {
		t.Fatalf("%d %v %v", res.StatusCode, uc.in, err)
	}
	if !slices.ContainsFunc(all(page, "input"), func(n *html.Node) bool { return attr(n, "value") == "typed already" }) || !strings.Contains(words(page), "There is no file") {
		t.Errorf("%s", words(page))
	}
}

type proposing struct {
	filled
	in      workflow.Proposal
	content string
}

func (p *proposing) Propose(_ context.Context, _ access.Principal, in workflow.Proposal) (wire.Change, error) {
	content, err := io.ReadAll(in.File)
	p.in, p.content = in, string(content)
	return submitted(), err
}

// A change over several datasets: with a file of its own for one, and with a sheet of
// the first's workbook for another.
func TestProposingSeveralTogether(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fields map[string]string
		own    string // file for another dataset
		want   string
		sheets map[string]string
	}{
		{map[string]string{"with0": "orders", "mode": "update"}, "o.csv", "customers first.xlsx id; orders o.csv 7; ", map[string]string{}},
		{map[string]string{"with1": "orders", "sheet1": "Bestellungen", "mode": "update"}, "", " first.xlsx id; ", map[string]string{"customers": "", "orders": "Bestellungen"}},
		{map[string]string{}, "o.csv", "", nil},
		{map[string]string{"with0": "orders", "recipe": "r1"}, "o.csv", "", nil},
	} {
		uc := &familiar{filled: filled{&recorder{}, "x"}}
		b := open(t, uc).signIn()
		files := map[string]string{"file": "first.xlsx\nid"}
		if c.own != "" {
			files["file0"] = c.own + "\n7"
		}
		res := b.sendAll("/datasets/customers/propose", c.fields, files)
		status := http.StatusSeeOther
		if c.want == "" {
			status = http.StatusBadRequest
		}
		if res.StatusCode != status || uc.got != c.want || c.want != "" && !maps.Equal(uc.sheets, c.sheets) {
			t.Errorf("%v: %d, %q, %v", c.fields, res.StatusCode, uc.got, uc.sheets)
		}
	}
}

type familiar struct {
	filled
	got    string
	sheets map[string]string
}

func (f *familiar) ProposeTogether(_ context.Context, _ access.Principal, in workflow.Together) (wire.Change, error) {
	f.sheets = in.Sheets
	for {
		dataset, name, file, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		text, rerr := io.ReadAll(file)
		o, cerr := in.Choose(dataset)
		if err := errors.Join(err, rerr, cerr); err != nil || o.Mode != change.Update {
			return wire.Change{}, fmt.Errorf("%v, %w", o, err)
		}
		f.got += dataset + " " + name + " " + string(text) + "; "
	}
	return submitted(), nil
}

// TestRereadingSendsWhatDiffers: a column that was corrected, and the way in which
// its cells are read; nothing else. A form that was made for another file is refused.
func TestRereadingSendsWhatDiffers(t *testing.T) {
	t.Parallel()
	uc := &rereading{filled: filled{&recorder{}, "x"}}
	b := open(t, uc).signIn()
	res, _ := b.post("/changes/1001/reading", map[string][]string{"f0": {"Ziel"}, "c0": {"terms"}, "f1": {"id"}, "c1": {"id"}, "f2": {"Datum"}, "c2": {"since"}, "w2": {"dmy"}, "delimiter": {";"}})
	if res.StatusCode != http.StatusSeeOther || len(uc.o.Map) != 1 || uc.o.Map["Ziel"] != "terms" || len(uc.o.Formats) != 1 || uc.o.Formats["since"] != "dmy" || uc.o.File.Delimiter != ";" {
		t.Errorf("%d %+v", res.StatusCode, uc.o)
	}
	if len(uc.o.Key) != 0 {
		t.Errorf("nobody chose what rows are found by: %v", uc.o.Key)
	}
	b.post("/changes/1001/reading", map[string][]string{"f0": {"Ziel"}, "f1": {"id"}, "c1": {"id"}, "f2": {"Datum"}, "c2": {"since"}, "key": {"country\x1fvat"}})
	if !slices.Equal(uc.o.Key, []string{"country", "vat"}) {
		t.Errorf("rows are found by %v", uc.o.Key)
	}
	uc.o = change.Options{}
	res, page := b.post("/changes/1001/reading", map[string][]string{"f0": {"other"}, "c0": {"terms"}})
	if res.StatusCode != http.StatusPreconditionFailed || len(uc.o.Map) != 0 || !strings.Contains(words(page), "other columns") {
		t.Errorf("%d %+v", res.StatusCode, uc.o)
	}
}

type rereading struct {
	filled
	o change.Options
}

func (r *rereading) Reading(context.Context, access.Principal, change.ID) (wire.Reading, error) {
	return wire.Reading{Columns: []wire.FileColumn{{Mapped: wire.Mapped{File: "Ziel"}}, {Mapped: wire.Mapped{File: "id", Column: "id", How: "name"}}, {Mapped: wire.Mapped{File: "Datum", Column: "since", How: "name"}}}}, nil
}

func (r *rereading) Replan(_ context.Context, _ access.Principal, _ change.ID, a workflow.Again) (wire.Change, error) {
	return submitted(), a.Choose(&r.o)
}

// TestARuleIsWrittenInTheLanguage: what the form says is said in the guardrail
// language, whatever stands in its fields; what cannot be is refused in words.
func TestARuleIsWrittenInTheLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		form        url.Values
		where, sets string
		refused     string
	}{
		{form: url.Values{"t0": {"country"}, "is0": {"=="}, "v0": {`Ger"many`}, "t1": {"limit"}, "is1": {">="}, "v1": {"-5"}, "s0": {"terms"}, "way0": {"value"}, "to0": {"NET45"}},
			where: `country == "Ger\"many" && limit >= (-5)`, sets: `terms="NET45"`},
		{form: url.Values{"all": {"1"}, "s0": {"limit"}, "way0": {"percent"}, "to0": {"3"}, "s1": {"terms"}, "way1": {"nothing"}}, where: "true", sets: `limit=round(limit * (100 + 3) / 100, 2) terms=null`},
		{form: url.Values{"t0": {"Straße"}, "is0": {"empty"}, "where": {"limit > 3 || limit < 1"}, "s0": {"limit"}, "way0": {"formula"}, "to0": {"limit * 2"}},
			where: `(col("Straße") == null || col("Straße") == "") && (limit > 3 || limit < 1)`, sets: "limit=limit * 2"},
		{form: url.Values{"s0": {"limit"}, "way0": {"value"}, "to0": {"3"}}, refused: "not said which rows"},
		{form: url.Values{"all": {"1"}}, refused: "what the rows become"},
		{form: url.Values{"all": {"1"}, "s0": {"limit"}, "way0": {"value"}, "to0": {"13,75"}}, refused: "no value of limit"},
		{form: url.Values{"all": {"1"}, "s0": {"terms"}, "way0": {"plus"}, "to0": {"3"}}, refused: "holds no numbers"},
		{form: url.Values{"t0": {"secret"}, "is0": {"=="}, "v0": {"x"}, "s0": {"terms"}, "way0": {"nothing"}}, refused: `no column "secret"`},
	} {
		uc := &ruling{filled: filled{&recorder{}, "x"}}
		res, page := open(t, uc).signIn().post("/datasets/customers/rule", c.form)
		if c.refused != "" {
			if res.StatusCode != http.StatusBadRequest || !strings.Contains(words(page), c.refused) || uc.in.Dataset != "" {
				t.Errorf("%v: %d %s", c.form, res.StatusCode, words(page))
			}
			continue
		}
		var sets []string
		for _, set := range uc.in.Rule.Set {
			sets = append(sets, set.Column+"="+set.To)
		}
		if res.StatusCode != http.StatusSeeOther || uc.in.Rule.Where != c.where || strings.Join(sets, " ") != c.sets {
			t.Errorf("%v: %d %q %q", c.form, res.StatusCode, uc.in.Rule.Where, sets)
		}
	}
	_, page := open(t, &ruling{filled: filled{&recorder{}, "x"}}).signIn().post("/datasets/customers/rule", url.Values{"t0": {"limit"}, "is0": {">"}, "v0": {"7"}, "step": {"count"}})
	if text := words(page); !strings.Contains(text, "2 rows fit now") || !strings.Contains(text, "limit > 7") {
		t.Error(text)
	}
}

type ruling struct {
	filled
	in workflow.RuleProposal
}

func (r *ruling) Dataset(ctx context.Context, p access.Principal, name string) (wire.Dataset, error) {
	d, err := r.filled.Dataset(ctx, p, name)
	d.Columns = []wire.Column{{Name: "country", Kind: "text", Writable: true}, {Name: "limit", Kind: "decimal", Type: "NUMERIC(12, 2)", Writable: true}, {Name: "terms", Kind: "text", Writable: true}, {Name: "Straße", Kind: "text"}, {Name: "secret", Kind: "text", Masked: true}}
	return d, err
}

func (r *ruling) ProposeRule(_ context.Context, _ access.Principal, in workflow.RuleProposal) (wire.Change, error) {
	r.in = in
	return submitted(), nil
}

// TestARehearsalKeepsWhatWasTyped, and says what would be different.
func TestARehearsalKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	res := open(t, filled{&recorder{}, "x"}).signIn().send("/compact/rehearse", map[string]string{"text": "compact: other"}, "", "")
	page, err := html.Parse(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", res.StatusCode, err)
	}
	if text := words(page); !strings.Contains(text, "others would decide") || words(all(page, "textarea")[0]) != "compact: other" {
		t.Error(text)
	}
	if found := faults(page); len(found) > 0 {
		t.Error(found)
	}
}

// TestOutboxLinksLeadHere: addresses of this server only become links.
func TestOutboxLinksLeadHere(t *testing.T) {
	t.Parallel()
	_, page := open(t, filled{&recorder{}, "http://evil.test/changes/7"}).signIn().get("/outbox")
	var to []string
	for _, a := range all(all(page, "article")[0], "a") {
		to = append(to, attr(a, "href"))
	}
	if !slices.Equal(to, []string{"/changes/1001", "/inbox"}) {
		t.Error(to)
	}
}

// TestColoursAreKept: the choice comes back with every page, and only a known one.
func TestColoursAreKept(t *testing.T) {
	t.Parallel()
	b := open(t, filled{&recorder{}, "x"}).signIn()
	for _, c := range []struct{ chosen, kept string }{{"dark", "dark"}, {"purple", ""}, {"light", "light"}, {"", ""}} {
		res, _ := b.post("/theme", map[string][]string{"theme": {c.chosen}, "next": {"//evil.test"}})
		if res.Header.Get("Location") != "/" {
			t.Errorf("leads to %s", res.Header.Get("Location"))
		}
		if _, page := b.get("/help"); attr(all(page, "html")[0], "data-theme") != c.kept {
			t.Errorf("chosen %q, kept %q", c.chosen, attr(all(page, "html")[0], "data-theme"))
		}
	}
}

// TestPagesArePacked, and a first visit stays within its budget.
func TestPagesArePacked(t *testing.T) {
	t.Parallel()
	b := open(t, filled{&recorder{}, "something"}).signIn()
	for _, path := range everyPage {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "gzip") // so that the client leaves it packed
		res, err := b.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.Header.Get("Content-Encoding") != "gzip" || len(content) > 20<<10 || !bytes.HasPrefix(content, []byte{0x1f, 0x8b}) {
			t.Errorf("%s: %d bytes %v %v", path, len(content), res.Header, err)
		}
	}
}

// send posts a form with a file, as a browser does.
func (b browser) send(path string, fields map[string]string, name, content string) *http.Response {
	b.t.Helper()
	if name == "" {
		return b.sendAll(path, fields, nil)
	}
	return b.sendAll(path, fields, map[string]string{"file": name + "\n" + content})
}

// sendAll sends a form with files, each its name in the first line.
func (b browser) sendAll(path string, fields, files map[string]string) *http.Response {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field, value := range fields {
		if err := form.WriteField(field, value); err != nil {
			b.t.Fatal(err)
		}
	}
	for field, file := range files {
		name, content, _ := strings.Cut(file, "\n")
		part, err := form.CreateFormFile(field, name)
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := io.WriteString(part, content); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, &body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// naughty gives the texts of the Big List of Naughty Strings (its licence stands
// beside it) that hold something of markup, script or templates, some in one.
func naughty(t *testing.T) (out []string) {
	t.Helper()
	text, err := os.ReadFile("../intake/csv/testdata/blns/blns.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range list {
		if !strings.ContainsAny(s, "<>\"'&{") && !strings.Contains(strings.ToLower(s), "script") {
			continue
		}
		if n++; n%20 == 1 {
			out = append(out, "text")
		}
		out[len(out)-1] += " " + s
	}
	if n < 100 {
		t.Fatalf("only %d texts", n)
	}
	return append(out, "javascript:alert(1)", `" autofocus onfocus="alert(1)`, "' hx-on:click='alert(1)")
}

// parts records which parts are looked at and approved.
type parts struct {
	filled
	asked []workflow.Part
	said  string
}

func (a *parts) LookPart(_ context.Context, _ access.Principal, _ change.ID, d record.Digest, part workflow.Part) (wire.PartLook, error) {
	a.asked = append(a.asked, part)
	return wire.PartLook{Say: a.says, Rows: 1, Rest: 2, Unknown: 1, Whole: string(d), Plan: "sha256:part"}, nil
}

func (a *parts) ApprovePart(_ context.Context, _ access.Principal, id change.ID, d record.Digest, part workflow.Part, comment string) (wire.Change, error) {
	a.asked, a.said = append(a.asked, part), string(d)+" "+comment
	return wire.Change{ID: string(id)}, nil
}

// A part is looked at before it is approved: how many rows go on and go back, both
// digests; what was chosen stays.
func TestAPartIsLookedAt(t *testing.T) {
	t.Parallel()
	uc := &parts{filled: filled{&recorder{}, "some=\"thing"}}
	b := open(t, uc).signIn()
	form := url.Values{"digest": {digest}, "how": {"only"}, "t": {"id"}, "is": {"<="}, "v": {"7"}, "only": {`op == "update"`}, "comment": {"these"}, "step": {"look"}}
	res, page := b.post("/changes/1001/part", form)
	for _, says := range []string{"1 row goes on", "2 rows go back", digest, "sha256:part", "1 row", "could not be judged"} {
		if !strings.Contains(words(page), says) {
			t.Errorf("%d: it does not say %q: %s", res.StatusCode, says, words(page))
		}
	}
	form.Set("step", "approve")
	if res, _ = b.post("/changes/1001/part", form); res.StatusCode != http.StatusSeeOther || uc.said != digest+" these" {
		t.Errorf("%d, %q", res.StatusCode, uc.said)
	}
	form = url.Values{"digest": {digest}, "how": {"without"}, "name": {"big"}, "only": {"left from before"}, "step": {"look"}}
	b.post("/changes/1001/part", form)
	want := []workflow.Part{{Only: `after.id <= "7" && (op == "update")`}, {Only: `after.id <= "7" && (op == "update")`}, {Without: "big"}}
	if !slices.Equal(uc.asked, want) {
		t.Errorf("%+v", uc.asked)
	}
}
