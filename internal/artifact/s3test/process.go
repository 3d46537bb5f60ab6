package s3test

import (
	"os/exec"
	"runtime"
)

// start starts a command, and closes done when it has ended. The parent-death signal
// comes when the thread ends that started the child, so one goroutine keeps it.
func start(cmd *exec.Cmd, done chan struct{}) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how a server that we end exits tells nothing
		}
	}()
	return <-started
}
