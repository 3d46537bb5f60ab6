package compact_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/record"
)

func customersDigest(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) record.Digest {
	t.Helper()
	d, ok := parse(t, text).DatasetDigest("customers")
	if !ok {
		t.Fatalf("no dataset customers")
	}
	return d
}

func example(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/good/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What decisions rest on moves the digest; nothing else does.
func TestDatasetDigest(t *testing.T) {
	t.Parallel()
	text, edit := example(t), strings.NewReplacer
	tests := []struct {
		name  string
		edit  *strings.Replacer
		moves bool
	}{
		{"comment", edit("# the rest is discovered", "# nothing"), false},
		{"quotes", edit("department: sales", `department: "sales"`), false},
		{"default written out", edit("allow: [insert, update]", ""), false},
		{"order of allow", edit("allow: [insert, update]", "allow: [update, insert]"), false},
		{"order of keys", edit("{min: 0, max: 500000, critical: true}", "{critical: true, max: 500000, min: 0}"), false},
		{"a maker more", edit("  aud@", "  max@example.test: {roles: [maker], departments: [sales]}\n  aud@"), false},
		{"a manager elsewhere", edit("  aud@", "  max@example.test: {roles: [manager], departments: [finance]}\n  aud@"), false},
		{"name of the owner", edit("name: Olaf", "name: Olaf B."), false},
		{"connection string", edit("env:ERP_DSN", "env:ERP"), false},
		{"freeze", edit("say: Year-end closing.", "say: Year's end."), false},
		{"another dataset", edit("datasets:\n", "datasets:\n  orders: {system: erp, table: o, key: [id], department: sales, owner: olaf@example.test}\n"), false},

		{"limit", edit("max: 500000", "max: 500001"), true},
		{"how a limit is written", edit("max: 500000", "max: 500000.0"), true},
		{"value of a list", edit("NET90]", "NET120]"), true},
		{"critical", edit(", critical: true", ""), true},
		{"rule", edit("* 1.5", "* 1.6"), true},
		{"who approves", edit("by: manager", "by: steward"), true},
		{"what is said", edit("More than", "Over"), true},
		{"a manager more", edit("  aud@", "  max@example.test: {roles: [manager], departments: [sales]}\n  aud@"), true},
		{"a manager less", edit("departments: [sales, finance]}", "departments: [finance]}"), true},
		{"a steward more", edit("roles: [auditor]", "roles: [auditor, steward]"), true},
		{"an owner more", edit("owner: olaf@example.test ", "owner: [olaf@example.test, otto@example.test] ",
			"  aud@", "  otto@example.test: {roles: [owner]}\n  aud@"), true},
		{"the owner's address", edit("olaf@example.test", "otto@example.test"), true},
		{"time zone", edit("Europe/Amsterdam", "Europe/London"), true},
		{"kind of the system", edit(`postgres, dsn: "env:ERP_DSN"`, `sqlite, dsn: erp.db`), true},
		{"table", edit("public.customer", "public.customer2"), true},
		{"freedom", edit("risk < 20", "risk < 30"), true},
		{"retain", edit("values: 90d", "values: 91d"), true},
		{"how long what is over is told of", edit("values: 90d", "values: 90d, notices: 30d, texts: 3650d"), false},
		{"impact", edit("measure: amount", "measure: net"), true},
		{"allow", edit("allow: [insert, update]", "allow: [insert]"), true},
		{"risk", edit("timezone:", "risk: {deletes: 50}\ntimezone:"), true},
	}
	before := customersDigest(t, text)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			changed := tt.edit.Replace(text)
			if changed == text {
				t.Fatal("the example has nothing of the kind")
			}
			if got := customersDigest(t, changed) != before; got != tt.moves {
				t.Errorf("the digest moves: %v, want %v", got, tt.moves)
			}
		})
	}
}

// The form of the digested section is kept for ever: this very digest stands in
// old evidence.
func TestDatasetDigestForm(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/example.digest")
	if err != nil {
		t.Fatal(err)
	}
	got := customersDigest(t, example(t))
	if want := record.Digest(strings.TrimSpace(string(b))); got != want {
		t.Errorf("the digest of the example is %s, was %s", got, want)
	}
}

func TestDigestOfTheFile(t *testing.T) {
	t.Parallel()
	text := example(t)
	if got, want := parse(t, text).Digest, record.DigestOf([]byte(text)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if parse(t, text+"# a comment\n").Digest == parse(t, text).Digest {
		t.Error("two versions have one digest")
	}
}

// The order in which people and columns are written does not matter.
func TestDatasetDigestOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		people := []string{"maria@example.test: {roles: [maker], departments: [sales]}", "olaf@example.test: {roles: [owner]}",
			"oda@example.test: {roles: [owner]}", "mona@example.test: {roles: [manager], departments: [sales]}",
			"mia@example.test: {roles: [manager, steward], departments: [sales]}"}
		columns := []string{"a: {min: 1}", "b: {required: true}", `c: {one_of: [x, y]}`, "d: {also: [e, f]}"}
		owners := []string{"olaf@example.test", "oda@example.test"}
		write := func(people, columns, owners []string) string {
			return fmt.Sprintf("compact: X\nsystems: {erp: {kind: sqlite, dsn: e.db}}\ndepartments: [sales]\npeople: {%s}\n"+
				"datasets: {customers: {system: erp, table: t, key: [id], department: sales, owner: [%s], columns: {%s}}}\n",
				strings.Join(people, ", "), strings.Join(owners, ", "), strings.Join(columns, ", "))
		}
		want := customersDigest(t, write(people, columns, owners))
		got := customersDigest(t, write(rapid.Permutation(people).Draw(t, "people"), rapid.Permutation(columns).Draw(t, "columns"),
			rapid.Permutation(owners).Draw(t, "owners")))
		if got != want {
			t.Fatalf("the digest moves with the order")
		}
	})
}

func TestDatasetDigestOfNothing(t *testing.T) {
	t.Parallel()
	if _, ok := parse(t, example(t)).DatasetDigest("gone"); ok {
		t.Error("a dataset that is not there has a digest")
	}
}
