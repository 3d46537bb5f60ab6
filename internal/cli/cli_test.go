package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sutor/internal/cli"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/wire"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// server answers each "METHOD path" with a document, or a problem.
type server struct {
	t       *testing.T
	mu      sync.Mutex
	answers map[string]any
	heard   []string // method, path, query, If-Match and body of each call
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	call := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1")
	s.heard = append(s.heard, strings.TrimSpace(fmt.Sprintf("%s?%s %s %s", call, r.URL.RawQuery, r.Header.Get("If-Match"), body)))
	answer, ok := s.answers[call]
	if !ok {
		answer = refusal(errs.NotFound, "There is no "+call+".")
	}
	if many, ok := answer.([]any); ok { // one after the other
		answer, s.answers[call] = many[0], many[1:]
	}
	if p, ok := answer.(wire.Problem); ok {
		w.WriteHeader(p.Status)
	}
	if text, ok := answer.(string); ok {
		_, _ = io.WriteString(w, text)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func refusal(k errs.Kind, says string) wire.Problem {
	return wire.Problem{Type: "urn:sutor:problem:" + k.String(), Status: 499, Detail: says, Mend: "Do something.", Exit: k.ExitCode()}
}

// result is what a run left behind.
type result struct {
	code        int
	out, errOut string
	heard       []string
}

// run runs one command line against a server with these answers.
func run(t *testing.T, answers map[string]any, local cli.Local, args ...string) result {
	t.Helper()
	s := &server{t: t, answers: answers}
	h := httptest.NewServer(s)
	defer h.Close()
	env := map[string]string{"SUTOR_SERVER": h.URL, "SUTOR_TOKEN": "secret"}
	var out, errOut bytes.Buffer
	code := cli.Main(t.Context(), args, strings.NewReader("id\n1\n"), &out, &errOut, func(k string) string { return env[k] }, local)
	return result{code, out.String(), errOut.String(), s.heard}
}

func planned() wire.Change {
	return wire.Change{ID: "1001", Title: "New terms", Dataset: "customers", Mode: "upsert", State: "planned", Maker: "maria@example.test",
		CreatedAt: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), Input: &wire.Input{Name: "terms.csv", Rows: 1200},
		Plan: &wire.Plan{Digest: digest, Counts: wire.Counts{Insert: 1, Update: 1199, Unchanged: 3}},
		Findings: []finding.Finding{
			{Guardrail: "emptied", Severity: finding.Warn, Rows: 1, Message: "One cell would lose its value."},
			{Guardrail: "one-of", Severity: finding.Block, Column: "payment_terms", Rows: 5, Message: "Not one of the listed values.",
				Mend: "Use NET30.", Ranges: []string{"2-5", "9"}, Samples: []string{"NET31"}},
		},
		Route: []wire.Step{{Role: "owner", Needs: 1, Why: "The owner of the dataset decides."}},
		May:   []string{"replan", "submit"}, Next: "It waits for you."}
}

func in(state string, ch wire.Change) wire.Change {
	ch.State = state
	return ch
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPlan(t *testing.T) {
	t.Parallel()
	answers := map[string]any{"POST /changes": in("planning", planned()), "GET /changes/1001": planned()}
	r := run(t, answers, cli.Local{}, "change", "plan", "customers", file(t, "terms.csv", "id\n1\n"), "--map", "Kunde, alt=id", "--title", "T", "--empty", "clear")
	want := `Change 1001 is planned: 1 insert, 1,199 updates, 0 deletes, 3 unchanged, 0 invalid.
  plan ` + digest + `
✗ blocks: one-of of payment_terms, 5 rows
    Not one of the listed values.
    for example "NET31"
    rows 2-5, 9
    Mend: Use NET30.
! warning: emptied, 1 row
    One cell would lose its value.
  needs 1 owner: The owner of the dataset decides.
It waits for you.
Next:
  sutor change rows 1001
  sutor change replan 1001 FILE
`
	if r.code != 0 || r.out != want || r.errOut != "" {
		t.Errorf("exit %d\n%s\n%s", r.code, r.out, r.errOut)
	}
	if want := "POST /changes?dataset=customers&empty=clear&map=Kunde%2C+alt%3Did&name=terms.csv&title=T  id\n1"; r.heard[0] != want {
		t.Errorf("heard %q", r.heard[0])
	}
	if !strings.Contains(r.heard[1], "wait=30s") {
		t.Errorf("did not wait: %q", r.heard[1])
	}
}

// TestExitCodes: each way that a command can end has the exit code that scripts
// rely on.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	csv := file(t, "a.csv", "id\n")
	failed := in("failed", planned())
	failed.Problem = &wire.Problem{Type: "urn:sutor:problem:invalid", Detail: "The file is empty.", Exit: 7}
	conflict := planned()
	conflict.Result = &wire.Result{Conflicts: 2, ConflictRows: []int64{4, 5}}
	down := in("failed", planned())
	down.Problem = &wire.Problem{Type: "urn:sutor:problem:unavailable", Detail: "The system erp does not answer.", Exit: 8}
	for _, c := range []struct {
		name    string
		answers map[string]any
		args    []string
		code    int
		says    string
	}{
		{"unknown command", nil, []string{"chnage"}, 2, "chnage"},
		{"unknown flag", nil, []string{"change", "list", "--al"}, 2, "--al"},
		{"missing argument", nil, []string{"change", "show"}, 2, "<id>"},
		{"bad mode", nil, []string{"change", "plan", "c", csv, "--mode", "replace"}, 2, "--mode"},
		{"bad server", nil, []string{"--server", "localhost", "change", "list"}, 2, "not the address"},
		{"nobody there", nil, []string{"--server", "http://127.0.0.1:1", "change", "list"}, 8, "does not answer"},
		{"no such file", nil, []string{"change", "plan", "c", csv + "x"}, 4, "There is no file"},
		{"a folder", nil, []string{"change", "plan", "c", filepath.Dir(csv)}, 2, "is a folder"},
		{"forbidden", map[string]any{"POST /changes/1/apply": refusal(errs.Forbidden, "No right.")}, []string{"change", "apply", "1"}, 3, "No right."},
		{"not found", nil, []string{"change", "show", "1"}, 4, "There is no"},
		{"blocked", map[string]any{"POST /changes/1/submit": refusal(errs.Blocked, "Findings block it.")}, []string{"change", "submit", "1"}, 5, "Findings"},
		{"stale", map[string]any{"POST /changes/1/approve": refusal(errs.Changed, "Another plan.")}, []string{"change", "approve", "1", "--digest", digest}, 6, "Another plan."},
		{"unsigned", map[string]any{"GET /changes": refusal(errs.Unsigned, "Not signed in.")}, []string{"change", "list"}, 3, "Not signed in."},
		{"invalid file", map[string]any{"POST /changes": failed}, []string{"change", "plan", "c", csv}, 7, "The file is empty."},
		{"conflict", map[string]any{"POST /changes/1001/apply": in("applying", planned()), "GET /changes/1001": conflict}, []string{"change", "apply", "1001"}, 6, "2 rows have changed"},
		{"system down at apply", map[string]any{"POST /changes/1001/apply": down}, []string{"change", "apply", "1001"}, 8, "erp does not answer"},
		{"applied", map[string]any{"POST /changes/1001/apply": in("applied", planned())}, []string{"change", "apply", "1001"}, 0, ""},
		{"help", nil, []string{"--help"}, 0, ""},
		{"version", nil, []string{"version"}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, c.answers, cli.Local{}, c.args...)
			if r.code != c.code || !strings.Contains(r.errOut, c.says) {
				t.Errorf("exit %d, want %d\n%s\n%s", r.code, c.code, r.out, r.errOut)
			}
			asJSON := run(t, c.answers, cli.Local{}, append([]string{"--json"}, c.args...)...)
			if c.code == 0 || c.code == 2 && asJSON.out != "" {
				return
			}
			var p wire.Problem
			if err := json.Unmarshal([]byte(asJSON.errOut), &p); err != nil || p.Exit != c.code || !strings.Contains(p.Detail+p.Mend, c.says) {
				t.Errorf("with --json: %v, %q", err, asJSON.errOut)
			}
			if n := documents(t, asJSON.out); n > 1 {
				t.Errorf("%d documents on standard output", n)
			}
		})
	}
}

