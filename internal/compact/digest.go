package compact

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"sutor/internal/access"
	"sutor/internal/record"
)

// The types below are the digested form of a dataset's section, version 2.
// Decisions are bound to its digest, so its fields, their names and their order
// never change: another form is another version. What the file may leave out
// stands here with its default; positions, comments and paths do not. A field
// that came later stands at the end of its type and is left out where the file
// does not use it (omitempty), so that the digest of a section without it stays.
type sectionV2 struct {
	Version    int               `json:"version"`
	Timezone   string            `json:"timezone"`
	System     systemV2          `json:"system"`
	Dataset    datasetV2         `json:"dataset"`
	Owners     []access.Email    `json:"owners"`
	Managers   []access.Email    `json:"managers"`
	Stewards   []access.Email    `json:"stewards"`
	Columns    map[string]ruleV2 `json:"columns"`
	Guardrails []guardrailV2     `json:"guardrails"`
	Impact     []impactV2        `json:"impact"`
	Freedom    []freedomV2       `json:"freedom"`
	Risk       Weights           `json:"risk"`
	Share      *shareV2          `json:"share,omitempty"`
	Rows       []rowsV2          `json:"rows,omitempty"`
	Left       []access.Email    `json:"left,omitempty"` // owners who have left: others decide in their place
}

type systemV2 struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
}

type datasetV2 struct {
	Name       string            `json:"name"`
	Label      string            `json:"label"`
	Schema     string            `json:"schema"`
	Table      string            `json:"table"`
	Key        []string          `json:"key"`
	Department access.Department `json:"department"`
	Allow      []Op              `json:"allow"`
	Values     Days              `json:"values_days"`
	Inputs     Days              `json:"inputs_days"`
	Needs      int               `json:"needs,omitempty"`        // above 1
	MaxDeletes *int              `json:"sync_deletes,omitempty"` // absent for the default, as it was before there was one
}

type ruleV2 struct {
	Label    string   `json:"label"`
	OneOf    []string `json:"one_of"`
	Min      *string  `json:"min"`
	Max      *string  `json:"max"`
	Pattern  string   `json:"pattern"`
	Required bool     `json:"required"`
	Writable *bool    `json:"writable"`
	Also     []string `json:"also"`
	Critical bool     `json:"critical"`
	Given    bool     `json:"given,omitempty"`

	Say       string       `json:"say,omitempty"`
	VisibleTo []access.Who `json:"visible_to,omitempty"`
	Mask      access.Mask  `json:"mask,omitempty"`
}

type shareV2 struct {
	See     []access.Who `json:"see,omitempty"`
	Propose []access.Who `json:"propose,omitempty"`
}

type rowsV2 struct {
	For   []access.Who `json:"for"`
	Where string       `json:"where"`
}

type guardrailV2 struct {
	Name  string      `json:"name"`
	Each  Each        `json:"each"`
	When  string      `json:"when"`
	Then  string      `json:"then"`
	By    access.Role `json:"by"`
	Say   string      `json:"say"`
	Needs int         `json:"needs,omitempty"` // above 1
}

type impactV2 struct {
	Label   string            `json:"label"`
	Schema  string            `json:"schema"`
	Table   string            `json:"table"`
	Match   map[string]string `json:"match"`
	Where   string            `json:"where"`
	Measure string            `json:"measure"`
}

type freedomV2 struct {
	Level access.Level `json:"level"`
	When  string       `json:"when"`
}

// DatasetDigest gives the digest of all that decisions on a dataset's changes
// rest on: its section, its system's name and kind, the time zone, and the
// people who can stand in its routes. Decisions become void when it changes.
// False for a name that is not in the Compact.
//
// Freezes are not in it: they are judged at the time of the apply, and change no
// decision. Nor are people's levels and the rules of levels: what they let pass is
// judged again at the apply. How long notices and texts are kept is about what is over.
func (c *Compact) DatasetDigest(name string) (record.Digest, bool) {
	d, ok := c.Dataset(name)
	if !ok {
		return "", false
	}
	system, _ := c.System(d.System)
	v := sectionV2{Version: 2, Timezone: c.Timezone.String(), System: systemV2{system.Name, system.Kind},
		Dataset: datasetV2{d.Name, d.Label, d.Table.Schema, d.Table.Name, d.Key, d.Department, sorted(d.Allow), d.Retain.Values, d.Retain.Inputs, several(d.Needs), nil},
		Owners:  c.Deciders(name, access.Owner), Managers: c.Deciders(name, access.Manager), Stewards: c.Deciders(name, access.Steward),
		Columns: map[string]ruleV2{}, Risk: d.Risk, Left: c.leftOwners(d)}
	if d.MaxDeletes != DefaultMaxDeletes {
		v.Dataset.MaxDeletes = &d.MaxDeletes
	}
	for column, r := range d.Columns {
		v.Columns[column] = ruleV2{r.Label, r.OneOf, r.Min, r.Max, r.Pattern, r.Required, r.Writable, r.Also, r.Critical, r.Given, r.Say, sorted(r.VisibleTo), r.Mask}
	}
	for _, g := range d.Guardrails {
		v.Guardrails = append(v.Guardrails, guardrailV2{g.Name, g.Each, g.When.Text, string(g.Then), g.By, g.Say, several(g.Needs)})
	}
	for _, i := range d.Impact {
		v.Impact = append(v.Impact, impactV2{i.Label, i.Table.Schema, i.Table.Name, i.Match, i.Where.Text, i.Measure})
	}
	for _, f := range d.Freedom {
		v.Freedom = append(v.Freedom, freedomV2{f.Level, f.When.Text})
	}
	if len(d.Share.See)+len(d.Share.Propose) > 0 {
		v.Share = &shareV2{sorted(d.Share.See), sorted(d.Share.Propose)}
	}
	for _, r := range d.Rows {
		v.Rows = append(v.Rows, rowsV2{sorted(r.For), r.Where.Text})
	}
	return record.DigestOf(canonical(v)), true
}

// several gives a number of people where it is not the one that everybody asks for.
func several(needs int) int {
	if needs > 1 {
		return needs
	}
	return 0
}

// canonical writes JSON in one form: fields in order, keys of maps sorted, no
// blanks, no HTML escapes, no line end.
func canonical(v sectionV2) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("compact: a section of texts and numbers always encodes: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

func sorted[T cmp.Ordered](list []T) []T { return slices.Sorted(slices.Values(list)) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
