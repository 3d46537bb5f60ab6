package browser

import (
	"net"
	"strings"
	"sync"
)

// Line is a way to the company that can be cut, also in the middle of what is sent.
type Line struct {
	Base     string // URL, instead of the company's own
	to       string
	listener net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	left  int64 // bytes that still pass to the company before the line is cut; -1 for all
	cut   bool
}

// Lay lays a line to the company; it ends when close is called.
func (c *Company) Lay() (*Line, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Line{Base: "http://" + listener.Addr().String(), to: strings.TrimPrefix(c.Base, "http://"), listener: listener, conns: map[net.Conn]bool{}, left: -1}
	go l.serve()
	return l, nil
}

func (l *Line) serve() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.to)
		if err != nil || !l.keep(near, far) {
			_ = near.Close()
			continue
		}
		go l.pass(far, near, true)
		go l.pass(near, far, false)
	}
}

// keep remembers connections; it refuses them where the line is cut.
func (l *Line) keep(all ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range all {
		if l.cut {
			_ = c.Close()
			continue
		}
		l.conns[c] = true
	}
	return !l.cut
}

// pass copies one direction until it ends; then both do.
func (l *Line) pass(to, from net.Conn, counted bool) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && (!counted || l.lets(int64(n))) {
			_, werr := to.Write(buffer[:n])
			if err == nil {
				err = werr
			}
		}
		if err != nil {
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}

// lets counts what goes to the company, and cuts the line when it was enough.
func (l *Line) lets(n int64) bool {
	l.mu.Lock()
	over := l.left >= 0 && n > l.left
	if l.left >= 0 {
		l.left = max(0, l.left-n)
	}
	l.mu.Unlock()
	if over {
		l.Cut()
	}
	return !over
}

// Cut ends all connections and lets none in.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for c := range l.conns {
		_ = c.Close()
	}
	clear(l.conns)
}

// CutAfter cuts the line once so many more bytes have gone to the company.
func (l *Line) CutAfter(bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = bytes
}

// Mend has the line as it was.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut, l.left = false, -1
}

// Close ends the line.
func (l *Line) Close() {
	_ = l.listener.Close()
	l.Cut()
}