// documents counts the JSON documents in a text.
func documents(t *testing.T, text string) int {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	for n := 0; ; n++ {
		var v any
		if err := d.Decode(&v); err == io.EOF {
			return n
		} else if err != nil {
			t.Fatalf("%v in %q", err, text)
		}
	}
}

// TestJSON: every command that prints a result prints one document.
func TestJSON(t *testing.T) {
	t.Parallel()
	answers := func() map[string]any {
		return map[string]any{
			"GET /datasets": []wire.Dataset{{Name: "customers"}}, "GET /datasets/customers": wire.Dataset{Name: "customers"},
			"GET /datasets/customers/export": "id\n1\n", "GET /changes/1001/evidence": "PK", "GET /changes": []wire.Change{}, "GET /changes/1001": planned(),
			"GET /changes/1001/findings": planned().Findings, "POST /changes": planned(), "POST /changes/1001/replan": planned(),
			"POST /changes/1001/submit": planned(), "POST /changes/1001/withdraw": planned(), "POST /changes/1001/approve": planned(),
			"POST /changes/1001/reject": planned(), "POST /changes/1001/apply": in("applied", planned()), "POST /changes/1001/undo": planned(),
			"GET /compact": wire.Compact{Digest: digest, Text: "compact: X\n"}, "GET /evidence/checkpoint": wire.Checkpoint{Checkpoint: "sutor\n0\n"}, "POST /evidence/fsck": wire.Fsck{OK: true, Report: "whole\n"},
			"GET /health": wire.Health{OK: true},
		}
	}
	csv, dir := file(t, "a.csv", "id\n"), t.TempDir()
	local := cli.Local{
		CompactCheck: func(context.Context, string, bool) ([]compact.Problem, error) { return nil, nil },
		IssueToken:   func(context.Context, cli.TokenConfig) (string, error) { return "sutor_1_x", nil },
	}
	for _, line := range []string{
		"dataset list", "dataset show customers", "dataset export customers -o " + filepath.Join(dir, "out.csv"),
		"change plan customers " + csv, "change replan 1001", "change replan 1001 " + csv, "change list", "change show 1001", "change findings 1001",
		"change submit 1001", "change withdraw 1001", "change approve 1001", "change reject 1001 --comment no", "change apply 1001", "change undo 1001",
		"compact show", "compact schema", "compact check " + csv, "token issue maria@example.test",
		"evidence export 1001 -o " + filepath.Join(dir, "pack.zip"), "evidence checkpoint", "evidence fsck", "doctor", "version",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			r := run(t, answers(), local, append(strings.Fields(line), "--json")...)
			if r.code != 0 || documents(t, r.out) != 1 || r.errOut != "" {
				t.Errorf("exit %d\n%s\n%s", r.code, r.out, r.errOut)
			}
			if human := run(t, answers(), local, strings.Fields(line)...); human.code != 0 || human.out == "" {
				t.Errorf("for people: exit %d\n%s\n%s", human.code, human.out, human.errOut)
			}
		})
	}
}

