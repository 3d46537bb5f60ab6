package testserver

import "syscall"

// attributes runs a server as another account, away from the terminal's signals, and
// ends it when its parent dies.
func attributes(as *syscall.Credential, end syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: as, Setpgid: true, Pdeathsig: end}
}
