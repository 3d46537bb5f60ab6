package mysql

import (
	"crypto/tls"
	"strings"
	"testing"

	"sutor/internal/errs"
)

func TestTooOld(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"10.11.19-MariaDB-0+deb12u1": false, "10.4.0-MariaDB": false, "10.3.39-MariaDB": true, "5.5.5-10.11.6-MariaDB": false, "5.5.5-10.1.1-MariaDB": true,
		"11.4.2-MariaDB-log": false, "8.0.36": false, "8.4.0-log": false, "9.0.1": false, "5.7.44-log": true,
	} {
		if got := tooOld(version); got != want {
			t.Errorf("%s: %v, want %v", version, got, want)
		}
	}
}

func TestLastInstant(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"10.11.19-MariaDB-0+deb12u1": "2038", "11.4.2-MariaDB": "2038", "11.5.2-MariaDB": "2106", "12.0.1-MariaDB": "2106", "8.4.0": "2038", "13.0.0": "2038"} {
		if got := lastInstant(version); got[:4] != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	c, err := parse("mysql://su%40tor:p%2Fw@[::1]/Sales%20Dept")
	if err != nil || c.User != "su@tor" || c.Passwd != "p/w" || c.Addr != "[::1]:3306" || c.DBName != "Sales Dept" || c.AllowAllFiles || !c.AllowFallbackToPlaintext {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = parse("mariadb://sutor@db.example.test:3307/erp?ssl-mode=verify_identity")
	if err != nil || c.AllowFallbackToPlaintext || c.TLS == nil || c.TLS.ServerName != "db.example.test" || c.TLS.InsecureSkipVerify || c.TLS.MinVersion != tls.VersionTLS12 {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = parse("mysql://sutor@localhost/erp?socket=/run/mysqld/mysqld.sock")
	if err != nil || c.Net != "unix" || c.Addr != "/run/mysqld/mysqld.sock" || c.TLS != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

// An authority that is named must be asked: where it would not be, that is said, and
// nobody takes the connection for a safer one.
func TestAuthorityThatNobodyAsks(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"", "&ssl-mode=DISABLED", "&ssl-mode=PREFERRED", "&ssl-mode=REQUIRED"} {
		_, err := parse("mysql://sutor:hunter2@db.example.test/erp?ssl-ca=/etc/ssl/erp.pem" + mode)
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "VERIFY_CA") || !strings.Contains(err.Error(), "ssl-ca") || strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%q gives %v", mode, err)
		}
	}
}
