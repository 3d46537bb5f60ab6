package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

func TestTypeOf(t *testing.T) {
	t.Parallel()
	tests := map[string]record.Type{
		"INTEGER":                        {Kind: record.Int, Bits: 64},
		"int":                            {Kind: record.Int, Bits: 64},
		"INT(11)":                        {Kind: record.Int, Bits: 64},
		"SMALLINT":                       {Kind: record.Int, Bits: 16},
		"DECIMAL(10,2)":                  {Kind: record.Decimal, Precision: 10, Scale: 2},
		"numeric( 15 , 15 )":             {Kind: record.Decimal, Precision: 15, Scale: 15},
		"DECIMAL(7)":                     {Kind: record.Decimal, Precision: 7},
		"NUMERIC(18,0)":                  {Kind: record.Decimal, Precision: 18},
		"NUMERIC":                        {Kind: record.Decimal, Precision: 15, Scale: -1},
		"NUMERIC(16,2)":                  {Why: "it has more digits than SQLite keeps exactly"},
		"NUMERIC(19)":                    {Why: "it has more digits than SQLite keeps exactly"},
		"DECIMAL(2,4)":                   {Why: "it has more digits than SQLite keeps exactly"},
		"double  precision":              {Kind: record.Float, Bits: 64},
		"VARCHAR(20)":                    {Kind: record.Text, MaxLen: 20},
		"CHARACTER VARYING (3)":          {Kind: record.Text, MaxLen: 3},
		"TEXT":                           {Kind: record.Text},
		"BOOL":                           {Kind: record.Bool},
		"DATE":                           {Kind: record.Date},
		"DATETIME":                       {Kind: record.Timestamp, Fraction: 6},
		"TIMESTAMP(3) WITH TIME ZONE":    {Kind: record.TimestampTZ, Fraction: 3},
		"timestamp(9)":                   {Kind: record.Timestamp, Fraction: 6},
		"TIMESTAMP(0) WITHOUT TIME ZONE": {Kind: record.Timestamp},
		"UUID":                           {Kind: record.UUID},
		"BLOB":                           {Kind: record.Bytes},
		"LONGBLOB":                       {Kind: record.Bytes},
		"TIME(3)":                        {Kind: record.Time, Fraction: 3},
		"UNSIGNED BIG INT":               {Kind: record.Int, Bits: 64},
		"int unsigned":                   {Kind: record.Int, Bits: 64},
		"VARCHAR2(20)":                   {Kind: record.Text, MaxLen: 20},
		"LONGTEXT":                       {Kind: record.Text},
		"ANY":                            {Why: "each of its cells may be of another type"},
		"STRING":                         {Why: "SQLite would turn texts of digits in it into numbers"},
		"JSON":                           {Why: "SQLite would turn texts of digits in it into numbers"},
		"POINT":                          {Why: "SQLite keeps whole numbers in it, whatever its name says"},
		"":                               {Why: "each of its cells may be of another type"},
		"INT) --":                        {},
	}
	for decl, want := range tests {
		got := typeOf(decl)
		if got.Native == "" {
			t.Errorf("typeOf(%q) has no name for people", decl)
		}
		if got.Native = ""; !got.Equal(want) {
			t.Errorf("typeOf(%q) = %+v, want %+v", decl, got, want)
		}
	}
}

func TestParseDSN(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]string{
		"data/erp.db":                   "data/erp.db",
		"/srv/a b?c#d%20.db":            "/srv/a b?c#d%20.db",
		"file:data/erp.db":              "data/erp.db",
		"file:///srv/erp%3f.db?mode=ro": "/srv/erp?.db",
		"file://localhost/srv/erp.db":   "/srv/erp.db",
	} {
		at, err := parseDSN(dsn)
		if err != nil || at.path != want {
			t.Errorf("parseDSN(%q) gives the path %q, %v; want %q", dsn, at.path, err, want)
		}
		if at.readOnly != strings.Contains(dsn, "mode=ro") {
			t.Errorf("parseDSN(%q): read-only %v", dsn, at.readOnly)
		}
	}
	for _, dsn := range []string{"", ":memory:", "file::memory:", "file:", "file:secret.db?mode=rwc", "file:secret.db?mode=memory", "file:secret.db?_journal_mode=OFF",
		"file:secret.db?cache=shared", "file:secret.db?mode=ro&mode=rw", "file://secret.test/x.db", "file:secret%zz.db", "file:secret.db?mode=%zz"} {
		if _, err := parseDSN(dsn); errs.KindOf(err) != errs.Invalid || strings.Contains(errs.Detail(err), "secret") {
			t.Errorf("parseDSN(%q) gives %v; want an error of kind invalid that does not repeat it", dsn, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	missing := filepath.Join(dir, "secret.db")
	for dsn, want := range map[string]errs.Kind{
		missing:                        errs.Unavailable,
		"file:" + missing + "?mode=rw": errs.Unavailable,
		filepath.Join(dir, "nowhere", "secret.db"): errs.Unavailable,
		dir: errs.Unavailable,
		write("text.db", strings.Repeat("text", 99)): errs.Invalid,
	} {
		d, err := Open(context.Background(), dsn)
		if d != nil || errs.KindOf(err) != want || errs.As(err).Mend == "" || strings.Contains(errs.Detail(err), "secret") {
			t.Errorf("Open(%q) gives %v; want an error of kind %s that does not repeat it", dsn, err, want)
		}
	}
	if _, err := os.Stat(missing); !os.IsNotExist(err) {
		t.Errorf("a missing file was created: %v", err)
	}
}

// A file that the system itself does not let us write, found out without a
// parameter that says so.
func TestFileReadOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t.db")
	at, err := parseDSN(path)
	if err != nil {
		t.Fatal(err)
	}
	made, err := sql.Open("sqlite3", strings.ReplaceAll(at.uri, "mode=rw", "mode=rwc"))
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	if _, err := made.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("sqlite3", strings.ReplaceAll(at.uri, "mode=rw", "mode=ro"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := at.present()
	if err != nil {
		t.Fatal(err)
	}
	d := &database{at: at, pool: pool, file: file}
	defer d.Close()
	table, err := d.Describe(context.Background(), record.Table{Name: "t"})
	if err != nil || table.ReadOnly != readOnlyFile {
		t.Errorf("Describe says read-only %q, %v", table.ReadOnly, err)
	}
	tx, err := d.Begin(context.Background(), driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := driver.Write{Op: driver.Insert, Table: table.Table, Key: table.Columns}
	var r *driver.Refusal
	if _, _, err := tx.Write(context.Background(), w, strings.NewReader("1,\"\",\"1\"\n"), io.Discard); !errors.As(err, &r) {
		t.Errorf("Write gives %v, want a refusal", err)
	}
	if err := tx.Rollback(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestViolated(t *testing.T) {
	t.Parallel()
	columns := []string{"a", "a, t.b", "b", "t.b", "x.y"}
	for detail, want := range map[string]string{
		"t.a":            "a",
		"t.a, t.b":       "a, t.b", // the longest name that fits
		"t.b, t.a":       "b|a",
		"t.x.y":          "x.y",
		"t.t.b":          "t.b",
		"u.a":            "",
		"index 'by_sum'": "",
		"":               "",
	} {
		if got := strings.Join(violated(detail, "t", columns), "|"); got != want {
			t.Errorf("violated(%q) = %q, want %q", detail, got, want)
		}
	}
}
