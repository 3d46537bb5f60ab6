package compact

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRefuseDSN(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind    Kind
		dsn     string
		refused bool
	}{
		{Postgres, "env:ERP_DSN", false},
		{Postgres, "file:/run/secrets/erp", false},
		{Postgres, "file:secrets/erp@prod", false},
		{Postgres, "postgres://db.example.test/erp", false},
		{Postgres, "postgresql://sutor@[::1]:5432/erp?sslmode=require", false},
		{Postgres, "host=/var/run/postgresql dbname=erp", false},
		{Postgres, "host=db dbname='my erp' passfile=/etc/pgpass", false},
		{MySQL, "mysql://sutor@db.example.test/erp?ssl-mode=VERIFY_CA&ssl-ca=/etc/ca.pem", false},
		{MySQL, "mariadb://sutor@[::1]:3306/erp", false},
		{MySQL, "env:ERP_DSN", false},
		{MySQL, "mysql://sutor:x@db/erp", true},
		{MySQL, "sutor@tcp(db:3306)/erp", true},
		{MySQL, "mysql://sutor@db/erp?password=x", true},
		{MySQL, "erp.db", true},
		{SQLite, "erp.db", false},
		{SQLite, "/var/lib/erp/Sales Dept.db", false},
		{SQLite, "env:ERP_DB", false},

		{Postgres, "postgres://sutor:x@db/erp", true},
		{Postgres, "postgres://sutor:@db/erp", true},
		{Postgres, "postgres://sutor:p@ss:w/rd@db/erp", true},
		{Postgres, "postgres://:x@db/erp", true},
		{Postgres, "POSTGRES://sutor:x@db/erp", true},
		{Postgres, "postgres://sutor%3Ax@db/erp", true},
		{Postgres, "postgres://db/erp?sslpassword=x", true},
		{Postgres, "postgres://db/erp?PASSWORD=x", true},
		{Postgres, "host=db password=x", true},
		{Postgres, "host=db password = 'x y'", true},
		{Postgres, "password=x", true},
		{Postgres, "host=db pwd=x", true},
		{Postgres, "dbname=postgres://sutor:x@db/erp", true},
		{Postgres, "env:postgres://sutor:x@db/erp", true},
		{Postgres, "env:", true},
		{Postgres, "env:A B", true},
		{Postgres, "file:", true},
		{Postgres, "file:postgres://sutor:x@db/erp", true},
		{Postgres, "erp.db", true},
		{Postgres, "host=db 'unclosed", true},
		{SQLite, "file:erp.db", true},
		{SQLite, "erp.db?_auth&_auth_pass=x", true},
		{SQLite, "sqlite://erp.db", true},
		{SQLite, ":memory:", true},
		{"", "postgres://sutor:x@db/erp", true},
	}
	for _, tt := range tests {
		message, mend := refuseDSN(tt.kind, tt.dsn)
		if (message != "") != tt.refused || tt.refused && mend == "" {
			t.Errorf("%s %q: %q %q", tt.kind, tt.dsn, message, mend)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "secret"), []byte("postgres://sutor:geheim@db/erp\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"ERP": "postgres://sutor:geheim@db/erp", "DB": "data/erp.db", "EMPTY": " "}[name]
		return v, ok
	}
	tests := []struct {
		kind      Kind
		dsn, want string
	}{
		{Postgres, "env:ERP", "postgres://sutor:geheim@db/erp"},
		{Postgres, "file:secret", "postgres://sutor:geheim@db/erp"},
		{Postgres, "file:" + filepath.Join(folder, "secret"), "postgres://sutor:geheim@db/erp"},
		{Postgres, "postgres://db/erp", "postgres://db/erp"},
		{SQLite, "erp.db", filepath.Join(folder, "erp.db")},
		{SQLite, "/abs/erp.db", "/abs/erp.db"},
		{SQLite, "env:DB", filepath.Join(folder, "data/erp.db")},
	}
	for _, tt := range tests {
		s := System{Name: "erp", Kind: tt.kind, DSN: tt.dsn}
		got, err := s.Resolve(folder, env)
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v", tt.dsn, got, err)
		}
		if strings.Contains(s.String(), tt.dsn) {
			t.Errorf("String shows the dsn: %s", s)
		}
	}
	for _, dsn := range []string{"env:MISSING", "env:EMPTY", "file:missing"} {
		if got, err := (System{Name: "erp", Kind: Postgres, DSN: dsn}).Resolve(folder, env); err == nil || got != "" {
			t.Errorf("%s: %q without an error", dsn, got)
		}
	}
}
