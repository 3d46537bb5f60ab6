package evidence

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"testing"
)

// Other programs must be able to open a pack, however large.
func TestZipIsReadByOthers(t *testing.T) {
	t.Parallel()
	members := []RawMember{{"pack.json", []byte("{}\n")}, {"empty", nil}, {"plans/1/rows.csv", bytes.Repeat([]byte("x,\n"), 10000)}}
	file, err := Repack(members, false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Unpack(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range members {
		if got[i].Name != m.Name || !bytes.Equal(got[i].Data, m.Data) {
			t.Errorf("member %d is %s with %d bytes", i, got[i].Name, len(got[i].Data))
		}
	}
}

// A member of 5 GiB and one behind it: ZIP64 headers, checked against the
// standard reader over a file that is never written.
func TestZip64(t *testing.T) {
	t.Parallel()
	large := entry{name: "large", size: 5 << 30, crc: 1}
	tail := entry{name: "tail", size: 4, crc: crc32.ChecksumIEEE([]byte("tail")), offset: int64(len(large.local())) + large.size}
	end := tail.offset + int64(len(tail.local())) + tail.size
	file := sparse{
		{0, large.local()}, {tail.offset, append(tail.local(), "tail"...)},
		{end, directory([]entry{large, tail}, end)},
	}
	r, err := zip.NewReader(file, file.size())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != 2 || r.File[0].UncompressedSize64 != 5<<30 || r.File[1].Name != "tail" {
		t.Fatalf("read %+v", r.File)
	}
	if at, err := r.File[0].DataOffset(); err != nil || at != int64(len(large.local())) {
		t.Errorf("large begins at %d, %v", at, err)
	}
	rc, err := r.File[1].Open()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(rc); err != nil || string(text) != "tail" {
		t.Errorf("tail is %q, %v", text, err)
	}
}

// sparse is a file of pieces with zeros between them.
type sparse []struct {
	at   int64
	data []byte
}

func (s sparse) size() int64 { last := s[len(s)-1]; return last.at + int64(len(last.data)) }

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	for _, piece := range s {
		for i, b := range piece.data {
			if x := piece.at + int64(i) - off; x >= 0 && x < int64(len(p)) {
				p[x] = b
			}
		}
	}
	if off+int64(len(p)) > s.size() {
		return int(s.size() - off), io.EOF
	}
	return len(p), nil
}

func TestManifestIsReadExactly(t *testing.T) {
	t.Parallel()
	d := func(c string) string { return fmt.Sprintf(`"sha256:%064s"`, c) }
	good := `{"version":1,"dataset":"customers","file":` + d("1") + `,"rows":` + d("2") + `,"findings":` + d("3") + `,"more":{"rows":1}}`
	m, err := parseManifest([]byte(good))
	if err != nil || m.Rows.Hex()[63:] != "2" {
		t.Fatalf("%+v, %v", m, err)
	}
	for name, text := range map[string]string{
		"empty":          ``,
		"an array":       `[]`,
		"a digest twice": good[:len(good)-1] + `,"rows":` + d("4") + `}`,
		"in other case":  good[:len(good)-1] + `,"Rows":` + d("4") + `}`,
		"only in case":   `{"version":1,"File":` + d("1") + `,"rows":` + d("2") + `,"findings":` + d("3") + `}`,
		"version 2":      `{"version":2,"file":` + d("1") + `,"rows":` + d("2") + `,"findings":` + d("3") + `}`,
		"more behind":    good + `{}`,
		"cut off":        good[:len(good)-1],
		"no digest":      `{"version":1,"file":"x","rows":` + d("2") + `,"findings":` + d("3") + `}`,
		"not an object":  `{"version":1,"file":[1],"rows":` + d("2") + `,"findings":` + d("3") + `}`,
	} {
		if _, err := parseManifest([]byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
