package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"sutor/internal/errs"
)

// fault gives PostgreSQL's own errors their public face; others stay as they are.
func fault(err error) error {
	if err == nil || errs.As(err) != nil || errors.Is(err, context.Canceled) {
		return err
	}
	if code := codeOf(err); code != "" {
		if e := faultOf(code); e != nil {
			return e.Because(err)
		}
		return err
	}
	if isDisconnect(err) {
		return errs.New(errs.Unavailable, "The metadata database cannot be reached.").
			WithMend("Nothing was recorded; try again in a while. If it stays so, tell the steward.").Because(err)
	}
	return err
}

// faultOf judges by SQLSTATE (PostgreSQL docs, appendix A); nil for a fault of
// ours.
func faultOf(code string) *errs.Error {
	unavailable := func(message, mend string) *errs.Error {
		return errs.New(errs.Unavailable, "%s", message).WithMend("%s", mend)
	}
	const tell = "Nothing was recorded; tell the steward, then try again."
	switch code {
	case "53100":
		return unavailable("The disk of the metadata database's server is full.", "Nothing was recorded; tell the steward to make room, then try again.")
	case "55P03", "40P01", "40001":
		return unavailable("Others work on the same in the metadata database.", "Nothing was recorded; try again.")
	case "25006":
		return unavailable("The metadata database is read-only now.", tell)
	case "42501":
		return unavailable("The metadata database does not give Sutor's account the rights it needs.", tell)
	case "57014", "25P03": // a limit of the server's; ours for transactions that stand idle
		return unavailable("The metadata database waited longer than allowed.", "Nothing was recorded; try again.")
	}
	switch code[:2] {
	case "28", "3D":
		return unavailable("The metadata database does not let Sutor in.", "The steward checks the account, its password and the database's name.")
	case "53":
		return unavailable("The metadata database's server is short of connections, memory or disk.", tell)
	case "08", "57", "58":
		return unavailable("The metadata database cannot be reached.", "Nothing was recorded; try again in a while. If it stays so, tell the steward.")
	}
	return nil
}

// uncertain is the error of a commit whose answer did not come.
func uncertain(err error) error {
	if codeOf(err) != "" || !isDisconnect(err) && !errors.Is(err, context.Canceled) {
		return fault(err)
	}
	return errs.New(errs.Unavailable, "The metadata database was lost while this was being recorded; it is not known whether it was.").
		WithMend("Look first, then try again.").Because(err)
}

func isDisconnect(err error) bool {
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed)
}

// codeOf gives the SQLSTATE of an error of the server, else "".
func codeOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && len(pg.Code) == 5 {
		return pg.Code
	}
	return ""
}

// found gives the error of reading a row that must be there: absent if it is not.
func found(err error, absent *errs.Error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return absent
	}
	return fault(err)
}

// scanned reads a row that may be absent, and tells whether it was there.
func scanned(row pgx.Row, into ...any) (bool, error) {
	err := row.Scan(into...)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, fault(err)
}

// text gives a text to be looked for. No text of PostgreSQL holds a NUL or bytes
// that are not UTF-8; such a text becomes NULL, which equals nothing.
func text[S ~string](s S) *string {
	if strings.ContainsRune(string(s), 0) || !utf8.ValidString(string(s)) {
		return nil
	}
	t := string(s)
	return &t
}

func texts[S ~string](list []S) []*string {
	out := make([]*string, len(list))
	for i, s := range list {
		out[i] = text(s)
	}
	return out
}
