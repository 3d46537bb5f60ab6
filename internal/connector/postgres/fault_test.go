package postgres

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// TestFaultOfOtherLanguages: what functions raise that are not in PL/pgSQL, which the test
// server has not, is a refusal too, and nothing of what they say is kept.
func TestFaultOfOtherLanguages(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"38000", "39P01", "P0001", "U0001", "6ABCD", "ERR01", "23514"} {
		err := fault(&pgconn.PgError{Code: code, Message: "the secret", Routine: "PLy_elog_impl"})
		var refusal *driver.Refusal
		if !errors.As(err, &refusal) || refusal.Message != notAllowed || strings.Contains(errs.Detail(err), "secret") {
			t.Errorf("%s: %v, %q", code, err, errs.Detail(err))
		}
	}
	for _, code := range []string{"42601", "42883", "XX000", "F0000", "22P04"} { // ours, as long as nothing else is known
		var refusal *driver.Refusal
		if err := fault(&pgconn.PgError{Code: code}); errors.As(err, &refusal) {
			t.Errorf("%s: %q, want no refusal", code, refusal.Message)
		}
	}
}
