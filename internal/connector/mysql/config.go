package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	sqldriver "database/sql/driver"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"sutor/internal/errs"
)

// The pool is small and forgets idle connections soon: no connection to the
// customer's database is held while nothing is asked of it.
const (
	poolSize       = 6
	idleTime       = 20 * time.Second
	connectTimeout = 10 * time.Second
	defaultPort    = "3306"
)

// textSQL has texts travel as UTF-8 whole, whatever the server has its clients begin with
// (init_connect, skip-character-set-client-handshake): else a character that its utf8 has
// not would be read as a question mark.
const textSQL = "SET NAMES utf8mb4 COLLATE " + collation

const collation = "utf8mb4_general_ci"

// sessionSQL makes a session exact, whatever the defaults of server and account are:
// nothing that does not fit is cut off or turned into another value, nothing that
// may be stored is unreadable (days such as 0000-00-00 and 2024-02-31), and 0 in a
// numbered column is 0. Instants are read and written in UTC. What only MariaDB has
// stands in a comment that only MariaDB reads. The limits are for reading; an apply
// sets its own.
const sessionSQL = `SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION',
	time_zone = '+00:00', autocommit = 1, sql_auto_is_null = 0, sql_safe_updates = 0, sql_big_selects = 1, sql_select_limit = DEFAULT, sql_notes = 1,
	foreign_key_checks = 1, unique_checks = 1, max_error_count = 64, completion_type = 0,
	wait_timeout = 600, net_read_timeout = 600, net_write_timeout = 600, innodb_lock_wait_timeout = 10, lock_wait_timeout = 10
	/*M!100200 , check_constraint_checks = 1, max_statement_time = 3600 */`

// isolationSQL has each statement see what others have committed before it.
const isolationSQL = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"

// How a connection is encrypted, in MySQL's own words.
const (
	modeDisabled       = "DISABLED"
	modePreferred      = "PREFERRED"
	modeRequired       = "REQUIRED"
	modeVerifyCA       = "VERIFY_CA"
	modeVerifyIdentity = "VERIFY_IDENTITY"
)

// parse reads a connection string, mysql://user:password@host:port/database with the
// parameters ssl-mode, ssl-ca and socket. It holds the password, so nothing of it
// goes into an error.
func parse(dsn string) (*mysql.Config, error) {
	invalid := func(why string) error {
		return errs.New(errs.Invalid, "The connection string for MySQL or MariaDB cannot be read: %s.", why).
			WithMend("The steward can write it as mysql://user@host:3306/database?ssl-mode=VERIFY_IDENTITY, with a file:PATH or env:NAME that holds the whole of it.")
	}
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme != "mysql" && u.Scheme != "mariadb" || u.Opaque != "" || u.Fragment != "" {
		return nil, invalid("it is no URL that begins with mysql://")
	}
	c := mysql.NewConfig()
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.DBName = strings.TrimPrefix(u.Path, "/")
	if c.User == "" || c.DBName == "" {
		return nil, invalid("it names no user or no database")
	}
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	c.Net, c.Addr = "tcp", net.JoinHostPort(u.Hostname(), port)
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, invalid("its parameters are not well formed")
	}
	mode, ca := modePreferred, ""
	for name, values := range params {
		if len(values) != 1 {
			return nil, invalid("a parameter is given twice")
		}
		switch name {
		case "ssl-mode":
			mode = strings.ToUpper(values[0])
		case "ssl-ca":
			ca = values[0]
		case "socket":
			c.Net, c.Addr = "unix", values[0]
		default:
			return nil, invalid("it has a parameter other than ssl-mode, ssl-ca and socket")
		}
	}
	if c.Net == "tcp" && u.Hostname() == "" {
		return nil, invalid("it names no host")
	}
	if c.Net == "unix" && ca != "" {
		return nil, invalid("it names an authority (ssl-ca), which nobody asks over a socket of the machine")
	}
	if c.Net == "tcp" {
		if err := encrypt(c, mode, ca, u.Hostname()); err != nil {
			return nil, err
		}
	}
	c.Timeout = connectTimeout
	c.Collation = collation
	c.ClientFoundRows = true   // rows that are already as they should be count as written
	c.InterpolateParams = true // names of the catalogue only, each statement run once
	c.Logger = &mysql.NopLogger{}
	c.MaxAllowedPacket = 0 // the server's
	return c, nil
}

