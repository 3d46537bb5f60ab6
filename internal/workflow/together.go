package workflow

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/intake/xlsx"
	"sutor/internal/wire"
)

// Together is a proposal over several datasets of one system, parents and children:
// one change, one plan, one decision of each who must, one transaction, one undo.
type Together struct {
	Title  string
	Reason string
	// Next gives the next file with its dataset, io.EOF after the last; each is read
	// before the next is asked for. A file without a dataset is a workbook, whose sheets
	// stand for datasets: those of Sheets, where "" is a sheet that has the dataset's
	// name or label; without any, all sheets that have one's.
	Next   func() (dataset, name string, file io.Reader, err error)
	Sheets map[string]string // dataset → sheet
	// Choose gives the choices for one dataset.
	Choose func(dataset string) (change.Options, error)
}

// ProposeTogether stores the files and the change and enqueues its planning. The
// maker needs the right to propose on every dataset.
func (w *Workflow) ProposeTogether(ctx context.Context, p access.Principal, in Together) (out wire.Change, err error) {
	c := &change.Change{Title: oneLine(in.Title, 200), Reason: in.Reason, State: change.Draft, Maker: p.Email, Options: change.Options{Mode: change.Upsert}}
	for {
		dataset, name, file, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = w.addMember(ctx, p, &in, c, dataset, name, file)
		}
		if err != nil {
			return out, w.refused(ctx, p, "", "propose", err)
		}
	}
	if err := w.fits(c); err != nil {
		return out, err
	}
	if c.Dataset = change.JoinDatasets(c.Datasets()); c.Title == "" {
		c.Title = oneLine(filesOf(c), 200)
	}
	err = w.Store.Do(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		for i, m := range c.Members {
			if err := w.mayPropose(p, m.Dataset); err != nil {
				return err
			}
			c.Members[i].Twin = w.twin(tx, m.Dataset, m.Input.Digest)
		}
		if err := w.create(tx, c, p, evidence.ChangeProposed); err != nil {
			return err
		}
		out, err = w.view(tx, c, p)
		return err
	})
	return out, err
}

// alone refuses choices for one of several datasets that only a change over a
// single one can have.
func alone(o change.Options) error {
	switch {
	case o.Rule != nil:
		return errs.New(errs.Usage, "A change over several datasets has a file for each; none of them is changed by a rule.").
			WithMend("Propose the rule as a change of its own: sutor change set DATASET")
	case o.Mode == change.Sync:
		return errs.New(errs.Usage, "A sync deletes what is not in its file; it is not done in a change over several datasets.").
			WithMend("Use upsert, update or insert, or sync each dataset by a change of its own.")
	case len(o.Key) > 0:
		return errs.New(errs.Usage, "In a change over several datasets rows are found by each dataset's own key.").
			WithMend("Leave --key out, or propose each dataset as a change of its own.")
	}
	return nil
}

// checkMember refuses choices for one of several datasets that make no sense.
func (w *Workflow) checkMember(dataset string, o change.Options) error {
	if err := alone(o); err != nil {
		return err
	}
	return w.checkChoices(dataset, o)
}

// applyAt sets when a change is applied, which is one time for all its datasets: it
// stands in the plan of each.
func applyAt(c *change.Change, at *time.Time) {
	c.Options.ApplyAt = at
	for i := range c.Members {
		c.Members[i].Options.ApplyAt = at
	}
}

// oneTime takes over when a change over several datasets is to be applied: at the
// time that was chosen for any of them, and refuses several.
func oneTime(c *change.Change) error {
	var at *time.Time
	for _, m := range c.Members {
		switch one := m.Options.ApplyAt; {
		case one == nil:
		case at != nil && !at.Equal(*one):
			return errs.New(errs.Usage, "A change over several datasets is applied at one time, and two were chosen.").WithMend("Choose the same time for all of them.")
		default:
			at = one
		}
	}
	applyAt(c, at)
	return nil
}

// fits refuses what is known before there is a plan.
func (w *Workflow) fits(c *change.Change) error {
	if len(c.Members) < 2 || len(c.Members) > change.MostMembers {
		return errs.New(errs.Usage, "A change over several datasets takes files for 2 to %d of them; there are %d.", change.MostMembers, len(c.Members)).
			WithMend("For one dataset: sutor change plan DATASET FILE")
	}
	first, _ := w.Compact().Dataset(c.Members[0].Dataset)
	for i, m := range c.Members {
		if slices.ContainsFunc(c.Members[:i], func(o change.Member) bool { return o.Dataset == m.Dataset }) {
			return errs.New(errs.Usage, "The dataset %s is there twice.", m.Dataset).WithMend("Put its rows into one file.")
		}
		if d, there := w.Compact().Dataset(m.Dataset); there && first != nil && d.System != first.System {
			return severalSystems(first, d)
		}
	}
	if err := oneTime(c); err != nil {
		return err
	}
	return w.checkTimes(c)
}

// addMember takes in one file: for one dataset, or a workbook for several.
func (w *Workflow) addMember(ctx context.Context, p access.Principal, in *Together, c *change.Change, dataset, name string, file io.Reader) error {
	named := []string{dataset}
	if dataset == "" {
		named = sortedKeys(in.Sheets)
	}
	for _, name := range named { // before a large file is taken in
		if err := w.mayPropose(p, name); err != nil {
			return err
		}
	}
	input, err := w.keep(ctx, name, file)
	if err != nil {
		return err
	}
	sheets := map[string]string{dataset: ""}
	if dataset == "" {
		if sheets, err = w.sheetsOf(ctx, p, input, in.Sheets); err != nil {
			return err
		}
	}
	for _, dataset := range sortedKeys(sheets) {
		if err := w.mayPropose(p, dataset); err != nil {
			return err
		}
		options, err := in.Choose(dataset)
		if err == nil {
			err = w.checkMember(dataset, options)
		}
		if err != nil {
			return err
		}
		if sheets[dataset] != "" {
			options.File.Sheet = sheets[dataset]
		}
		own := *input
		c.Members = append(c.Members, change.Member{Dataset: dataset, Options: options, Input: &own})
	}
	return nil
}

