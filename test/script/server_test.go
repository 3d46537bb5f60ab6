package script

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sutor/internal/compact"
)

// patience bounds every wait for a signal: no story takes nearly so long.
const patience = time.Minute

// aliveVariable tells a server that its third file ends with the test.
const aliveVariable = "SUTOR_STORY_ALIVE"

// endWithTest ends the program when the test that started it is gone, however
// that ended: then nobody holds the other end of the pipe any more.
func endWithTest() {
	if os.Getenv(aliveVariable) == "" {
		return
	}
	alive := os.NewFile(3, "alive")
	go func() {
		_, _ = io.Copy(io.Discard, alive) // ends with the pipe
		os.Exit(99)
	}()
}

// maxMemory is what no server of a story may ever have held at once, in bytes:
// its peak of resident memory, as the operating system counts it.
const maxMemory = 1 << 30

// process is a server of a story.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	alive *os.File
	ended chan struct{}

	mu    sync.Mutex
	said  []string // lines of both streams, in the order in which they came
	heard *sync.Cond
}

// start runs a command and collects what it says.
func start(t testing.TB, cmd *exec.Cmd) (*process, error) {
	p := &process{t: t, cmd: cmd, ended: make(chan struct{})}
	p.heard = sync.NewCond(&p.mu)
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	p.alive = ours
	cmd.ExtraFiles = []*os.File{theirs}
	out, said, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	cmd.Stdout, cmd.Stderr = said, said
	if err := errors.Join(cmd.Start(), said.Close()); err != nil {
		return nil, errors.Join(err, ours.Close(), out.Close())
	}
	go p.listen(out)
	return p, nil
}

// listen takes what the process says until it ends.
func (p *process) listen(out *os.File) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.said = append(p.said, lines.Text())
		p.mu.Unlock()
		p.heard.Broadcast()
	}
	_ = p.cmd.Wait() // how a server that we end exits tells nothing
	_ = out.Close()  // only read from
	p.mu.Lock()
	close(p.ended)
	p.mu.Unlock()
	p.heard.Broadcast()
}

// await gives the first line that matches, from the given one on; false if the
// process ended, or was silent for too long, without one.
func (p *process) await(pattern *regexp.Regexp, from int) (string, bool) {
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() }) // fails only where it has ended
	defer late.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for ; from < len(p.said); from++ {
			if pattern.MatchString(p.said[from]) {
				return p.said[from], true
			}
		}
		select {
		case <-p.ended:
			return "", false
		default:
		}
		p.heard.Wait()
	}
}

func (p *process) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.said)
}

// end ends the process; what does not listen is killed.
func (p *process) end(sig os.Signal) {
	_ = p.cmd.Process.Signal(sig) // fails only where it has ended already
	late := time.AfterFunc(patience/3, func() { _ = p.cmd.Process.Kill() })
	<-p.ended
	late.Stop()
	_ = p.alive.Close() // nobody reads it any more
	p.modest()
}

// modest wants the process, which has ended, to have kept to its memory.
func (p *process) modest() {
	use, known := p.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !known {
		p.t.Fatalf("the memory of the server is not known")
	}
	switch peak := use.Maxrss << 10; { // Linux counts in KiB
	case peak == 0:
		p.t.Errorf("the memory of the server is not known")
	case peak > maxMemory:
		p.t.Errorf("the server held %d MB, more than %d", peak>>20, maxMemory>>20)
	default:
		p.t.Logf("the server held %d MB at most", peak>>20)
	}
}

var serves = regexp.MustCompile(`serves .* at (http://\S+)$`)

// serve starts the story's server and issues a token to each of its people.
// A first word "limited" lets it write files of 8 MB at most, as on a full disk.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0, "server [limited] [flag…]")
	s := of(ts)
	sutor, err := exec.LookPath("sutor")
	ts.Check(err)
	line := []string{sutor}
	if len(args) > 0 && args[0] == "limited" {
		line, args = []string{"sh", "-c", `ulimit -f 16384; exec "$0" "$@"`, sutor}, args[1:] // blocks of 512 bytes
	}
	line = append(append(line, "serve", "--compact", "compact.yaml", "--data", "data", "--database="+ts.Getenv("DATABASE"), "--listen", "127.0.0.1:0"), args...)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "ERP_DSN="+ts.Getenv("ERP_DSN"), aliveVariable+"=1")
	if s.server, err = start(s.t, cmd); err != nil {
		ts.Fatalf("%v", err)
	}
	server := s.server
	ts.Defer(func() {
		server.end(syscall.SIGTERM)
		ts.Logf("[server]\n%s", strings.Join(server.lines(), "\n"))
	})
	address, ok := server.await(serves, 0)
	if !ok {
		ts.Fatalf("the server does not serve")
	}
	ts.Setenv("SUTOR_SERVER", serves.FindStringSubmatch(address)[1])
	tokens(ts)
}

// tokens issues a token to everybody of the Compact who has none yet.
func tokens(ts *testscript.TestScript) {
	c, _ := compact.Parse("compact.yaml", []byte(ts.ReadFile("compact.yaml")))
	if c == nil { // a bad version, which the server does not take
		return
	}
	for _, p := range c.People {
		local, _, _ := strings.Cut(string(p.Email), "@")
		name := strings.ToUpper(local)
		if ts.Getenv(name) != "" {
			continue
		}
		if code := run(ts, []string{"sutor", "token", "issue", string(p.Email), ts.Getenv("WHERE")}); code != 0 {
			ts.Fatalf("token issue %s: exit %d", p.Email, code)
		}
		lines := strings.Split(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
		ts.Setenv(name, lines[len(lines)-1])
	}
}

func halt(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0, "halt")
	of(ts).server.end(syscall.SIGTERM)
}

func crash(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0, "crash")
	of(ts).server.end(syscall.SIGKILL)
}

var ofCompact = regexp.MustCompile(`Compact (is in force|stays in force)`)

// reload has the Compact put in force again and checks what the server says.
func reload(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1, "reload PATTERN")
	p := of(ts).server
	from := len(p.lines())
	ts.Check(p.cmd.Process.Signal(syscall.SIGHUP))
	said, ok := p.await(ofCompact, from)
	if want := regexp.MustCompile(args[0]); !ok || !want.MatchString(said) {
		ts.Fatalf("the server says %q", said)
	}
	tokens(ts)
}

// empty waits until no file matches: a server cleans up on its own time.
func empty(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1, "empty PATTERN")
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience / 3)
	for {
		found := glob(ts, args[0])
		if len(found) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("still there: %s", strings.Join(found, " "))
		}
	}
}
