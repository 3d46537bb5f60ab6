package workflow

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// numbered names a digest of a member in a leaf: plan.1, input.2; of a change over
// one dataset there is nothing to number.
func numbered(c *change.Change, name string, member int) string {
	if !c.IsFamily() {
		return name
	}
	return fmt.Sprintf("%s.%d", name, member+1)
}

// memberOf is the number by which leaves know a dataset of a family, from 1 in the
// order of its members; 0 in a change over one dataset.
func memberOf(c *change.Change, dataset string) int64 {
	if dataset == "" {
		return 0
	}
	return int64(slices.Index(c.Datasets(), dataset) + 1)
}

// inputDigests names the files of a change.
func inputDigests(c *change.Change) map[string]record.Digest {
	out := map[string]record.Digest{}
	for i, one := range c.ByDataset() {
		if one.Input == nil {
			continue
		}
		out[numbered(c, "input", i)] = one.Input.Digest
		if one.Input.Mends != "" {
			out[numbered(c, "mends", i)] = one.Input.Mends
		}
	}
	return out
}

// lineDigests names the lines of its file that a part or a rest is of; a family is
// not divided, so there is nothing to number.
func lineDigests(c *change.Change) map[string]record.Digest {
	if c.Input == nil || c.Input.Lines == "" {
		return nil
	}
	return map[string]record.Digest{"lines": c.Input.Lines}
}

// deciding says in a leaf for which members a decision counts.
func deciding(c *change.Change, d change.Decision, e evidence.Entry) evidence.Entry {
	var numbers []string
	for _, name := range d.Datasets {
		numbers = append(numbers, fmt.Sprint(memberOf(c, name)))
	}
	if len(numbers) > 0 {
		e.IDs["members"] = strings.Join(numbers, ".")
	}
	return e
}

// one gives a change as it is over the dataset that is meant: over its only one, or
// over the named one of a family. Which datasets there are is told only to those who
// may see them.
func (w *Workflow) one(c *change.Change, p access.Principal, dataset string) (*change.Change, error) {
	if dataset == "" && !c.IsFamily() {
		return c, nil
	}
	var names []string
	for _, name := range c.Datasets() {
		if access.May(p, access.SeeChanges, w.Compact().AccessDataset(name)) {
			names = append(names, name)
		}
	}
	switch {
	case slices.Contains(names, dataset):
		return c.On(dataset), nil
	case dataset == "":
		return nil, errs.New(errs.Usage, "Change %s is over several datasets: %s.", c.ID, strings.Join(names, ", ")).
			WithMend("Say which one you mean: --dataset %s", names[0])
	}
	return nil, errs.New(errs.NotFound, "Change %s has no dataset %q that you may see.", c.ID, dataset).WithMend("It has: %s.", strings.Join(names, ", "))
}

// filesOf names the files of a change.
func filesOf(c *change.Change) string {
	var names []string
	for _, one := range c.ByDataset() {
		if one.Input != nil && !slices.Contains(names, one.Input.Name) {
			names = append(names, one.Input.Name)
		}
	}
	return strings.Join(names, ", ")
}

// severalSystems refuses a family that no transaction could hold together.
func severalSystems(a, b *compact.Dataset) error {
	return errs.New(errs.Invalid, "%s is in the system %s and %s in %s: nothing could write both at once, all or nothing.", a.Name, a.System, b.Name, b.System).
		WithMend("Propose one change for each system.")
}

// opened are the plans of a change, ready to be written or compared.
type opened struct {
	plans []openedPlan // by the change's datasets
	steps []plan.Step  // in the order in which they are written
}

type openedPlan struct {
	c       *change.Change // over this dataset alone
	m       plan.Manifest
	parquet string
}

// sound makes sure that the rows are byte for byte those that the manifests name: of
// nothing else anything is written to a system, or taken back.
func (o opened) sound() error {
	for _, p := range o.plans {
		if err := sound(p.parquet, p.m.File); err != nil {
			return err
		}
	}
	return nil
}

// sound holds a local file against its digest. What an artefact is on the disk by now may
// be damaged, or altered, and still be a file that can be read.
func sound(path string, d record.Digest) error {
	f, err := os.Open(path)
	if err != nil {
		return diskFull(err)
	}
	defer f.Close()
	got := record.NewDigester()
	if _, err := io.Copy(got, f); err != nil {
		return diskFull(err)
	}
	if got.Digest() == d {
		return nil
	}
	return errs.New(errs.Internal, "The stored file %s is damaged, or was altered: it is not what it was when it was approved, so nothing is written or taken back by it.", d).
		WithMend("The steward restores it from a backup; sutor evidence fsck tells what else is damaged. A plan can also be made again.").
		Because(fmt.Errorf("it has the digest %s", got.Digest()))
}

// openPlans opens the plans of all datasets of a change, and makes sure that they are
// those that were approved.
func (w *Workflow) openPlans(ctx context.Context, c *change.Change) (o opened, release func(), err error) {
	var releases []func()
	release = func() {
		for _, r := range releases {
			r()
		}
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	o.steps = plan.Steps(1, false)
	if c.IsFamily() {
		if o.steps, err = w.openJoint(ctx, c); err != nil {
			return o, release, err
		}
	}
	for _, one := range c.ByDataset() {
		m, parquet, done, err := w.openPlan(ctx, one.Plan.Digest)
		if err != nil {
			return o, release, err
		}
		releases = append(releases, done)
		if m.Digest() != one.Plan.Digest || m.Change != c.ID || m.Dataset != one.Dataset {
			return o, release, fmt.Errorf("the manifest of change %s is not the one that was approved", c.ID)
		}
		o.plans = append(o.plans, openedPlan{one, m, parquet})
	}
	return o, release, nil
}

// openJoint reads the manifest of a family, makes sure that its members are those of
// the change, and gives the order of their steps.
func (w *Workflow) openJoint(ctx context.Context, c *change.Change) ([]plan.Step, error) {
	text, err := w.readWhole(ctx, c.Plan.Digest)
	if err != nil {
		return nil, err
	}
	j, err := plan.ParseJoint(text)
	if err != nil {
		return nil, err
	}
	same := j.Change == c.ID && len(j.Members) == len(c.Members)
	for i := 0; same && i < len(j.Members); i++ {
		m := c.Members[i]
		same = m.Plan != nil && j.Members[i] == plan.JointMember{Dataset: m.Dataset, Plan: m.Plan.Digest}
	}
	if !same {
		return nil, fmt.Errorf("the manifest of change %s is not that of its members", c.ID)
	}
	return j.Steps, nil
}
