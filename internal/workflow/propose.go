package workflow

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/finding"
	"sutor/internal/notice"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// Propose stores the file and the change and enqueues its planning.
func (w *Workflow) Propose(ctx context.Context, p access.Principal, in Proposal) (wire.Change, error) {
	if err := w.mayPropose(p, in.Dataset); err != nil {
		return wire.Change{}, w.refused(ctx, p, "", "propose", err)
	}
	if in.Recipe != "" {
		err := w.Store.View(ctx, func(tx Tx) (err error) {
			in.Options, err = w.chosenBy(tx, p, in.Dataset, in.Recipe, in.Choose)
			return err
		})
		if err != nil {
			return wire.Change{}, err
		}
	}
	if err := w.checkChoices(in.Dataset, in.Options); err != nil {
		return wire.Change{}, err
	}
	input, err := w.keep(ctx, in.Name, in.File)
	if err != nil {
		return wire.Change{}, err
	}
	c := &change.Change{
		Title: oneLine(in.Title, 200), Reason: in.Reason, Dataset: in.Dataset, State: change.Draft, Maker: p.Email,
		Options: in.Options, Input: input,
	}
	if c.Title == "" {
		c.Title = input.Name
	}
	var out wire.Change
	err = w.Store.Do(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		if err := w.mayPropose(p, in.Dataset); err != nil {
			return err
		}
		c.Twin = w.twin(tx, in.Dataset, input.Digest)
		if err := w.create(tx, c, p, evidence.ChangeProposed); err != nil {
			return err
		}
		out, err = w.view(tx, c, p)
		return err
	})
	return out, err
}

// create stores a new change in state planning, with its leaf and its job.
func (w *Workflow) create(tx Tx, c *change.Change, p access.Principal, kind evidence.Kind) error {
	id, err := tx.NewID()
	if err != nil {
		return err
	}
	c.ID, c.CreatedAt, c.UpdatedAt = id, w.Now(), w.Now()
	c.State, c.Compact = change.Planning, w.Compact().Digest
	e := evidence.Entry{Kind: kind, To: evidence.State(change.Planning), Means: p.Means, Digests: map[string]record.Digest{},
		Body: evidence.Body{Who: string(p.Email), Dataset: c.Dataset, Title: c.Title, Reason: c.Reason, File: filesOf(c)}}
	maps.Copy(e.Digests, inputDigests(c))
	maps.Copy(e.Digests, lineDigests(c))
	if c.SplitFrom != "" {
		e.IDs = map[string]string{"split_from": string(c.SplitFrom)}
	}
	if c.IsReversal() {
		e.IDs = map[string]string{"reverses": string(c.Reverses)}
	}
	if err := tx.CreateChange(c); err != nil {
		return err
	}
	if err := w.leaf(tx, c, e); err != nil {
		return err
	}
	return tx.Enqueue(Job{Kind: JobPlan, Change: c.ID})
}

// mayPropose gives the contract's order of refusal for a dataset: not to be
// seen, then no right.
func (w *Workflow) mayPropose(p access.Principal, name string) error {
	d, err := w.seen(p, name)
	if err != nil {
		return err
	}
	if !access.May(p, access.Propose, d) {
		return errs.New(errs.Forbidden, "Only makers of the department %s may propose changes to %s.", d.Department, d.Name).
			WithMend("Ask a maker of that department, or the steward for the role.")
	}
	return nil
}

// seen gives the dataset, if there is one that the person may see.
func (w *Workflow) seen(p access.Principal, name string) (access.Dataset, error) {
	c := w.Compact()
	_, there := c.Dataset(name)
	d := c.AccessDataset(name)
	if there && access.May(p, access.SeeDataset, d) {
		return d, nil
	}
	e := errs.New(errs.NotFound, "There is no dataset %q that you may see.", name)
	var names []string
	for _, other := range c.Datasets {
		if access.May(p, access.SeeDataset, c.AccessDataset(other.Name)) {
			names = append(names, other.Name)
		}
	}
	if len(names) > 0 {
		e.WithMend("There are: %s.", strings.Join(names, ", "))
	}
	return d, e
}

