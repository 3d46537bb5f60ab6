// Package archive gets a file out of a ZIP archive or a gzip file, within bounds.
//
// Nothing is ever unpacked under a name: what is taken out is written to a file
// without one, so that no path in an archive, ../ or absolute, a link or a name
// of a device, leads anywhere. Names are for people, to choose by.
//
// # Bounds
//
// What an archive claims about sizes is not believed. Bytes are counted as they
// come out: at most [Limits].MaxBytes, and from 64 MiB on at most 250 times the
// bytes that went in, which no table reaches and every bomb does. Of a ZIP archive
// at most 10,000 entries are looked at, and only the one that is asked for is
// unpacked. Archives in archives are the caller's to refuse.
package archive

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"syscall"
	"unicode/utf8"

	"sutor/internal/errs"
	"sutor/internal/finding"
)

// Limits bound what is taken out.
type Limits struct {
	MaxBytes int64  // of the unpacked file; 0 for 8 GiB
	Temp     string // folder for working files; "" for the system's
}

const (
	maxEntries   = 10_000
	freeBytes    = 64 << 20 // below that any ratio will do
	maxRatio     = 250
	defaultBytes = 8 << 30
)

// Zip is an archive that was opened.
type Zip struct {
	Names   []string // of its files, in its order; folders and what systems add of their own are left out
	entries []*zip.File
	src     *source
	size    int64
}

// source remembers a fault of the file itself, so that it is not taken for a
// damaged archive.
type source struct {
	io.ReaderAt
	fault error
}

func (s *source) ReadAt(b []byte, at int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		s.fault = err
	}
	return n, err
}

// damaged tells why an archive cannot be read on.
func (s *source) damaged(err error) error {
	if s.fault != nil {
		return fmt.Errorf("archive: reading the file: %w", s.fault)
	}
	return errs.New(errs.Invalid, "The archive is damaged or cut off.").WithMend("Get or make it again.").Because(err)
}

// OpenZip reads an archive's directory.
func OpenZip(in io.ReaderAt, size int64) (*Zip, error) {
	src := &source{ReaderAt: in}
	r, err := zip.NewReader(src, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, src.damaged(err)
	}
	if len(r.File) > maxEntries {
		return nil, errs.New(errs.Invalid, "The ZIP archive has %d entries; at most %d are looked at.", len(r.File), maxEntries).
			WithMend("Unpack it and choose the file with the table.")
	}
	z := &Zip{src: src, size: size}
	for _, f := range r.File {
		if !leftBySystems(f) {
			z.Names, z.entries = append(z.Names, name(f)), append(z.entries, f)
		}
	}
	return z, nil
}

// Document tells whether the archive is the inside of a document: of a workbook
// or another file of an office program.
func (z *Zip) Document() bool {
	for _, n := range z.Names {
		if n == "[Content_Types].xml" || n == "mimetype" || n == "META-INF/manifest.xml" || strings.HasPrefix(n, "xl/") {
			return true
		}
	}
	return false
}

// leftBySystems tells folders, and what systems and programs add for themselves.
func leftBySystems(f *zip.File) bool {
	base := path.Base(f.Name)
	return strings.HasSuffix(f.Name, "/") || f.FileInfo().IsDir() || strings.HasPrefix(f.Name, "__MACOSX/") ||
		strings.HasPrefix(base, ".") || strings.EqualFold(base, "Thumbs.db") || strings.EqualFold(base, "desktop.ini")
}

// name gives an entry's name in UTF-8. What is not UTF-8 is read byte by byte as
// Latin-1: any name is a name to choose by, and nothing more.
func name(f *zip.File) string {
	if utf8.ValidString(f.Name) {
		return f.Name
	}
	out := make([]rune, 0, len(f.Name))
	for _, b := range []byte(f.Name) {
		out = append(out, rune(b))
	}
	return string(out)
}

// Unpack takes the file at a place of Names out. The file has no name; closing it
// ends it.
func (z *Zip) Unpack(ctx context.Context, i int, l Limits) (*os.File, int64, error) {
	f := z.entries[i]
	if f.Flags&1 != 0 {
		return nil, 0, errs.New(errs.Invalid, "The file %s in the ZIP archive is locked by a password.", shown(z.Names[i])).
			WithMend("Unpack it and choose the file.")
	}
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, 0, errs.New(errs.Invalid, "The file %s in the ZIP archive is packed in a way that cannot be read.", shown(z.Names[i])).
			WithMend("Unpack it and choose the file.").Because(err)
	}
	if err != nil {
		return nil, 0, z.src.damaged(err)
	}
	defer r.Close() // only read from
	return unpack(ctx, z.src, r, min(int64(min(f.CompressedSize64, 1<<62)), z.size), l)
}

// Gunzip unpacks a gzip file of size bytes, all of its parts.
func Gunzip(ctx context.Context, in io.ReaderAt, size int64, l Limits) (*os.File, int64, error) {
	src := &source{ReaderAt: in}
	r, err := gzip.NewReader(bufio.NewReaderSize(io.NewSectionReader(src, 0, size), 64<<10))
	if err != nil {
		return nil, 0, src.damaged(err)
	}
	return unpack(ctx, src, r, size, l)
}

// unpack writes what comes out of r, of packed bytes, to a file without a name.
func unpack(ctx context.Context, src *source, r io.Reader, packed int64, l Limits) (f *os.File, size int64, err error) {
	if l.MaxBytes <= 0 {
		l.MaxBytes = defaultBytes
	}
	if f, err = Scratch(l.Temp); err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the error that counts is known
		}
	}()
	buf := make([]byte, 256<<10)
	for {
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		n, rerr := r.Read(buf)
		size += int64(n)
		switch {
		case size > l.MaxBytes:
			return nil, 0, errs.New(errs.Invalid, "Unpacked, the file is larger than %d bytes.", l.MaxBytes).
				WithMend("Split the file, or ask the steward, who can raise the limit in the configuration.")
		case size > freeBytes && size/maxRatio > packed:
			return nil, 0, errs.New(errs.Invalid, "The archive unpacks to more than %d times its size, as bombs do and tables do not.", maxRatio).
				WithMend("If it is a table, unpack it and choose the file inside.")
		}
		if _, err := f.Write(buf[:n]); err != nil {
			return nil, 0, diskError(err)
		}
		if errors.Is(rerr, io.EOF) {
			return f, size, nil
		}
		if rerr != nil {
			return nil, 0, src.damaged(rerr)
		}
	}
}

// Scratch makes a file without a name in the folder dir ("" for the system's): it
// is gone with the program, however that ends.
func Scratch(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "sutor-*")
	if err != nil {
		return nil, diskError(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(diskError(err), f.Close())
	}
	return f, nil
}

func diskError(cause error) error {
	what := "Working files cannot be written."
	if errors.Is(cause, syscall.ENOSPC) || errors.Is(cause, syscall.EDQUOT) {
		what = "There is no room on the disk for working files."
	}
	return errs.New(errs.Unavailable, "%s", what).WithMend("Make room or mend the folder for temporary files, and try again.").Because(cause)
}

func shown(name string) string { return fmt.Sprintf("%q", finding.Sample(name)) }
