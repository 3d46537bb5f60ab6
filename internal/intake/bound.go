package intake

import (
	"io"

	"sutor/internal/errs"
)

// Staging bounds a staging file: what is written to it beyond MaxStaging is
// refused, with an [errs.Invalid] that says so, before any of it reaches out.
// [Read] does that itself; others who write staging, [Overlay] say, do it with
// this.
func (l Limits) Staging(out io.Writer) io.Writer { return l.staging(out) }

func (l Limits) staging(out io.Writer) *bounded {
	return &bounded{out: out, left: l.MaxStaging, limit: l.MaxStaging}
}

// bounded refuses what is beyond a limit; 0 is none.
type bounded struct {
	out         io.Writer
	left, limit int64
	refused     error // once it was
}

// Write writes all of p or, where there is no room for it, nothing any more.
func (b *bounded) Write(p []byte) (int, error) {
	if b.limit > 0 && int64(len(p)) > b.left && b.refused == nil {
		b.refused = errs.New(errs.Invalid, "The file holds too much: all its cells together take more than the %s of disk that this server gives to one file.", errs.Size(b.limit)).
			WithMend("Leave out columns and rows that are not needed, or split the file; or ask the steward to raise the limit (serve --max-staging).")
	}
	if b.refused != nil {
		return 0, b.refused
	}
	n, err := b.out.Write(p)
	b.left -= int64(n)
	return n, err
}
