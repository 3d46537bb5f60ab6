package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/identity"
	"sutor/internal/recipe"
	"sutor/internal/record"
)

// FirstID is the first change's id. Four digits from the start look like what
// they are, and lists stay aligned.
const FirstID = 1001

// Page is how many changes are listed without a limit.
const Page = 100

// Create writes a new change, whose version is 1 from then on. If write fails the
// version is what it was.
func Create(c *change.Change, write func(doc string) error) error { return as(c, 1, write) }

// Save writes the next version of a change. If write fails the version is what it
// was.
func Save(c *change.Change, write func(doc string) error) error { return as(c, c.Version+1, write) }

func as(c *change.Change, version int64, write func(doc string) error) error {
	before := c.Version
	c.Version = version
	doc, err := json.Marshal(c)
	if err == nil {
		err = write(string(doc))
	}
	if err != nil {
		c.Version = before
	}
	return err
}

// Decode reads a stored change.
func Decode(doc []byte) (*change.Change, error) {
	c := new(change.Change)
	if err := json.Unmarshal(doc, c); err != nil {
		return nil, fmt.Errorf("stored change: %w", err)
	}
	return c, nil
}

// Read reads a stored document of another kind.
func Read[T any](doc []byte) (*T, error) {
	out := new(T)
	if err := json.Unmarshal(doc, out); err != nil {
		return nil, fmt.Errorf("stored %T: %w", *out, err)
	}
	return out, nil
}

// Members gives what the members of a family are searched for: a change over one
// dataset each. None for a plain change.
func Members(c *change.Change) []*change.Change {
	if !c.IsFamily() {
		return nil
	}
	return c.ByDataset()
}

// InputOf is the proposed file's digest, nil for a change without a file.
func InputOf(c *change.Change) *record.Digest {
	if c.Input == nil {
		return nil
	}
	return &c.Input.Digest
}

// ContentOf is the digest of the proposed file's rows, nil without a plan of a
// file.
func ContentOf(c *change.Change) *record.Digest {
	if c.Plan == nil || c.Plan.Content == "" {
		return nil
	}
	return &c.Plan.Content
}

// CheckCompact tells that a digest is not the text's.
func CheckCompact(d record.Digest, text []byte) error {
	if record.DigestOf(text) != d {
		return fmt.Errorf("put in force: %s is not the digest of the text", d)
	}
	return nil
}

// HashOf reads the stored hash of a token.
func HashOf(id identity.TokenID, stored []byte) (hash [32]byte, err error) {
	if len(stored) != len(hash) {
		return hash, fmt.Errorf("stored hash of token %s has %d bytes", id, len(stored))
	}
	return [32]byte(stored), nil
}

// NoChange says that there is no change with this id.
func NoChange(id change.ID) *errs.Error {
	return errs.New(errs.NotFound, "There is no change %.40q.", string(id)).
		WithMend("See which there are: sutor change list")
}

// Stale says that a change has another version than the one that was read.
func Stale(id change.ID) *errs.Error {
	return errs.New(errs.Blocked, "Somebody else changed %s meanwhile.", id).
		WithMend("Look again: sutor change show %s", id)
}

// NoRecipe says that there is no recipe with this id.
func NoRecipe(id recipe.ID) *errs.Error {
	return errs.New(errs.NotFound, "There is no recipe %.40q.", string(id)).
		WithMend("See which there are: sutor recipe list")
}

// NoRequest says that nobody asked for access under this id.
func NoRequest(id access.RequestID) *errs.Error {
	return errs.New(errs.NotFound, "There is no request %.40q.", string(id)).
		WithMend("See which there are: sutor access list")
}

// NoCompact says that no Compact has this digest.
func NoCompact(d record.Digest) *errs.Error {
	return errs.New(errs.NotFound, "No Compact with the digest %.80q was ever in force.", string(d))
}

// NoToken says that no token has this id.
func NoToken(id identity.TokenID) *errs.Error {
	return errs.New(errs.NotFound, "There is no token %.20q.", string(id))
}

// NoAccount says that a person has no account; it does not repeat whose.
func NoAccount(access.Email) *errs.Error {
	return errs.New(errs.NotFound, "There is no account of that person.")
}

// timeForm sorts as text.
const timeForm = "2006-01-02T15:04:05.000000000Z"

// TimeText gives a time as it is stored.
func TimeText(t time.Time) string { return t.UTC().Format(timeForm) }

// TimeOrNull gives a time as it is stored, the zero time as NULL.
func TimeOrNull(t time.Time) sql.NullString {
	return sql.NullString{String: TimeText(t), Valid: !t.IsZero()}
}

// Time reads a stored time, NULL as the zero time.
type Time struct{ time.Time }

// Scan implements sql.Scanner.
func (t *Time) Scan(v any) error {
	var s sql.NullString
	if err := s.Scan(v); err != nil {
		return err
	}
	if !s.Valid {
		t.Time = time.Time{}
		return nil
	}
	var err error
	t.Time, err = time.Parse(timeForm, s.String)
	return err
}
