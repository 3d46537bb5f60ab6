package s3test

import "syscall"

// attributes keeps a server away from the terminal's signals, and ends it when its
// parent dies.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
