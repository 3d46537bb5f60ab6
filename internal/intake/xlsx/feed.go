package xlsx

import (
	"context"
	"errors"
	"io"
)

const (
	blockSize = 256 << 10
	headroom  = 32 << 10 // what a token cut by the end of a block may need without a new buffer
	blocks    = 4
)

var errBomb = errors.New("xlsx: unpacks to more than allowed")

// block is bytes of a part: buf[headroom:headroom+n]. err is why none follow.
type block struct {
	buf []byte
	n   int
	err error
}

// feed unpacks a part on a goroutine of its own, a few blocks ahead of whoever
// parses them.
type feed struct {
	full chan block
	free chan []byte
	stop chan struct{}
	done chan struct{}
	sent int64 // bytes unpacked; to be read after done
}

func newFeed(ctx context.Context, in io.ReadCloser, limit int64, size int) *feed {
	f := &feed{full: make(chan block, blocks), free: make(chan []byte, blocks), stop: make(chan struct{}), done: make(chan struct{})}
	go f.run(ctx, in, limit, size)
	return f
}

func (f *feed) run(ctx context.Context, in io.ReadCloser, limit int64, size int) {
	defer close(f.done)
	defer close(f.full)
	for made := 0; ; {
		var buf []byte
		if made < blocks {
			buf = make([]byte, headroom+size)
			made++
		} else {
			select {
			case buf = <-f.free:
			case <-f.stop:
				in.Close()
				return
			}
		}
		b := block{buf: buf, err: ctx.Err()}
		if b.err == nil {
			b.n, b.err = io.ReadFull(in, buf[headroom:])
		}
		if b.err == io.ErrUnexpectedEOF && b.n < size {
			b.err = f.ending(in)
		}
		f.sent += int64(b.n)
		if f.sent > limit {
			b.err = errBomb
		}
		if b.err == io.EOF {
			if err := in.Close(); err != nil {
				b.err = err
			}
		} else if b.err != nil {
			in.Close()
		}
		select {
		case f.full <- b:
		case <-f.stop:
			return
		}
		if b.err != nil {
			return
		}
	}
}

// ending tells an end that io.ReadFull met in the middle of a block, which is
// how most parts end, from bytes that are missing: the reader says it again.
func (f *feed) ending(in io.Reader) error {
	var one [1]byte
	if _, err := in.Read(one[:]); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

// close ends the goroutine, and waits for it.
func (f *feed) close() {
	close(f.stop)
	<-f.done
}

// window is the bytes of a part that are not used up: buf[pos:end].
type window struct {
	feed  *feed
	buf   []byte
	own   []byte // the block's buffer that goes back to the feed
	pos   int
	end   int
	start int64 // where buf[0] stands in the part
	err   error // why nothing follows end; nil while more may
}

// more appends the next block; it reports whether there was one.
func (w *window) more() bool {
	if w.err != nil {
		return false
	}
	b, ok := <-w.feed.full
	if !ok {
		w.err = io.ErrUnexpectedEOF
		return false
	}
	rest := w.buf[w.pos:w.end]
	at := w.start + int64(w.pos)
	if len(rest) <= headroom {
		copy(b.buf[headroom-len(rest):], rest)
		w.release(b.buf)
		w.buf, w.pos, w.end = b.buf, headroom-len(rest), headroom+b.n
	} else {
		if w.end+b.n > len(w.buf) || w.own != nil {
			w.buf = append(make([]byte, 0, 2*len(rest)+b.n), rest...)
			w.buf, w.pos, w.end = w.buf[:cap(w.buf)], 0, len(rest)
			w.release(nil)
		}
		w.end += copy(w.buf[w.end:], b.buf[headroom:headroom+b.n])
		w.feed.free <- b.buf
	}
	w.start = at - int64(w.pos)
	w.err = b.err
	return true
}

// release gives the block's buffer that the window used back to the feed, and
// notes the one that it uses now.
func (w *window) release(now []byte) {
	if w.own != nil {
		w.feed.free <- w.own
	}
	w.own = now
}