func TestApproveNamesThePlanItSaw(t *testing.T) {
	t.Parallel()
	answers := map[string]any{"GET /changes/1001": in("submitted", planned()), "POST /changes/1001/approve": in("approved", planned())}
	r := run(t, answers, cli.Local{}, "change", "approve", "1001", "--comment", "fine")
	if r.code != 0 || !strings.Contains(r.out, digest) {
		t.Errorf("exit %d\n%s", r.code, r.out)
	}
	if want := `POST /changes/1001/approve? "` + digest + `" {"comment":"fine"}`; r.heard[1] != want {
		t.Errorf("heard %q", r.heard)
	}
	r = run(t, answers, cli.Local{}, "change", "approve", "1001", "--digest", "sha256:ff")
	if len(r.heard) != 1 || !strings.Contains(r.heard[0], `"sha256:ff"`) {
		t.Errorf("with --digest heard %q", r.heard)
	}
}

func TestUndoEndsWithTheNewID(t *testing.T) {
	t.Parallel()
	reversal := planned()
	reversal.ID = "1002"
	answers := map[string]any{"POST /changes/1001/undo": in("planning", reversal), "GET /changes/1002": reversal}
	r := run(t, answers, cli.Local{}, "change", "undo", "1001")
	if r.code != 0 || !strings.HasSuffix(r.out, "\n1002\n") {
		t.Errorf("exit %d\n%s", r.code, r.out)
	}
}

