package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"

	"github.com/danielgtaylor/huma/v2"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/intake"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

type badRowsInput struct {
	OneDataset
	Format string `query:"format" enum:"csv,xlsx" default:"csv" doc:"The kind of file"`
	Warned bool   `query:"warned" doc:"The rows of all findings, also of those that only warn or ask for somebody"`
}

func (s *server) badRows(ctx context.Context, p access.Principal, in *badRowsInput) (*huma.StreamResponse, error) {
	contentType := csvType
	if in.Format == "xlsx" {
		contentType = xlsxType
	}
	return s.download("change-"+in.ID+"-rows."+in.Format, contentType, func(w io.Writer) error {
		return s.uc.BadRows(ctx, p, in.id(), in.Format, in.Warned, w)
	}), nil
}

type mendInput struct {
	OneDataset
	Name        string `query:"name" doc:"The file's name, for people"`
	ContentType string `header:"Content-Type" doc:"application/json for cells; anything else is a file"`
	Upload
}

func (s *server) mend(ctx context.Context, p access.Principal, in *mendInput) (*changeDoc, error) {
	kind, _, _ := mime.ParseMediaType(in.ContentType) // what is none is not JSON
	var c wire.Change
	err := s.receive(&in.Upload, func(file io.Reader) (err error) {
		mends := workflow.Mends{Name: baseName(in.Name, "rows.csv"), File: file}
		if kind == "application/json" {
			mends.File = nil
			if mends.Cells, err = readCells(file); err != nil {
				return err
			}
		}
		c, err = s.uc.Mend(ctx, p, in.id(), mends)
		return err
	})
	return answerChange(c, err)
}

// maxCells is the most bytes of a document of cells.
const maxCells = 32 << 20

// readCells reads wire.Mends.
func readCells(file io.Reader) ([]intake.Mend, error) {
	var doc wire.Mends
	dec := json.NewDecoder(io.LimitReader(file, maxCells))
	dec.DisallowUnknownFields()
	err := dec.Decode(&doc)
	if err == nil {
		if _, err = dec.Token(); err == nil {
			err = errors.New("there is more than one document")
		} else if err == io.EOF {
			err = nil
		}
	}
	if err != nil {
		return nil, errs.New(errs.Usage, "The mended cells are not understood.").
			WithMend(`Write them as {"cells":[{"row":7,"column":"terms","value":"NET30"}]}, values as texts or null.`).Because(err)
	}
	out := make([]intake.Mend, len(doc.Cells))
	for i, cell := range doc.Cells {
		out[i] = intake.Mend{Line: cell.Row, Column: cell.Column, Text: cell.Value}
	}
	return out, nil
}