// checkChoices refuses choices that make no sense together, and a sync of a dataset
// that does not allow it, before a large file is taken in.
func (w *Workflow) checkChoices(dataset string, o change.Options) error {
	switch o.Mode {
	case change.Upsert, change.Update, change.Insert, change.Sync:
	default:
		return errs.New(errs.Usage, "There is no mode %q.", o.Mode).WithMend("Use upsert, update, insert or sync.")
	}
	within := strings.TrimSpace(o.Within) != ""
	switch {
	case o.Mode == change.Sync && !within:
		return errs.New(errs.Usage, "A sync deletes what is not in the file, so it needs to know which part of the table the file stands for.").
			WithMend(`Say it with --within, as in --within "country == 'DE'"; --within true means the whole table.`)
	case o.Mode != change.Sync && within:
		return errs.New(errs.Usage, "--within says what a sync may delete; the mode is %s.", o.Mode).WithMend("Use --mode sync, or leave --within out.")
	case o.Rule != nil && (o.Mode != change.Update || len(o.Map)+len(o.Formats)+len(o.Key) > 0):
		return errs.New(errs.Usage, "A change by rule has no file, so nothing can be chosen about one.").WithMend("Leave out what is about a file.")
	}
	if d, ok := w.Compact().Dataset(dataset); ok && o.Mode == change.Sync {
		if err := maySync(d); err != nil {
			return err
		}
	}
	return w.checkTime(dataset, o.ApplyAt)
}

// keep stores a proposed file as an artefact.
func (w *Workflow) keep(ctx context.Context, name string, file io.Reader) (*change.Input, error) {
	name = fileName(name)
	d, n, err := w.Artifacts.Put(ctx, &limited{r: file, left: w.Intake.MaxBytes, limit: w.Intake.MaxBytes})
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, errs.New(errs.Invalid, "The file %s is empty.", name).WithMend("Propose a file with a header line and rows.")
	}
	return &change.Input{Name: name, Digest: d, Bytes: n}, nil
}

