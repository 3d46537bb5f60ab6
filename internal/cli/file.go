package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sutor/internal/client"
	"sutor/internal/errs"
)

// save lets fill write a file. The file is there whole or not at all: it is
// written beside its place and moved there at the end.
func (c *console) save(name string, fill func(io.Writer) (int64, error)) error {
	if name == "-" {
		if c.json {
			return errs.New(errs.Usage, "Standard output cannot hold both the file and a JSON document.").WithMend("Give a file with -o.")
		}
		_, err := fill(c.stdout)
		return err
	}
	size, err := saveFile(name, fill)
	if err != nil {
		return err
	}
	doc := struct {
		File  string `json:"file"`
		Bytes int64  `json:"bytes"`
	}{name, size}
	return c.show(doc, func(p *page) { p.line("%s: %s.", name, count(size, "byte", "bytes")) })
}

func saveFile(name string, fill func(io.Writer) (int64, error)) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return 0, fileError(name, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // the error that counts is known
			_ = os.Remove(f.Name()) // likewise
		}
	}()
	if size, err = fill(f); err != nil {
		return 0, err
	}
	if err = f.Close(); err != nil {
		return 0, fileError(name, err)
	}
	if err = os.Rename(f.Name(), name); err != nil {
		return 0, fileError(name, err)
	}
	return size, nil
}

// open opens the file that is to be sent; - is standard input.
func (c *console) open(name string) (client.File, func(), error) {
	if name == "-" {
		return client.File{Name: "stdin.csv", Size: -1, From: c.stdin}, func() {}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return client.File{}, nil, fileError(name, err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errs.New(errs.Usage, "%s is a folder, not a file.", name)
	}
	if err != nil {
		_ = f.Close() // only read from
		return client.File{}, nil, fileError(name, err)
	}
	size := info.Size()
	if !info.Mode().IsRegular() {
		size = -1 // a pipe: its end is known when it comes
	}
	return client.File{Name: filepath.Base(name), Size: size, From: f}, func() { _ = f.Close() }, nil
}

// fileError puts a fault with a file of this machine in a sentence.
func fileError(name string, err error) error {
	switch {
	case errs.As(err) != nil:
		return err
	case errors.Is(err, fs.ErrNotExist):
		return errs.New(errs.NotFound, "There is no file or folder for %s.", name).WithMend("Check the name.").Because(err)
	case errors.Is(err, fs.ErrPermission):
		return errs.New(errs.Forbidden, "You have no right to the file %s on this machine.", name).Because(err)
	}
	return errs.New(errs.Unavailable, "The file %s cannot be used: %v.", name, rootCause(err)).Because(err)
}

// rootCause leaves out the path that os errors repeat.
func rootCause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
