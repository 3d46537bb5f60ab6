package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sutor/internal/api"
)

// TestSlowReader is an attack: who asks for an export and does not take it must
// not hold the connection to the customer's system behind it.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	uc := &recorder{write: func(w io.Writer) error {
		piece := make([]byte, 1<<20)
		for {
			if _, err := w.Write(piece); err != nil {
				ended <- err
				return err
			}
		}
	}}
	s := newServer(t, uc, api.Options{Stall: 100 * time.Millisecond})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "GET %s/datasets/customers/export HTTP/1.1\r\nHost: sutor.test\r\nAuthorization: Bearer token-maria\r\n\r\n", api.Prefix); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatal(line, err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the export is still held")
	}
}

// TestHealthIsNoLever is an attack: strangers who ask for the health all the time
// must not make the server ask the customer's systems all the time.
func TestHealthIsNoLever(t *testing.T) {
	t.Parallel()
	uc := &recorder{}
	s := newServer(t, uc, api.Options{})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			res, err := http.Get(s.URL + "/healthz")
			if err != nil {
				t.Error(err)
				return
			}
			_ = res.Body.Close()
		})
	}
	all.Wait()
	uc.mu.Lock()
	defer uc.mu.Unlock()
	asked := 0
	for _, ask := range uc.asks {
		if ask == "health" {
			asked++
		}
	}
	if asked == 0 || asked > 5 {
		t.Errorf("the systems were asked %d times", asked)
	}
}
