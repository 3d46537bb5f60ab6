package api

import (
	"context"
	"io"

	"github.com/danielgtaylor/huma/v2"

	"sutor/internal/access"
	"sutor/internal/wire"
)

// doc is an answer that is one JSON document.
type doc[T any] struct{ Body T }

type nothing struct{}

// DatasetName is the part of an input that names a dataset.
type DatasetName struct {
	Name string `path:"name" doc:"The dataset's name in the Compact"`
}

func (s *server) datasets(ctx context.Context, p access.Principal, _ *nothing) (*doc[[]wire.Dataset], error) {
	all, err := s.uc.Datasets(ctx, p)
	if all == nil {
		all = []wire.Dataset{} // a list, never null
	}
	return &doc[[]wire.Dataset]{all}, err
}

func (s *server) dataset(ctx context.Context, p access.Principal, in *DatasetName) (*doc[wire.Dataset], error) {
	d, err := s.uc.Dataset(ctx, p, in.Name)
	return &doc[wire.Dataset]{d}, err
}

type exportInput struct {
	DatasetName
	Format string `query:"format" enum:"csv,xlsx" default:"csv" doc:"The kind of file"`
}

func (s *server) export(ctx context.Context, p access.Principal, in *exportInput) (*huma.StreamResponse, error) {
	contentType := csvType
	if in.Format == "xlsx" {
		contentType = xlsxType
	}
	return s.download(in.Name+"."+in.Format, contentType, func(w io.Writer) error {
		return s.uc.Export(ctx, p, in.Name, in.Format, w)
	}), nil
}
