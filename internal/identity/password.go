package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Bounds of a password, in bytes. Eight is the least of NIST SP 800-63B; the
// upper one only keeps a hostile form from being hashed.
const (
	shortest     = 8
	longest      = 1024
	longestEmail = 254 // RFC 5321, 4.5.3.1.3
)

const (
	saltSize = 16
	keySize  = 32
)

// params are argon2id's costs.
type params struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// current is what new hashes are made with: the first choice of the OWASP
// Password Storage Cheat Sheet.
var current = params{memory: 19 << 10, passes: 2, threads: 1}

// greatest bounds what a stored hash may ask for, so that a damaged one cannot
// exhaust the server.
var greatest = params{memory: 1 << 20, passes: 16, threads: 16}

func (p params) sane() bool {
	return p.memory >= 8*uint32(p.threads) && p.passes >= 1 && p.threads >= 1 &&
		p.memory <= greatest.memory && p.passes <= greatest.passes && p.threads <= greatest.threads
}

func (p params) key(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, p.passes, p.memory, p.threads, keySize)
}

// phc is a stored hash: $argon2id$v=19$m=19456,t=2,p=1$SALT$KEY, both in base64
// without padding.
type phc struct {
	params
	salt, key []byte
}

// newPHC hashes a password with a new salt.
func newPHC(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails (crypto/rand)
	return phc{current, salt, current.key(password, salt)}.String()
}

// decoy is a hash that no password matches; comparing with it takes as long as
// with a real one.
func decoy() string {
	return phc{current, make([]byte, saltSize), make([]byte, keySize)}.String()
}

func (h phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, h.memory, h.passes, h.threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
}

// parsePHC accepts exactly what String gives, within sane costs.
func parsePHC(text string) (phc, error) {
	bad := fmt.Errorf("not a PHC string of argon2id, version %d", argon2.Version)
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return phc{}, bad
	}
	var h phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.passes, &h.threads); err != nil {
		return phc{}, bad
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return phc{}, bad
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return phc{}, bad
	}
	if h.String() != text || len(h.salt) != saltSize || len(h.key) != keySize || !h.sane() {
		return phc{}, bad
	}
	return h, nil
}

// matches compares in constant time.
func (h phc) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.params.key(password, h.salt), h.key) == 1
}
