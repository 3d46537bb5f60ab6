package evidence

import (
	"encoding/binary"
	"math"
)

// The zip around a pack's members is canonical: every byte of it follows from
// names, sizes, CRCs and order (PKWARE APPNOTE 6.3.10). Members are stored (method
// 0), without data descriptors, dated 1980-01-01 00:00:00, mode 0644; no comments;
// an extra field only where ZIP64 needs one (4 GiB and more).
//
// The headers are written here rather than by archive/zip, because a verifier
// compares them byte for byte: they must stay the same for ever.

const (
	zipVersion   = 20
	zipVersion64 = 45
	zipUnix      = 3 << 8 // made by: Unix, so that the mode below counts
	zipDate      = 1<<5 | 1
	zipMode      = 0o100644 << 16
	zipExtra64   = 1
	zipLocalSize = 30 // fixed part of a local header
)

// entry is one member as the zip's headers see it.
type entry struct {
	name   string
	size   int64
	crc    uint32
	offset int64 // of its local header
}

type header []byte

func (h *header) u16(values ...int) {
	for _, v := range values {
		*h = binary.LittleEndian.AppendUint16(*h, uint16(v))
	}
}

func (h *header) u32(v int64) { *h = binary.LittleEndian.AppendUint32(*h, uint32(v)) }

// capped writes a number that ZIP64 states elsewhere when it is too large here.
func (h *header) capped(v int64) { h.u32(min(v, math.MaxUint32)) }

func (h *header) u64(v int64) { *h = binary.LittleEndian.AppendUint64(*h, uint64(v)) }

func big(v int64) bool { return v >= math.MaxUint32 }

// extra gives the ZIP64 extra field with the numbers that are too large.
func extra(values ...int64) header {
	var h header
	for _, v := range values {
		h.u64(v)
	}
	if len(h) == 0 {
		return nil
	}
	var field header
	field.u16(zipExtra64, len(h))
	return append(field, h...)
}

// version is the zip version needed to extract.
func version(large bool) int {
	if large {
		return zipVersion64
	}
	return zipVersion
}

// local gives the header before the member's content.
func (e entry) local() []byte {
	var x header
	if big(e.size) {
		x = extra(e.size, e.size)
	}
	var h header
	h.u32(0x04034b50)
	h.u16(version(big(e.size)), 0, 0, 0, zipDate)
	h.u32(int64(e.crc))
	h.capped(e.size)
	h.capped(e.size)
	h.u16(len(e.name), len(x))
	return append(append(h, e.name...), x...)
}

// central gives the member's line in the directory.
func (e entry) central() []byte {
	var large []int64
	if big(e.size) {
		large = append(large, e.size, e.size)
	}
	if big(e.offset) {
		large = append(large, e.offset)
	}
	x := extra(large...)
	var h header
	h.u32(0x02014b50)
	h.u16(zipUnix|version(len(large) > 0), version(len(large) > 0), 0, 0, 0, zipDate)
	h.u32(int64(e.crc))
	h.capped(e.size)
	h.capped(e.size)
	h.u16(len(e.name), len(x), 0, 0, 0)
	h.u32(zipMode)
	h.capped(e.offset)
	return append(append(h, e.name...), x...)
}

// directory gives all that follows the last member: the central directory, which
// begins at offset, and its end records.
func directory(entries []entry, offset int64) []byte {
	var h header
	for _, e := range entries {
		h = append(h, e.central()...)
	}
	size, count := int64(len(h)), len(entries)
	if big(offset) {
		h.u32(0x06064b50)
		h.u64(44) // the rest of this record
		h.u16(zipUnix|zipVersion64, zipVersion64)
		h.u32(0)
		h.u32(0)
		h.u64(int64(count))
		h.u64(int64(count))
		h.u64(size)
		h.u64(offset)
		h.u32(0x07064b50)
		h.u32(0)
		h.u64(offset + size)
		h.u32(1)
	}
	h.u32(0x06054b50)
	h.u16(0, 0, count, count)
	h.u32(size)
	h.capped(offset)
	h.u16(0)
	return h
}
