package compact

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schemaJSON []byte

// Schema gives the JSON schema (draft 2020-12) of the Compact, for editors. It
// says everything of the structure that a schema can say; references between
// parts, and routes that nobody can walk, are found by [Parse] alone.
func Schema() []byte { return slices.Clone(schemaJSON) }
