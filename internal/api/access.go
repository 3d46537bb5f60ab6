package api

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/wire"
)

type askInput struct {
	Body struct {
		Dataset string   `json:"dataset" maxLength:"100" doc:"The dataset you ask to see, by its name"`
		Columns []string `json:"columns,omitempty" maxItems:"50" doc:"Columns whose values you ask to see"`
		Days    int      `json:"days" minimum:"1" maximum:"365" doc:"For how long"`
		Reason  string   `json:"reason" maxLength:"1000" doc:"Why; its owner decides by it"`
	}
}

// RequestID is the part of an input that names somebody's asking for access.
type RequestID struct {
	ID string `path:"request" maxLength:"64" doc:"The request's id"`
}

type grantInput struct {
	RequestID
	Body *struct {
		Days    int    `json:"days,omitempty" minimum:"0" maximum:"365" doc:"For how long; as long as was asked for where it is left out"`
		Comment string `json:"comment,omitempty" maxLength:"1000"`
	}
}

type answerInput struct {
	RequestID
	Body *struct {
		Comment string `json:"comment,omitempty" maxLength:"1000"`
	}
}

func (in *answerInput) comment() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Comment
}

func (s *server) accesses(ctx context.Context, p access.Principal, _ *nothing) (*doc[[]wire.Access], error) {
	list, err := s.uc.Accesses(ctx, p)
	if list == nil {
		list = []wire.Access{} // a list, never null
	}
	return &doc[[]wire.Access]{list}, err
}

func (s *server) askAccess(ctx context.Context, p access.Principal, in *askInput) (*doc[wire.Access], error) {
	a, err := s.uc.AskAccess(ctx, p, in.Body.Dataset, in.Body.Columns, in.Body.Days, in.Body.Reason)
	return &doc[wire.Access]{a}, err
}

func (s *server) grantAccess(ctx context.Context, p access.Principal, in *grantInput) (*doc[wire.Access], error) {
	days, comment := 0, ""
	if in.Body != nil {
		days, comment = in.Body.Days, in.Body.Comment
	}
	a, err := s.uc.GrantAccess(ctx, p, access.RequestID(in.ID), days, comment)
	return &doc[wire.Access]{a}, err
}

func (s *server) denyAccess(ctx context.Context, p access.Principal, in *answerInput) (*doc[wire.Access], error) {
	a, err := s.uc.DenyAccess(ctx, p, access.RequestID(in.ID), in.comment())
	return &doc[wire.Access]{a}, err
}

func (s *server) endAccess(ctx context.Context, p access.Principal, in *answerInput) (*doc[wire.Access], error) {
	a, err := s.uc.EndAccess(ctx, p, access.RequestID(in.ID), in.comment())
	return &doc[wire.Access]{a}, err
}