// sheetsOf says which sheet of a workbook is for which dataset: as the maker says, or
// by the name or the label of datasets that they may propose changes to. What is not
// certain is asked.
func (w *Workflow) sheetsOf(ctx context.Context, p access.Principal, input *change.Input, said map[string]string) (map[string]string, error) {
	names, err := w.sheetNames(ctx, input)
	if err != nil {
		return nil, err
	}
	found := maps.Clone(said)
	if len(found) == 0 {
		found = map[string]string{}
		for _, d := range w.Compact().Datasets {
			if w.mayPropose(p, d.Name) == nil && slices.ContainsFunc(names, func(sheet string) bool { return isNamed(&d, sheet) }) {
				found[d.Name] = ""
			}
		}
		if len(found) < 2 {
			return nil, errs.New(errs.Usage, "Of the sheets of %s (%s), %s the name or the label of a dataset that you may change.",
				input.Name, strings.Join(names, ", "), has(len(found))).WithMend(sayWhich)
		}
	}
	for dataset, sheet := range found {
		if sheet != "" {
			continue
		}
		d, _ := w.Compact().Dataset(dataset)
		like := slices.DeleteFunc(slices.Clone(names), func(sheet string) bool { return !isNamed(d, sheet) })
		switch {
		case len(like) == 0:
			return nil, errs.New(errs.Usage, "None of the sheets of %s (%s) has the name or the label of %s.", input.Name, strings.Join(names, ", "), dataset).WithMend(sayWhich)
		case len(like) > 1:
			return nil, errs.New(errs.Usage, "The sheets %s of %s may all be %s.", strings.Join(like, " and "), input.Name, dataset).WithMend(sayWhich)
		}
		found[dataset] = like[0]
	}
	return found, nil
}

// sayWhich is how sheets are told apart that have not the names of datasets.
const sayWhich = "Say which sheet is for which dataset, once for each: --sheets 'DATASET=SHEET'"

func has(n int) string {
	if n == 0 {
		return "none has"
	}
	return "only one has"
}

// sheetNames gives the sheets of a workbook that people see.
func (w *Workflow) sheetNames(ctx context.Context, input *change.Input) (names []string, err error) {
	path, release, err := w.Artifacts.Local(ctx, input.Digest)
	if err != nil {
		return nil, err
	}
	defer release()
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	book, err := xlsx.Inspect(ctx, f, input.Bytes, xlsx.Limits{})
	if err != nil {
		return nil, errs.New(errs.Invalid, "%s is no workbook that can be read, so it has no sheets for several datasets.", input.Name).
			WithMend("Give one file for each dataset: --with DATASET=FILE").Because(err)
	}
	for _, s := range book.Sheets {
		if !s.Hidden && !s.Other {
			names = append(names, s.Name)
		}
	}
	return names, nil
}

// isNamed tells whether a sheet has a dataset's name or label.
func isNamed(d *compact.Dataset, sheet string) bool {
	sheet = strings.TrimSpace(sheet)
	return strings.EqualFold(sheet, d.Name) || d.Label != "" && strings.EqualFold(sheet, d.Label)
}

// undoMembers begins the members of a reversal.
func undoMembers(forward *change.Change) (all []change.Member) {
	for _, m := range forward.Members {
		all = append(all, change.Member{Dataset: m.Dataset, Options: change.Options{Mode: change.Undo}})
	}
	return all
}

// viewMembers shows of a family's members those that the asker may see.
func (w *Workflow) viewMembers(out *wire.Change, c *change.Change, p access.Principal) {
	if !c.IsFamily() {
		return
	}
	for _, one := range c.ByDataset() {
		d := w.Compact().AccessDataset(one.Dataset)
		if !access.May(p, access.SeeChanges, d) {
			continue
		}
		m := wire.Change{Findings: out.Findings[:0:0], Risk: wire.Risk{Factors: []wire.Factor{}}, Impact: []wire.Impact{}}
		w.viewPlan(&m, one, access.May(p, access.SeeValues, d))
		w.cut(&m, one, w.sight(p, one.Dataset))
		member := wire.Member{Dataset: one.Dataset, Mode: string(one.Options.Mode), Plan: m.Plan, Findings: m.Findings, Risk: m.Risk, Impact: m.Impact,
			Recipe: viewUse(one.Options.Recipe), Twin: idPtr(one.Twin)}
		if in := one.Input; in != nil {
			member.Input = &wire.Input{Name: in.Name, Digest: string(in.Digest), Rows: in.Rows, Mended: in.Mended}
		}
		if r := one.Result; r != nil {
			member.Result = &wire.Result{Applied: r.Applied, Already: r.Already, Conflicts: r.Conflicts, Failed: r.Failed, ConflictRows: r.ConflictRows, Given: viewGiven(r.Given, w.sight(p, one.Dataset))}
		}
		for _, f := range m.Findings {
			f.Dataset = one.Dataset
			out.Findings = append(out.Findings, f)
		}
		for _, i := range m.Impact {
			i.Label = one.Dataset + ": " + i.Label
			out.Impact = append(out.Impact, i)
		}
		if out.Plan != nil && m.Plan != nil {
			out.Plan.LeftOut = out.Plan.LeftOut || m.Plan.LeftOut
		}
		out.Members = append(out.Members, member)
	}
}
