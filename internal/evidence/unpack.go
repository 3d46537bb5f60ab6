package evidence

import (
	"bytes"
	"encoding/hex"
	"io"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// This file reads a pack's zip from front to back. It never looks a member up in
// the zip's directory: it knows from pack.json what must come next, reads that,
// and compares the headers around it with the only ones there can be.

// take reads the next member, which must have this name, into memory.
func (v *verification) take(name string, limit int64) ([]byte, error) {
	return v.takeDigest(name, "", limit)
}

// takeDigest reads the next member, which must have this name and, if one is
// given, this digest. With a limit below 0 its content is streamed and not kept.
func (v *verification) takeDigest(name string, want record.Digest, limit int64) ([]byte, error) {
	if v.next >= len(v.index.Members) {
		return nil, wrong(packName, "%s is missing", name)
	}
	m := v.index.Members[v.next]
	if m.Name != name {
		return nil, wrong(packName, "%s should come here, not %q", name, clean(m.Name))
	}
	v.next++
	if want != "" && m.SHA256 != want.Hex() {
		return nil, wrong(name, "its digest is not %s, as the leaves say", want)
	}
	if raw, err := hex.DecodeString(m.SHA256); err != nil || len(raw) != 32 {
		return nil, wrong(packName, "the digest of %s is not one", name)
	}
	return v.read(m, m.SHA256, limit)
}

// read reads the member at the offset, checks its digest (unless "") and that
// the zip's header before it is the only possible one.
func (v *verification) read(m member, digest string, limit int64) ([]byte, error) {
	e := entry{name: m.Name, size: m.Size, offset: v.offset}
	begin := v.offset + int64(len(e.local()))
	if m.Size < 0 || begin > v.size || m.Size > v.size-begin {
		return nil, wrong(m.Name, "the file ends before it does")
	}
	if limit >= 0 && m.Size > limit {
		return nil, wrong(m.Name, "it is larger than %d bytes", limit)
	}
	sums := newSums()
	var kept bytes.Buffer
	w := io.Writer(sums)
	if limit >= 0 {
		w = io.MultiWriter(sums, &kept)
	}
	if n, err := io.Copy(w, io.NewSectionReader(v.r, begin, m.Size)); err != nil || n != m.Size {
		return nil, unreadable(err)
	}
	if digest != "" && sums.Digest().Hex() != digest {
		return nil, wrong(m.Name, "its content was changed: it is not what pack.json says")
	}
	e.crc = sums.crc.Sum32()
	local := e.local()
	found := make([]byte, len(local))
	if n, err := v.r.ReadAt(found, v.offset); n < len(found) {
		return nil, unreadable(err)
	}
	if !bytes.Equal(found, local) {
		return nil, wrong(m.Name, "the zip's header before it is not as Sutor writes it")
	}
	v.entries = append(v.entries, e)
	v.offset = begin + m.Size
	return kept.Bytes(), nil
}

// readEnd checks that nothing was added: no member, no byte.
func (v *verification) readEnd() error {
	if v.next < len(v.index.Members) {
		return wrong(packName, "it holds %q, which nothing in the leaves names", clean(v.index.Members[v.next].Name))
	}
	want := directory(v.entries, v.offset)
	if v.size-v.offset != int64(len(want)) {
		return wrong(packName, "the file holds more or less than the members it lists")
	}
	found := make([]byte, len(want))
	if n, err := v.r.ReadAt(found, v.offset); n < len(found) {
		return unreadable(err)
	}
	if !bytes.Equal(found, want) {
		return wrong(packName, "the zip's directory is not that of the members it lists")
	}
	return nil
}

func unreadable(err error) error {
	return errs.New(errs.Unavailable, "The pack cannot be read to its end.").Because(err)
}
