package evidence

import (
	"archive/zip"
	"bytes"
	"io"
)

// RawMember is a member of a pack as a forger sees it.
type RawMember struct {
	Name string
	Data []byte
}

// Unpack reads a pack with the standard zip reader.
func Unpack(pack []byte) ([]RawMember, error) {
	r, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		return nil, err
	}
	var out []RawMember
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(rc)
		if err != nil {
			return nil, err
		}
		out = append(out, RawMember{f.Name, data})
	}
	return out, nil
}

// Repack writes members as the canonical zip. With relist, pack.json is made to
// list what is there, as a careful forger would.
func Repack(members []RawMember, relist bool) ([]byte, error) {
	var sources []source
	for _, m := range members {
		s, err := measure(m.Name, "", bytesOpener(m.Data))
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	if relist {
		var x index
		if err := decodeStrict(members[0].Data, &x); err != nil {
			return nil, err
		}
		x.Members = nil
		for _, s := range sources[1:] {
			x.Members = append(x.Members, member{s.name, s.size, s.digest.Hex()})
		}
		text, err := x.encode()
		if err != nil {
			return nil, err
		}
		if sources[0], err = measure(packName, "", bytesOpener(text)); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	err := write(&b, sources)
	return b.Bytes(), err
}

// Moves shows the mirrored state machine to a test.
func Moves() map[State][]State { return moves }
