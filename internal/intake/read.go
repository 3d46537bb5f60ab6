package intake

import (
	"bytes"
	"context"
	"io"

	"sutor/internal/intake/csv"
)

// As long as CSV is all that is read, its options and result are intake's.
type (
	// Limits bound what one file may take.
	Limits = csv.Limits
	// Options say how to read a file.
	Options = csv.Options
	// Result says what was read.
	Result = csv.Result
)

// headSize is how much of a file is looked at to tell what it is.
const headSize = 4 << 10

// Read reads the file in, whatever it is, and writes the staging file to out, in
// one pass; a digest of the file can be taken by an [io.TeeReader] around in.
//
// A file that cannot be read is refused with an [errs.Invalid]: what, where, and
// how to mend it. An error of in's own is passed on, wrapped. A full disk under
// out is [errs.Unavailable]. After an error what was written to out is worth
// nothing.
func Read(ctx context.Context, in io.Reader, out io.Writer, o Options) (Result, error) {
	head, in := peek(in, headSize)
	if err := foreign(head); err != nil {
		return Result{}, err
	}
	return csv.Read(ctx, in, out, o)
}

// peek gives up to n bytes of in, and a reader that begins with them and goes on
// as in would have, its error included.
func peek(in io.Reader, n int) (head []byte, all io.Reader) {
	head = make([]byte, n)
	k, err := 0, error(nil)
	for idle := 0; k < n && err == nil && idle < 100; idle++ {
		var m int
		if m, err = in.Read(head[k:]); m > 0 {
			idle = 0
		}
		k += m
	}
	head = head[:k]
	if err != nil {
		in = failed{err}
	}
	return head, io.MultiReader(bytes.NewReader(head), in)
}

// failed is what is left of a reader after its error.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
