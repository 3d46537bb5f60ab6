package record

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"strings"
)

// Digest names content by its SHA-256, as "sha256:" and 64 hex digits.
type Digest string

const digestPrefix = "sha256:"

// DigestOf gives the digest of b.
func DigestOf(b []byte) Digest {
	sum := sha256.Sum256(b)
	return digestFrom(sum[:])
}

func digestFrom(sum []byte) Digest { return Digest(digestPrefix + hex.EncodeToString(sum)) }

// Hex gives the 64 hex digits.
func (d Digest) Hex() string { return strings.TrimPrefix(string(d), digestPrefix) }

// Valid tells whether d has the form of a digest.
func (d Digest) Valid() bool {
	if !strings.HasPrefix(string(d), digestPrefix) || len(d) != len(digestPrefix)+64 {
		return false
	}
	b, err := hex.DecodeString(d.Hex())
	return err == nil && digestFrom(b) == d
}

// Digester computes a digest of what is written to it, and counts the bytes.
type Digester struct {
	h     hash.Hash
	bytes int64
}

// NewDigester makes an empty Digester.
func NewDigester() *Digester { return &Digester{h: sha256.New()} }

// Write never fails.
func (d *Digester) Write(p []byte) (int, error) {
	d.bytes += int64(len(p))
	return d.h.Write(p)
}

// Digest gives the digest of what was written so far.
func (d *Digester) Digest() Digest { return digestFrom(d.h.Sum(nil)) }

// Bytes is the number of bytes written so far.
func (d *Digester) Bytes() int64 { return d.bytes }

var _ io.Writer = (*Digester)(nil)
