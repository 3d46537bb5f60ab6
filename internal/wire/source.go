package wire

import "embed"

// Source is this package's code: its comments describe the documents in the API's own
// description (package api), so that they are written once.
//
//go:embed *.go
var Source embed.FS
