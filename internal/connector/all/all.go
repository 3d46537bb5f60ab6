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
	kind   string
	open   driver.Open
	rights driver.Rights
}

func list() []connector {
	return []connector{
		{"mysql", mysql.Open, mysql.Rights},
		{"postgres", postgres.Open, postgres.Rights},
		{"sqlite", sqlite.Open, sqlite.Rights},
	}
}

// Connectors gives all connectors by kind.
func Connectors() system.Registry { return registry(list()...) }

// Rights gives what tells the rights that an account of a kind needs; nil for a kind
// that there is not.
func Rights(kind string) driver.Rights {
	for _, c := range list() {
		if c.kind == kind {
			return c.rights
		}
	}
	return nil
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
