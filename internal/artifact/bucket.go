package artifact

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"sutor/internal/errs"
	"sutor/internal/record"
)

const (
	// An upload holds uploads × part bytes of memory. S3 takes 10,000 parts of an
	// object: 156 GiB.
	part    = 16 << 20
	uploads = 2
	// tries is how often an artefact that breaks off on its way here is gone on with.
	tries = 3
	// checkTime bounds the look whether a bucket can be used, hasTime that whether an
	// artefact is there, for which people wait.
	checkTime = 30 * time.Second
	hasTime   = 5 * time.Second
)

// Bucket keeps artefacts in a bucket of S3, or of a server that speaks its protocol.
// It is safe for use by many goroutines, and the bucket by many servers at once.
type Bucket struct {
	bucket *blob.Bucket
	conns  *connections
	cache  *cache
	room   *room
	sized  sized
}

// OpenBucket opens the bucket of a place, and makes sure that it can be written, read
// and listed. dir is a folder for copies, this process's own, which is emptied now;
// they take copies bytes at most. The bucket may hold max bytes of artefacts. 0 is no
// limit.
func OpenBucket(ctx context.Context, p Place, dir string, copies, max int64) (_ *Bucket, err error) {
	b := &Bucket{conns: newConnections()}
	if b.cache, err = newCache(dir, copies); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if b.bucket, err = dial(ctx, p, b.conns); err != nil {
		return nil, err
	}
	if p.Prefix != "" {
		b.bucket = blob.PrefixedBucket(b.bucket, p.Prefix)
	}
	if err := b.Check(ctx); err != nil {
		return nil, err
	}
	b.room, err = newRoom(func(map[string]int64) (int64, error) { return b.sum(context.WithoutCancel(ctx)) }, max)
	return b, err
}

// Close ends what is under way, and removes the copies.
func (b *Bucket) Close() error {
	b.conns.close()
	var err error
	if b.bucket != nil {
		err = b.bucket.Close()
	}
	return errors.Join(err, b.cache.close())
}

// Put stores what r gives and returns its digest and size in bytes; see Folder.Put.
// It comes into the cache first, for its name is known at its end only, and goes from
// there into the bucket: there it is whole, or not there.
func (b *Bucket) Put(ctx context.Context, r io.Reader) (_ record.Digest, _ int64, err error) {
	defer errs.Wrap(&err, "artifact.Put")
	s, err := b.cache.spool()
	if err != nil {
		return "", 0, err
	}
	tmp := s.Name()
	defer s.discard()
	defer b.room.give(tmp)
	digester := record.NewDigester()
	err = b.room.take(tmp, max(length(r), 0))
	if err == nil {
		err = fill(ctx, spacious{s, tmp, b.room, digester}, digester, r)
	}
	if err != nil {
		return "", 0, err
	}
	d, size := digester.Digest(), digester.Bytes()
	before, err := b.before(ctx, d)
	if err != nil {
		return "", 0, err
	}
	if err := b.upload(ctx, d, s.File); err != nil {
		return "", 0, err
	}
	if err := b.room.keep(tmp, func() (int64, error) { return size - before, nil }); err != nil {
		return "", 0, err
	}
	if err := s.Close(); err != nil {
		return "", 0, diskError(err)
	}
	return d, size, b.cache.adopt(s, d)
}

// before is how many bytes an artefact takes already, where they are counted.
func (b *Bucket) before(ctx context.Context, d record.Digest) (int64, error) {
	if b.room == nil {
		return 0, nil
	}
	at, err := b.bucket.Attributes(ctx, key(d))
	if gcerrors.Code(err) == gcerrors.NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, bucketError(ctx, "read", err)
	}
	return at.Size, nil
}

// upload writes an object of the bucket, also where it is there already: its time is
// new then, and if it was damaged, it is whole again. Then it makes sure that nobody
// was about to remove it.
func (b *Bucket) upload(ctx context.Context, d record.Digest, file *os.File) error {
	for {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return diskError(err)
		}
		err := b.bucket.Upload(ctx, key(d), file, &blob.WriterOptions{ContentType: "application/octet-stream", BufferSize: part, MaxConcurrency: uploads})
		if err != nil {
			return bucketError(ctx, "written", err)
		}
		stays, err := b.outlived(ctx, d)
		if err != nil || stays {
			return err
		}
	}
}

// Has tells whether an artefact is there, which only the bucket knows.
func (b *Bucket) Has(asked context.Context, d record.Digest) (_ bool, err error) {
	defer errs.Wrap(&err, "artifact.Has")
	ctx, cancel := context.WithTimeout(asked, hasTime)
	defer cancel()
	_, err = b.stat(ctx, d)
	if errs.KindOf(err) == errs.NotFound {
		return false, nil
	}
	return err == nil, bucketError(asked, "read", err)
}

// Open reads an artefact, which was held against its digest before; errs.NotFound if
// it was purged or never stored.
func (b *Bucket) Open(ctx context.Context, d record.Digest) (io.ReadCloser, error) {
	path, release, err := b.Local(ctx, d)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		release()
		return nil, diskError(err)
	}
	return &released{f, release}, nil
}

// released gives a copy back when it is closed.
type released struct {
	*os.File
	release func()
}

func (r *released) Close() error {
	defer r.release()
	return r.File.Close()
}

