//go:build unix && !linux

package s3test

import "syscall"

// attributes keeps a server away from the terminal's signals. There is no
// parent-death signal here.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
