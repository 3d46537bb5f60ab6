package evidence

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is the whole log in three lines: whose, how many leaves, and the
// root of the Merkle tree over them. Its signed form is a note
// (golang.org/x/mod/sumdb/note) whose text is, as in C2SP tlog-checkpoint,
//
//	origin LF size LF base64(root) LF
//
// without extension lines, and with exactly one signature by the log's key. The
// key's name is the origin.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + c.Root.String() + "\n"
}

// OpenCheckpoint reads a signed checkpoint and checks its signature by the
// verifier key (NAME+HASH+KEY). Only the canonical bytes pass.
func OpenCheckpoint(signed []byte, verifier string) (Checkpoint, error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return Checkpoint{}, errors.New("the key is not a verifier key of the form NAME+HASH+KEY")
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, errors.New("it is not signed by the key " + Short(verifier))
	}
	if len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return Checkpoint{}, errors.New("it has more than one signature")
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != v.Name() {
		return Checkpoint{}, errors.New("its origin is not the name of the key that signed it")
	}
	if !bytes.Equal(signed, signedForm(c, n.Sigs[0])) {
		return Checkpoint{}, errNotCanonical
	}
	return c, nil
}

// signedForm rebuilds the note from its parts: base64 has several spellings of
// the same bytes, and only one is accepted.
func signedForm(c Checkpoint, sig note.Signature) []byte {
	raw, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil {
		return nil
	}
	return []byte(c.Text() + "\n— " + sig.Name + " " + base64.StdEncoding.EncodeToString(raw) + "\n")
}

func parseCheckpoint(text string) (Checkpoint, error) {
	malformed := errors.New("it is not origin, size and root in three lines")
	parts := strings.Split(text, "\n")
	if len(parts) != 4 || parts[3] != "" || parts[0] == "" {
		return Checkpoint{}, malformed
	}
	size, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || size < 0 {
		return Checkpoint{}, malformed
	}
	root, err := tlog.ParseHash(parts[2])
	if err != nil {
		return Checkpoint{}, malformed
	}
	c := Checkpoint{Origin: parts[0], Size: size, Root: root}
	if c.Text() != text {
		return Checkpoint{}, malformed
	}
	return c, nil
}
