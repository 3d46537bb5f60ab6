// Package all lists the connectors: a new kind of system is one line here. The
// list is explicit, so that reading it tells everything there is, and nothing
// registers itself.
package all

import (
	"fmt"

	"sutor/internal/connector/mysql"
	"sutor/internal/connector/postgres"
	"sutor/internal/connector/sqlite"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

type connector struct {
	kind string
	open driver.Open
}

// Connectors gives all connectors by kind.
func Connectors() system.Registry {
	return registry(
		connector{"mysql", mysql.Open},
		connector{"postgres", postgres.Open},
		connector{"sqlite", sqlite.Open},
	)
}

// registry panics where a kind is named twice: that is a mistake in the list.
func registry(list ...connector) system.Registry {
	all := system.Registry{}
	for _, c := range list {
		if _, twice := all[c.kind]; twice {
			panic(fmt.Sprintf("connector/all: %q is listed twice", c.kind))
		}
		all[c.kind] = c.open
	}
	return all
}
