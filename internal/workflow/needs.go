package workflow

import (
	"context"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/compact"
	"sutor/internal/system"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
)

// Rights tells a steward the least rights that each system's account needs for what
// the Compact in force allows, and for its undo.
func (w *Workflow) Rights(ctx context.Context, p access.Principal) (out []wire.SystemRights) {
	if !access.MayPutInForce(p) {
		return nil
	}
	c := w.Compact()
	for _, s := range c.Systems {
		sys, err := w.Systems.System(s.Name)
		if err != nil {
			continue // Health says so
		}
		needs, whole := tablesOf(ctx, c, sys)
		r := wire.SystemRights{System: s.Name, Kind: string(s.Kind), Needs: sys.Rights(needs)}
		if !whole {
			r.Needs = append(r.Needs, "And the right to read the tables that these refer to, and that refer to them, and to use what they are made with: that is not known while the system cannot be asked, or does not show them.")
		}
		if len(r.Needs) > 0 {
			out = append(out, r)
		}
	}
	return out
}

// tablesOf gives what is done with each table of a system: datasets are read and
// written, tables of impacts are read, and so are those at the other end of a foreign
// key. whole is false where these, or what they use, could not be asked for.
func tablesOf(ctx context.Context, c *compact.Compact, sys *system.System) (needs []driver.Need, whole bool) {
	whole = true
	answers := true // the system: one that does not is waited for once
	add := func(n driver.Need, left driver.Left) {
		if answers {
			var err error
			n.Uses, err = sys.Demands(ctx, n.Table, left)
			answers = err == nil
		}
		needs = needed(needs, n)
	}
	for _, d := range c.Datasets {
		if d.System != sys.Name() {
			continue
		}
		// What is inserted is undone by a delete, and the other way round.
		insert := d.Allows(compact.Insert) || d.Allows(compact.Delete)
		add(driver.Need{Table: d.Table, Insert: insert, Update: d.Allows(compact.Update), Delete: insert}, leftBy(&d))
		for _, i := range d.Impact {
			add(driver.Need{Table: i.Table}, driver.Left{})
		}
		t, err := sys.Describe(ctx, d.Table)
		if err != nil {
			whole = false
			continue
		}
		for _, f := range t.ForeignKeys {
			add(driver.Need{Table: f.RefTable}, driver.Left{})
		}
		whole = whole && t.HiddenReferences == ""
		for _, r := range t.ReferencedBy {
			add(driver.Need{Table: r.Table}, driver.Left{})
		}
	}
	slices.SortStableFunc(needs, func(a, b driver.Need) int { return strings.Compare(a.Table.Name, b.Table.Name) })
	return needs, whole && answers
}

// leftBy gives what the new rows of a dataset leave to the system. Those that an undo of a
// delete puts back leave nothing.
func leftBy(d *compact.Dataset) (left driver.Left) {
	if !d.Allows(compact.Insert) {
		return left
	}
	left = driver.Left{Defaults: true, Key: d.Key}
	for _, name := range d.Key {
		if d.Columns[name].Given {
			left.Drawn = name
		}
	}
	return left
}

// needed adds a need to those of the same table, however either names its schema.
func needed(needs []driver.Need, one driver.Need) []driver.Need {
	for i, n := range needs {
		if n.Table.Name == one.Table.Name && (n.Table.Schema == one.Table.Schema || n.Table.Schema == "" || one.Table.Schema == "") {
			table := n.Table
			if table.Schema == "" {
				table.Schema = one.Table.Schema
			}
			needs[i] = driver.Need{Table: table, Insert: n.Insert || one.Insert, Update: n.Update || one.Update, Delete: n.Delete || one.Delete, Uses: append(n.Uses, one.Uses...)}
			return needs
		}
	}
	return append(needs, one)
}
