package mysqltest

import (
	"os"
	"os/exec"
	"runtime"
	"time"
)

// process is a started command that ends with us. The parent-death signal comes
// when the *thread* that started the child ends, so one goroutine keeps that
// thread until the child is gone.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, ended: make(chan struct{})}
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
	return p, <-started
}

// stop signals the process and waits for its end; after ten seconds it is killed.
func (p *process) stop(sig os.Signal) {
	if p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Signal(sig) // fails only where it has ended already
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}
