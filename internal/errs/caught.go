package errs

import (
	"fmt"
	"runtime/debug"
)

// Caught is deferred in a goroutine that does a part of somebody's work: it makes an error
// of a panic, which would end the server there, and where the work itself is done only the
// work.
func Caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("it panicked: %v\n%s", p, debug.Stack())
	}
}
