//go:build unix

package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"sutor/internal/errs"
)

// lockFolder makes sure that one server owns a data folder, and gives the name
// that the folder keeps: work that a former owner left behind may then be taken
// over at once. The lock ends with the process, however it ends.
func lockFolder(dir string) (home string, release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", nil, errs.New(errs.Unavailable, "The data folder %s cannot be written.", dir).WithMend("Check the rights on it.").Because(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = errors.Join(err, f.Close())
		return "", nil, errs.New(errs.Blocked, "Another server works with the data folder %s.", dir).
			WithMend("Stop that one first, or choose another folder with --data (for the demo: --dir).").Because(err)
	}
	if home, err = nameIn(f); err != nil {
		err = errors.Join(err, f.Close())
		return "", nil, errs.New(errs.Unavailable, "The data folder %s cannot be written.", dir).WithMend("Check the rights on it and its disk's space.").Because(err)
	}
	return home, f.Close, nil
}

// nameIn reads the name that the lock file keeps, beside its own inode: in a copy
// of the folder, whose server may live beside this one's, the inode is another,
// and the copy gets a name of its own. So does a file that was cut short.
func nameIn(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	inode := info.Sys().(*syscall.Stat_t).Ino // what Stat gives on unix
	var name string
	var kept uint64
	if n, _ := fmt.Fscanf(io.NewSectionReader(f, 0, 100), "%s %d\n", &name, &kept); n == 2 && kept == uint64(inode) {
		return name, nil
	}
	name = rand.Text()
	if err := f.Truncate(0); err != nil {
		return "", err
	}
	_, err = f.WriteAt(fmt.Appendf(nil, "%s %d\n", name, inode), 0)
	return name, err
}
