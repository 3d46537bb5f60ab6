// Package routetest asks every route of the API as everybody. Its table says who
// has a right to what (docs/lifecycle.md, Who may), once more and written apart
// from the rules themselves, so that a rule that gets lost on its way to a route
// is seen. A route that is not in the table fails the walk.
//
// The walk runs against a real server: the caller starts it, with one change of
// [Maker] in a dataset that [Owner] owns, and a token for each person.
package routetest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sutor/internal/wire"
)

// Who is a person in the walk.
type Who string

const (
	Maker      Who = "maker"       // made the change
	Colleague  Who = "colleague"   // another maker of the department
	Stranger   Who = "stranger"    // a maker of another department
	Owner      Who = "owner"       // listed as an owner of the dataset
	OtherOwner Who = "other owner" // an owner, but of another dataset and department
	Manager    Who = "manager"     // of the department
	Steward    Who = "steward"
	Auditor    Who = "auditor"
)

// Everybody lists all people of the walk.
func Everybody() []Who {
	return []Who{Maker, Colleague, Stranger, Owner, OtherOwner, Manager, Steward, Auditor}
}

// Route is one line of the table.
type Route struct {
	Name    string // as in the OpenAPI document: "POST /changes/{id}/approve"
	Query   string // that makes a sensible call; {dataset} stands for the dataset
	Body    string
	Also    []string // other queries that show more or other things
	Tries   []string // queries that ask about {column}, which not everybody may know of
	Decides bool     // wants If-Match
	Endless bool     // its answer is a stream: the first bytes are enough
	Right   []Who    // has a right to it in some state; to the others it is 403 or 404
}

