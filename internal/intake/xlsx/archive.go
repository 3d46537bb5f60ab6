package xlsx

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"

	"sutor/internal/errs"
)

// Bounds on the archive that a workbook is.
const (
	maxParts     = 20_000   // a workbook of 255 sheets and 1,000 pictures has some 2,000
	maxDirectory = 16 << 20 // bytes read before the list of parts stands

	// A part may grow to maxRatio times its packed size, once it has more than
	// freeSize. Sheets of a million equal rows reach 100, bombs 1,000.
	maxRatio = 200
	freeSize = 64 << 20

	// All that is unpacked of one file: parts are read more than once, and many
	// sheets may name one part.
	freeTotal = 512 << 20
	maxTotal  = 2 * maxRatio
)

// archive is the parts of a workbook, by name in lower case: the names of an Open
// Packaging archive are equal without regard to case (ECMA-376, part 2). Nothing
// is ever unpacked to a place that a name says.
type archive struct {
	file  *disk
	parts map[string]*zip.File
	limit int64 // bytes of one part, unpacked
	left  int64 // bytes that may be unpacked yet in all
	cell  int   // bytes of one run of text
	block int   // bytes unpacked at once
}

// disk tells the file's own faults from those of its content, and bounds what is
// read of it while the archive is opened.
type disk struct {
	io.ReaderAt
	budget int64 // bytes that may be read yet; negative for no bound
	err    error
}

var errDirectory = errors.New("xlsx: directory too long")

func (d *disk) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, io.ErrUnexpectedEOF // the archive points there
	}
	if d.budget >= 0 {
		if d.budget -= int64(len(p)); d.budget < 0 {
			d.budget = 0
			return 0, errDirectory
		}
	}
	n, err := d.ReaderAt.ReadAt(p, off)
	if err != nil && err != io.EOF {
		d.err = err
	}
	return n, err
}

func openArchive(in io.ReaderAt, size int64, l Limits) (*archive, error) {
	if size > l.MaxBytes {
		return nil, tooLarge(l.MaxBytes)
	}
	file := &disk{ReaderAt: in, budget: maxDirectory}
	head := make([]byte, min(size, 8))
	if _, err := file.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("xlsx: reading the file: %w", err)
	}
	if !bytes.HasPrefix(head, []byte("PK")) {
		return nil, notZip(file, head, size)
	}
	z, err := zip.NewReader(file, size)
	switch {
	case file.err != nil:
		return nil, fmt.Errorf("xlsx: reading the file: %w", file.err)
	case errors.Is(err, errDirectory) || err == nil && len(z.File) > maxParts:
		return nil, tooManyParts()
	case err != nil:
		return nil, notWhole(err)
	}
	file.budget = -1
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	a := &archive{file: file, parts: make(map[string]*zip.File, len(z.File)), limit: l.MaxPart, left: freeTotal + maxTotal*min(size, math.MaxInt64/(2*maxTotal)), cell: l.MaxCell, block: blockSize}
	for _, f := range z.File {
		name := partName(f.Name)
		if strings.HasSuffix(name, "/") {
			continue
		}
		if _, twice := a.parts[name]; twice {
			return nil, doublePart(f.Name)
		}
		a.parts[name] = f
	}
	return a, a.isWorkbook()
}

// partName is the name under which a part is known; some programs write
// backslashes, or a slash in front.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// isWorkbook refuses other kinds of documents in the same wrapping.
func (a *archive) isWorkbook() error {
	if _, ok := a.parts["[content_types].xml"]; ok {
		return nil
	}
	if _, ok := a.parts["_rels/.rels"]; ok {
		return nil
	}
	if _, ok := a.parts["mimetype"]; ok {
		if _, ok := a.parts["content.xml"]; ok {
			return otherKind("an OpenDocument file (.ods)")
		}
	}
	return errs.New(errs.Invalid, "This is a ZIP archive, and no workbook.").
		WithMend("Unpack it and choose the workbook inside.")
}

func (a *archive) has(name string) bool { return a.parts[partName(name)] != nil }

// open begins to read a part. The scanner must be closed.
func (a *archive) open(ctx context.Context, name string) (*scanner, error) {
	f := a.parts[partName(name)]
	if f == nil {
		return nil, missingPart(name)
	}
	if f.Flags&1 != 0 {
		return nil, encrypted()
	}
	r, err := f.Open()
	if err != nil {
		return nil, a.fault(name, err)
	}
	limit := a.limit
	if packed := int64(f.CompressedSize64); packed < limit/maxRatio {
		limit = max(freeSize, packed*maxRatio)
	}
	block := int(min(f.UncompressedSize64+1, uint64(a.block)))
	return newScanner(newFeed(ctx, asUTF8(r), min(limit, a.left), max(block, 512)), a, name), nil
}

// fault says what is wrong with a part whose bytes cannot be had: if neither the
// disk nor the caller is to blame, the file is.
func (a *archive) fault(name string, err error) error {
	switch {
	case a.file.err != nil:
		return fmt.Errorf("xlsx: reading the file: %w", a.file.err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("xlsx: unpacking %s: %w", name, err)
	case errors.Is(err, errBomb):
		return bomb(name)
	case errors.Is(err, zip.ErrAlgorithm):
		return unknownPacking(name)
	}
	return damaged(name, "its bytes are not those that were packed").Because(err)
}

// resolve gives the name of the part that a relationship of the part from names.
func resolve(from, target string) string {
	target = strings.ReplaceAll(target, `\`, "/")
	if strings.HasPrefix(target, "/") {
		return path.Clean(target)[1:]
	}
	return strings.TrimPrefix(path.Join("/", path.Dir(from), target), "/")
}

// relsOf is the name of the part that holds a part's relationships.
func relsOf(name string) string {
	return path.Join(path.Dir(name), "_rels", path.Base(name)+".rels")
}
