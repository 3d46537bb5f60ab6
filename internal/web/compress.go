package web

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"

	"sutor/internal/web/ui"
)

// packers are reused: each holds nearly a megabyte.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// compressed packs the pages by gzip. They hold no secret that an attacker could
// guess by the length of an answer (BREACH): requests of other sites are refused by
// where they come from, not by a token in the page.
func compressed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if !ui.Unpacks(r) || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		p := &packing{ResponseWriter: w}
		defer p.end()
		next.ServeHTTP(p, r)
	})
}

// packing packs an answer that is a page; any other (a download, a stream of
// events) passes as it is.
type packing struct {
	http.ResponseWriter
	z     *gzip.Writer
	begun bool
}

// WriteHeader decides by the type of the answer.
func (p *packing) WriteHeader(status int) {
	h := p.Header()
	if !p.begun && status >= 200 {
		p.begun = true
		if strings.HasPrefix(h.Get("Content-Type"), "text/html") && h.Get("Content-Encoding") == "" {
			h.Del("Content-Length")
			h.Set("Content-Encoding", "gzip")
			p.z = packers.Get().(*gzip.Writer)
			p.z.Reset(p.ResponseWriter)
		}
	}
	p.ResponseWriter.WriteHeader(status)
}

func (p *packing) Write(b []byte) (int, error) {
	if !p.begun {
		p.WriteHeader(http.StatusOK)
	}
	if p.z != nil {
		return p.z.Write(b)
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController find what can flush.
func (p *packing) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *packing) end() {
	if p.z != nil {
		_ = p.z.Close() // the client has gone
		packers.Put(p.z)
	}
}