func TestConflictsAreListed(t *testing.T) {
	t.Parallel()
	conflict := planned()
	conflict.Result = &wire.Result{Conflicts: 3, ConflictRows: []int64{4, 5, 9}}
	answers := map[string]any{"POST /changes/1001/apply": in("applying", planned()), "GET /changes/1001": []any{in("applying", planned()), conflict}}
	r := run(t, answers, cli.Local{}, "change", "apply", "1001")
	if r.code != 6 || !strings.Contains(r.out, "4-5, 9") || !strings.Contains(r.errOut, "sutor change replan 1001") {
		t.Errorf("exit %d\n%s\n%s", r.code, r.out, r.errOut)
	}
}

func rowsPage(from, to, total int64) wire.Rows {
	page := wire.Rows{Total: total, Offset: from}
	for n := from; n < to; n++ {
		page.Rows = append(page.Rows, wire.Row{Op: "update", Row: &n, Key: map[string]json.RawMessage{"id": json.RawMessage(fmt.Sprint(n))},
			Before: map[string]json.RawMessage{"terms": json.RawMessage(`"NET30"`)}, After: map[string]json.RawMessage{"terms": json.RawMessage(`null`)}, Changed: []string{"terms"}})
	}
	return page
}

func TestRows(t *testing.T) {
	t.Parallel()
	answers := map[string]any{"GET /changes/1001/rows": rowsPage(0, 2, 7)}
	r := run(t, answers, cli.Local{}, "change", "rows", "1001", "--limit", "2", "--op", "update")
	want := `            ROW  id  WHAT CHANGES
  ~ update    0  0   terms: NET30 → NULL
  ~ update    1  1   terms: NET30 → NULL
2 of 7 rows. More: --offset 2, all: --limit 0
`
	if r.code != 0 || r.out != want || r.heard[0] != "GET /changes/1001/rows?limit=2&offset=0&op=update" {
		t.Errorf("exit %d\n%s\n%q", r.code, r.out, r.heard)
	}
}

func TestRowsAsJSONAreAllOfThemOneALine(t *testing.T) {
	t.Parallel()
	answers := map[string]any{"GET /changes/1001/rows": []any{rowsPage(0, 1000, 1500), rowsPage(1000, 1500, 1500)}}
	r := run(t, answers, cli.Local{}, "change", "rows", "1001", "--json")
	if r.code != 0 || documents(t, r.out) != 1500 || strings.Count(r.out, "\n") != 1500 {
		t.Errorf("exit %d, %d lines\n%s", r.code, strings.Count(r.out, "\n"), r.errOut)
	}
	if !strings.Contains(r.heard[1], "offset=1000") {
		t.Errorf("heard %q", r.heard)
	}
}

// TestTextsCannotSteerTheTerminal is an attack: a cell holds control characters
// that would rewrite what the approver sees.
func TestTextsCannotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	page := rowsPage(0, 1, 1)
	page.Rows[0].After["terms"] = json.RawMessage(`"\u001b[2Kharmless\u202etxet"`)
	r := run(t, map[string]any{"GET /changes/1001/rows": page}, cli.Local{}, "change", "rows", "1001")
	if strings.ContainsAny(r.out, "\x1b\u202e") || !strings.Contains(r.out, `\u001b[2Kharmless\u202etxet`) {
		t.Errorf("%q", r.out)
	}
}

func TestExportIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := filepath.Join(dir, "c.csv")
	r := run(t, map[string]any{"GET /datasets/c/export": refusal(errs.Unavailable, "Down.")}, cli.Local{}, "dataset", "export", "c", "-o", out)
	if left, _ := os.ReadDir(dir); r.code != 8 || len(left) != 0 {
		t.Errorf("exit %d, left %v", r.code, left)
	}
	r = run(t, map[string]any{"GET /datasets/c/export": "id\n1\n"}, cli.Local{}, "dataset", "export", "c", "-o", out)
	if b, err := os.ReadFile(out); r.code != 0 || err != nil || string(b) != "id\n1\n" {
		t.Errorf("exit %d, %q, %v", r.code, b, err)
	}
	r = run(t, map[string]any{"GET /datasets/c/export": "id\n1\n"}, cli.Local{}, "dataset", "export", "c", "-o", "-")
	if r.out != "id\n1\n" {
		t.Errorf("on standard output %q", r.out)
	}
	if r = run(t, nil, cli.Local{}, "dataset", "export", "c", "-o", "c.pdf"); r.code != 2 {
		t.Errorf("pdf: exit %d", r.code)
	}
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	r := run(t, map[string]any{"POST /changes": planned()}, cli.Local{}, "change", "plan", "customers", "-")
	if r.code != 0 || !strings.HasSuffix(r.heard[0], "id\n1") || !strings.Contains(r.heard[0], "name=stdin.csv") {
		t.Errorf("exit %d, heard %q", r.code, r.heard)
	}
}

func TestTokenIsAloneOnStandardOutput(t *testing.T) {
	t.Parallel()
	var got cli.TokenConfig
	local := cli.Local{IssueToken: func(_ context.Context, c cli.TokenConfig) (string, error) {
		got = c
		return "sutor_1_x", nil
	}}
	r := run(t, nil, local, "token", "issue", "maria@example.test", "--data", "d", "--days", "2")
	if r.code != 0 || r.out != "sutor_1_x\n" || !strings.Contains(r.errOut, "maria@example.test") {
		t.Errorf("exit %d %q %q", r.code, r.out, r.errOut)
	}
	if want := (cli.TokenConfig{Metadata: cli.Metadata{Data: "d"}, Email: "maria@example.test", Valid: 48 * time.Hour}); got != want {
		t.Errorf("%+v", got)
	}
	for want, args := range map[cli.TokenConfig][]string{
		{Metadata: cli.Metadata{Data: "sutor-data"}, Email: "m@x", Valid: 90 * 24 * time.Hour}: {"token", "issue", "m@x"},
		{Metadata: cli.Metadata{Database: "u"}, Email: "m@x", Valid: 90 * 24 * time.Hour}:      {"token", "issue", "m@x", "--database", "u"},
	} {
		if r := run(t, nil, local, args...); r.code != 0 || got != want {
			t.Errorf("%v: exit %d, %+v", args, r.code, got)
		}
	}
	if r := run(t, nil, local, "token", "issue", "m@x", "--data", "d", "--database", "u"); r.code != 2 {
		t.Errorf("both places: exit %d", r.code)
	}
}

