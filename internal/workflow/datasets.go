package workflow

import (
	"context"
	"time"

	"sutor/internal/access"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Datasets lists what the person may see.
func (w *Workflow) Datasets(ctx context.Context, p access.Principal) ([]wire.Dataset, error) {
	out := []wire.Dataset{}
	c := w.Compact()
	for i := range c.Datasets {
		d := &c.Datasets[i]
		if access.May(p, access.SeeDataset, c.AccessDataset(d.Name)) {
			out = append(out, w.viewDataset(d, p))
		}
	}
	return out, w.viewStops(ctx, out)
}

// viewStops shows which datasets are frozen at once.
func (w *Workflow) viewStops(ctx context.Context, all []wire.Dataset) error {
	return w.Store.View(ctx, func(tx Tx) error {
		for i := range all {
			s, err := tx.Stop(all[i].Name)
			if err != nil {
				return err
			}
			if s != nil {
				all[i].Frozen = &wire.Frozen{By: string(s.By), At: s.At, Say: s.Say}
			}
		}
		return nil
	})
}

func (w *Workflow) viewDataset(d *compact.Dataset, p access.Principal) wire.Dataset {
	out := wire.Dataset{Name: d.Name, Label: d.Label, System: d.System, Table: d.Table.String(), Key: d.Key, Department: string(d.Department),
		Owners: []string{}, Needs: several(d.Needs), Allow: []string{}, May: []string{}}
	if pr, ok := w.Compact().Process(d.Process); ok {
		out.Process = &wire.Process{Name: pr.Name, Label: pr.Label}
	}
	for _, o := range d.Owners {
		out.Owners = append(out.Owners, string(o))
	}
	for _, op := range d.Allow {
		out.Allow = append(out.Allow, string(op))
	}
	for name, a := range map[string]access.Action{"rows": access.SeeRows, "export": access.Export, "propose": access.Propose, "freeze": access.Freeze} {
		if access.May(p, a, w.Compact().AccessDataset(d.Name)) {
			out.May = append(out.May, name)
		}
	}
	return out
}

// several gives a number of people where more than one is asked for.
func several(needs int) int {
	if needs > 1 {
		return needs
	}
	return 0
}

// Dataset gives one dataset with its columns, as the live system has them.
func (w *Workflow) Dataset(ctx context.Context, p access.Principal, name string) (wire.Dataset, error) {
	if _, err := w.seen(p, name); err != nil {
		return wire.Dataset{}, err
	}
	see := w.sight(p, name)
	d := see.d
	one := []wire.Dataset{w.viewDataset(d, p)}
	if err := w.viewStops(ctx, one); err != nil {
		return wire.Dataset{}, err
	}
	out := one[0]
	for _, g := range d.Guardrails {
		if g.Each == compact.EachRow && see.reads(g.When.Text) {
			g.When.Text = ""
		}
		out.Guardrails = append(out.Guardrails, wire.Rule{Name: g.Name, Each: string(g.Each), When: g.When.Text, Then: string(g.Then), By: string(g.By), Needs: several(g.Needs), Say: g.Say, Process: g.Process})
	}
	for _, f := range d.Freedom {
		out.Freedom = append(out.Freedom, wire.Freedom{Level: string(f.Level), When: f.When.Text,
			Yours: access.May(p, access.Propose, w.Compact().AccessDataset(name)) && p.Level.AtLeast(f.Level)})
	}
	sys, err := w.Systems.System(d.System)
	if err != nil {
		return out, err
	}
	table, err := sys.Describe(ctx, d.Table)
	if err != nil {
		return out, err
	}
	out.OtherKeys = otherKeys(table, d.Key, see)
	for _, c := range table.Columns {
		switch {
		case see.Sees(c.Name):
			out.Columns = append(out.Columns, viewColumn(c, d.Columns[c.Name]))
		case see.Names(c.Name):
			out.Columns = append(out.Columns, wire.Column{Name: c.Name, Label: d.Columns[c.Name].Label, Type: c.Type.Native, Nullable: c.Nullable, Masked: true})
		}
	}
	if !see.AllRows() {
		out.SomeRows = true // how many others there are is not for them
		return out, nil
	}
	rows, err := w.counts.of(ctx, sys, d.Table)
	out.Rows = &rows
	return out, err
}

func viewColumn(c record.Column, rule compact.ColumnRule) wire.Column {
	out := wire.Column{Name: c.Name, Label: rule.Label, Type: c.Type.Native, Kind: c.Type.Kind.String(), Nullable: c.Nullable,
		Writable: rule.MayWrite() && !c.Generated && c.Identity != "always" && c.Type.Kind != record.Unsupported,
		OneOf:    rule.OneOf, Pattern: rule.Pattern, Say: rule.Say, Required: rule.Required, Also: rule.Also}
	if rule.Min != nil {
		out.Min = *rule.Min
	}
	if rule.Max != nil {
		out.Max = *rule.Max
	}
	return out
}

// wellFor is how long artefacts that could be written and read are taken to be so: a
// look writes, reads and removes something, and a bucket takes money for each.
const wellFor = 10 * time.Second

// artifactHealth tells whether artefacts can be written, read and listed.
func (w *Workflow) artifactHealth(ctx context.Context) Health {
	h := Health{Name: "artefacts", OK: true}
	if well := w.well.Load(); well != nil && time.Since(*well) < wellFor {
		return h
	}
	if err := w.Artifacts.Check(ctx); err != nil {
		h.OK, h.Why = false, errs.Public(err).Error()
		return h
	}
	now := time.Now()
	w.well.Store(&now)
	return h
}

// Health tells which of the configured things answer.
func (w *Workflow) Health(ctx context.Context) []Health {
	var out []Health
	for _, s := range w.Compact().Systems {
		h := Health{Name: "system " + s.Name, OK: true}
		sys, err := w.Systems.System(s.Name)
		if err == nil {
			err = sys.Ping(ctx)
		}
		if err != nil {
			h.OK, h.Why = false, errs.Public(err).Error()
		}
		out = append(out, h)
	}
	err := w.Store.View(ctx, func(tx Tx) error {
		_, err := tx.InForce()
		return err
	})
	h := Health{Name: "metadata", OK: err == nil}
	if err != nil {
		h.Why = errs.Public(err).Error()
	}
	if out = append(out, h, w.artifactHealth(ctx)); w.Post != nil {
		out = append(out, w.mailHealth(ctx))
	}
	return out
}
