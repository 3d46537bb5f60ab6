package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sutor/internal/errs"
)

// Upload is the part of an input that takes the raw body as a stream; exported,
// as all parts of inputs are, because huma finds parts by reflection. Huma
// leaves the body alone where an input declares none.
type Upload struct {
	r *http.Request
	w http.ResponseWriter
}

// Resolve takes hold of the request (huma.Resolver).
func (u *Upload) Resolve(ctx huma.Context) []error {
	u.r, u.w = humago.Unwrap(ctx)
	return nil
}

// empty tells that the request has no body at all.
func (u *Upload) empty() bool { return u.r.ContentLength == 0 }

// fileIn describes the raw body in the OpenAPI document.
func fileIn(op huma.Operation, required bool) huma.Operation {
	op.RequestBody = &huma.RequestBody{
		Description: "The file as it is, of any content type",
		Required:    required,
		Content:     map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}},
	}
	return op
}

// receive hands the body to use as a stream with limits. When reading it fails,
// that is the error of the whole, whatever use makes of it.
func (s *server) receive(u *Upload, use func(io.Reader) error) error {
	if u.r.ContentLength > s.o.MaxUpload {
		return tooLarge(s.o.MaxUpload)
	}
	conn := http.NewResponseController(u.w)
	b := &body{from: http.MaxBytesReader(u.w, u.r.Body, s.o.MaxUpload), left: u.r.ContentLength, conn: conn, stall: s.o.Stall}
	err := use(b)
	if err != nil && b.err == nil { // who still sends may never read an answer that comes before the end
		_, _ = io.CopyN(io.Discard, b, maxRest)
		b.err = nil // the rest is not asked for any more
	}
	if !b.whole {
		_ = conn.SetReadDeadline(time.Now().Add(b.stall)) // for what is left of it, which the server reads
	}
	if b.err != nil {
		return b.err
	}
	return err
}

// maxRest is how many bytes of a refused upload are read away before the answer.
const maxRest = 64 << 20

// body reads an upload: each piece must come in time.
type body struct {
	from  io.Reader
	left  int64 // bytes to come; -1 where that is not known
	conn  *http.ResponseController
	stall time.Duration
	whole bool  // it was read to its end
	err   error // the first reading error, in its public form
}

// Len is how many bytes are to come, as the request says; -1 where it does not.
func (b *body) Len() int { return int(b.left) }

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.whole {
		return 0, io.EOF
	}
	_ = b.conn.SetReadDeadline(time.Now().Add(b.stall)) // a connection without deadlines has no stalled clients
	n, err := b.from.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if err == io.EOF {
		b.whole = true
		// The deadline is the connection's, not the body's: left behind, it would
		// end the request while the use case still works.
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	if err != nil && err != io.EOF {
		b.err = readingError(err, b.stall)
		err = b.err
	}
	return n, err
}

func readingError(err error, stall time.Duration) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(large.Limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &exact{http.StatusRequestTimeout, errs.New(errs.Unavailable, "The upload stalled: nothing came for %s, so it was given up and nothing was kept.", stall).
			WithMend("Send the file again over a steadier line.")}
	}
	return errs.New(errs.Usage, "The upload ended before the whole file was there, so nothing was kept.").
		WithMend("Send it again.").Because(err)
}

func tooLarge(limit int64) error {
	return &exact{http.StatusRequestEntityTooLarge, errs.New(errs.Invalid, "The file is larger than %s, the most this server takes.", errs.Size(limit)).
		WithMend("Split the file, or ask a steward to raise the server's limit (--max-upload).")}
}

// baseName keeps the last part of a file's name: what browsers and scripts send
// may carry a path, of either kind.
func baseName(name, otherwise string) string {
	name = strings.TrimSpace(name[strings.LastIndexAny(name, `/\`)+1:])
	if name == "" {
		return otherwise
	}
	return name
}