func TestTokensAreRevoked(t *testing.T) {
	t.Parallel()
	var which string
	var where cli.Metadata
	local := cli.Local{RevokeTokens: func(_ context.Context, w string, m cli.Metadata) ([]string, error) {
		which, where = w, m
		return []string{"T1", "T2"}, nil
	}}
	r := run(t, nil, local, "token", "revoke", "maria@example.test")
	if r.code != 0 || which != "maria@example.test" || where.Data != "sutor-data" || !strings.Contains(r.out, "The token T2 holds no more.") {
		t.Errorf("exit %d, %q, %+v\n%s%s", r.code, which, where, r.out, r.errOut)
	}
	if r := run(t, nil, local, "--json", "token", "revoke", "T1", "--database", "u"); r.code != 0 || where != (cli.Metadata{Database: "u"}) || !strings.Contains(r.out, `"revoked"`) {
		t.Errorf("exit %d, %+v\n%s%s", r.code, where, r.out, r.errOut)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	var got cli.ServeConfig
	local := cli.Local{Serve: func(_ context.Context, c cli.ServeConfig, _ io.Writer) error {
		got = c
		return nil
	}}
	r := run(t, nil, local, "serve", "--compact", "c.yaml", "--max-upload", "500MiB", "--max-staging", "2GiB", "--max-artifacts", "1TB", "--max-cache", "5GB", "--log-key", "k", "--slots", "3", "--https")
	want := cli.ServeConfig{Compact: "c.yaml", Data: "sutor-data", Listen: "127.0.0.1:8080", HTTPS: true, SMTP: cli.SMTPConfig{TLS: "starttls"},
		MaxUpload: 500 << 20, MaxRows: 10_000_000, MaxStaging: 2 << 30, MaxSpill: 50e9, MaxArtifacts: 1e12, MaxCache: 5e9, LogKey: "k", MaxPlan: 30 * time.Minute, Slots: 3}
	if r.code != 0 || got != want {
		t.Errorf("exit %d %s %+v", r.code, r.errOut, got)
	}
	for _, size := range []string{"", "lots", "0", "-1", "5XB", "9223372036854775807TiB"} {
		if r := run(t, nil, local, "serve", "--compact", "c.yaml", "--max-upload="+size); r.code != 2 {
			t.Errorf("--max-upload=%s: exit %d", size, r.code)
		}
	}
	if r := run(t, nil, local, "serve", "--compact", "c.yaml"); r.code != 0 || got.MaxArtifacts != 0 || got.MaxStaging != 16<<30 {
		t.Errorf("without limits said: exit %d %+v", r.code, got)
	}
}

func TestCompactCheck(t *testing.T) {
	t.Parallel()
	found := []compact.Problem{{File: "c.yaml", Line: 3, Column: 7, Message: "No such role.", Mend: "Use owner."}}
	local := cli.Local{CompactCheck: func(context.Context, string, bool) ([]compact.Problem, error) { return found, nil }}
	r := run(t, nil, local, "compact", "check", "c.yaml", "--offline")
	if r.code != 7 || r.out != "c.yaml:3:7: No such role. Use owner.\n" {
		t.Errorf("exit %d %q %q", r.code, r.out, r.errOut)
	}
	found[0].Warning = true
	if r = run(t, nil, local, "compact", "check", "c.yaml"); r.code != 0 || !strings.Contains(r.out, "c.yaml is a good Compact") {
		t.Errorf("exit %d %q", r.code, r.out)
	}
	broken := cli.Local{CompactCheck: func(context.Context, string, bool) ([]compact.Problem, error) {
		return nil, errors.New("disk on fire")
	}}
	if r = run(t, nil, broken, "compact", "check", "c.yaml"); r.code != 1 {
		t.Errorf("exit %d", r.code)
	}
	down := cli.Local{CompactCheck: func(context.Context, string, bool) ([]compact.Problem, error) {
		return found, errs.New(errs.Unavailable, "The system erp does not answer.")
	}}
	if r = run(t, nil, down, "compact", "check", "c.yaml"); r.code != 8 || !strings.Contains(r.out, "No such role.") || strings.Contains(r.out, "good") {
		t.Errorf("a system that is down: exit %d %q", r.code, r.out)
	}
}

func TestFsckShowsItsReportWithTheFault(t *testing.T) {
	t.Parallel()
	p := refusal(errs.Invalid, "The log has a fault.")
	p.Report = "leaf 7 is not what was stored\n"
	r := run(t, map[string]any{"POST /evidence/fsck": p}, cli.Local{}, "evidence", "fsck")
	if r.code != 7 || r.out != p.Report || !strings.Contains(r.errOut, "has a fault") {
		t.Errorf("exit %d %q %q", r.code, r.out, r.errOut)
	}
}

func TestVerifyRefusesJunk(t *testing.T) {
	t.Parallel()
	r := run(t, nil, cli.Local{}, "evidence", "verify", file(t, "pack.zip", "no zip at all"))
	if r.code != 7 {
		t.Errorf("exit %d %q %q", r.code, r.out, r.errOut)
	}
}

func TestDoctorSaysWhatDoesNotWork(t *testing.T) {
	t.Parallel()
	h := wire.Health{Checks: []wire.Check{{Name: "metadata", OK: true}, {Name: "system erp", Why: "It does not answer."}}}
	r := run(t, map[string]any{"GET /health": h}, cli.Local{}, "doctor")
	if r.code != 8 || !strings.Contains(r.out, "✗ not ok  system erp  It does not answer.") {
		t.Errorf("exit %d\n%s", r.code, r.out)
	}
	if strings.Contains(r.out, "limits") {
		t.Errorf("limits of a server that tells none:\n%s", r.out)
	}
}

func TestDoctorSaysTheRights(t *testing.T) {
	t.Parallel()
	h := wire.Health{OK: true, Rights: []wire.SystemRights{{System: "erp", Kind: "mysql", Needs: []string{"GRANT SELECT ON `erp`.`t` TO 'sutor'@'%';"}}}}
	r := run(t, map[string]any{"GET /health": h}, cli.Local{}, "doctor")
	if r.code != 0 || !strings.Contains(r.out, "account in the system erp (mysql) needs, undo included:\n  GRANT SELECT ON `erp`.`t` TO 'sutor'@'%';\n") {
		t.Errorf("exit %d\n%s", r.code, r.out)
	}
}

func TestDoctorSaysTheLimits(t *testing.T) {
	t.Parallel()
	h := wire.Health{OK: true, Checks: []wire.Check{{Name: "metadata", OK: true}},
		Limits: wire.Limits{Upload: 1 << 30, Rows: 10_000_000, Staging: 16 << 30, Spill: 50e9, Plan: 1_800_000, Slots: 2, Artifacts: 1 << 40}}
	r := run(t, map[string]any{"GET /health": h}, cli.Local{}, "doctor")
	for _, want := range []string{`a file +1 GiB +--max-upload`, `rows of a file +10,000,000 +--max-rows`, `all cells of a file +16 GiB +--max-staging`,
		`disk of a plan +50 GB +--max-spill`, `time of a plan +30m0s +--max-plan`, `plans and applies at once +2 +--slots`, `all files and plans +1 TiB +--max-artifacts`} {
		if r.code != 0 || !regexp.MustCompile(want).MatchString(r.out) {
			t.Errorf("exit %d, no %s in\n%s", r.code, want, r.out)
		}
	}
	h.Limits.Artifacts, h.Limits.Plan = 0, 0
	if r := run(t, map[string]any{"GET /health": h}, cli.Local{}, "doctor"); strings.Count(r.out, "no limit") != 2 {
		t.Errorf("without two limits:\n%s", r.out)
	}
}

// Help is there for the asking in either way, and the ops that the rows of a plan may have are those of the API.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help", "change", "rows"}, {"change", "rows", "--help"}} {
		if r := run(t, nil, cli.Local{}, args...); r.code != 0 || !strings.Contains(r.out, "--op=OP") || strings.Contains(r.out, "unchanged or invalid") {
			t.Errorf("%v: exit %d\n%s%s", args, r.code, r.out, r.errOut)
		}
	}
	if r := run(t, nil, cli.Local{}, "change", "rows", "1", "--op", "unchanged"); r.code != 2 {
		t.Errorf("an op that no row has: exit %d\n%s", r.code, r.errOut)
	}
}
