package artifact

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sutor/internal/artifact/s3test"
	"sutor/internal/errs"
	"sutor/internal/record"
)

var buckets atomic.Int64

func bucketOf(t *testing.T, s *s3test.Server) s3test.Bucket {
	t.Helper()
	return s.Bucket(t, fmt.Sprintf("files-%d", buckets.Add(1)))
}

// open opens a bucket as a server of its own does.
func open(t *testing.T, b s3test.Bucket, copies, max int64) *Bucket {
	t.Helper()
	return openAt(t, b.URL(""), copies, max)
}

func openAt(t *testing.T, url string, copies, max int64) *Bucket {
	t.Helper()
	p, err := ParsePlace(url)
	must(t, err)
	made, err := OpenBucket(t.Context(), p, filepath.Join(t.TempDir(), "cache"), copies, max)
	must(t, err)
	t.Cleanup(func() {
		if err := made.Close(); err != nil {
			t.Error(err)
		}
	})
	return made
}

// bucketSuite is what only a bucket does, or can meet. Its tests run one after the
// other, for the environment has their credentials.
func bucketSuite(t *testing.T, server *s3test.Server) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *s3test.Server)
	}{
		{"a large file takes little memory", littleMemory},
		{"room", bucketRoom},
		{"the copies keep to their room", copiesRoom},
		{"many readers, little room", littleRoom},
		{"copies in use stay, and nothing more is taken", copiesInUse},
		{"copies that nobody uses go", copiesGo},
		{"an announcement that a crash left", crashedRemoval},
		{"credentials", wrongCredentials},
		{"the least policy", leastPolicy},
		{"no bucket", noSuchBucket},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, server) })
	}
}

// content stores a letter so many times.
func content(t *testing.T, b *Bucket, letter string, size int) record.Digest {
	t.Helper()
	d, _, err := b.Put(t.Context(), strings.NewReader(strings.Repeat(letter, size)))
	must(t, err)
	return d
}

