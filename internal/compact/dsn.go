package compact

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"sutor/internal/errs"
)

// A dsn is one of
//
//	env:NAME     the connection string stands in an environment variable
//	file:PATH    it stands in a file (from the Compact's folder on)
//	PATH         sqlite: the database file (from the Compact's folder on)
//	literal      postgres, mysql: a connection string without a password
//
// A Compact is shown to everybody and kept for ever, so a secret in it is out.
const (
	fromEnv  = "env:"
	fromFile = "file:"
)

var (
	envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	// passwordInURL finds user:password@ after any scheme, or without one.
	passwordInURL = regexp.MustCompile(`[^/\s:@]*:[^/\s@][^\s@]*@|://[^/\s?#]*:[^\s]*@`)
	// passwordKey finds password=…, sslpassword=…, pwd=… and the like; passfile
	// names a file and is no secret.
	passwordKey  = regexp.MustCompile(`(?i)(pass(word|wd|phrase)?|pwd|secret|token)["']?\s*[=:]`)
	keyword      = regexp.MustCompile(`^([a-z_]+\s*=\s*('[^']*'|[^\s'=]+)\s*)+$`)
	postgresURL  = regexp.MustCompile(`^postgres(ql)?://`)
	mysqlURL     = regexp.MustCompile(`^(mysql|mariadb)://`)
	insteadOfDSN = "Put the whole connection string into an environment variable or a file, and write `env:NAME` or `file:PATH` here."
)

// refuseDSN says what is wrong with a dsn, as the end of a sentence that starts
// with "The dsn of …". It never repeats the dsn.
func refuseDSN(kind Kind, dsn string) (message, mend string) {
	name, isEnv := strings.CutPrefix(dsn, fromEnv)
	switch {
	case isEnv && !envName.MatchString(name):
		return "names no environment variable after `env:`.", "Write letters, digits and _ only, as in env:ERP_DSN."
	case isEnv:
		return "", ""
	case hasPassword(strings.TrimPrefix(dsn, fromFile)):
		return "has a password inside. Everybody who may see the Compact would see it, and it would stay in its versions for ever.",
			insteadOfDSN + " Change the password: it has been in a file."
	case kind == SQLite:
		return refusePath(dsn)
	case strings.TrimSpace(dsn) == fromFile:
		return "names no file after `file:`.", "Write the file's path, as in file:/run/secrets/erp."
	case strings.HasPrefix(dsn, fromFile):
		return "", ""
	case kind == Postgres && !isPostgres(dsn):
		return "is no connection string of PostgreSQL that can be checked for passwords.", insteadOfDSN
	case kind == MySQL && !isMySQL(dsn):
		return "is no connection string of MySQL or MariaDB that can be checked for passwords; one begins with `mysql://`.", insteadOfDSN
	}
	return "", ""
}

func refusePath(dsn string) (message, mend string) {
	switch {
	case strings.HasPrefix(dsn, fromFile):
		return "starts with `file:`, which stands for a file that holds a secret; SQLite has none.", "Write the database file's path alone."
	case dsn == ":memory:" || strings.ContainsAny(dsn, "?\n") || strings.Contains(dsn, "://"):
		return "is no path of a database file.", "Write the path alone, from the Compact's folder on, as in data/erp.db."
	}
	return "", ""
}

// hasPassword looks at the text as it is and with its %XX read.
func hasPassword(dsn string) bool {
	for range 3 {
		if passwordInURL.MatchString(dsn) || passwordKey.MatchString(dsn) {
			return true
		}
		plain, err := url.PathUnescape(dsn)
		if err != nil || plain == dsn {
			return false
		}
		dsn = plain
	}
	return false
}

func isPostgres(dsn string) bool {
	if !postgresURL.MatchString(dsn) {
		return keyword.MatchString(dsn)
	}
	return isOpenURL(dsn)
}

func isMySQL(dsn string) bool { return mysqlURL.MatchString(dsn) && isOpenURL(dsn) }

// isOpenURL tells whether a URL can be read, and holds no password.
func isOpenURL(dsn string) bool {
	u, err := url.Parse(dsn)
	if err != nil {
		return false
	}
	_, secret := u.User.Password()
	return !secret
}

// Resolve gives the connection string, or for SQLite the path of the file,
// reading the environment or a file where the dsn says so. folder is the
// Compact's. What it gives may hold a password: it must not be kept, logged or
// shown. Errors name the variable or the file only.
func (s System) Resolve(folder string, env func(string) (string, bool)) (string, error) {
	from := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(folder, path)
	}
	value := s.DSN
	switch name, path := strings.TrimPrefix(s.DSN, fromEnv), strings.TrimPrefix(s.DSN, fromFile); {
	case name != s.DSN:
		v, ok := env(name)
		if !ok || strings.TrimSpace(v) == "" {
			return "", errs.New(errs.Invalid, "The system %s takes its connection string from the environment variable %s, which is not set.", s.Name, name).
				WithMend("Set it where the server starts.")
		}
		value = strings.TrimSpace(v)
	case path != s.DSN:
		b, err := os.ReadFile(from(path))
		if err != nil || len(strings.TrimSpace(string(b))) == 0 {
			return "", errs.New(errs.Invalid, "The system %s takes its connection string from the file %s, which cannot be read or is empty.", s.Name, path).
				WithMend("Put it there, readable for the server's user only.").Because(err)
		}
		value = strings.TrimSpace(string(b))
	}
	if s.Kind == SQLite {
		return from(value), nil
	}
	return value, nil
}

// String names the system without its dsn.
func (s System) String() string { return fmt.Sprintf("%s (%s)", s.Name, s.Kind) }
