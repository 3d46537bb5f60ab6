package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sutor/internal/app"
	"sutor/internal/cli"
	"sutor/internal/client"
)

// beSutor in the environment makes this program run as sutor.
const beSutor = "SUTOR_BENCH_BE_SUTOR"

// beSutorIfAsked runs this program as sutor and ends, where it was started for that.
func beSutorIfAsked() {
	if os.Getenv(beSutor) == "" {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv, app.Local())
	stop()
	os.Exit(code)
}

// server is the demo company in a process of its own.
type server struct {
	dir, base string
	ready     time.Duration // from the start of the process to the address
	cmd       *exec.Cmd
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start starts the company, made where there is none, and waits until it answers.
func start(ctx context.Context, dir string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, cmd: exec.CommandContext(ctx, self, "demo", "--dir", dir, "--listen", "127.0.0.1:0")}
	s.cmd.Env = append(os.Environ(), beSutor+"=1")
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for s.base == "" && lines.Scan() {
		s.base = address.FindString(lines.Text())
	}
	if s.base == "" {
		return nil, errors.Join(errors.New("the demo did not open"), lines.Err(), s.stop())
	}
	s.ready = time.Since(began)
	go func() {
		for lines.Scan() { // so that it is never held up by what it says
		}
	}()
	return s, nil
}

func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// as gives somebody's way to the API.
func (s *server) as(name string) (*client.Client, error) {
	token, err := os.ReadFile(filepath.Join(s.dir, "tokens", name+"@example.test"))
	if err != nil {
		return nil, err
	}
	return client.New(s.base, strings.TrimSpace(string(token)))
}

// resident gives the process's memory (VmRSS of proc(5)), ten seconds after it was
// ready at most: as soon as it does not move by a hundredth any more.
func (s *server) resident() (bytes int64, err error) {
	look := time.NewTicker(500 * time.Millisecond)
	defer look.Stop()
	for range 20 {
		last := bytes
		if bytes, err = s.memory(); err != nil || max(bytes-last, last-bytes) < bytes/100 {
			return bytes, err
		}
		<-look.C
	}
	return bytes, nil
}

func (s *server) memory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("the kernel does not tell VmRSS")
}

// cpu gives the processor time that the process has used (utime and stime of proc(5), in
// hundredths of a second): what else the machine does changes it less than seconds.
func (s *server) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:])) // behind the name, which may hold anything
	if len(f) < 13 {
		return 0, errors.New("the kernel does not tell the processor time")
	}
	user, err := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * time.Second / 100, errors.Join(err, err2)
}
