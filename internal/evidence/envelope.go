package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"sutor/internal/record"
)

// SaltSize is the number of random bytes in an envelope. They make its digest
// say nothing about its body once the envelope is erased.
const SaltSize = 32

// envelopeDomain keeps an envelope's digest apart from any other SHA-256.
const envelopeDomain = "sutor envelope v1\n"

// Body is the personal and free-text side of a step. Empty fields are left out.
type Body struct {
	Who string `json:"who,omitempty"` // e-mail of who did it
	// For is the e-mail of whom it was done for: the person a token is issued to, in
	// whose place somebody decides, who is named as a deputy, whose level moved.
	For     string `json:"for,omitempty"`
	Dataset string `json:"dataset,omitempty"` // its name in the Compact
	Title   string `json:"title,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Comment string `json:"comment,omitempty"`
	File    string `json:"file,omitempty"` // name of the proposed file, or of the Compact's
	// Route is who must decide, with reasons; RouteWhy says why nobody must.
	// Log.Append repeats its numbers as counts "needs.ROLE" in the leaf, where they
	// survive an erasure.
	Route    []Requirement `json:"route,omitempty"`
	RouteWhy string        `json:"route_why,omitempty"`
	Action   string        `json:"action,omitempty"`  // what was attempted, of a refusal; else the occasion, as a start
	Message  string        `json:"message,omitempty"` // what the person was told: a refusal, a failed plan, conflicts
	// Details holds anything else for people to read; no program judges it.
	Details map[string]string `json:"details,omitempty"`
}

// Requirement is one step of a route: so many different people of a role.
type Requirement struct {
	Role  string `json:"role"`
	Needs int64  `json:"needs"`
	Why   string `json:"why,omitempty"`
	// Member is the number of the dataset that they decide for, in a change over
	// several (manifest.json lists them from 1); 0 in a change over one.
	Member int64 `json:"member,omitempty"`
}

// name is how the requirement's number stands in a leaf: the role, or the role and
// the member.
func (r Requirement) name() string { return seat(r.Role, r.Member) }

// seat names a role for one member.
func seat(role string, member int64) string {
	if member == 0 {
		return role
	}
	return fmt.Sprintf("%s.%d", role, member)
}

// Envelope holds a body beside the log, so that it can be erased.
type Envelope struct {
	Salt []byte // SaltSize random bytes
	Body []byte // canonical JSON of a Body
}

// Seal puts a body into an envelope with salt from random.
func Seal(b Body, random io.Reader) (*Envelope, error) {
	text, err := canonical(b)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, SaltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, fmt.Errorf("salt of an envelope: %w", err)
	}
	return &Envelope{Salt: salt, Body: text}, nil
}

// Digest is SHA-256 of "sutor envelope v1", LF, the salt and the body.
func (e *Envelope) Digest() record.Digest {
	h := sha256.New()
	h.Write([]byte(envelopeDomain))
	h.Write(e.Salt)
	h.Write(e.Body)
	return record.Digest("sha256:" + hex.EncodeToString(h.Sum(nil)))
}

// Open reads the body, in its canonical form only.
func (e *Envelope) Open() (Body, error) {
	if len(e.Salt) != SaltSize {
		return Body{}, fmt.Errorf("its salt is not %d bytes", SaltSize)
	}
	var b Body
	return b, decodeCanonical(e.Body, &b)
}

func (b Body) empty() bool {
	text, err := canonical(b)
	return err == nil && string(text) == "{}"
}

// needs gives the route's numbers by role; roles named twice count their largest.
func (b Body) needs() map[string]int64 {
	needs := map[string]int64{}
	for _, r := range b.Route {
		needs[r.name()] = max(needs[r.name()], r.Needs)
	}
	return needs
}