// Routes is the table.
func Routes() []Route {
	all := Everybody()
	department := []Who{Maker, Colleague, Owner, Manager, Auditor}
	sees := append(slices.Clone(department), Steward)
	own, deciders := []Who{Maker}, []Who{Owner, Manager}
	return []Route{
		{Name: "GET /me", Right: all},
		{Name: "GET /health", Right: all},
		{Name: "GET /access", Right: all},
		{Name: "POST /access", Body: `{"dataset":"customers","days":1,"reason":"walk"}`, Right: all},
		{Name: "GET /deputies", Right: all},
		{Name: "POST /deputies", Body: `{"deputy":"nobody@example.test","until":"2099-01-01"}`, Right: []Who{Maker, Colleague, Stranger, Owner, OtherOwner, Manager}},
		{Name: "POST /deputies/end", Body: `{"deputy":"nobody@example.test"}`, Right: all},
		{Name: "GET /datasets", Right: all},
		{Name: "GET /datasets/{name}", Right: sees},
		{Name: "GET /datasets/{name}/rows", Right: department, Also: []string{"desc=true", "limit=1&offset=1"},
			Tries: []string{"by={column}", "column={column}", "where={column}+filled", "where={column}+%3D+1", "by={column}&desc=true&limit=1"}},
		{Name: "GET /datasets/{name}/fitting", Query: "where=true", Right: department, Tries: []string{"where={column}+%21%3D+null"}},
		{Name: "GET /datasets/{name}/export", Query: "format=csv", Right: department, Also: []string{"format=xlsx"}},
		{Name: "POST /datasets/{name}/freeze", Body: `{"say":"wait"}`, Right: []Who{Owner, Manager, Steward}},
		{Name: "POST /datasets/{name}/unfreeze", Right: []Who{Owner, Manager, Steward}},
		{Name: "GET /changes", Right: all, Also: []string{"dataset={dataset}", "mine=true"}},
		{Name: "POST /changes", Query: "dataset={dataset}&name=a.csv", Body: "id\n1\n", Right: []Who{Maker, Colleague}},
		{Name: "POST /changes/together", Body: parts, Right: []Who{Maker, Colleague}},
		{Name: "POST /datasets/{name}/rule", Body: `{"where":"true","set":[{"column":"id","to":"id"}]}`, Right: []Who{Maker, Colleague}},
		{Name: "GET /changes/{id}", Right: sees},
		{Name: "GET /changes/{id}/rows", Right: department, Also: []string{"op=update", "op=insert", "op=delete", "finding=one-of", "finding=secretive"},
			Tries: []string{"changed={column}", "column={column}&empty=true", "column={column}&has=a", "column={column}&is=1"}},
		{Name: "GET /changes/{id}/reading", Right: department},
		{Name: "GET /changes/{id}/since", Right: department},
		{Name: "GET /changes/{id}/spreads", Right: department},
		{Name: "GET /changes/{id}/conflicts", Right: department},
		{Name: "GET /changes/{id}/findings", Right: sees},
		{Name: "GET /changes/{id}/evidence", Right: []Who{Maker, Owner, Manager, Auditor}},
		{Name: "POST /changes/{id}/approve", Decides: true, Right: deciders},
		{Name: "POST /changes/{id}/approve-part", Body: `{"only":"true"}`, Decides: true, Right: []Who{Owner}},
		{Name: "POST /changes/{id}/part", Body: `{"only":"true"}`, Decides: true, Right: []Who{Owner}},
		{Name: "POST /changes/{id}/reject", Body: `{"comment":"no"}`, Decides: true, Right: deciders},
		{Name: "POST /changes/{id}/apply", Right: []Who{Maker, Owner}},
		{Name: "POST /changes/{id}/stop", Right: []Who{Maker, Owner}},
		{Name: "GET /changes/{id}/events", Right: sees, Endless: true},
		{Name: "GET /changes/{id}/comments", Right: sees},
		{Name: "POST /changes/{id}/comments", Body: `{"text":"well"}`, Right: sees},
		{Name: "GET /changes/{id}/history", Right: sees},
		{Name: "POST /changes/{id}/hold", Body: `{"comment":"wait"}`, Right: []Who{Maker, Owner}},
		{Name: "POST /changes/{id}/undo", Right: []Who{Maker, Colleague, Owner}},
		{Name: "POST /changes/{id}/try", Right: []Who{Maker, Owner}},
		{Name: "POST /changes/{id}/submit", Right: own},
		{Name: "POST /changes/{id}/replan", Right: own},
		{Name: "GET /changes/{id}/bad-rows", Query: "format=csv", Right: department, Also: []string{"format=xlsx", "format=csv&warned=true"}},
		{Name: "POST /changes/{id}/mends", Body: `{"cells":[{"row":2,"column":"id","value":"1"}]}`, Right: own},
		{Name: "POST /changes/{id}/withdraw", Right: own},
		{Name: "GET /recipes", Right: all},
		{Name: "POST /recipes", Body: `{"name":"walk","from":"{id}"}`, Right: []Who{Maker, Colleague}},
		{Name: "GET /recipes/{recipe}", Right: []Who{Maker, Colleague, Owner}},
		{Name: "POST /recipes/{recipe}/remove", Right: []Who{Maker, Owner}},
		{Name: "GET /notices", Right: all},
		{Name: "GET /notices/waiting", Right: all},
		{Name: "POST /notices/read", Body: `{"ids":[1]}`, Right: all},
		{Name: "GET /compact", Right: all},
		{Name: "POST /compact/rehearsal", Body: rehearsed, Right: all},
		{Name: "GET /compact/versions", Right: all},
		{Name: "GET /compact/versions/{digest}", Right: all},
		{Name: "GET /operations", Right: []Who{Steward}},
		{Name: "GET /evidence/changes", Right: []Who{Auditor}, Also: []string{"key=1", "key=3&dataset={dataset}"}},
		{Name: "GET /evidence/checkpoint", Right: all},
		{Name: "POST /purge", Query: "dry_run=true", Right: []Who{Steward}},
		{Name: "POST /evidence/fsck", Right: []Who{Steward, Auditor}},
		// The last, since from then on another has access.
		{Name: "POST /access/{request}/grant", Right: []Who{Owner}},
		{Name: "POST /access/{request}/deny", Body: `{"comment":"no"}`, Right: []Who{Owner}},
		{Name: "POST /access/{request}/end", Right: []Who{OtherOwner, Owner, Steward}},
	}
}

// rehearsed is a Compact that anybody may try: what they see of its answer is theirs.
const rehearsed = `{"text":"compact: X\nsystems: {x: {kind: sqlite, dsn: x.db}}\ndepartments: [x]\npeople: {x@example.test: {roles: [owner]}}\ndatasets: {x: {system: x, table: x, key: [id], department: x, owner: x@example.test}}\n"}`

// parts is a proposal over several datasets that has only one of them.
const parts = "--walk\r\nContent-Disposition: form-data; name=\"customers\"; filename=\"a.csv\"\r\n\r\nid\n1\n\r\n--walk--\r\n"

// Server is the server under test.
type Server struct {
	URL             string // without path
	Tokens          map[Who]string
	Dataset, Change string
	Recipe          string // a shared one of [Maker]'s, for the dataset
	Digest          string // of the change's plan
	Compact         string // digest of the one in force
	Request         string // of [OtherOwner], to see the dataset
	Column          string // that a try asks about
}

