package record

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// What is written is read back, field by field, whatever the bytes, and however
// they arrive.
func TestCSVReadsBack(t *testing.T) {
	t.Parallel()
	field := rapid.Ptr(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `"`, `""`, "\n", "\r\n", ",", `\.`, "NULL", `",`})), true)
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.SliceOfN(field, 1, 5), 0, 20).Draw(rt, "rows")
		var b bytes.Buffer
		w := NewWriter(&b)
		for i, row := range rows {
			w.Number(int64(i))
			for _, f := range row {
				w.Optional(f)
			}
			if err := w.End(); err != nil {
				rt.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			rt.Fatal(err)
		}
		r := NewReader(iotest.OneByteReader(&b))
		for _, row := range rows {
			fields, err := r.Read()
			if err != nil {
				rt.Fatal(err)
			}
			got := make([]*string, 0, len(row))
			for _, f := range fields[1:] {
				got = append(got, f.Ptr())
			}
			same := func(a, b *string) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
			if !slices.EqualFunc(got, row, same) {
				rt.Fatalf("wrote %v, read %v", row, got)
			}
		}
		if _, err := r.Read(); err != io.EOF {
			rt.Fatalf("after the last record: %v", err)
		}
	})
}

// More than any buffer holds comes back too, and a writer that failed stays failed.
func TestManyRecords(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := NewWriter(&b)
	const rows = 3 * few
	long := strings.Repeat(`a "word", `, enough/few/10)
	for i := range rows {
		w.Number(int64(i))
		w.String(long)
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	r := NewReader(&b)
	for i := range rows {
		f, err := r.Read()
		if err != nil || string(f[0].Text) != strconv.Itoa(i) || string(f[1].Text) != long {
			t.Fatalf("record %d: %v, %v", i, f, err)
		}
	}
	if _, err := r.Read(); err != io.EOF {
		t.Errorf("after the last record: %v", err)
	}
	full := NewWriter(failing{})
	full.String("a")
	if err := errors.Join(full.End(), full.Flush()); err == nil {
		t.Error("the error of the writer was lost")
	}
	full.String("b")
	if full.End() == nil || full.Flush() == nil {
		t.Error("a writer that failed takes more")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A stream that is cut off anywhere inside a record is an error, never a shorter
// table.
func TestCutOffIsNoticed(t *testing.T) {
	t.Parallel()
	whole := "1,\"a\"\"b\",,\"x\ny\"\n"
	for n := 1; n < len(whole); n++ {
		if _, err := NewReader(bytes.NewReader([]byte(whole[:n]))).Read(); err == nil {
			t.Errorf("%q was read without an error", whole[:n])
		}
	}
}

func TestOtherDialectsAreRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1,\"a\"b\n", "1,a\"b\n", "1,\"a\"\r\n"} {
		if _, err := NewReader(bytes.NewReader([]byte(text))).Read(); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	d := NewDigester()
	for _, part := range []string{"a", "bc"} {
		if _, err := d.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	// FIPS 180-2, appendix B.1.
	const want Digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if d.Digest() != want || DigestOf([]byte("abc")) != want || !d.Digest().Valid() || d.Bytes() != 3 {
		t.Errorf("the digest of abc is %s", d.Digest())
	}
	for _, bad := range []Digest{"", "sha256:", "sha256:AB", Digest("md5:" + want[7:]), want + "0"} {
		if bad.Valid() {
			t.Errorf("%q counts as a digest", bad)
		}
	}
}
