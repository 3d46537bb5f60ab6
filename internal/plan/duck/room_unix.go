//go:build unix

package duck

import "syscall"

// freeBytes is how much room a folder's disk has for us; false where it does not tell.
func freeBytes(dir string) (int64, bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
