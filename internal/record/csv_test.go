package record

import (
	"bytes"
	"io"
	"slices"
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
