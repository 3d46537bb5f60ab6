package intake

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// ReadUpTo is [Read] of a file that was read before, as far as the record of a line
// (as in staging): what stands behind it is not read. Where the file goes on, nothing is
// known of it but the names that its columns had, o.Names.
func ReadUpTo(ctx context.Context, f File, last int64, out io.Writer, o Options) (Result, error) {
	if last == math.MaxInt64 {
		return Read(ctx, f, out, o)
	}
	u := newUpTo(out, last)
	res, err := Read(ctx, f, u, o)
	if u.past {
		res, err = Result{Columns: o.Names}, nil
	}
	if err == nil {
		err = u.out.Flush()
	}
	return res, err
}

// upTo passes the records of a staging file up to a line, and refuses the next.
type upTo struct {
	out    *bufio.Writer
	last   int64
	head   []byte // the number that a record begins with, as far as it is there
	within bool   // a record
	quoted bool   // within quotes
	past   bool   // a later line came
}

func newUpTo(out io.Writer, last int64) *upTo {
	return &upTo{out: bufio.NewWriterSize(out, 256<<10), last: last}
}

var errPast = errors.New("intake: the rest is not wanted")

func (u *upTo) Write(p []byte) (n int, err error) {
	for rest := p; len(rest) > 0 && err == nil; {
		k := 0
		if u.within {
			k, err = u.body(rest)
		} else {
			k, err = u.begin(rest)
		}
		n, rest = n+k, rest[k:]
	}
	return n, err
}

// begin takes the number at the beginning of a record.
func (u *upTo) begin(p []byte) (int, error) {
	digits, _, whole := bytes.Cut(p, []byte{','})
	u.head = append(u.head, digits...)
	if !whole {
		return len(p), nil
	}
	line, err := strconv.ParseInt(string(u.head), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("intake: a staging record does not begin with its line: %w", err)
	}
	if u.past = u.past || line > u.last; u.past {
		return 0, errPast
	}
	_, err = u.out.Write(append(u.head, ','))
	u.head, u.within = u.head[:0], true
	return len(digits) + 1, err
}

// body takes a record, to its end where that is there.
func (u *upTo) body(p []byte) (int, error) {
	piece, _, ends := bytes.Cut(p, []byte{'\n'})
	if ends {
		piece = p[:len(piece)+1]
	}
	if bytes.Count(piece, []byte{'"'})%2 == 1 {
		u.quoted = !u.quoted
	}
	u.within = !ends || u.quoted
	return u.out.Write(piece)
}