// encrypt sets how the connection is encrypted.
func encrypt(c *mysql.Config, mode, ca, host string) error {
	invalid := func(format string, args ...any) error {
		return errs.New(errs.Invalid, format, args...).WithMend("Write ssl-mode=VERIFY_IDENTITY and, for an authority of your own, ssl-ca=PATH of its certificate.")
	}
	if ca != "" && mode != modeVerifyCA && mode != modeVerifyIdentity {
		return invalid("The connection string names an authority (ssl-ca), which nobody asks unless ssl-mode is VERIFY_CA or VERIFY_IDENTITY.")
	}
	var roots *x509.CertPool
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if roots = x509.NewCertPool(); err != nil || !roots.AppendCertsFromPEM(pem) {
			return invalid("The file that ssl-ca of the connection string names cannot be read, or holds no certificate.")
		}
	}
	switch mode {
	case modeDisabled:
		return nil
	case modePreferred, modeRequired:
		c.TLS = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} // encrypted, but to whom is not asked
		c.AllowFallbackToPlaintext = mode == modePreferred
	case modeVerifyIdentity:
		c.TLS = &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}
	case modeVerifyCA:
		c.TLS = &tls.Config{RootCAs: roots, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, VerifyConnection: func(s tls.ConnectionState) error {
			chain := x509.NewCertPool()
			for _, cert := range s.PeerCertificates[1:] {
				chain.AddCert(cert)
			}
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: chain})
			return err
		}}
	default:
		return invalid("The ssl-mode of the connection string is none of DISABLED, PREFERRED, REQUIRED, VERIFY_CA and VERIFY_IDENTITY.")
	}
	return nil
}

// dialer connects and prepares each session.
type dialer struct{ sqldriver.Connector }

func (d dialer) Connect(ctx context.Context) (sqldriver.Conn, error) {
	conn, err := d.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{textSQL, sessionSQL, isolationSQL} {
		if _, err := conn.(sqldriver.ExecerContext).ExecContext(ctx, sql, nil); err != nil {
			_ = conn.Close() // the error that counts is there already
			return nil, err
		}
	}
	return conn, nil
}

// tooOld judges what VERSION() gives, such as "10.11.19-MariaDB-0+deb12u1" or
// "8.0.36": whether it is older than MariaDB 10.4 and MySQL 8.0.
func tooOld(version string) bool {
	major, minor, ok := numbers(version)
	if !ok {
		return false
	}
	if isMariaDB(version) {
		return major < 10 || major == 10 && minor < 4
	}
	return major < 8
}

func numbers(version string) (major, minor int, ok bool) {
	number, _, _ := strings.Cut(version, "-")
	if after, old := strings.CutPrefix(version, "5.5.5-"); old { // a prefix for old clients
		number, _, _ = strings.Cut(after, "-")
	}
	parts := strings.Split(number, ".")
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, _ = strconv.Atoi(parts[0])
	minor, _ = strconv.Atoi(parts[1])
	return major, minor, true
}

// firstInstant is the first that a TIMESTAMP can hold: the second before stands for none.
const firstInstant = "1970-01-01 00:00:01+00"

// lastInstant gives the last one: seconds are counted in 31 bits, and in 32 by MariaDB
// from 11.5 on.
func lastInstant(version string) string {
	major, minor, _ := numbers(version)
	if isMariaDB(version) && (major > 11 || major == 11 && minor >= 5) {
		return "2106-02-07 06:28:15.999999+00"
	}
	return "2038-01-19 03:14:07.999999+00"
}

func isMariaDB(version string) bool { return strings.Contains(version, "MariaDB") }
