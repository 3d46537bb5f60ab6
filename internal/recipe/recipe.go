package recipe

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
)

// ID identifies a recipe; it is short and can be typed.
type ID string

// Recipe is a name for how files of one dataset are read. It is kept as one JSON
// document beside a few indexed columns; fields are added, never renamed.
type Recipe struct {
	ID      ID           `json:"id"`
	Name    string       `json:"name"`
	Dataset string       `json:"dataset"`
	Author  access.Email `json:"author"`
	Shared  bool         `json:"shared,omitempty"`
	Removed bool         `json:"removed,omitempty"`
	Version int          `json:"version"` // the latest, from 1
	At      time.Time    `json:"at"`      // of the latest
}

// Version is what a recipe says since one saving of it.
type Version struct {
	Recipe  ID             `json:"recipe"`
	Version int            `json:"version"`
	By      access.Email   `json:"by"`
	At      time.Time      `json:"at"`
	From    change.ID      `json:"from"`    // the change whose reading was saved
	Columns []string       `json:"columns"` // the file's header
	Options change.Options `json:"options"` // its Map speaks of every one of Columns
}

// Sees tells whether the person may see and use the recipe.
func (r Recipe) Sees(p access.Principal, d access.Dataset) bool {
	if !access.May(p, access.SeeValues, d) {
		return false // it names columns of files
	}
	return r.Author == p.Email || r.Shared && (access.May(p, access.Propose, d) || d.OwnedBy(p))
}

// MayChange tells whether the person may save it anew, share or remove it: its
// author, and of a shared one the dataset's owners.
func (r Recipe) MayChange(p access.Principal, d access.Dataset) bool {
	return r.Author == p.Email || r.Shared && d.OwnedBy(p)
}

// MaxName bounds names, in characters.
const MaxName = 60

// CheckName refuses what cannot be typed and shown as a name.
func CheckName(name string) error {
	bad := strings.TrimSpace(name) != name || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(name)
	if name == "" || bad || len([]rune(name)) > MaxName {
		return errs.New(errs.Usage, "%.80q cannot be the name of a recipe.", name).
			WithMend("Choose up to %d characters on one line, without blanks around them.", MaxName)
	}
	return nil
}

// Find picks what a person means by a name or an id: their own recipe of the name
// before a shared one. all are those that they may see.
func Find(all []*Recipe, who access.Email, nameOrID string) (*Recipe, bool) {
	for _, fits := range []func(*Recipe) bool{
		func(r *Recipe) bool { return r.Name == nameOrID && r.Author == who },
		func(r *Recipe) bool { return r.Name == nameOrID && r.Shared },
		func(r *Recipe) bool { return string(r.ID) == nameOrID },
	} {
		if i := slices.IndexFunc(all, fits); i >= 0 {
			return all[i], true
		}
	}
	return nil, false
}

// Saved gives what a change decided about its file, to be kept in a recipe: what
// was not used is left out on purpose from then on.
func Saved(c *change.Change) (columns []string, o change.Options) {
	columns, o = decided(c)
	for _, m := range c.Plan.Mapping {
		if !m.Decided() {
			o.Map[m.File] = ""
		}
	}
	return columns, o
}

// decided gives the header and the choices of a change that has a plan, with a map
// of all that is settled, and with the formats that an earlier choice decided.
func decided(c *change.Change) (columns []string, o change.Options) {
	o = c.Options
	o.Recipe, o.Map = nil, map[string]string{}
	formats := map[string]string{} // that were chosen before, and counted
	for _, m := range c.Plan.Mapping {
		columns = append(columns, m.File)
		if m.Decided() {
			o.Map[m.File] = m.Column
		}
		if m.FormatFrom != "" {
			formats[m.Column] = m.Format
		}
	}
	if len(formats) > 0 {
		maps.Copy(formats, o.Formats)
		o.Formats = formats
	}
	return columns, o
}

// Choose begins a change's options by a recipe; the person's own choices are made
// on top of what it gives.
func (v Version) Choose(name string) change.Options {
	o := v.Options
	o.Recipe = &change.Recipe{ID: string(v.Recipe), Name: name, Version: v.Version, Columns: v.Columns, Map: v.Options.Map}
	o.Map = nil
	return o
}
