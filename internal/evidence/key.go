package evidence

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"sutor/internal/errs"
)

// Key signs checkpoints: an Ed25519 key in the form of sumdb/note, with the log's
// name in it. The name is given once, when the key is made, and stays.
type Key struct {
	signer   note.Signer
	verifier string
}

// Name is the log's name, the origin of its checkpoints.
func (k *Key) Name() string { return k.signer.Name() }

// Verifier is the public key's text, NAME+HASH+KEY. It is published outside the
// packs: who knows it beforehand knows whose log a pack comes from.
func (k *Key) Verifier() string { return k.verifier }

// Sign gives the signed note of a checkpoint.
func (k *Key) Sign(c Checkpoint) ([]byte, error) {
	return note.Sign(&note.Note{Text: c.Text()}, k.signer)
}

// Short gives NAME+HASH of a verifier key: enough for a person to compare.
func Short(verifier string) string {
	if parts := strings.SplitN(verifier, "+", 3); len(parts) == 3 {
		return parts[0] + "+" + parts[1]
	}
	return verifier
}

// isVerifier tells whether a text is a verifier key in its one spelling: the note
// package also takes upper-case digits and line feeds in it, and a pack that could
// be spelled in two ways could be changed.
func isVerifier(text string) bool {
	v, err := note.NewVerifier(text)
	if err != nil {
		return false
	}
	encoded := strings.SplitN(text, "+", 3)[2] // NewVerifier has checked the form
	raw, err := base64.StdEncoding.DecodeString(encoded)
	return err == nil && text == fmt.Sprintf("%s+%08x+%s", v.Name(), v.KeyHash(), base64.StdEncoding.EncodeToString(raw))
}

// LogName makes a log's name of a company's: "Example Trading" gives
// sutor/example-trading.
func LogName(company string) string {
	slug := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, strings.ToLower(company))
	slug = strings.Join(strings.FieldsFunc(slug, func(r rune) bool { return r == '-' }), "-")
	if slug == "" {
		slug = "log"
	}
	return "sutor/" + slug
}

// OpenKey reads the key in the file, or makes one with this name if there is
// none. The file is one line, readable by its owner only.
func OpenKey(path, name string) (*Key, error) {
	k, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	secret, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	if err := createFile(path, secret+"\n"); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, errs.New(errs.Unavailable, "The log's key cannot be written to %s.", path).
			WithMend("The server must be able to write in that folder.").Because(err)
	}
	return readKey(path) // another process may have been first; its key is the log's
}

func readKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errs.New(errs.Invalid, "The log's key %s can be read by others than its owner.", path).
			WithMend("Take the right away: chmod 600 %s. If others may have read it, make a new log.", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k, err := ParseKey(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return nil, errs.New(errs.Invalid, "The file %s is not the key of a log.", path).
			WithMend("Bring it back from a backup: without it nobody can sign for this log.").Because(err)
	}
	return k, nil
}

// Held tells whether the file still is this key: who replaces the file makes the
// next start of the server sign for another log.
func (k *Key) Held(path string) error {
	there, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errs.New(errs.Invalid, "The log's key %s is not there any more.", path).WithMend("Bring it back from a backup.")
	}
	if err == nil && there.verifier != k.verifier {
		return errs.New(errs.Invalid, "The file %s is another key, %s, than the log's, %s.", path, Short(there.verifier), Short(k.verifier)).
			WithMend("Bring the log's key back from a backup.")
	}
	return err
}

// ParseKey reads a private key, PRIVATE+KEY+NAME+HASH+KEY.
func ParseKey(secret string) (*Key, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	encoded := strings.SplitN(secret, "+", 5)[4] // NewSigner has checked the form
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	public, _ := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey) // raw[0] is the algorithm
	verifier, err := note.NewEd25519VerifierKey(signer.Name(), public)
	return &Key{signer: signer, verifier: verifier}, err
}

// createFile writes a new file whole or not at all; fs.ErrExist if it is there.
func createFile(path, text string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