// copies lists the files of a cache.
func copies(t *testing.T, b *Bucket) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(b.cache.dir)
	must(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// littleMemory stores and reads far more than it may allocate meanwhile.
func littleMemory(t *testing.T, server *s3test.Server) {
	b := open(t, bucketOf(t, server), 0, 0)
	allocated := func(work func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		work()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	var d record.Digest
	stored := allocated(func() {
		var err error
		d, _, err = b.Put(t.Context(), io.LimitReader(zeros{}, 16*part))
		must(t, err)
	})
	read := allocated(func() { must(t, b.Verify(t.Context(), d)) })
	t.Logf("of %d MiB: %d KiB allocated to store them, %d to read them", 16*part>>20, stored>>10, read>>10)
	if stored > 10*part || read > part {
		t.Error("which is too much")
	}
}

func bucketRoom(t *testing.T, server *s3test.Server) {
	place := bucketOf(t, server)
	content(t, open(t, place, 0, 0), "a", 600)
	b := open(t, place, 0, 1400) // counts what is there
	d := content(t, b, "b", 400)
	content(t, b, "b", 400) // once more takes nothing more, once it is written
	content(t, b, "c", 400)
	refused := func(b *Bucket, r io.Reader) {
		t.Helper()
		if _, _, err := b.Put(t.Context(), r); errs.KindOf(err) != errs.Unavailable || !strings.Contains(errs.Public(err).Error(), "there is no room for this one") {
			t.Errorf("beyond the limit: %v", err)
		}
	}
	refused(b, strings.NewReader("d"))
	refused(b, unread{t, 1})
	if removed, err := b.Remove(t.Context(), d, -time.Hour); !removed || err != nil {
		t.Fatal(removed, err)
	}
	content(t, b, "d", 400)
	refused(b, strings.NewReader("e"))
}

func copiesRoom(t *testing.T, server *s3test.Server) {
	b := open(t, bucketOf(t, server), 1000, 0)
	for _, letter := range []string{"a", "b", "c", "d"} {
		content(t, b, letter, 400)
		if n := len(copies(t, b)); n > 2 {
			t.Errorf("%d copies", n)
		}
	}
	for _, letter := range []string{"a", "b", "c", "d"} {
		reads(t, b, record.DigestOf([]byte(strings.Repeat(letter, 400))), []byte(strings.Repeat(letter, 400)))
	}
	if n := len(copies(t, b)); n != 2 || b.cache.taken != 800 {
		t.Errorf("%d copies of %d bytes", n, b.cache.taken)
	}
}

// However many read while copies come and go, they read what is right or are told that
// there is no room, and the count of what is taken stays right.
func littleRoom(t *testing.T, server *s3test.Server) {
	const size = 100 << 10
	b := open(t, bucketOf(t, server), 3*size, 0)
	letters := []string{"a", "b", "c", "d", "e", "f"}
	for _, l := range letters {
		content(t, b, l, size)
	}
	var all sync.WaitGroup
	var right, refused atomic.Int64
	for n := range 60 {
		all.Go(func() {
			want := strings.Repeat(letters[n%len(letters)], size)
			path, release, err := b.Local(t.Context(), record.DigestOf([]byte(want)))
			if errs.KindOf(err) == errs.Unavailable && strings.Contains(errs.Public(err).Mend, "--max-cache") {
				refused.Add(1)
				return
			}
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				t.Errorf("read %d bytes, %v", len(got), err)
			}
			right.Add(1)
		})
	}
	all.Wait()
	t.Logf("%d read, %d refused", right.Load(), refused.Load())
	if n := int64(len(copies(t, b))); right.Load() == 0 || n > 3 || b.cache.taken != n*size {
		t.Errorf("%d copies, %d bytes", n, b.cache.taken)
	}
}

func copiesInUse(t *testing.T, server *s3test.Server) {
	b := open(t, bucketOf(t, server), 1000, 0)
	d := content(t, b, "a", 600)
	path, release, err := b.Local(t.Context(), d)
	must(t, err)
	_, _, err = b.Put(t.Context(), strings.NewReader(strings.Repeat("b", 600)))
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(errs.Public(err).Mend, "--max-cache") {
		t.Errorf("no room beside what is in use: %v", err)
	}
	b.cache.forget(d) // removed by another server
	if got, err := os.ReadFile(path); err != nil || len(got) != 600 {
		t.Errorf("a copy in use went: %d bytes, %v", len(got), err)
	}
	release()
	release() // a second time does nothing
	if got := copies(t, b); len(got) != 0 || b.cache.taken != 0 {
		t.Errorf("left %q, %d bytes", got, b.cache.taken)
	}
	content(t, b, "b", 600)
}

func copiesGo(t *testing.T, server *s3test.Server) {
	b := open(t, bucketOf(t, server), 0, 0)
	d, used := content(t, b, "a", 10), content(t, b, "b", 10)
	_, release, err := b.Local(t.Context(), used)
	must(t, err)
	b.cache.expire(time.Now())
	if got := copies(t, b); !slices.Equal(got, []string{used.Hex()}) {
		t.Errorf("left %q", got)
	}
	release()
	b.cache.expire(time.Now().Add(-time.Minute))
	if got := copies(t, b); len(got) != 1 || b.cache.timer == nil {
		t.Errorf("left %q", got)
	}
	reads(t, b, d, []byte(strings.Repeat("a", 10)))
}

// An artefact that is stored while somebody announces to remove it is looked after;
// what is announced is not what others store.
func crashedRemoval(t *testing.T, server *s3test.Server) {
	b := open(t, bucketOf(t, server), 0, 0)
	d := record.DigestOf([]byte("kept"))
	announcement := announced(d) + "OTHERSERVER"
	must(t, b.bucket.WriteAll(t.Context(), announcement, nil, nil))
	ctx, cancel := context.WithCancel(t.Context())
	stored := make(chan error, 1)
	go func() {
		_, _, err := b.Put(ctx, strings.NewReader("kept"))
		stored <- err
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for there := false; !there; { // stored, and waiting for the one who would remove it
		<-tick.C
		var err error
		there, err = b.bucket.Exists(t.Context(), key(d))
		must(t, err)
	}
	select {
	case err := <-stored:
		t.Fatalf("did not wait: %v", err)
	case <-tick.C:
	}
	must(t, b.bucket.Delete(t.Context(), key(d)))
	must(t, b.bucket.Delete(t.Context(), announcement))
	must(t, <-stored)
	must(t, b.Verify(t.Context(), d))
	cancel()
}

// secretless wants nothing of the credentials in an error, for whomever it is.
func secretless(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{s3test.OwnerKey, s3test.OwnerSecret, s3test.UserKey, s3test.UserSecret, "wrong-secret"} {
		if strings.Contains(errs.Detail(err), secret) || strings.Contains(fmt.Sprint(errs.Public(err)), secret) {
			t.Errorf("the error tells %q: %s", secret, errs.Detail(err))
		}
	}
}

func wrongCredentials(t *testing.T, server *s3test.Server) {
	place, err := ParsePlace(bucketOf(t, server).URL(""))
	must(t, err)
	for name, c := range map[string]struct{ key, secret, says string }{
		"another secret": {s3test.OwnerKey, "wrong-secret", "may not have its bucket"},
		"unknown key":    {"NOBODYSKEY", "wrong-secret", "may not have its bucket"},
		"no rights":      {s3test.UserKey, s3test.UserSecret, "may not have its bucket"},
		"none":           {"", "", "There are no credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", c.key)
			t.Setenv("AWS_SECRET_ACCESS_KEY", c.secret)
			_, err := OpenBucket(t.Context(), place, filepath.Join(t.TempDir(), "cache"), 0, 0)
			if errs.KindOf(err) != errs.Unavailable || !strings.Contains(errs.Public(err).Message, c.says) || errs.Public(err).Mend == "" {
				t.Errorf("got %v", err)
			}
			secretless(t, err)
		})
	}
}

