package evidence_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"sutor/internal/evidence"
	"sutor/internal/record"
)

// zeros is an artefact of n bytes that is never in memory.
type zeros struct{ io.Reader }

func (zeros) Close() error { return nil }

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Large members are streamed: B/op stays a few megabytes whatever the size.
func BenchmarkPackOf256MiB(b *testing.B) {
	const size = 256 << 20
	rows := record.NewDigester()
	if _, err := io.Copy(rows, io.LimitReader(zeroReader{}, size)); err != nil {
		b.Fatal(err)
	}
	w := newWorld(b)
	steps := w.story("c-1")
	stood := steps[at(steps, "plan")].Digests
	plan := w.keep(fmt.Sprintf(`{"version":1,"file":%q,"rows":%q,"findings":%q}`, stood["file"], rows.Digest(), stood["findings"]))
	stood["rows"] = rows.Digest()
	for _, s := range steps {
		if s.Digests["plan"] != "" {
			s.Digests["plan"] = plan
		}
	}
	w.tell(steps)
	in := w.gather("c-1")
	open := func(a evidence.Artefact) (io.ReadCloser, error) {
		if a.Digest == rows.Digest() {
			return zeros{io.LimitReader(zeroReader{}, size)}, nil
		}
		return w.open(a)
	}
	f, err := os.Create(filepath.Join(b.TempDir(), "pack.zip"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	b.ReportAllocs()
	b.SetBytes(size)
	for b.Loop() {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		if err := evidence.Export(f, in, open); err != nil {
			b.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := evidence.Verify(f, info.Size(), testVerifier); err != nil {
			b.Fatal(err)
		}
	}
}

// Fsck over 100,000 leaves.
func BenchmarkFsck(b *testing.B) {
	w := newWorld(b)
	w.update(func(s evidence.Store) error {
		for i := range 100_000 {
			e := evidence.Entry{Kind: evidence.ChangeProposed, Change: evidence.ChangeID(fmt.Sprintf("c-%d", i/2)), To: "planning", At: w.clock,
				Body: evidence.Body{Who: "maria@example.test"}}
			if i%2 == 1 {
				e.Kind, e.To = evidence.Refused, ""
			}
			if _, err := w.log.Append(s, e); err != nil {
				return err
			}
		}
		return nil
	})
	b.ReportAllocs()
	for b.Loop() {
		w.update(func(s evidence.Store) error {
			report, err := evidence.Fsck(s, nil)
			if err == nil && !report.OK() {
				b.Fatal(report.Text())
			}
			return err
		})
	}
}
