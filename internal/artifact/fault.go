package artifact

import (
	"errors"
	"syscall"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// diskError gives an error of the disk its public face. What is not the disk's
// (a cancelled context) stays as it is.
func diskError(err error) error {
	var errno syscall.Errno
	if err == nil || errs.As(err) != nil || !errors.As(err, &errno) {
		return err
	}
	switch errno {
	case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
		return errs.New(errs.Unavailable, "The disk of the server is full (artefacts): the file could not be kept, and nothing was changed.").
			WithMend("Tell the steward to make room, then try again.").Because(err)
	}
	return errs.New(errs.Unavailable, "The disk of the server could not be read or written (artefacts), and nothing was changed.").
		WithMend("Tell the steward; the server's log has the cause. Then try again.").Because(err)
}

func unusable(dir string, err error) error {
	return errs.New(errs.Unavailable, "The folder for artefacts, %s, cannot be used.", dir).
		WithMend("It must be a folder, or a place where one can be made, that Sutor may write to.").Because(err)
}

func missing(d record.Digest) error {
	return errs.New(errs.NotFound, "There is no artefact %.80q: it was purged or never stored.", string(d))
}

func damaged(d record.Digest, how string) *errs.Error {
	return errs.New(errs.Internal, "The artefact %s is damaged: %s.", d, how).
		WithMend("Restore this file from a backup; propose the same file again if it was an input.")
}