// fileName keeps of a proposed file's name what is a name: no folders, no
// controls, and no more than a file system would take.
func fileName(name string) string {
	name = filepath.Base(strings.ReplaceAll(oneLine(name, 200), `\`, "/"))
	if name == "." || name == ".." || name == "/" {
		return "file"
	}
	return name
}

// oneLine makes one line of a text that stands in lists and sentences, of at most
// so many characters.
func oneLine(text string, most int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "�"), func(r rune) bool { return unicode.IsControl(r) }), " ")
	if all := []rune(text); len(all) > most {
		text = string(all[:most-1]) + "…"
	}
	return strings.TrimSpace(text)
}

// limited refuses what is larger than the limit instead of cutting it off.
type limited struct {
	r           io.Reader
	left, limit int64
}

// Len is how many bytes are left to read, where the source knows; otherwise -1.
func (l *limited) Len() int {
	if source, ok := l.r.(interface{ Len() int }); ok {
		return source.Len()
	}
	return -1
}

// Read reads until the limit; one byte more is an error.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errs.New(errs.Invalid, "The file is larger than the %d MB this server takes.", l.limit>>20).
			WithMend("Split it, or ask the steward to raise the limit (serve --max-upload).")
	}
	return n, err
}

// twin finds an earlier change of the same dataset with this very file that was
// applied or still may be: the same file twice is noticed.
func (w *Workflow) twin(tx Tx, dataset string, input record.Digest) change.ID {
	others, err := tx.Changes(Filter{Datasets: []string{dataset}, Input: input, Limit: 1, States: twinStates()})
	if err != nil || len(others) == 0 {
		return ""
	}
	return others[0].ID
}

// twinStates are those of changes that were applied or still may be.
func twinStates() []change.State {
	return []change.State{change.Planning, change.Planned, change.Submitted, change.Approved, change.Applying, change.Applied}
}

// withTwin adds a finding where an earlier change of the dataset was planned from
// the same rows, whatever their order and the kind of file. Who sees this change
// sees that one too.
func (w *Workflow) withTwin(ctx context.Context, c *change.Change, content record.Digest, found []finding.Finding) ([]finding.Finding, error) {
	var twin *change.Change
	err := w.Store.View(ctx, func(tx Tx) error {
		twin = nil
		others, err := tx.Changes(Filter{Datasets: []string{c.Dataset}, Content: content, Before: c.ID, Limit: 1, States: twinStates()})
		if len(others) > 0 {
			twin = others[0].On(c.Dataset)
		}
		return err
	})
	if err != nil || twin == nil {
		return found, err
	}
	return append(found, plan.TwinFinding(c, twin, w.Compact().Timezone)), nil
}

// Replan plans again with today's data, and with what is different.
func (w *Workflow) Replan(ctx context.Context, p access.Principal, id change.ID, a Again) (wire.Change, error) {
	id, dataset := id.Split()
	input, err := w.another(ctx, p, id, dataset, a)
	if err != nil {
		return wire.Change{}, err
	}
	return w.act(ctx, p, id, change.ActReplan, func(s *step) error {
		if p := s.c.Purged; p != nil && input == nil {
			if err := w.removed(s.c, "file", p.Inputs); err != nil {
				return err
			}
		}
		if a.File != nil || a.Choose != nil || a.Recipe != "" {
			one, err := w.one(s.c, s.who, dataset)
			if err != nil {
				return err
			}
			if err := w.chooseAgain(s, one, a); err != nil {
				return err
			}
			if input != nil {
				one.Input = input
			}
			s.c.TakeFrom(one)
			applyAt(s.c, one.Options.ApplyAt)
		}
		if s.c.IsReversal() {
			if err := w.reserve(s.tx, s.c); err != nil {
				return err
			}
		}
		return w.planAgain(s, "planned again")
	})
}

// chooseAgain changes what the maker chose before: all of it by a recipe, some of it
// by their own choices.
func (w *Workflow) chooseAgain(s *step, c *change.Change, a Again) (err error) {
	switch {
	case a.Recipe != "":
		c.Options, err = w.chosenBy(s.tx, s.who, c.Dataset, a.Recipe, a.Choose)
	case a.Choose != nil:
		err = a.Choose(&c.Options)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	if s.c.IsFamily() {
		return w.checkMember(c.Dataset, c.Options)
	}
	return w.checkChoices(c.Dataset, c.Options)
}

// planAgain has a change planned again, with what it is now; why its decisions
// become void.
func (w *Workflow) planAgain(s *step, why string) error {
	s.c.Purged = nil // of plans that count no more
	s.c.VoidDecisions(why)
	s.c.Plan, s.c.Route, s.c.RouteWhy, s.c.Blocked, s.c.Result, s.c.Problem, s.c.Why = nil, nil, "", "", nil, nil, ""
	s.c.SubmittedAt, s.c.Trial = nil, nil
	e := evidence.Entry{Kind: evidence.PlanAsked, Means: s.who.Means, Digests: inputDigests(s.c), Body: evidence.Body{Who: string(s.who.Email), For: s.place()}}
	maps.Copy(e.Digests, lineDigests(s.c))
	for i, one := range s.c.ByDataset() {
		if one.Input != nil && one.Input.Mends != "" {
			if e.Counts == nil {
				e.Counts = map[string]int64{}
			}
			e.Counts[numbered(s.c, "mended", i)] = one.Input.Mended
		}
	}
	for i := range s.c.Members {
		s.c.Members[i].Plan, s.c.Members[i].Result = nil, nil
	}
	if err := w.move(s.tx, s.c, change.Planning, e); err != nil {
		return err
	}
	return s.tx.Enqueue(Job{Kind: JobPlan, Change: s.c.ID})
}

// another takes in the other file of a replan, if there is one.
func (w *Workflow) another(ctx context.Context, p access.Principal, id change.ID, dataset string, a Again) (*change.Input, error) {
	if a.File == nil && a.Choose == nil && a.Recipe == "" {
		return nil, nil
	}
	err := w.Store.View(ctx, func(tx Tx) error { // before a large file is taken in
		s, err := w.judge(tx, p, id, change.ActReplan)
		if err == nil && (s.c.IsReversal() || a.File != nil || a.Recipe != "") {
			err = filed(s.c, "choose")
		}
		if err == nil {
			_, err = w.one(s.c, s.who, dataset)
		}
		return err
	})
	if err != nil {
		return nil, w.refused(ctx, p, id, change.ActReplan, err)
	}
	if a.File == nil {
		return nil, nil
	}
	return w.keep(ctx, a.Name, a.File)
}

// Undo proposes the reversal of an applied change.
func (w *Workflow) Undo(ctx context.Context, p access.Principal, id change.ID, reason string) (wire.Change, error) {
	if err := w.seesAll(ctx, p, id, change.ActUndo); err != nil {
		return wire.Change{}, err
	}
	if err := w.undoable(ctx, p, id); err != nil {
		return wire.Change{}, err
	}
	var out wire.Change
	err := w.Store.Do(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, change.ActUndo)
		if err != nil {
			return err
		}
		if u := w.undo(s.c); !u.Possible {
			return errs.New(errs.Blocked, "Change %s cannot be undone: %s", id, u.Why)
		}
		ousted, err := w.roomForUndo(tx, s.c, s.who)
		if err != nil {
			return err
		}
		c := &change.Change{Title: fmt.Sprintf("Undo of %s: %s", id, s.c.Title), Reason: reason, Dataset: s.c.Dataset, Members: undoMembers(s.c), Maker: p.Email,
			State: change.Draft, Options: change.Options{Mode: change.Undo}, Reverses: id}
		if !s.c.IsReversal() { // who takes a reversal back writes again: that takes the normal route
			c.ReversesAt = s.c.AppliedAt
		}
		if err := w.create(tx, c, p, evidence.UndoProposed); err != nil {
			return err
		}
		s.c.ReversedBy = c.ID
		if err := tx.SaveChange(s.c); err != nil {
			return err
		}
		if ousted != nil {
			say := fmt.Sprintf("%s undoes change %s: your change %s, which would have done that, cannot go on meanwhile.", w.nameOf(p.Email), id, ousted.ID)
			if err := w.notify(tx, notice.Notice{Kind: notice.Told, By: p.Email, Change: ousted.ID, Dataset: ousted.Dataset, Say: say}, ousted.Maker); err != nil {
				return err
			}
		}
		out, err = w.view(tx, c, s.who)
		return err
	})
	if err != nil {
		return wire.Change{}, w.refused(ctx, p, id, change.ActUndo, err)
	}
	return out, nil
}

// roomForUndo refuses a second reversal beside one that goes on. An owner's takes the
// place of somebody else's that nobody has submitted, which it gives: no maker can
// keep an owner from undoing by proposing it first. The other stands as it is;
// [Workflow.reserve] keeps it from going on.
func (w *Workflow) roomForUndo(tx Tx, c *change.Change, p access.Principal) (ousted *change.Change, err error) {
	if c.ReversedBy == "" {
		return nil, nil
	}
	other, err := tx.Change(c.ReversedBy)
	if err != nil {
		return nil, err
	}
	e := errs.New(errs.Blocked, "The reversal of change %s is proposed already: it is change %s, made by %s.", c.ID, other.ID, other.Maker)
	owner := w.ownsAll(c, p)
	switch {
	case other.MadeBy(p.Email):
		return nil, e.WithMend("Go on with that one, or withdraw it first: sutor change withdraw %s", other.ID)
	case owner && (other.State == change.Planning || other.State == change.Planned):
		return other, nil
	case owner && other.State == change.Submitted:
		return nil, e.WithMend("Approve it, or send it back and undo it yourself: sutor change reject %s --comment 'WHY'", other.ID)
	case other.State == change.Approved:
		return nil, e.WithMend("It is approved: its maker or an owner applies it.")
	}
	return nil, e.WithMend("It goes on when it is submitted and decided on.")
}

// undoable refuses an undo of rows that are not kept any more, before it starts and
// before a transaction waits for a bucket. Whoever may not undo is told so by the act.
func (w *Workflow) undoable(ctx context.Context, p access.Principal, id change.ID) error {
	c, _, err := w.judged(ctx, p, id, change.ActUndo)
	if errs.As(err) != nil || err == nil && !w.undo(c).Possible {
		return nil // the act itself refuses it, in its order
	}
	if err != nil {
		return err
	}
	kept, err := w.storedOf(ctx, c)
	if err == nil && !kept {
		return errs.New(errs.Blocked, "Change %s cannot be undone: %s", id, removedEarly)
	}
	for _, one := range c.ByDataset() {
		if err == nil {
			err = w.planKept(ctx, one)
		}
	}
	return err
}

// planKept refuses an undo whose plan is not kept any more.
func (w *Workflow) planKept(ctx context.Context, c *change.Change) error {
	b, err := w.readWhole(ctx, c.Plan.Digest)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	kept := false
	if err == nil {
		m, err := plan.ParseManifest(b)
		if err != nil {
			return err
		}
		if kept, err = w.Artifacts.Has(ctx, m.File); err != nil {
			return err
		}
	}
	if !kept {
		return errs.New(errs.Blocked, "Change %s cannot be undone: the rows of its plan are not kept any more.", c.ID)
	}
	return nil
}

// sortedKeys gives a map's keys in a stable order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