// leastPolicy does everything with what docs/operations.md asks for, and less is not
// enough.
func leastPolicy(t *testing.T, server *s3test.Server) {
	place := bucketOf(t, server)
	docs, err := os.ReadFile("../../docs/operations.md")
	must(t, err)
	_, rest, found := strings.Cut(string(docs), "```json\n")
	text, _, ends := strings.Cut(rest, "```")
	if !found || !ends {
		t.Fatal("docs/operations.md shows no policy")
	}
	text = strings.NewReplacer("BUCKET", place.Name, "PREFIX", "sutor", `"Effect": "Allow",`, `"Effect": "Allow", "Principal": {"AWS": ["`+s3test.UserKey+`"]},`).Replace(text)
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.UserKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s3test.UserSecret)
	where, err := ParsePlace(place.URL(""))
	must(t, err)
	for right, says := range map[string]string{"s3:PutObject": "written", "s3:GetObject": "read", "s3:ListBucket": "", "s3:DeleteObject": "emptied"} {
		other := "s3:GetObjectTagging"
		if right == "s3:ListBucket" {
			other = "s3:GetBucketTagging"
		}
		place.Allow(t, strings.Replace(text, right, other, 1))
		_, err := OpenBucket(t.Context(), where, filepath.Join(t.TempDir(), "cache"), 0, 0)
		if errs.KindOf(err) != errs.Unavailable || !strings.Contains(errs.Public(err).Message, says) {
			t.Errorf("without %s: %v", right, err)
		}
		secretless(t, err)
	}
	place.Allow(t, text)
	b := open(t, place, 0, 1<<30)
	d, _, err := b.Put(t.Context(), io.LimitReader(zeros{}, 2*part+1))
	must(t, err)
	must(t, b.Verify(t.Context(), d))
	if removed, err := b.Remove(t.Context(), d, -time.Hour); !removed || err != nil {
		t.Error(removed, err)
	}
	if _, err := b.Open(t.Context(), d); errs.KindOf(err) != errs.NotFound {
		t.Errorf("after it was removed: %v", err)
	}
}

