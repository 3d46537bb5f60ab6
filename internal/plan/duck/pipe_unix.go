//go:build unix

package duck

import (
	"os"
	"syscall"
)

func newPipe(path string) (*Pipe, error) {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, diskError(err)
	}
	// A reader that does not wait for its writer comes first; then no writer waits either.
	// Ours holds the pipe open until all is written, however late DuckDB begins.
	read, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, diskError(err)
	}
	write, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		read.Close()
		return nil, diskError(err)
	}
	return &Pipe{path: path, read: read, write: write}, nil
}
