package app_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // registers "sqlite3"

	"sutor/internal/access"
	"sutor/internal/app"
	"sutor/internal/cli"
	"sutor/internal/wire"
)

// people of the houses of these tests; each has a token and the password below.
// lea is a maker of another department, petra an owner of another dataset.
const people = `
people:
  maria@example.test: {name: Maria, roles: [maker],   departments: [sales]}
  max@example.test:   {name: Max,   roles: [maker],   departments: [sales]}
  lea@example.test:   {name: Lea,   roles: [maker],   departments: [stock]}
  olaf@example.test:  {name: Olaf,  roles: [owner],   departments: [sales]}
  petra@example.test: {name: Petra, roles: [owner],   departments: [stock]}
  mona@example.test:  {name: Mona,  roles: [manager], departments: [sales]}
  ivan@example.test:  {name: Ivan,  roles: [steward]}
  aud@example.test:   {name: Aud,   roles: [auditor]}
`

const systems = `
compact: Example Trading
systems:
  erp: {kind: sqlite, dsn: erp.db}
departments: [sales, stock]
`

const datasets = `
datasets:
  customers:
    system: erp
    table: customer
    key: [id]
    department: sales
    owner: olaf@example.test
    allow: [insert, update]
    columns:
      terms: {one_of: [NET30, NET45, NET60]}
  parts:
    system: erp
    table: part
    key: [number]
    department: stock
    owner: petra@example.test
    allow: [insert, update]
`

const password = "the house's own"

// house is a company's folder with a server over it.
type house struct {
	t   *testing.T
	dir string
	app *app.App
	url string
}

// build makes a company in a folder of its own.
func build(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir()}
	h.write("compact.yaml", systems+people+datasets)
	db, err := sql.Open("sqlite3", filepath.Join(h.dir, "erp.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), `
		CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, terms TEXT, credit DECIMAL(12,2));
		INSERT INTO customer VALUES (1, 'Ada', 'NET30', 100), (2, 'Bob', 'NET60', 2000.5), (3, 'Cyd', 'NET30', NULL);
		CREATE TABLE part (number TEXT PRIMARY KEY, name TEXT);
		INSERT INTO part VALUES ('P1', 'Bolt'), ('P2', 'Nut')`); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) write(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

func (h *house) config() app.Config {
	return app.Config{Compact: filepath.Join(h.dir, "compact.yaml"), Data: filepath.Join(h.dir, "data")}
}

// open starts the server and stops it with the test.
func (h *house) open() *house {
	h.t.Helper()
	h.openWith(h.config())
	h.t.Cleanup(h.close)
	return h
}

func (h *house) openWith(c app.Config) {
	h.t.Helper()
	a, err := app.Open(h.t.Context(), c)
	if err != nil {
		h.t.Fatal(err)
	}
	server := httptest.NewServer(a.Handler(false))
	h.app, h.url = a, server.URL
	h.t.Cleanup(server.Close)
}

func (h *house) close() {
	h.t.Helper()
	if err := h.app.Close(context.WithoutCancel(h.t.Context())); err != nil {
		h.t.Error(err)
	}
}

// token issues one beside the running server, as the command line does.
func (h *house) token(name string) string {
	h.t.Helper()
	secret, err := app.IssueToken(h.t.Context(), cli.TokenConfig{Metadata: cli.Metadata{Data: filepath.Join(h.dir, "data")}, Email: name + "@example.test", Valid: time.Hour})
	if err != nil {
		h.t.Fatal(err)
	}
	return secret
}

// call is one request to the server.
type call struct {
	method, path, token, match, body string
	header                           map[string]string
}

func (h *house) do(c call) (*http.Response, string) {
	h.t.Helper()
	if c.method == "" {
		c.method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(h.t.Context(), c.method, h.url+c.path, strings.NewReader(c.body))
	if err != nil {
		h.t.Fatal(err)
	}
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.match != "" {
		r.Header.Set("If-Match", `"`+c.match+`"`)
	}
	transport := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := transport.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res, string(b)
}

// plan proposes a file and waits for its plan.
func (h *house) plan(token, dataset, query, file string) wire.Change {
	h.t.Helper()
	c := h.change(call{method: http.MethodPost, path: "/api/v1/changes?dataset=" + dataset + "&name=a.csv" + query, token: token, body: file})
	return h.change(call{path: "/api/v1/changes/" + c.ID + "?wait=30s", token: token})
}

// change makes a call that must give a change.
func (h *house) change(c call) (out wire.Change) {
	h.t.Helper()
	res, body := h.do(c)
	if res.StatusCode > 299 {
		h.t.Fatalf("%s %s: %d %s", c.method, c.path, res.StatusCode, body)
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		h.t.Fatal(err)
	}
	return out
}

// apply submits, approves and applies a planned change of maria's.
func (h *house) apply(maria, olaf string, c wire.Change) wire.Change {
	h.t.Helper()
	post := func(token, act string) {
		h.t.Helper()
		h.change(call{method: http.MethodPost, path: "/api/v1/changes/" + c.ID + "/" + act, token: token, match: c.Plan.Digest})
	}
	post(maria, "submit")
	post(olaf, "approve")
	post(maria, "apply")
	return h.change(call{path: "/api/v1/changes/" + c.ID + "?wait=30s", token: maria})
}

// signIn gives the cookie of somebody who signed in on the page.
func (h *house) signIn(name string) string {
	h.t.Helper()
	email := name + "@example.test"
	if err := h.app.SetPassword(h.t.Context(), access.Email(email), password); err != nil {
		h.t.Fatal(err)
	}
	res, body := h.do(form("/sign-in", "", "email", email, "password", password))
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) != 1 {
		h.t.Fatalf("sign-in of %s: %d %s", name, res.StatusCode, body)
	}
	return res.Cookies()[0].Name + "=" + res.Cookies()[0].Value
}
