package system

import (
	"bytes"
	"io"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/record"
)

func TestSecretsOf(t *testing.T) {
	t.Parallel()
	for dsn, secret := range map[string]string{
		"postgres://erp:hunter2@db.test/erp":               "hunter2",
		"postgresql://erp:hun%40ter2@db.test/erp":          "hun@ter2",
		"postgres://erp:hun@ter2@db.test/erp":              "hun@ter2",
		"postgres://erp@db.test/erp?password=hunter2":      "hunter2",
		"host=db.test user=erp password=hunter2 dbname=e":  "hunter2",
		"host=db.test password = 'hunter 2' user=erp":      "hunter 2",
		`password='it\'s 2' host=db.test`:                  "it's 2",
		"sslmode=require sslpassword=hunter2 host=db.test": "hunter2",
		"erp:hunter2@tcp(db.test:3306)/erp":                "hunter2",
	} {
		s := &System{secrets: secretsOf(dsn)}
		for _, text := range []string{"cannot connect with " + dsn, "password " + secret + " refused"} {
			if got := s.clean(text); strings.Contains(got, secret) || !strings.Contains(got, hidden) {
				t.Errorf("of %q, %q becomes %q", dsn, text, got)
			}
		}
	}
	for _, dsn := range []string{"data/erp.db", "/srv/a:b@c.db", `C:\data\erp.db`, "host=db.test user=erp", "postgres://erp@db.test:5432/erp?sslmode=require",
		"postgres:///erp?passfile=/run/pass", "host=db.test passfile=/run/pass", ""} {
		if got := secretsOf(dsn); len(got) > 0 {
			t.Errorf("secretsOf(%q) = %q, want none", dsn, got)
		}
	}
}

// Whatever the password, neither it nor its escaped form is left of a URL.
func TestLawNoPasswordLeft(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		password := rapid.StringMatching(`[A-Z%@:/'"&= é]{6,20}`).Draw(rt, "password")
		u := url.URL{Scheme: "postgres", User: url.UserPassword("erp", password), Host: "db.test", Path: "/erp"}
		s := &System{secrets: secretsOf(u.String())}
		got := s.clean(u.String() + " " + password + " " + url.QueryEscape(password))
		if strings.Contains(got, password) || strings.Contains(got, url.QueryEscape(password)) {
			rt.Fatalf("%q is left in %q", password, got)
		}
	})
}

// The byte pass counts what the real reader reads, however the bytes are cut.
func TestLawCounted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOf(rapid.SliceOfN(rapid.SampledFrom([]string{"", "\n", `"`, `","`, "\"\n\"", "a", ",\n"}), 1, 4)).Draw(rt, "rows")
		var b bytes.Buffer
		w := record.NewWriter(&b)
		for i, row := range rows {
			w.Number(int64(i))
			for _, v := range row {
				w.String(v)
			}
			if err := w.End(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		c := counted{r: bytes.NewReader(b.Bytes()), w: &out}
		step := rapid.IntRange(1, 9).Draw(rt, "step")
		for rest := b.Bytes(); len(rest) > 0; rest = rest[min(step, len(rest)):] {
			if _, err := c.Write(rest[:min(step, len(rest))]); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.agrees("received", int64(len(rows))); err != nil || !bytes.Equal(out.Bytes(), b.Bytes()) {
			rt.Fatalf("counted %d of %d records", c.records, len(rows))
		}
		if _, err := io.Copy(io.Discard, &c); err != nil || c.records != int64(2*len(rows)) {
			rt.Fatalf("counted %d of %d records read", c.records, len(rows))
		}
	})
}
