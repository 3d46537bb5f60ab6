package api

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/wire"
)

type commentInput struct {
	ChangeID
	Body struct {
		Text string `json:"text" doc:"At most 4,000 characters; @ before an address or a name tells that person"`
	}
}

func (s *server) comment(ctx context.Context, p access.Principal, in *commentInput) (*doc[wire.Comment], error) {
	c, err := s.uc.Comment(ctx, p, change.ID(in.ID), in.Body.Text)
	return &doc[wire.Comment]{c}, err
}

func (s *server) discussion(ctx context.Context, p access.Principal, in *ChangeID) (*doc[[]wire.Comment], error) {
	all, err := s.uc.Discussion(ctx, p, change.ID(in.ID))
	if all == nil {
		all = []wire.Comment{} // a list, never null
	}
	return &doc[[]wire.Comment]{all}, err
}

func (s *server) history(ctx context.Context, p access.Principal, in *ChangeID) (*doc[wire.History], error) {
	h, err := s.uc.History(ctx, p, change.ID(in.ID))
	return &doc[wire.History]{h}, err
}

func (s *server) stop(ctx context.Context, p access.Principal, in *Act) (*changeDoc, error) {
	return answerChange(s.uc.Stop(ctx, p, in.id(), in.comment()))
}
