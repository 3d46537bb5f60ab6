package ui

import (
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// limits gives the attributes of a field that are not always there.
func limits(f Field) templ.Attributes {
	out := templ.Attributes{}
	if f.Type != "" && f.Type != "area" {
		out["type"] = f.Type
	}
	if f.Max > 0 {
		out["maxlength"] = strconv.Itoa(f.Max)
	}
	if f.Auto != "" {
		out["autocomplete"] = f.Auto
	}
	if f.Draft {
		out["data-draft"] = true
	}
	var said []string
	if f.Fault != "" {
		out["aria-invalid"] = "true"
		said = append(said, "fault-"+f.Name)
	}
	if f.Hint != "" {
		said = append(said, "hint-"+f.Name)
	}
	if len(said) > 0 {
		out["aria-describedby"] = strings.Join(said, " ")
	}
	return out
}
