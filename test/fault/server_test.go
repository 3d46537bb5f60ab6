package fault

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sutor/internal/client"
)

// patience bounds every wait for a signal that must come; nothing takes nearly so
// long.
const patience = 2 * time.Minute

// server is a child process that serves.
type server struct {
	t       testing.TB
	cmd     *exec.Cmd
	orders  *os.File
	address string
	served  time.Time
	answers chan int
	ended   chan struct{}

	struck chan struct{} // receives when the ordered fault is met

	mu      sync.Mutex
	said    []string
	clients map[string]*client.Client // by person
}

// launch starts the test binary again as a server in dir and waits until it
// serves.
func launch(t testing.TB, dir string, env ...string) *server {
	t.Helper()
	s := &server{t: t, answers: make(chan int), struck: make(chan struct{}, 1), clients: map[string]*client.Client{}, ended: make(chan struct{})}
	self, err := os.Executable()
	must(t, err)
	theirs, ours, err := os.Pipe()
	must(t, err)
	defer theirs.Close()
	out, said, err := os.Pipe()
	must(t, err)
	s.orders = ours
	s.cmd = exec.Command(self)
	s.cmd.Dir, s.cmd.Env = dir, append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.ExtraFiles = said, said, []*os.File{theirs}
	must(t, errors.Join(s.cmd.Start(), said.Close()))
	serves := make(chan string, 1)
	go s.listen(out, serves)
	select {
	case s.address = <-serves:
	case <-s.ended:
	case <-time.After(patience):
		s.signal(syscall.SIGKILL)
	}
	if s.served = time.Now(); s.address == "" {
		<-s.ended
		t.Fatalf("the server does not serve:\n%s", s.words())
	}
	return s
}

// listen takes what the server says until it ends.
func (s *server) listen(out *os.File, serves chan<- string) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "serves":
			serves <- rest
		case "answer":
			n, _ := strconv.Atoi(rest) // it is a number
			s.answers <- n
		case "struck":
			s.struck <- struct{}{}
		default:
			s.mu.Lock()
			s.said = append(s.said, lines.Text())
			s.mu.Unlock()
		}
	}
	_ = s.cmd.Wait()     // ProcessState tells
	_ = out.Close()      // only read from
	_ = s.orders.Close() // nobody takes any more
	s.mu.Lock()
	for _, c := range s.clients {
		c.Close()
	}
	s.mu.Unlock()
	close(s.ended)
}

func (s *server) words() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.said, "\n")
}

// order gives an order and its answer; false if the server has ended.
func (s *server) order(format string, args ...any) (int, bool) {
	if _, err := fmt.Fprintf(s.orders, format+"\n", args...); err != nil {
		<-s.ended
		return 0, false
	}
	select {
	case n := <-s.answers:
		return n, true
	case <-s.ended:
		return 0, false
	}
}

func (s *server) signal(sig os.Signal) { _ = s.cmd.Process.Signal(sig) } // fails only where it has ended

// awaitEnd waits for an end that was ordered.
func (s *server) awaitEnd() {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.signal(syscall.SIGKILL)
		<-s.ended
		s.t.Errorf("the server did not end:\n%s", s.words())
	}
	s.modest()
}

// kill ends the process as a crash does.
func (s *server) kill() {
	s.signal(syscall.SIGKILL)
	<-s.ended
	s.modest()
}

// maxMemory is what no server may ever have held at once, in bytes: its peak of
// resident memory, as the operating system counts it.
const maxMemory = 1 << 30

// modest wants the process, which has ended, to have kept to its memory.
func (s *server) modest() {
	s.t.Helper()
	use, known := s.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	switch {
	case !known || use.Maxrss == 0:
		s.t.Errorf("the memory of the server is not known")
	case use.Maxrss<<10 > maxMemory: // Linux counts in KiB
		s.t.Errorf("the server held %d MB, more than %d", use.Maxrss>>10, maxMemory>>20)
	}
}

// halt ends the server as a steward does; it leaves nothing behind in its own
// process.
func (s *server) halt() {
	s.t.Helper()
	s.signal(syscall.SIGCONT)
	s.signal(syscall.SIGTERM)
	s.awaitEnd()
	if !s.cmd.ProcessState.Success() {
		s.t.Errorf("the server ended with %v:\n%s", s.cmd.ProcessState, s.words())
	}
}