// Complete fails for routes that are in the OpenAPI document and not in the
// table, and the other way round.
func (s Server) Complete(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	status, body := s.do(t, http.MethodGet, "/openapi.json", "", "", "")
	if status != http.StatusOK {
		t.Fatalf("openapi.json: status %d", status)
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	table := map[string]bool{}
	for _, r := range Routes() {
		table[r.Name] = true
	}
	for path, methods := range doc.Paths {
		for method := range methods {
			name := strings.ToUpper(method) + " " + path
			if !table[name] {
				t.Errorf("route %s is not in the table of package routetest: say there who has a right to it", name)
			}
			delete(table, name)
		}
	}
	for name := range table {
		t.Errorf("route %s is in the table, but not in the API", name)
	}
}

// Strangers asks every route without sign-in and with tokens that are no good.
func (s Server) Strangers(t *testing.T) {
	for _, r := range Routes() {
		for _, token := range []string{"", "sutor_x_junk", "sutor_"} {
			t.Run(fmt.Sprintf("%s with token %q", r.Name, token), func(t *testing.T) {
				status, body := s.call(t, r, token)
				wantProblem(t, status, body)
				if status != http.StatusUnauthorized {
					t.Errorf("status %d, want 401", status)
				}
			})
		}
	}
}

// Roles asks every route as everybody. Who has a right may still be refused,
// for the state or for the data, but never for the right.
func (s Server) Roles(t *testing.T) {
	for _, r := range Routes() {
		for _, who := range Everybody() {
			t.Run(r.Name+" as "+string(who), func(t *testing.T) {
				status, body := s.call(t, r, s.Tokens[who])
				if status >= 400 {
					wantProblem(t, status, body)
				}
				refused := status == http.StatusForbidden || status == http.StatusNotFound
				right := slices.Contains(r.Right, who)
				switch {
				case status == http.StatusUnauthorized || status >= 500:
					t.Errorf("status %d: %s", status, body)
				case right && refused:
					t.Errorf("has the right, but got %d: %s", status, body)
				case !right && !refused:
					t.Errorf("has no right, but got %d: %s", status, body)
				}
			})
		}
	}
}

func (s Server) call(t *testing.T, r Route, token string) (int, []byte) {
	a := s.answer(t, r, token)
	return a.Status, a.Body
}

func (s Server) answer(t *testing.T, r Route, token string) Answer {
	method, path, _ := strings.Cut(r.Name, " ")
	path = strings.NewReplacer("{id}", s.Change, "{name}", s.Dataset, "{recipe}", s.Recipe, "{digest}", s.Compact, "{request}", s.Request).Replace(path)
	if r.Query != "" {
		path += "?" + strings.NewReplacer("{dataset}", s.Dataset, "{column}", s.Column).Replace(r.Query)
	}
	match := ""
	if r.Decides {
		match = `"` + s.Digest + `"`
	}
	return s.ask(t, r.Endless, method, path, token, match, strings.ReplaceAll(r.Body, "{id}", s.Change))
}

func (s Server) do(t *testing.T, method, path, token, match, body string) (int, []byte) {
	a := s.ask(t, false, method, path, token, match, body)
	return a.Status, a.Body
}

// Answer is what a route gives.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// ask calls a route; of an endless answer it reads one event.
func (s Server) ask(t *testing.T, endless bool, method, path, token, match, body string) Answer {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if match != "" {
		req.Header.Set("If-Match", match)
	}
	if strings.HasPrefix(body, "{") {
		req.Header.Set("Content-Type", "application/json")
	}
	if strings.HasPrefix(body, "--") {
		req.Header.Set("Content-Type", "multipart/form-data; boundary=walk")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := readAnswer(res.Body, endless && res.StatusCode == http.StatusOK)
	if err != nil {
		t.Fatal(err)
	}
	if res.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%s %s: no Content-Security-Policy", method, path)
	}
	return Answer{res.StatusCode, res.Header, b}
}

// readAnswer reads an answer to its end, of an endless one the first event.
func readAnswer(r io.Reader, endless bool) (b []byte, err error) {
	if !endless {
		return io.ReadAll(r)
	}
	lines := bufio.NewReader(r)
	for len(b) == 0 || !bytes.HasSuffix(b, []byte("\n\n")) {
		line, err := lines.ReadBytes('\n')
		if b = append(b, line...); err != nil {
			return b, err
		}
	}
	return b, nil
}

func wantProblem(t *testing.T, status int, body []byte) {
	t.Helper()
	var p wire.Problem
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("the refusal is no problem document: %v: %s", err, body)
	}
	if p.Status != status || p.Detail == "" || p.Exit == 0 || !strings.HasPrefix(p.Type, "urn:sutor:problem:") {
		t.Errorf("status %d, but the problem is %+v", status, p)
	}
}
