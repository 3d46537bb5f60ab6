package sutor_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms is the house: every package of internal/, its ring, and why it stands
// there. A package imports smaller rings only; packages of one folder may import
// each other. Tests are free.
var rooms = []struct {
	folder string
	ring   int
	why    string
}{
	{"errs", 0, "everybody fails in the same words"},
	{"testserver", 0, "servers that stand beside tests; knows no kind of them"},
	{"record", 1, "values and their texts; knows no engine"},
	{"finding", 1, "what a check found; knows no check"},
	{"access", 1, "rights as pure functions; knows no sign-in"},
	{"wire", 2, "the contract's JSON; shows findings"},
	{"expr", 2, "meaning of rules; knows no syntax and no engine"},
	{"compact", 2, "the agreement as data; knows no system"},
	{"evidence", 2, "bytes, leaves and proofs; knows no business"},
	{"intake", 2, "files become staging; knows no dataset"},
	{"system/driver", 2, "what the author of a connector implements"},
	{"client", 3, "the API from outside; knows the wire only"},
	{"change", 3, "the life of a change as pure functions"},
	{"system", 3, "the portable handle around drivers"},
	{"guard", 4, "CEL becomes expr"},
	{"plan", 4, "what a plan is, and DuckDB making it"},
	{"connector", 4, "one folder a kind of system"},
	{"recipe", 4, "how files are read, from one to the next; knows no storage"},
	{"mail", 5, "letters to an SMTP server; knows notices by their letters"},
	{"notice", 4, "what people are told; knows no storage and no mail"},
	{"artifact", 4, "files by digest"},
	{"identity", 4, "who somebody is"},
	{"workflow", 5, "the use cases; owns its ports"},
	{"store", 6, "metadata; implements workflow's ports"},
	{"job", 6, "the queue; calls workflow"},
	{"api", 6, "thin: parse, use case, show"},
	{"web", 6, "thin: parse, use case, show"},
	{"cli", 6, "thin: parse, client, show"},
	{"demo", 6, "a company to try things on"},
	{"app", 7, "the only composition"},
}

// homes says where each heavy dependency may be imported, and nowhere else.
var homes = map[string][]string{
	"github.com/duckdb/":               {"plan/duck"},
	"github.com/mattn/go-sqlite3":      {"store/sqlite", "connector/sqlite", "demo"}, // demo makes a database before there is a connector to it
	"github.com/go-sql-driver/":        {"connector/mysql", "connector/mysql/mysqltest"},
	"github.com/jackc/pgx/":            {"connector/postgres", "connector/postgres/pgtest", "store/postgres", "job", "app"}, // app and job hand a transaction from the store to the queue
	"github.com/riverqueue/":           {"job"},
	"cel.dev/":                         {"guard"},
	"github.com/danielgtaylor/huma/":   {"api"},
	"github.com/a-h/templ":             {"web", "web/ui", "web/chart"},
	"github.com/alecthomas/kong":       {"cli"},
	"golang.org/x/mod/sumdb/":          {"evidence", "evidence/logtest", "store/sqlite", "store/postgres"}, // the stores keep tlog's hashes
	"github.com/pressly/goose/":        {"store/sqlite", "store/postgres"},
	"golang.org/x/text/encoding":       {"intake/text"},
	"github.com/xuri/excelize/":        {"intake/xlsx"},
	"github.com/parquet-go/":           {"plan/duck"},   // files of small plans: DuckDB takes ten times as long for a hundred rows
	"github.com/klauspost/compress/":   {"intake/xlsx"}, // unpacks a third faster than the standard library
	"golang.org/x/crypto/argon2":       {"identity"},
	"github.com/alexedwards/scs/":      {"web", "store/sqlite"},
	"go.yaml.in/yaml/":                 {"compact"},
	"github.com/wneessen/go-mail":      {"mail"},
	"github.com/schollz/progressbar/":  {"cli"},
	"gocloud.dev/":                     {"artifact"},
	"github.com/aws/":                  {"artifact", "artifact/s3test"},
	"database/sql":                     {"plan/duck", "store", "store/sqlite", "store/postgres", "connector/sqlite", "connector/mysql", "connector/mysql/mysqltest", "job", "demo", "app"}, // app hands a transaction from the store to the queue
	"net/http":                         {"api", "api/routetest", "web", "web/ui", "client", "app", "wire", "artifact", "artifact/s3test"},
	"github.com/rogpeppe/go-internal/": {},
	"github.com/chromedp/":             {},                                        // test/browser
	"pgregory.net/rapid":               {"evidence/logtest", "system/drivertest"}, // suites are test code
	"testing":                          {"evidence/logtest", "system/drivertest", "store/storetest", "api/routetest", "connector/postgres/pgtest", "connector/mysql/mysqltest", "mail/mailtest", "artifact/s3test"},
}