func noSuchBucket(t *testing.T, server *s3test.Server) {
	place := bucketOf(t, server)
	b := open(t, place, 0, 0)
	d := content(t, b, "a", 10)
	must(t, os.RemoveAll(place.Dir))
	for name, err := range map[string]error{
		"Check":  b.Check(t.Context()),
		"Verify": b.Verify(t.Context(), d), // not: purged
		"Put":    second(b.Put(t.Context(), strings.NewReader("x"))),
	} {
		if errs.KindOf(err) != errs.Unavailable || !strings.Contains(errs.Public(err).Message, "is not there") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[A, B any](_ A, _ B, err error) error { return err }

// The server goes away in the middle of an upload and of a download, and is silent; when
// it is back, all is as before.
func TestBucketServerAway(t *testing.T) {
	for _, v := range s3test.Environment() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	server := s3test.Start(t)
	place := bucketOf(t, server)
	b, other := open(t, place, 0, 0), open(t, place, 0, 0)
	d := content(t, b, "a", 3*part)
	said := func(what string, err error) {
		t.Helper()
		if errs.KindOf(err) != errs.Unavailable || errs.Public(err).Mend == "" {
			t.Errorf("%s: %v", what, err)
		}
		secretless(t, err)
		if strings.Contains(errs.Public(err).Error(), place.Name) {
			t.Errorf("%s tells the bucket's name: %v", what, errs.Public(err))
		}
	}

	// A line that is cut in the middle.
	line := cutLine(t, strings.TrimPrefix(server.URL, "http://"))
	through := openAt(t, place.URL("http://"+line.address), 0, 0)
	line.after(part)
	_, _, err := through.Local(t.Context(), d)
	said("a download that is cut", err)
	_, _, err = through.Put(t.Context(), io.LimitReader(zeros{}, 5*part))
	said("an upload that is cut", err)
	if _, err := b.Open(t.Context(), record.DigestOf(make([]byte, 5*part))); errs.KindOf(err) != errs.NotFound {
		t.Errorf("half an upload is there: %v", err)
	}
	if got := copies(t, through); len(got) != 0 || through.cache.taken != 0 {
		t.Errorf("left of the copies: %q, %d bytes", got, through.cache.taken)
	}
	line.after(-1)
	reads(t, through, d, []byte(strings.Repeat("a", 3*part)))

	// A server that ended.
	server.Stop()
	_, _, err = other.Local(t.Context(), d)
	said("a download without server", err)
	_, _, err = b.Put(t.Context(), strings.NewReader("lost"))
	said("an upload without server", err)
	_, err = b.Has(t.Context(), d)
	said("a look without server", err)
	said("a check without server", b.Check(t.Context()))
	must(t, server.Begin())
	reads(t, other, d, []byte(strings.Repeat("a", 3*part)))
	content(t, b, "b", 10)

	// A server that is silent: whoever waits may go.
	resume := line.pause()
	defer resume()
	for _, wait := range []func(context.Context) error{
		func(ctx context.Context) error { return second(through.Put(ctx, strings.NewReader("late"))) },
		func(ctx context.Context) error { return second(through.Local(ctx, d)) },
		func(ctx context.Context) error { return through.Verify(ctx, d) },
		func(ctx context.Context) error { _, err := through.Has(ctx, d); return err },
		through.Check,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := wait(ctx); ctx.Err() == nil || err == nil || errs.As(err) != nil && errs.KindOf(err) != errs.Unavailable {
			t.Errorf("waited for a silent server: %v", err)
		}
		cancel()
	}
}

// cutting is a line to a server that breaks off after so many bytes, or holds them back.
type cutting struct {
	address string
	left    atomic.Int64 // -1 for a line that holds
	silent  sync.RWMutex // held for writing while nothing passes
}

// pause lets nothing pass until it is resumed.
func (c *cutting) pause() (resume func()) {
	c.silent.Lock()
	return c.silent.Unlock
}

func (c *cutting) after(n int64) { c.left.Store(n) }

func cutLine(t *testing.T, server string) *cutting {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	c := &cutting{address: l.Addr().String()}
	c.after(-1)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", server)
			if err != nil {
				_ = in.Close()
				continue
			}
			go c.carry(in, out)
			go c.carry(out, in)
		}
	}()
	return c
}

// carry takes bytes from one end to the other, until either is gone or the line is cut.
func (c *cutting) carry(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		for left := c.left.Load(); left >= 0; left = c.left.Load() {
			if left < int64(n) {
				return
			}
			if c.left.CompareAndSwap(left, left-int64(n)) {
				break
			}
		}
		c.silent.RLock()
		_, werr := to.Write(buf[:n])
		c.silent.RUnlock()
		if err != nil || werr != nil {
			return
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Place{
		"":                     {},
		"/srv/files":           {Dir: "/srv/files"},
		"file:///srv/my%20dir": {Dir: "/srv/my dir"},
		"s3://files":           {Bucket: "files"},
		"s3://files/":          {Bucket: "files"},
		"s3://files/of/sutor/?region=eu-central-1":                {Bucket: "files", Prefix: "of/sutor/", Region: "eu-central-1"},
		"s3://files?endpoint=https://s3.example.test":             {Bucket: "files", Endpoint: "https://s3.example.test", PathStyle: true},
		"s3://files?endpoint=http://10.0.0.1:9000&path_style=0":   {Bucket: "files", Endpoint: "http://10.0.0.1:9000"},
		"s3://files?sse=aws:kms&kms_key=alias/files&region=eu-w1": {Bucket: "files", SSE: "aws:kms", KMSKey: "alias/files", Region: "eu-w1"},
	} {
		if got, err := ParsePlace(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"file://", "file://host/folder", "file:///%zz", "http://files", "s3://", "s3://a:b@files", "s3://files?access_key=a", "s3://files?secret_key=hush", "s3://files?regoin=x",
		"s3://files?region=a&region=b", "s3://files?endpoint=s3.example.test", "s3://files?endpoint=https://u:hush@s3.example.test", "s3://files?path_style=maybe",
		"s3://files?sse=rot13", "s3://files?kms_key=x", "s3://files?%zz", "s3://files:80", "s3://%zz:hush@files", "s3://files#x", "gs://files"} {
		_, err := ParsePlace(text)
		if errs.KindOf(err) != errs.Usage || errs.Public(err).Mend == "" || strings.Contains(errs.Detail(err), "hush") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
