// Package mailtest is a small SMTP server on the loopback (RFC 5321), for tests. It
// keeps what it is sent, and can be told to refuse.
package mailtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
)

// Server is one mail server.
type Server struct {
	Address string // host:port

	mu     sync.Mutex
	got    []*mail.Message
	bodies []string
	refuse string
	open   sync.WaitGroup
	lines  []net.Conn
}

// Start starts a server and ends it with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: l.Addr().String()}
	s.open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.lines = append(s.lines, c)
			s.mu.Unlock()
			s.open.Go(func() {
				defer func() { _ = c.Close() }() // the client may be gone
				s.talk(c)
			})
		}
	})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		for _, c := range s.lines {
			_ = c.Close() // most are closed already
		}
		s.mu.Unlock()
		s.open.Wait()
	})
	return s
}

// Refuse has the server answer every letter so, as "451 later"; "" ends that.
func (s *Server) Refuse(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = answer
}

// Got gives the letters that were taken, and their bodies.
func (s *Server) Got() ([]*mail.Message, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got, s.bodies
}

func (s *Server) talk(c io.ReadWriter) {
	in := bufio.NewReader(c)
	say := func(line string) bool {
		_, err := fmt.Fprintf(c, "%s\r\n", line)
		return err == nil
	}
	for more := say("220 here"); more; {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		switch verb {
		case "EHLO", "HELO":
			more = say("250 here")
		case "DATA":
			more = say("354 go on") && say(s.take(in))
		case "QUIT":
			say("221 bye")
			return
		default:
			more = say("250 fine")
		}
	}
}

// take reads a letter to its end and gives the answer.
func (s *Server) take(in *bufio.Reader) string {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "451 cut off"
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != "" {
		return s.refuse
	}
	m, err := mail.ReadMessage(strings.NewReader(text.String()))
	if err != nil {
		return "554 no letter"
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return "554 no body"
	}
	s.got, s.bodies = append(s.got, m), append(s.bodies, string(body))
	return "250 taken"
}