// thin adapters never reach behind the use cases.
var thin = []string{"api", "web", "cli"}

var behind = []string{"store", "system", "job", "plan", "connector", "artifact", "guard"}

type file struct {
	pkg     string // below internal/
	imports []string
}

func TestHouse(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range sources(t) {
		seen[folderOf(t, f.pkg)] = true
		for _, imp := range f.imports {
			checkRing(t, f.pkg, imp)
			checkHome(t, f.pkg, imp)
		}
	}
	for _, r := range rooms {
		if !seen[r.folder] {
			t.Errorf("the room %s is empty: take it out of the table", r.folder)
		}
	}
}

// TestTourNamesEveryRoom: a package that doc.go does not lead to cannot be found.
func TestTourNamesEveryRoom(t *testing.T) {
	t.Parallel()
	tour, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range sources(t) {
		if !strings.Contains(string(tour), f.pkg) {
			t.Errorf("doc.go does not name %s", f.pkg)
		}
	}
}

func checkRing(t *testing.T, pkg, imp string) {
	other, ours := strings.CutPrefix(imp, "sutor/internal/")
	if !ours {
		return
	}
	from, to := folderOf(t, pkg), folderOf(t, other)
	switch {
	case from == to:
		if from == "connector" && path.Base(pkg) != "all" && !strings.HasPrefix(other, pkg) && !strings.HasPrefix(pkg, other) {
			t.Errorf("%s imports %s: connectors know nothing of each other", pkg, other)
		}
	case ringOf(to) >= ringOf(from):
		t.Errorf("%s (ring %d) imports %s (ring %d): imports go to a smaller ring only", pkg, ringOf(from), other, ringOf(to))
	case slices.Contains(thin, from) && slices.Contains(behind, to):
		t.Errorf("%s imports %s: adapters go through workflow", pkg, other)
	case from == "connector" && to == "workflow":
		t.Errorf("%s imports %s: a connector serves, it does not call", pkg, other)
	}
}

func checkHome(t *testing.T, pkg, imp string) {
	for prefix, allowed := range homes {
		if strings.HasPrefix(imp, prefix) && (strings.HasSuffix(prefix, "/") || imp == prefix || strings.HasPrefix(imp, prefix+"/")) && !slices.Contains(allowed, pkg) {
			if prefix == "database/sql" && imp == "database/sql/driver" && pkg == "plan/duck" {
				continue
			}
			t.Errorf("%s imports %s, whose home is %v", pkg, imp, allowed)
		}
	}
}

// folderOf gives the room of a package: the longest entry of the table that
// holds it.
func folderOf(t *testing.T, pkg string) string {
	t.Helper()
	best := ""
	for _, r := range rooms {
		if (pkg == r.folder || strings.HasPrefix(pkg, r.folder+"/")) && len(r.folder) > len(best) {
			best = r.folder
		}
	}
	if best == "" {
		t.Fatalf("the package %s has no room in the table", pkg)
	}
	return best
}

func ringOf(folder string) int {
	for _, r := range rooms {
		if r.folder == folder {
			return r.ring
		}
	}
	return -1
}

// sources reads the imports of every file of internal/ that is no test.
func sources(t *testing.T) (files []file) {
	t.Helper()
	err := filepath.WalkDir("internal", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg, _ := filepath.Rel("internal", filepath.Dir(name))
		f := file{pkg: filepath.ToSlash(pkg)}
		for _, imp := range parsed.Imports {
			text, _ := strconv.Unquote(imp.Path.Value)
			f.imports = append(f.imports, text)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
