package fault

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// break is what a line does to a message.
type breakage string

const (
	cut    breakage = "cut before" // both ends are closed, and the message never arrives
	reset  breakage = "reset"      // the same, with a reset instead of an end
	unsaid breakage = "cut after"  // the message arrives, its answer does not
	stall  breakage = "stall"      // nothing passes, until the line is told to go on
)

// picker picks the message to strike: by its number since the line was armed, or
// as the COMMIT of an apply.
type picker func(n int, commit bool) bool

func theCommit(_ int, commit bool) bool { return commit }

func number(n int) picker { return func(at int, _ bool) bool { return at == n } }

// line is a TCP proxy in front of PostgreSQL that knows where messages of its
// protocol begin and end.
type line struct {
	t      testing.TB
	listen net.Listener
	to     string

	mu     sync.Mutex
	open   map[net.Conn]bool
	sent   int    // messages to the server since the last arm
	struck picker // picks the message; nil for none
	how    breakage
	hit    chan struct{} // closed when it was picked
	goOn   chan struct{} // closed to end a stall
	lost   bool          // what was stalled is not sent any more
}

// through puts a line between a house's server and its connected system.
func through(h *house) *line {
	at, err := url.Parse(h.erp)
	must(h.t, err)
	l := &line{t: h.t, to: at.Host, open: map[net.Conn]bool{}, goOn: make(chan struct{})}
	l.listen, err = net.Listen("tcp", "127.0.0.1:0")
	must(h.t, err)
	at.Host = l.listen.Addr().String()
	h.way = at.String()
	go l.accept()
	h.t.Cleanup(l.close)
	return l
}

func (l *line) accept() {
	for {
		near, err := l.listen.Accept()
		if err != nil {
			return // closed
		}
		far, err := net.Dial("tcp", l.to)
		if err != nil {
			_ = near.Close() // the other side sees it
			continue
		}
		l.mu.Lock()
		l.open[near], l.open[far] = true, true
		l.mu.Unlock()
		c := &carried{l: l, near: near.(*net.TCPConn), far: far.(*net.TCPConn), through: make(chan struct{}, 1)}
		go c.forth()
		go c.back()
	}
}

func (l *line) close() {
	_ = l.listen.Close() // twice does no harm
	l.resume()
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		_ = c.Close() // likewise
	}
}

// arm makes the line strike the next message that is picked.
func (l *line) arm(how breakage, picks picker) (hit <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent, l.struck, l.how, l.hit, l.goOn, l.lost = 0, picks, how, make(chan struct{}), make(chan struct{}), false
	return l.hit
}

// disarm gives the number of messages since arm.
func (l *line) disarm() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.struck = nil
	return l.sent
}

// drop makes the line lose the stalled message, and its connection to the server.
func (l *line) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = true
}

func (l *line) dropped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// resume ends a stall.
func (l *line) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.goOn:
	default:
		close(l.goOn)
	}
}

// pass counts a message and tells what is to be done to it.
func (l *line) pass(commit bool) (breakage, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent++
	if l.struck == nil || !l.struck(l.sent, commit) {
		return "", nil
	}
	l.struck = nil
	close(l.hit)
	return l.how, l.goOn
}

// carried is one connection over the line.
type carried struct {
	l         *line
	near, far *net.TCPConn
	writes    bool // it has the transaction of an apply
	through   chan struct{}

	mu    sync.Mutex
	until <-chan struct{} // the end of a stall
}

// forth carries messages to the server.
func (c *carried) forth() {
	defer c.far.Close()
	r := bufio.NewReader(c.near)
	for first := true; ; first = false {
		m, err := message(r, first)
		if err != nil {
			return // the client is gone
		}
		c.writes = c.writes || bytes.Contains(m, []byte("pg_current_xact_id"))
		commit := c.writes && bytes.Contains(m, []byte("commit\x00"))
		c.writes = c.writes && !commit
		how, goOn := c.l.pass(commit)
		switch how {
		case reset:
			_ = errors.Join(c.near.SetLinger(0), c.far.SetLinger(0)) // they may be gone already
			fallthrough
		case cut:
			_ = c.near.Close()
			return
		case unsaid:
			_, _ = c.far.Write(m)
			_ = c.near.Close()
			_ = c.far.CloseWrite() // the server reads what was sent, and then the end
			<-c.through
			return
		case stall:
			c.stop(goOn)
			<-goOn
			if c.l.dropped() {
				return
			}
		}
		if _, err := c.far.Write(m); err != nil {
			_ = c.near.Close()
			return
		}
	}
}

func (c *carried) stop(until <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = until
}

// back carries answers to the client; what the client does not want any more is
// thrown away, so that the server is not held up.
func (c *carried) back() {
	defer func() {
		_ = c.near.Close()
		c.through <- struct{}{}
	}()
	buffer, deaf := make([]byte, 64<<10), false
	for {
		n, err := c.far.Read(buffer)
		c.mu.Lock()
		until := c.until
		c.mu.Unlock()
		if until != nil {
			<-until
		}
		if n > 0 && !deaf {
			_, failed := c.near.Write(buffer[:n])
			deaf = failed != nil
		}
		if err != nil {
			return
		}
	}
}

// message reads one message of a client (PostgreSQL docs: Message Formats): its
// length, and before it, except in the first one, its kind.
func message(r *bufio.Reader, first bool) ([]byte, error) {
	head := 5
	if first {
		head = 4
	}
	m := make([]byte, head)
	if _, err := io.ReadFull(r, m); err != nil {
		return nil, err
	}
	rest := int(binary.BigEndian.Uint32(m[head-4:])) - 4
	m = append(m, make([]byte, rest)...)
	_, err := io.ReadFull(r, m[head:])
	return m, err
}
