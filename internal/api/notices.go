package api

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/notice"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

type noticesInput struct {
	Unread bool  `query:"unread" doc:"Only what you have not read"`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	Before int64 `query:"before" minimum:"0" doc:"Only notices older than the one with this id: the next page"`
}

func (s *server) notices(ctx context.Context, p access.Principal, in *noticesInput) (*doc[wire.Inbox], error) {
	out, err := s.uc.Notices(ctx, p, workflow.NoticesWanted{Unread: in.Unread, Limit: in.Limit, Before: notice.ID(in.Before)})
	if out.Notices == nil {
		out.Notices = []wire.Notice{} // a list, never null
	}
	return &doc[wire.Inbox]{out}, err
}

func (s *server) waiting(ctx context.Context, p access.Principal, _ *nothing) (*doc[wire.Waiting], error) {
	out, err := s.uc.Waiting(ctx, p)
	return &doc[wire.Waiting]{out}, err
}

type readInput struct {
	Body struct {
		IDs  []int64 `json:"ids,omitempty" maxItems:"1000" doc:"These notices"`
		UpTo int64   `json:"up_to,omitempty" minimum:"0" doc:"Without ids: all up to and with this one"`
	}
}

func (s *server) readNotices(ctx context.Context, p access.Principal, in *readInput) (*doc[wire.Waiting], error) {
	var ids []notice.ID
	for _, id := range in.Body.IDs {
		ids = append(ids, notice.ID(id))
	}
	out, err := s.uc.ReadNotices(ctx, p, ids, notice.ID(in.Body.UpTo))
	return &doc[wire.Waiting]{out}, err
}
