package api

import (
	"context"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

func (s *server) compactVersions(ctx context.Context, p access.Principal, _ *nothing) (*doc[[]wire.CompactVersion], error) {
	all, err := s.uc.CompactVersions(ctx, p)
	if all == nil {
		all = []wire.CompactVersion{} // a list, never null
	}
	return &doc[[]wire.CompactVersion]{all}, err
}

type versionInput struct {
	Digest string `path:"digest" doc:"The version's digest"`
}

func (s *server) compactVersion(ctx context.Context, p access.Principal, in *versionInput) (*doc[wire.Compact], error) {
	c, err := s.uc.CompactVersion(ctx, p, record.Digest(in.Digest))
	return &doc[wire.Compact]{c}, err
}

func (s *server) operations(ctx context.Context, p access.Principal, _ *nothing) (*doc[wire.Operations], error) {
	o, err := s.uc.Operations(ctx, p)
	return &doc[wire.Operations]{o}, err
}

type searchInput struct {
	Person  string `query:"person" doc:"Who made it, or decided on it"`
	Dataset string `query:"dataset"`
	From    string `query:"from" doc:"Made on this day or later, as in 2026-01-31 (UTC)"`
	To      string `query:"to" doc:"Made on this day or earlier"`
	Key     string `query:"key" maxLength:"1000" doc:"The key of a row that the plan touches; parts of a key are joined by ' + '"`
	Before  string `query:"before" doc:"Go on before this change"`
}

func (s *server) searched(ctx context.Context, p access.Principal, in *searchInput) (*doc[wire.Searched], error) {
	from, err := day(in.From, 0)
	if err != nil {
		return nil, err
	}
	to, err := day(in.To, 1)
	if err != nil {
		return nil, err
	}
	found, err := s.uc.Searched(ctx, p, workflow.Search{Person: access.Fold(in.Person), Dataset: in.Dataset, From: from, To: to, Key: in.Key, Before: change.ID(in.Before)})
	return &doc[wire.Searched]{found}, err
}

// day reads a day, so many days later.
func day(text string, later int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, errs.New(errs.Usage, "%q is no day.", text).WithMend("Write it as in 2026-01-31.")
	}
	return t.AddDate(0, 0, later), nil
}
