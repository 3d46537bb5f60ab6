package api

import (
	"context"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

type liveInput struct {
	DatasetName
	Column []string `query:"column,explode" doc:"Columns besides the key, once for each; all where none is named"`
	By     string   `query:"by" doc:"The column that orders the rows; the key where it is empty"`
	Desc   bool     `query:"desc" doc:"Descending; rows without a value come last"`
	Where  []string `query:"where,explode" doc:"A test, once for each: the column, a sign and a value, parted by blanks, as in: credit_limit >= 1000. Signs: = != < <= > >= contains starts ends empty filled"`
	Limit  int64    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Offset int64    `query:"offset" minimum:"0"`
}

func (s *server) live(ctx context.Context, p access.Principal, in *liveInput) (*doc[wire.LiveRows], error) {
	want := workflow.LiveWanted{Columns: in.Column, By: in.By, Desc: in.Desc, Limit: in.Limit, Offset: in.Offset}
	for _, text := range in.Where {
		column, rest, _ := strings.Cut(text, " ")
		is, value, _ := strings.Cut(rest, " ")
		if column == "" || is == "" {
			return nil, errs.New(errs.Usage, "where must be a column, a sign and a value, but is %q.", text).WithMend("Write it as in: credit_limit >= 1000")
		}
		want.Where = append(want.Where, workflow.LiveTest{Column: column, Is: is, Value: value})
	}
	page, err := s.uc.Live(ctx, p, in.Name, want)
	return &doc[wire.LiveRows]{page}, err
}

func (s *server) reading(ctx context.Context, p access.Principal, in *OneDataset) (*doc[wire.Reading], error) {
	r, err := s.uc.Reading(ctx, p, in.id())
	return &doc[wire.Reading]{r}, err
}

type fittingInput struct {
	DatasetName
	Where string `query:"where" required:"true" maxLength:"10000" doc:"Which rows, in the guardrail language over their columns; true for all"`
}

func (s *server) fitting(ctx context.Context, p access.Principal, in *fittingInput) (*doc[wire.Fitting], error) {
	found, err := s.uc.Fitting(ctx, p, in.Name, in.Where)
	return &doc[wire.Fitting]{found}, err
}

func (s *server) spreads(ctx context.Context, p access.Principal, in *ChangeID) (*doc[[]wire.Spread], error) {
	all, err := s.uc.Spreads(ctx, p, change.ID(in.ID))
	return &doc[[]wire.Spread]{all}, err
}

func (s *server) since(ctx context.Context, p access.Principal, in *ChangeID) (*doc[wire.Since], error) {
	out, err := s.uc.Since(ctx, p, change.ID(in.ID))
	return &doc[wire.Since]{out}, err
}

func (s *server) conflicts(ctx context.Context, p access.Principal, in *ChangeID) (*doc[[]wire.ConflictRow], error) {
	all, err := s.uc.Conflicts(ctx, p, change.ID(in.ID))
	return &doc[[]wire.ConflictRow]{all}, err
}
