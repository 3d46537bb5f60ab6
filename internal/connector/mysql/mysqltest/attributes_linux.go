package mysqltest

import "syscall"

// attributes runs a server as another account, away from the terminal's
// signals, and ends it when its parent dies: SIGTERM makes it disconnect everyone
// and stop.
func attributes(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: as, Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
