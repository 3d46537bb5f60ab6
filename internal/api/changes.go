package api

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// maxWait bounds a long poll; proxies give up on silent connections soon after.
const maxWait = time.Minute

// ChangeID is the part of an input that names a change.
type ChangeID struct {
	ID string `path:"id" maxLength:"64" doc:"The change's id"`
}

// OneDataset is the part of an input that names one dataset of a change.
type OneDataset struct {
	ChangeID
	Dataset string `query:"dataset" maxLength:"64" doc:"Of a change over several datasets, the one that is meant"`
}

func (in *OneDataset) id() change.ID { return change.ID(in.ID).On(in.Dataset) }

// changeDoc is a change with its plan's digest as ETag.
type changeDoc struct {
	ETag string `header:"ETag" doc:"The plan's digest; If-Match of approve and reject"`
	Body wire.Change
}

func answerChange(c wire.Change, err error) (*changeDoc, error) {
	out := &changeDoc{Body: c}
	if c.Plan != nil {
		out.ETag = `"` + c.Plan.Digest + `"`
	}
	return out, err
}

type changesInput struct {
	Dataset string   `query:"dataset" doc:"Only changes of this dataset"`
	State   []string `query:"state" doc:"Only changes in one of these states, separated by commas"`
	Mine    bool     `query:"mine" doc:"Only changes that you made"`
	Limit   int      `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Before  string   `query:"before" doc:"Only changes older than the one with this id: the next page"`
}

func (s *server) changes(ctx context.Context, p access.Principal, in *changesInput) (*doc[[]wire.Change], error) {
	f := workflow.Filter{Limit: in.Limit, Before: change.ID(in.Before)}
	if in.Dataset != "" {
		f.Datasets = []string{in.Dataset}
	}
	if in.Mine {
		f.Maker = p.Email
	}
	for _, name := range in.State {
		state := change.State(name)
		if !slices.Contains(change.States(), state) {
			return nil, errs.New(errs.Usage, "There is no state %q.", name).WithMend("States are: %s.", stateNames())
		}
		f.States = append(f.States, state)
	}
	all, err := s.uc.Changes(ctx, p, f)
	if all == nil {
		all = []wire.Change{} // a list, never null
	}
	return &doc[[]wire.Change]{all}, err
}

func stateNames() string {
	var names []string
	for _, s := range change.States() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

type waitInput struct {
	ChangeID
	Wait string `query:"wait" doc:"How long to wait for the plan or the apply to end, as 30s; at most 60s"`
}

func (s *server) change(ctx context.Context, p access.Principal, in *waitInput) (*changeDoc, error) {
	var wait time.Duration
	if in.Wait != "" {
		var err error
		if wait, err = time.ParseDuration(in.Wait); err != nil || wait < 0 {
			return nil, errs.New(errs.Usage, "wait is no length of time: %q.", in.Wait).WithMend("Write it as 30s.")
		}
	}
	return answerChange(s.uc.Change(ctx, p, change.ID(in.ID), min(wait, maxWait)))
}

type rowsInput struct {
	OneDataset
	Op      string `query:"op" enum:"insert,update,delete,kept,impossible" doc:"Only rows of this op; the last two stand in reversals"`
	Finding string `query:"finding" doc:"Only rows that this guardrail or check found"`
	Changed string `query:"changed" doc:"Only rows in which this column changes"`
	Column  string `query:"column" doc:"Only rows in which this column, before or after, has or is the value"`
	Has     string `query:"has" maxLength:"1000" doc:"A text that stands in the column, in capitals or not"`
	Is      string `query:"is" maxLength:"1000" doc:"Exactly what the column is"`
	Empty   bool   `query:"empty" doc:"The column is empty"`
	Limit   int64  `query:"limit" minimum:"1" maximum:"10000" default:"100"`
	Offset  int64  `query:"offset" minimum:"0"`
}

func (s *server) rows(ctx context.Context, p access.Principal, in *rowsInput) (*doc[wire.Rows], error) {
	page, err := s.uc.Browse(ctx, p, in.id(), workflow.RowsWanted{Op: in.Op, Finding: in.Finding, Changed: in.Changed,
		Column: in.Column, Has: in.Has, Is: in.Is, Empty: in.Empty, Limit: in.Limit, Offset: in.Offset})
	if page.Rows == nil {
		page.Rows = []wire.Row{} // a list, never null
	}
	return &doc[wire.Rows]{page}, err
}

func (s *server) findings(ctx context.Context, p access.Principal, in *OneDataset) (*doc[[]finding.Finding], error) {
	c, err := s.uc.Change(ctx, p, change.ID(in.ID), 0)
	if err == nil && in.Dataset != "" && len(c.Members) > 0 {
		c.Findings = slices.DeleteFunc(c.Findings, func(f finding.Finding) bool { return f.Dataset != in.Dataset })
	}
	if c.Findings == nil {
		c.Findings = []finding.Finding{} // a list, never null
	}
	return &doc[[]finding.Finding]{c.Findings}, err
}

type proposeInput struct {
	Dataset string `query:"dataset" required:"true" doc:"The dataset to change"`
	Name    string `query:"name" doc:"The file's name, for people"`
	Title   string `query:"title" maxLength:"200"`
	Reason  string `query:"reason" maxLength:"4000"`
	Choices
	Upload
}

func (s *server) propose(ctx context.Context, p access.Principal, in *proposeInput) (*changeDoc, error) {
	options := change.Options{Mode: change.Upsert}
	if err := in.choose(&options); err != nil {
		return nil, err
	}
	proposal := workflow.Proposal{Dataset: in.Dataset, Name: baseName(in.Name, in.Dataset+".csv"), Title: in.Title, Reason: in.Reason, Options: options}
	if in.Recipe != "" {
		proposal.Recipe, proposal.Choose = in.Recipe, in.choose
	}
	var c wire.Change
	err := s.receive(&in.Upload, func(file io.Reader) (err error) {
		proposal.File = file
		c, err = s.uc.Propose(ctx, p, proposal)
		return err
	})
	return answerChange(c, err)
}

// parseMap reads File column=column. The last = divides, since names of columns
// in a database hardly ever hold one, and headers of files do.
func parseMap(texts []string) (map[string]string, error) {
	columns := map[string]string{}
	for _, text := range texts {
		at := strings.LastIndexByte(text, '=')
		if at <= 0 {
			return nil, errs.New(errs.Usage, "map must be File column=column, but is %q.", text)
		}
		from, to := text[:at], text[at+1:]
		if _, twice := columns[from]; twice {
			return nil, errs.New(errs.Usage, "map names the file's column %q twice.", from)
		}
		columns[from] = to
	}
	if len(columns) == 0 {
		return nil, nil
	}
	return columns, nil
}

type replanInput struct {
	OneDataset
	Name string `query:"name" doc:"The new file's name, for people"`
	Choices
	Upload
}

func (s *server) replan(ctx context.Context, p access.Principal, in *replanInput) (*changeDoc, error) {
	again := workflow.Again{Recipe: in.Recipe}
	if !in.Choices.none() {
		if err := in.choose(&change.Options{}); err != nil { // before a large file is taken in
			return nil, err
		}
		again.Choose = in.choose
	}
	if in.empty() && in.Name == "" { // an empty file has one
		return answerChange(s.uc.Replan(ctx, p, in.id(), again))
	}
	var c wire.Change
	err := s.receive(&in.Upload, func(file io.Reader) (err error) {
		again.Name, again.File = baseName(in.Name, "file.csv"), file
		c, err = s.uc.Replan(ctx, p, in.id(), again)
		return err
	})
	return answerChange(c, err)
}

func (s *server) evidence(ctx context.Context, p access.Principal, in *ChangeID) (*huma.StreamResponse, error) {
	return s.download("change-"+in.ID+".zip", zipType, func(w io.Writer) error {
		return s.uc.Evidence(ctx, p, change.ID(in.ID), w)
	}), nil
}
