package script

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// packed is one member of a pack.
type packed struct {
	name string
	data []byte
}

// forge does to a pack what somebody may try:
//
//	none                  pack it again in the same form, for comparison
//	byte N                change one bit of the byte N, counted from the end if negative
//	flip MEMBER           change one bit in the middle of a member
//	add MEMBER | remove MEMBER | rename MEMBER NAME | swap MEMBER NAME
//
// After the last four and flip, "list" makes pack.json tell what is there, as a
// careful forger would.
func forge(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 3, "forge PACK OUT ACT…")
	pack := []byte(ts.ReadFile(args[0]))
	act, rest := args[2], args[3:]
	list := len(rest) > 0 && rest[len(rest)-1] == "list"
	if act == "byte" {
		at, err := strconv.Atoi(rest[0])
		ts.Check(err)
		pack[(at+len(pack))%len(pack)] ^= 1
	} else {
		members, err := unpack(pack)
		ts.Check(err)
		i := -1
		if len(rest) > 0 {
			i = slices.IndexFunc(members, func(m packed) bool { return m.name == rest[0] })
		}
		if i < 0 && act != "none" && act != "add" {
			ts.Fatalf("the pack has no %v", rest)
		}
		pack, err = repack(alter(members, i, act, rest), list)
		ts.Check(err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), pack, 0o600))
}

// alter does one act to the member i.
func alter(members []packed, i int, act string, rest []string) []packed {
	switch act {
	case "flip":
		data := members[i].data
		data[len(data)/2] ^= 1
	case "add":
		return append(members, packed{rest[0], []byte("one more\n")})
	case "remove":
		return slices.Delete(members, i, i+1)
	case "rename":
		members[i].name = rest[1]
	case "swap":
		j := slices.IndexFunc(members, func(m packed) bool { return m.name == rest[1] })
		members[i], members[j] = members[j], members[i]
	}
	return members
}

func unpack(pack []byte) ([]packed, error) {
	r, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return nil, err
	}
	var out []packed
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		out = append(out, packed{f.Name, data})
	}
	return out, nil
}

// repack writes members in the form that docs/evidence-format.md describes.
func repack(members []packed, list bool) ([]byte, error) {
	if list {
		text, err := relist(members)
		if err != nil {
			return nil, err
		}
		members[0].data = text
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(m.data),
			CreatorVersion: 3<<8 | 20, ReaderVersion: 20, ExternalAttrs: 0o100644 << 16,
			CompressedSize64: uint64(len(m.data)), UncompressedSize64: uint64(len(m.data))}
		//lint:ignore SA1019 CreateRaw writes this field as it is, and no other
		h.ModifiedDate = 1<<5 | 1
		at, err := w.CreateRaw(h)
		if err != nil {
			return nil, err
		}
		if _, err := at.Write(m.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// relist makes pack.json tell what is there.
func relist(members []packed) ([]byte, error) {
	type listed struct {
		Name   string `json:"name"`
		Size   int    `json:"size"`
		SHA256 string `json:"sha256"`
	}
	var index struct {
		Pack    int      `json:"sutor_pack"`
		Change  string   `json:"change"`
		Origin  string   `json:"origin"`
		Key     string   `json:"key"`
		Members []listed `json:"members"`
	}
	if err := json.Unmarshal(members[0].data, &index); err != nil {
		return nil, err
	}
	index.Members = nil
	for _, m := range members[1:] {
		sum := sha256.Sum256(m.data)
		index.Members = append(index.Members, listed{m.name, len(m.data), hex.EncodeToString(sum[:])})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(index)
	return b.Bytes(), err
}

// forgeries changes a bit at places all over a pack, one after the other.
func forgeries(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2, "forgeries PACK N")
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	pack := []byte(ts.ReadFile(args[0]))
	for i := range n {
		at := i * (len(pack) - 1) / (n - 1)
		forged := slices.Clone(pack)
		forged[at] ^= 1 << (i % 8)
		ts.Check(os.WriteFile(ts.MkAbs("forged.zip"), forged, 0o600))
		if code := run(ts, []string{"sutor", "evidence", "verify", "forged.zip"}); code != 7 {
			ts.Fatalf("with the byte %d of %d changed: exit %d", at, len(pack), code)
		}
	}
}
