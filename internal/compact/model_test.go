package compact_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sutor/internal/access"
	"sutor/internal/compact"
	"sutor/internal/record"
)

func sortFiles(files []txtar.File) {
	slices.SortFunc(files, func(a, b txtar.File) int { return strings.Compare(a.Name, b.Name) })
}

func good(t *testing.T, name string) *compact.Compact {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "good", name))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(b))
}

func parse(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) *compact.Compact {
	t.Helper()
	c, problems := compact.Parse("c.yaml", []byte(text))
	if c == nil {
		t.Fatalf("not valid:\n%s", messages(problems))
	}
	return c
}

func dataset(t *testing.T, c *compact.Compact, name string) *compact.Dataset {
	t.Helper()
	d, ok := c.Dataset(name)
	if !ok {
		t.Fatalf("no dataset %s", name)
	}
	return d
}

// What YAML would take for booleans, numbers, dates or nothing stays a text.
func TestTextsAsWritten(t *testing.T) {
	t.Parallel()
	c := good(t, "traps.yaml")
	d := dataset(t, c, "customers")
	checks := []struct {
		name      string
		got, want any
	}{
		{"name", c.Name, "2026"},
		{"departments", c.Departments, []access.Department{"on", "007", "2026-01-01"}},
		{"person", c.People[0].Name, "null"},
		{"address folded", c.People[0].Email, access.Email("maria@example.test")},
		{"table", d.Table, record.Table{Schema: "Sales Dept", Name: `Cust"omer`}},
		{"table at the first dot", c.Datasets[1].Table, record.Table{Schema: "main", Name: "note.old"}},
		{"key", d.Key, []string{"Id", "010"}},
		{"owners folded", d.Owners, []access.Email{"olaf@example.test", "mona@example.test"}},
		{"one_of", d.Columns["on"].OneOf, []string{"NO", "1.50", "010", "yes", "", "2026-01-01", "~"}},
		{"min", *d.Columns["010"].Min, "-0.10"},
		{"max", *d.Columns["010"].Max, "1000000000000000000000.01"},
		{"date", *d.Columns["since"].Min, "2000-01-31"},
		{"also", d.Columns["010"].Also, []string{"1", "1.0"}},
		{"say", d.Guardrails[1].Say, "yes"},
		{"say block", d.Guardrails[0].Say, "Two lines\nof text.\n"},
		{"owner by default", d.Guardrails[1].By, access.Owner},
		{"nobody for warnings", d.Guardrails[0].By, access.Role("")},
		{"retain", [2]compact.Days{d.Retain.Values, d.Retain.Inputs}, [2]compact.Days{30, compact.DefaultInputs}},
		{"level", c.People[0].Level, access.Newcomer},
		{"without offset", c.Freezes[0].From.Format(time.RFC3339), "2026-12-30T00:00:00Z"},
		{"with offset", c.Freezes[0].To.Format(time.RFC3339), "2027-01-02T23:00:00Z"},
	}
	for _, tt := range checks {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if d.Columns["since"].MayWrite() != true || !d.Columns["on"].Required || !d.Columns["since"].Critical {
		t.Error("flags are not as written")
	}
	if d.Allows(compact.Insert) || !d.Allows(compact.Delete) || !c.Datasets[1].Allows(compact.Update) {
		t.Error("allow is not as written, or its default is not insert and update")
	}
}

// Checks made elsewhere find their place: every part of an expression is
// pointed at where it stands in the file.
func TestPlaces(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/good/traps.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, string(b))
	lines := strings.Split(string(b), "\n")
	standsAt := func(p compact.Problem, want string) {
		t.Helper()
		if got := lines[p.Line-1][p.Column-1:]; !strings.HasPrefix(got, want) {
			t.Errorf("%s points at %q, want %q", p.Path, got, want)
		}
	}
	d := dataset(t, c, "customers")
	folded, literal, quoted := d.Guardrails[0].When, d.Guardrails[1].When, c.Datasets[1].Guardrails[0].When
	standsAt(c.ProblemIn(folded, 1, 1, "", ""), "after.since")
	standsAt(c.ProblemIn(literal, 1, 8, "", ""), "10 &&")
	standsAt(c.ProblemIn(literal, 2, 11, "", ""), "5")
	standsAt(c.ProblemIn(quoted, 1, 1, "", ""), "after.text")
	standsAt(c.ProblemIn(quoted, 1, strings.Index(quoted.Text, "changed")+1, "", ""), "changed'")
	standsAt(c.ProblemIn(quoted, 1, 999, "", ""), "after.text")
	standsAt(c.Problem(d.Columns["since"].Path, "", ""), "since:")
	standsAt(c.Problem(d.Columns["since"].Path.To("min"), "", ""), "2000-01-31")
	standsAt(c.Problem(d.Path.To("key", "1"), "", ""), "010]")
	standsAt(c.Problem(d.Path.To("columns", "gone"), "", ""), "columns:")
	standsAt(c.Problem(c.Systems[1].Path.To("dsn"), "", ""), `"postgres://`)
	standsAt(c.Problem(literal.Path, "", ""), "when: |")
}

func TestFrozen(t *testing.T) {
	t.Parallel()
	c := good(t, "example.yaml")
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	tests := []struct {
		dataset, at string
		want        bool
	}{
		{"customers", "2026-12-29T22:59:59Z", false},
		{"customers", "2026-12-29T23:00:00Z", true},
		{"customers", "2027-01-02T22:59:59Z", true},
		{"customers", "2027-01-02T23:00:00Z", false},
		{"products", "2026-12-31T00:00:00Z", false},
	}
	for _, tt := range tests {
		if _, got := c.Frozen(tt.dataset, at(tt.at)); got != tt.want {
			t.Errorf("%s at %s: frozen = %v", tt.dataset, tt.at, got)
		}
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	c := good(t, "example.yaml")
	p, ok := c.Principal("MARIA@example.test")
	want := access.Principal{Email: "maria@example.test", Name: "Maria", Roles: []access.Role{access.Maker},
		Departments: []access.Department{"sales"}, Level: access.Practitioner}
	if diff := cmp.Diff(want, p); !ok || diff != "" {
		t.Errorf("Principal (-want +got):\n%s", diff)
	}
	if _, ok := c.Principal("nobody@example.test"); ok {
		t.Error("a stranger has rights")
	}
	deciders := map[access.Role][]access.Email{
		access.Owner: {"olaf@example.test"}, access.Manager: {"mona@example.test"}, access.Steward: {"ivan@example.test"},
		access.Maker: nil, access.Auditor: nil,
	}
	for role, want := range deciders {
		if diff := cmp.Diff(want, c.Deciders("customers", role)); diff != "" {
			t.Errorf("Deciders(%s) (-want +got):\n%s", role, diff)
		}
	}
	if got := c.Deciders("gone", access.Steward); got != nil {
		t.Errorf("deciders of no dataset: %v", got)
	}
	d := c.AccessDataset("customers")
	owner, _ := c.Principal("olaf@example.test")
	if !d.OwnedBy(owner) || !access.May(p, access.Propose, d) || access.May(p, access.Propose, c.AccessDataset("gone")) {
		t.Errorf("rights to %+v are wrong", d)
	}
}
