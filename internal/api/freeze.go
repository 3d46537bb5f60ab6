package api

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/wire"
)

type freezeInput struct {
	DatasetName
	Body *struct {
		Say string `json:"say,omitempty" maxLength:"500" doc:"Why, for those who wait; needed to freeze"`
	}
}

func (in *freezeInput) say() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Say
}

func (s *server) freeze(ctx context.Context, p access.Principal, in *freezeInput) (*doc[wire.Dataset], error) {
	d, err := s.uc.Freeze(ctx, p, in.Name, in.say())
	return &doc[wire.Dataset]{d}, err
}

func (s *server) unfreeze(ctx context.Context, p access.Principal, in *freezeInput) (*doc[wire.Dataset], error) {
	d, err := s.uc.Unfreeze(ctx, p, in.Name, in.say())
	return &doc[wire.Dataset]{d}, err
}