// Local gives the path of a copy of an artefact, which stays until it is released.
// The bucket is always asked whether the artefact is still there.
func (b *Bucket) Local(ctx context.Context, d record.Digest) (path string, release func(), err error) {
	defer errs.Wrap(&err, "artifact.Local")
	size, err := b.stat(ctx, d)
	if err != nil {
		return "", nil, err
	}
	l, err := b.cache.get(ctx, d, func(w io.Writer) error { return b.fetch(ctx, d, size, w) })
	if err != nil {
		return "", nil, err
	}
	release = sync.OnceFunc(func() { b.cache.release(d, l) })
	if l.size != size { // the copy is right, for it was held against its name
		release()
		return "", nil, cut(d, size)
	}
	return b.cache.path(d), release, nil
}

// stat gives an artefact's size; errs.NotFound if it is not there.
func (b *Bucket) stat(ctx context.Context, d record.Digest) (int64, error) {
	if !d.Valid() {
		return 0, missing(d)
	}
	at, err := b.bucket.Attributes(ctx, key(d))
	if gone(err) {
		if _, err := b.removers(ctx, d); err != nil { // is there a bucket?
			return 0, err
		}
		b.cache.forget(d)
		return 0, missing(d)
	}
	if err != nil {
		return 0, bucketError(ctx, "read", err)
	}
	return at.Size, nil
}

// fetch writes an artefact to w, and makes sure that it is what it is called.
func (b *Bucket) fetch(ctx context.Context, d record.Digest, size int64, w io.Writer) error {
	got := record.NewDigester()
	for n := 1; ; n++ {
		err := b.read(ctx, d, got, w)
		switch {
		case err == nil && got.Digest() == d:
			return nil
		case err == nil && got.Bytes() != size:
			return cut(d, got.Bytes())
		case err == nil:
			return damaged(d, "what is stored has the digest "+string(got.Digest()))
		case n == tries || ctx.Err() != nil || errs.As(err) != nil:
			return bucketError(ctx, "read", err)
		}
	}
}

// read goes on reading an artefact after what got has seen of it. A fault of the
// bucket is no errs.Error yet.
func (b *Bucket) read(ctx context.Context, d record.Digest, got *record.Digester, w io.Writer) error {
	r, err := b.bucket.NewRangeReader(ctx, key(d), got.Bytes(), -1, nil)
	if gone(err) {
		return missing(d)
	}
	if err != nil {
		return err
	}
	err = fill(ctx, w, got, r)
	if e := r.Close(); err == nil {
		err = e
	}
	return err
}

// Verify reads an artefact whole from the bucket and compares it with its digest.
func (b *Bucket) Verify(ctx context.Context, d record.Digest) (err error) {
	defer errs.Wrap(&err, "artifact.Verify")
	size, err := b.stat(ctx, d)
	if err != nil {
		return err
	}
	return b.fetch(ctx, d, size, io.Discard)
}

// Check writes, reads, lists and removes a small object, and tells the first of it that
// the bucket refuses.
func (b *Bucket) Check(asked context.Context) (err error) {
	ctx, cancel := context.WithTimeout(asked, checkTime)
	defer cancel()
	name, text := "check/"+rand.Text(), "Sutor looks whether the bucket can be used.\n"
	if err := b.bucket.WriteAll(ctx, name, []byte(text), &blob.WriterOptions{ContentType: "text/plain"}); err != nil {
		return bucketError(asked, "written", err)
	}
	defer func() {
		if e := b.drop(ctx, name); err == nil {
			err = bucketError(asked, "emptied of what is old", e)
		}
	}()
	got, err := b.bucket.ReadAll(ctx, name)
	if err == nil && string(got) != text {
		err = errors.New("what is read is not what was written")
	}
	if err != nil {
		return bucketError(asked, "read", err)
	}
	o, err := b.bucket.List(&blob.ListOptions{Prefix: name}).Next(ctx)
	if err == nil && o.Key != name {
		err = errors.New("what was written is not listed")
	}
	if err == nil { // where listing is allowed in part, a missing object looks like a forbidden one
		if _, err = b.bucket.Attributes(ctx, name+"-none"); gone(err) {
			err = nil
		}
	}
	return bucketError(asked, "listed", err)
}

// drop removes an object; one that is not there is removed.
func (b *Bucket) drop(ctx context.Context, name string) error {
	if err := b.bucket.Delete(ctx, name); err != nil && !gone(err) {
		return err
	}
	return nil
}

// Size gives how many bytes of artefacts the bucket has, as counted within the last
// minutes.
func (b *Bucket) Size(ctx context.Context) (int64, error) {
	return b.sized.within(counts, func() (int64, error) { return b.sum(ctx) })
}

// sum gives the bytes of all artefacts.
func (b *Bucket) sum(ctx context.Context) (kept int64, err error) {
	all := b.bucket.List(&blob.ListOptions{Prefix: artefacts})
	for {
		o, err := all.Next(ctx)
		if err == io.EOF {
			return kept, nil
		}
		if err != nil {
			return 0, bucketError(ctx, "listed", err)
		}
		kept += o.Size
	}
}

const artefacts = "sha256/"

// key is the name of an object, which is that of the file in a folder: who moves from
// one to the other copies them.
func key(d record.Digest) string {
	hex := d.Hex()
	return artefacts + hex[:2] + "/" + hex[2:]
}

// gone tells whether an object is not there. An answer without a body does not tell
// whether that is so because its bucket is not.
func gone(err error) bool {
	var api smithy.APIError
	return gcerrors.Code(err) == gcerrors.NotFound && !(errors.As(err, &api) && api.ErrorCode() == "NoSuchBucket")
}

// cut tells of an artefact of the wrong size.
func cut(d record.Digest, size int64) error {
	return damaged(d, fmt.Sprintf("what is stored has %d bytes, which is not what it had", size))
}
