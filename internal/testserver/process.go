package testserver

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a started command that ends with us. The parent-death signal comes
// when the *thread* that started the child ends, so one goroutine keeps that
// thread until the child is gone.
type Process struct {
	cmd   *exec.Cmd
	end   syscall.Signal
	ended chan struct{}
}

// Start starts a command as another account (nil for our own), away from the
// terminal's signals. end is the signal that makes it disconnect everyone and stop; it
// comes when we die, too, where the system has such a thing.
func Start(cmd *exec.Cmd, as *syscall.Credential, end syscall.Signal) (*Process, error) {
	p := &Process{cmd: cmd, end: end, ended: make(chan struct{})}
	cmd.SysProcAttr = attributes(as, end)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how a server that we end exits tells nothing
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// Ended tells whether it has ended; what it wrote can be read then.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Stop ends the process and waits until it has; nil never ran.
func (p *Process) Stop() {
	if p != nil {
		p.StopBy(p.end)
	}
}

// StopBy is Stop by another signal. After ten seconds the process is killed.
func (p *Process) StopBy(sig os.Signal) {
	_ = p.cmd.Process.Signal(sig) // fails only where it has ended already
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// Await asks again and again until the server answers: one that starts up refuses
// connections and gives no other signal. It gives up where the process has ended.
func (p *Process) Await(ctx context.Context, ask func(context.Context) error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// FreePort gives a port of 127.0.0.1 that nobody listens on; another program may take
// it before the server does.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
