//go:build unix && !linux

package testserver

import "syscall"

// attributes runs a server as another account, away from the terminal's signals.
// There is no parent-death signal here.
func attributes(as *syscall.Credential, _ syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: as, Setpgid: true}
}
