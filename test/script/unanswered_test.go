package script

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/rogpeppe/go-internal/testscript"
)

// unanswered puts a line in front of the server over which every call arrives. The
// answer to one that does something is lost as a whole, or in the middle.
func unanswered(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1, "unanswered all|half")
	to := ts.Getenv("SUTOR_SERVER")
	line := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := pass(r, to)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer) // the client may be gone
			return
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err) // every connection of this server can be taken over
		}
		defer conn.Close()
		if args[0] == "half" {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer[:len(answer)/2]) // the client may be gone
			_ = conn.(*net.TCPConn).CloseWrite()
		}
	}))
	ts.Defer(line.Close)
	ts.Setenv("UNANSWERED", line.URL)
}

// pass hands a call on and gives the whole answer.
func pass(r *http.Request, to string) ([]byte, error) {
	on := r.Clone(r.Context())
	on.RequestURI = ""
	at, err := on.URL.Parse(to + r.URL.RequestURI())
	if err != nil {
		return nil, err
	}
	on.URL = at
	res, err := http.DefaultTransport.RoundTrip(on)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}
