//go:build unix

package app

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"sutor/internal/errs"
)

// lockFolder makes sure that one server owns a data folder: work that a former
// owner left behind may then be taken over at once. The lock ends with the
// process, however it ends.
func lockFolder(dir string) (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, errs.New(errs.Unavailable, "The data folder %s cannot be written.", dir).WithMend("Check the rights on it.").Because(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = errors.Join(err, f.Close())
		return nil, errs.New(errs.Blocked, "Another server works with the data folder %s.", dir).
			WithMend("Stop that one first, or choose another folder with --data (for the demo: --dir).").Because(err)
	}
	return f.Close, nil
}
