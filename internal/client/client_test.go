package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// dial starts a server with the handler and gives a client for it.
func dial(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(s.URL+"/", "secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func write(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func TestProposeSendsTheFile(t *testing.T) {
	t.Parallel()
	c := dial(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		q := r.URL.Query()
		switch {
		case r.Method != "POST" || r.URL.Path != "/api/v1/changes" || r.Header.Get("Authorization") != "Bearer secret":
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		case string(body) != "id\n1\n" || r.ContentLength != 5:
			t.Errorf("body %q of %d", body, r.ContentLength)
		case q.Get("name") != "terms & more.csv" || q.Get("dataset") != "customers" || q.Get("leave_out_invalid") != "true" || len(q["map"]) != 2 || q.Get("format") != "due=dmy" || q.Get("normalize") != "nfc" || q.Has("mode"):
			t.Errorf("query %v", q)
		}
		w.WriteHeader(http.StatusAccepted)
		write(w, wire.Change{ID: "1001", State: "planning"})
	})
	ch, err := c.Propose(t.Context(), client.Proposal{Dataset: "customers", Choices: client.Choices{LeaveOutInvalid: true, Map: []string{"A=a", "B=b"}, Formats: []string{"due=dmy"}, Normalize: "nfc"}},
		client.File{Name: "terms & more.csv", Size: 5, From: strings.NewReader("id\n1\n")})
	if err != nil || ch.ID != "1001" {
		t.Errorf("%+v %v", ch, err)
	}
}

func TestEmptyFileIsSentAsEmpty(t *testing.T) {
	t.Parallel()
	c := dial(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 || len(r.TransferEncoding) != 0 {
			t.Errorf("length %d, encoding %v", r.ContentLength, r.TransferEncoding)
		}
		write(w, wire.Change{})
	})
	if _, err := c.Propose(t.Context(), client.Proposal{Dataset: "c"}, client.File{Name: "e.csv", From: io.MultiReader()}); err != nil {
		t.Error(err)
	}
}

// TestRefusalsComeBack: what the server refuses arrives as the same error.
func TestRefusalsComeBack(t *testing.T) {
	t.Parallel()
	for kind := errs.Internal; kind <= errs.Unsigned; kind++ {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			c := dial(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusTeapot)
				write(w, wire.Problem{Type: "urn:sutor:problem:" + kind.String(), Detail: "It is so.", Mend: "Do that.", Exit: kind.ExitCode()})
			})
			_, err := c.Apply(t.Context(), "1001", "", "")
			e := errs.As(err)
			if e == nil || e.Kind != kind || e.Message != "It is so." || e.Mend != "Do that." {
				t.Errorf("%#v", err)
			}
		})
	}
}

func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	for _, a := range []struct {
		name   string
		status int
		body   string
		says   string
	}{
		{"a proxy", 502, "<html>Bad Gateway</html>", "cannot be reached"},
		{"another program", 404, "404 page not found", "not a Sutor server"},
		{"a page", 200, "<html>Welcome</html>", "not a Sutor server"},
		{"a redirect", 302, "", "not a Sutor server"},
		{"another's problem", 403, `{"type":"about:blank","detail":"x"}`, "not a Sutor server"},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(a.status)
				_, _ = io.WriteString(w, a.body)
			})
			_, err := c.Me(t.Context())
			if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), a.says) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	_ = l.Close()
	c, err := client.New(address, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Me(t.Context())
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "The server at "+address+" does not answer.") {
		t.Errorf("%v", err)
	}
}

// An answer that is lost, all of it or its end: what was asked for may have
// happened, unless it was only to look.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"all": "", "half": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, answer) // the client may be gone
				_ = conn.Close()
			})
			_, err := c.Submit(t.Context(), "1001", "", "")
			if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "it may have done what it was asked for") || !strings.Contains(err.Error(), "sutor change list") {
				t.Errorf("submit: %v", err)
			}
			_, err = c.Me(t.Context())
			if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "does not answer") {
				t.Errorf("me: %v", err)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "localhost:8080", "ftp://x", "http://", "://"} {
		if _, err := client.New(bad, ""); errs.KindOf(err) != errs.Usage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	states := []string{"applying", "applying", "applied"}
	c := dial(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("wait") != "20s" {
			t.Errorf("asked without waiting: %s", r.URL)
		}
		write(w, wire.Change{ID: "1001", State: states[0]})
		states = states[1:]
	})
	var seen []string
	ch, err := c.Settle(t.Context(), wire.Change{ID: "1001", State: "applying"}, 20*time.Second, func(ch wire.Change) { seen = append(seen, ch.State) })
	if err != nil || ch.State != "applied" || strings.Join(seen, " ") != "applying applying applying applied" {
		t.Errorf("%s %v %v", ch.State, seen, err)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := dial(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := c.Change(ctx, "1001", time.Minute); err == nil || !strings.Contains(err.Error(), "Interrupted") {
		t.Errorf("%v", err)
	}
}

func TestTornDownloadIsAnError(t *testing.T) {
	t.Parallel()
	c := dial(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "id\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	var got bytes.Buffer
	if _, err := c.Export(t.Context(), "customers", "csv", &got); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("%q %v", got.String(), err)
	}
}

func TestFsckWithAFaultGivesItsReport(t *testing.T) {
	t.Parallel()
	c := dial(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(422)
		write(w, wire.Problem{Type: "urn:sutor:problem:invalid", Detail: "A fault.", Exit: 7, Report: "leaf 7\n"})
	})
	out, err := c.Fsck(t.Context())
	if out.Report != "leaf 7\n" || out.OK || errs.KindOf(err) != errs.Invalid {
		t.Errorf("%+v %v", out, err)
	}
}

func TestApproveNamesThePlan(t *testing.T) {
	t.Parallel()
	c := dial(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Match") != `"sha256:00"` || r.URL.EscapedPath() != "/api/v1/changes/a%2Fb/approve" {
			t.Errorf("%s %v", r.URL.EscapedPath(), r.Header)
		}
		write(w, wire.Change{})
	})
	if _, err := c.Approve(t.Context(), "a/b", "sha256:00", "fine"); err != nil {
		t.Error(err)
	}
}

// unsent fails the test when a body is taken from it.
type unsent struct{ t *testing.T }

func (u unsent) Read([]byte) (int, error) {
	u.t.Error("the body was sent, though the server had refused it")
	return 0, io.EOF
}

// TestLargeFilesAreSentWhenWanted: a file that the server refuses by its size, or
// for want of a right, stays here; one that it wants arrives.
func TestLargeFilesAreSentWhenWanted(t *testing.T) {
	t.Parallel()
	const size = 2 << 20
	c := dial(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		write(w, wire.Problem{Type: "urn:sutor:problem:invalid", Detail: "The file is too large.", Exit: 7})
	})
	_, err := c.Propose(t.Context(), client.Proposal{Dataset: "c"}, client.File{Name: "a.csv", Size: size, From: unsent{t}})
	if errs.KindOf(err) != errs.Invalid {
		t.Error(err)
	}
	c = dial(t, func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); n != size || err != nil || r.ContentLength != size {
			t.Errorf("%d of %d bytes came, %v", n, r.ContentLength, err)
		}
		write(w, wire.Change{ID: "1001"})
	})
	ch, err := c.Propose(t.Context(), client.Proposal{Dataset: "c"}, client.File{Name: "a.csv", Size: size, From: bytes.NewReader(make([]byte, size))})
	if err != nil || ch.ID != "1001" {
		t.Errorf("%+v %v", ch, err)
	}
}
