package api

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/wire"
)

type namingInput struct {
	Body struct {
		Deputy   string   `json:"deputy" maxLength:"320" doc:"The e-mail address of a person of the Compact in force"`
		From     string   `json:"from,omitempty" maxLength:"40" doc:"A day in the Compact's time zone, or a moment (RFC 3339); now where it is left out"`
		Until    string   `json:"until" maxLength:"40" doc:"The last day, or the moment at which it is over"`
		Datasets []string `json:"datasets,omitempty" maxItems:"1000" doc:"For these alone; for all where it is left out"`
	}
}

type endingInput struct {
	Body struct {
		Deputy string `json:"deputy" maxLength:"320" doc:"The deputy's address, or of the person whose deputy you are, or the id"`
	}
}

func (s *server) deputies(ctx context.Context, p access.Principal, _ *nothing) (*doc[[]wire.Deputy], error) {
	list, err := s.uc.Deputies(ctx, p)
	return &doc[[]wire.Deputy]{list}, err
}

func (s *server) nameDeputy(ctx context.Context, p access.Principal, in *namingInput) (*doc[wire.Deputy], error) {
	d, err := s.uc.NameDeputy(ctx, p, wire.Naming(in.Body))
	return &doc[wire.Deputy]{d}, err
}

func (s *server) endDeputy(ctx context.Context, p access.Principal, in *endingInput) (*doc[wire.Deputy], error) {
	d, err := s.uc.EndDeputy(ctx, p, in.Body.Deputy)
	return &doc[wire.Deputy]{d}, err
}
