package errs_test

import (
	"strings"
	"testing"

	"sutor/internal/errs"
)

func TestCaught(t *testing.T) {
	t.Parallel()
	done := make(chan error)
	go func() {
		var err error
		defer func() { done <- err }()
		defer errs.Caught(&err)
		panic("of a connector")
	}()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "of a connector") || errs.KindOf(err) != errs.Internal {
		t.Errorf("the error is %v", err)
	}
}
