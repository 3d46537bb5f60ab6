package api

import (
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	csvType  = "text/csv; charset=utf-8"
	xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	zipType  = "application/zip"
)

// fileOut describes an answer that is a file in the OpenAPI document.
func fileOut(op huma.Operation, types ...string) huma.Operation {
	content := map[string]*huma.MediaType{}
	for _, t := range types {
		content[t] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	op.Responses["200"] = &huma.Response{Description: "The file", Content: content}
	return op
}

// download streams a file. As long as nothing was written, an error is answered
// as a problem; after that the connection is cut, so that nobody takes a part
// for the whole.
func (s *server) download(name, contentType string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		conn := http.NewResponseController(w)
		defer func() { _ = conn.SetWriteDeadline(time.Time{}) }()
		out := &file{w: w, conn: conn, stall: s.o.Stall, name: name, contentType: contentType}
		err := write(out)
		if err == nil {
			out.begin() // an empty file is a file too
			return
		}
		if !out.begun {
			s.refuse(w, r, err)
			return
		}
		_ = s.failure(r.Context(), r.Method+" "+r.Pattern, err) // for its line in the log
		panic(http.ErrAbortHandler)
	}}
}

// file sends the headers with the first byte. Each piece must be taken in time:
// behind a download, a connection to the customer's system may be held.
type file struct {
	w                 http.ResponseWriter
	conn              *http.ResponseController
	stall             time.Duration
	name, contentType string
	begun             bool
}

func (f *file) begin() {
	if f.begun {
		return
	}
	f.begun = true
	f.w.Header().Set("Content-Type", f.contentType)
	f.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	f.w.WriteHeader(http.StatusOK)
}

func (f *file) Write(b []byte) (int, error) {
	f.begin()
	_ = f.conn.SetWriteDeadline(time.Now().Add(f.stall)) // a connection without deadlines has no stalled clients
	return f.w.Write(b)
}
