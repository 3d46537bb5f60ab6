package archive

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/errs"
)

// zipped makes an archive of names and texts, in order.
func zipped(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		f, err := w.Create(members[i])
		if err == nil {
			_, err = io.WriteString(f, members[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, text io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.Copy(w, text)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func content(t *testing.T, f *os.File, size int64) string {
	t.Helper()
	defer f.Close() // only read from
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); int64(n) != size || err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(n, err)
	}
	return string(b)
}

func TestZip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := zipped(t, "folder/", "", "../../escape.csv", "a\n1\n", "/etc/passwd", "b", "__MACOSX/._x.csv", "junk", "folder/.DS_Store", "junk", "C:\\x.csv", "c", "caf\xe9.csv", "d")
	z, err := OpenZip(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"../../escape.csv", "/etc/passwd", "C:\\x.csv", "café.csv"}, z.Names); d != "" {
		t.Error(d)
	}
	for i, want := range []string{"a\n1\n", "b", "c", "d"} {
		f, size, err := z.Unpack(context.Background(), i, Limits{Temp: dir})
		if err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("the folder holds %v, %v", left, err)
		}
		if got := content(t, f, size); got != want {
			t.Errorf("%s: %q", z.Names[i], got)
		}
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		member string
		want   bool
	}{{"[Content_Types].xml", true}, {"xl/workbook.xml", true}, {"mimetype", true}, {"terms.csv", false}} {
		file := zipped(t, tt.member, "x")
		if z, err := OpenZip(bytes.NewReader(file), int64(len(file))); err != nil || z.Document() != tt.want {
			t.Errorf("%s: %v", tt.member, err)
		}
	}
}

func TestGunzip(t *testing.T) {
	t.Parallel()
	file := append(gzipped(t, strings.NewReader("a\n")), gzipped(t, strings.NewReader("1\n"))...)
	f, size, err := Gunzip(context.Background(), bytes.NewReader(file), int64(len(file)), Limits{Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, f, size); got != "a\n1\n" {
		t.Errorf("%q", got)
	}
}

// zeros is a reader of n NUL bytes.
func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestRefuses(t *testing.T) {
	t.Parallel()
	bomb := gzipped(t, zeros(80<<20))
	var zipBomb bytes.Buffer
	w := zip.NewWriter(&zipBomb)
	f, err := w.Create("bomb.csv")
	if err == nil {
		_, err = io.Copy(f, zeros(80<<20))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	var many bytes.Buffer
	w = zip.NewWriter(&many)
	for i := range maxEntries + 1 {
		if _, err := w.Create(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	locked := zipped(t, "a.csv", "x")
	locked[bytes.Index(locked, []byte("PK\x01\x02"))+8] |= 1 // the directory's flag of a password
	whole := gzipped(t, strings.NewReader(strings.Repeat("some text, some more\n", 1000)))
	for _, tt := range []struct {
		name string
		file []byte
		max  int64
		say  string
	}{
		{"gzip bomb", bomb, 0, "more than 250 times"},
		{"gzip too large", whole, 100, "larger than 100 bytes"},
		{"gzip cut off", whole[:len(whole)/2], 0, "damaged or cut off"},
		{"gzip with a wrong checksum", append(bytes.Clone(whole[:len(whole)-8]), 1, 2, 3, 4, 5, 6, 7, 8), 0, "damaged or cut off"},
		{"zip bomb", zipBomb.Bytes(), 0, "more than 250 times"},
		{"zip cut off", zipBomb.Bytes()[:zipBomb.Len()/2], 0, "damaged or cut off"},
		{"many entries", many.Bytes(), 0, "10001 entries"},
		{"password", locked, 0, "password"},
	} {
		err := takeOut(tt.file, Limits{MaxBytes: tt.max, Temp: t.TempDir()})
		e := errs.As(err)
		if e == nil || e.Kind != errs.Invalid || e.Mend == "" || !strings.Contains(e.Message, tt.say) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// takeOut takes the first file out of whatever it is.
func takeOut(file []byte, l Limits) error {
	in, size := bytes.NewReader(file), int64(len(file))
	if bytes.HasPrefix(file, []byte("\x1f\x8b")) {
		f, _, err := Gunzip(context.Background(), in, size, l)
		if err != nil {
			return err
		}
		return f.Close()
	}
	z, err := OpenZip(in, size)
	if err != nil || len(z.Names) == 0 {
		return err
	}
	f, _, err := z.Unpack(context.Background(), 0, l)
	if err != nil {
		return err
	}
	return f.Close()
}

// A fault of the disk is not the archive's.
func TestFaultsOfTheFilePass(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	for _, file := range [][]byte{gzipped(t, strings.NewReader("a")), zipped(t, "a", "b")} {
		in := &failing{bytes.NewReader(file), gone}
		var err error
		if file[0] == 'P' {
			_, err = OpenZip(in, int64(len(file)))
		} else {
			_, _, err = Gunzip(context.Background(), in, int64(len(file)), Limits{})
		}
		if !errors.Is(err, gone) || errs.As(err) != nil {
			t.Error(err)
		}
	}
}

type failing struct {
	io.ReaderAt
	err error
}

func (f *failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func FuzzTakeOut(f *testing.F) {
	f.Add(zipped(f, "a.csv", "id\n1\n"))
	f.Add(gzipped(f, strings.NewReader("id\n1\n")))
	f.Fuzz(func(t *testing.T, file []byte) {
		if err := takeOut(file, Limits{MaxBytes: 1 << 20, Temp: t.TempDir()}); err != nil {
			if e := errs.As(err); e == nil || e.Kind != errs.Invalid || e.Mend == "" {
				t.Fatal(err)
			}
		}
	})
}
