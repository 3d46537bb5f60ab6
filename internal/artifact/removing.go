package artifact

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"time"

	"gocloud.dev/blob"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// An object cannot be put aside, looked at and put back, as a file can. So whoever
// removes one announces it first, by an object removing/DIGEST/RANDOM, then looks
// how old the artefact is, and removes the announcement last. Whoever stores it
// looks for announcements after that. A bucket shows at once what was written before:
// either the one who removes sees the new time, or the one who stores sees the
// announcement, waits until it is gone, and stores it again where it was removed.
const (
	announcements = "removing/"
	// removeTime bounds a removal from its announcement on; an announcement that stands
	// for twice as long was left by a crash.
	removeTime = 20 * time.Second
	lookEvery  = 100 * time.Millisecond
)

func announced(d record.Digest) string { return announcements + d.Hex() + "/" }

// Remove removes an artefact, and tells whether it did: not where there is none, or
// where it was stored within the time idle, once more too, by the clock of the bucket.
// That counts from the beginning of the upload.
func (b *Bucket) Remove(ctx context.Context, d record.Digest, idle time.Duration) (removed bool, err error) {
	defer errs.Wrap(&err, "artifact.Remove")
	if _, err := b.stat(ctx, d); err != nil {
		if errs.KindOf(err) == errs.NotFound && d.Valid() {
			return false, nil
		}
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, removeTime)
	defer cancel()
	notice := announced(d) + rand.Text()
	if err := b.bucket.WriteAll(ctx, notice, nil, &blob.WriterOptions{ContentType: "text/plain"}); err != nil {
		return false, bucketError(ctx, "written", err)
	}
	defer func() {
		patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTime)
		defer cancel()
		err = errors.Join(err, bucketError(patient, "emptied of what is old", b.drop(patient, notice)))
	}()
	return b.removeAnnounced(ctx, d, notice, idle)
}

func (b *Bucket) removeAnnounced(ctx context.Context, d record.Digest, notice string, idle time.Duration) (bool, error) {
	now, err := b.bucket.Attributes(ctx, notice)
	if err != nil {
		return false, bucketError(ctx, "read", err)
	}
	at, err := b.bucket.Attributes(ctx, key(d))
	if gone(err) {
		return false, nil // another server was first
	}
	if err != nil {
		return false, bucketError(ctx, "read", err)
	}
	if !at.ModTime.Before(now.ModTime.Add(-idle)) {
		return false, nil
	}
	if err := b.drop(ctx, key(d)); err != nil {
		return false, bucketError(ctx, "emptied of what is old", err)
	}
	b.cache.forget(d)
	return true, b.room.keep("", func() (int64, error) { return -at.Size, nil })
}

// outlived tells whether an artefact that was stored just now stays, after those
// have come to their end who were about to remove it.
func (b *Bucket) outlived(ctx context.Context, d record.Digest) (bool, error) {
	about, err := b.removers(ctx, d)
	if err != nil || len(about) == 0 {
		return err == nil, err
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	crashed := time.After(2 * removeTime)
	for waiting := true; waiting && len(about) > 0; {
		select {
		case <-look.C:
			now, err := b.removers(ctx, d)
			if err != nil {
				return false, err
			}
			for name := range about {
				if !now[name] { // those who came later have seen the new time
					delete(about, name)
				}
			}
		case <-crashed:
			waiting = false
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	for name := range about {
		if err := b.drop(ctx, name); err != nil {
			return false, bucketError(ctx, "emptied of what is old", err)
		}
	}
	_, err = b.stat(ctx, d)
	if errs.KindOf(err) == errs.NotFound {
		return false, nil
	}
	return err == nil, err
}

// removers gives the announcements of an artefact.
func (b *Bucket) removers(ctx context.Context, d record.Digest) (map[string]bool, error) {
	found := map[string]bool{}
	all := b.bucket.List(&blob.ListOptions{Prefix: announced(d)})
	for {
		o, err := all.Next(ctx)
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return nil, bucketError(ctx, "listed", err)
		}
		found[o.Key] = true
	}
}
