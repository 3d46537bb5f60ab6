package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// workbook is the name of the part that is a workbook, whose sheets stand for
// datasets: no dataset can be called so.
const workbook = "*"

type togetherInput struct {
	Title       string   `query:"title" maxLength:"200"`
	Reason      string   `query:"reason" maxLength:"4000"`
	Sheets      []string `query:"sheets,explode" doc:"Of a workbook: the datasets that its sheets are for, once for each, as dataset, where the sheet has the dataset's name or label, or dataset=sheet. Without any, all sheets that have a dataset's name or label"`
	ContentType string   `header:"Content-Type" doc:"multipart/form-data with its boundary"`
	Choices              // of all datasets; map and format have dataset: in front
	Upload
}

// filesIn describes the body of a proposal over several datasets. That its schema has
// the format binary has huma leave the body alone; to an object it means nothing.
func filesIn(op huma.Operation) huma.Operation {
	op.RequestBody = &huma.RequestBody{
		Description: "One part for each file, named by its dataset; a part named * is a workbook, whose sheets stand for datasets",
		Required:    true,
		Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{Type: "object", Format: "binary",
			AdditionalProperties: &huma.Schema{Type: "string", Format: "binary"}}}},
	}
	return op
}

func (s *server) together(ctx context.Context, p access.Principal, in *togetherInput) (*changeDoc, error) {
	sheets, err := in.sheets()
	if err != nil {
		return nil, err
	}
	var c wire.Change
	err = s.receive(&in.Upload, func(body io.Reader) error {
		files, err := in.files(body)
		if err == nil {
			c, err = s.uc.ProposeTogether(ctx, p, workflow.Together{Title: in.Title, Reason: in.Reason, Next: files.next, Sheets: sheets, Choose: files.choose})
		}
		return err
	})
	return answerChange(c, err)
}

// sheets reads dataset=sheet, and refuses choices that only one file can have.
func (in *togetherInput) sheets() (map[string]string, error) {
	if in.Recipe != "" || in.Sheet != "" || in.Table != 0 || in.Within != "" {
		return nil, errs.New(errs.Usage, "recipe, sheet, table and within are about one file; a change over several datasets has several.").
			WithMend("Say with sheets which sheet is for which dataset. The rest can be chosen for one dataset when it is planned again.")
	}
	sheets := map[string]string{}
	for _, text := range in.Sheets {
		dataset, sheet, _ := strings.Cut(text, "=")
		if _, twice := sheets[dataset]; twice || dataset == "" {
			return nil, errs.New(errs.Usage, "sheets must be dataset or dataset=sheet, once for each dataset, but there is %q.", text)
		}
		sheets[dataset] = sheet
	}
	return sheets, nil
}

// files gives the parts of a body, one after the other.
func (in *togetherInput) files(body io.Reader) (*files, error) {
	kind, params, err := mime.ParseMediaType(in.ContentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, errs.New(errs.Usage, "A change over several datasets comes as multipart/form-data, but the body is %q.", in.ContentType).
			WithMend("Send one part for each file, named by its dataset, or one named %s that is a workbook.", workbook).Because(err)
	}
	return &files{in: in, body: body, parts: multipart.NewReader(body, params["boundary"])}, nil
}

// files are the files of one proposal, as they come.
type files struct {
	in    *togetherInput
	body  io.Reader
	parts *multipart.Reader
	asked []string // datasets whose choices were given
}

func (f *files) next() (dataset, name string, file io.Reader, err error) {
	part, err := f.parts.NextPart()
	if errors.Is(err, io.EOF) {
		if _, err := io.Copy(io.Discard, f.body); err != nil { // what follows the last boundary
			return "", "", nil, err
		}
		return "", "", nil, f.whole()
	}
	if err != nil {
		return "", "", nil, errs.New(errs.Usage, "The parts of the body are not understood.").WithMend("Send them as multipart/form-data, and close it with its boundary.").Because(err)
	}
	if dataset = part.FormName(); dataset == "" {
		return "", "", nil, errs.New(errs.Usage, "A part of the body has no name.").WithMend("Name it by its dataset; %s for a workbook.", workbook)
	}
	name = baseName(part.FileName(), dataset+".csv")
	if dataset == workbook {
		dataset, name = "", baseName(part.FileName(), "workbook.xlsx")
	}
	return dataset, name, part, nil
}

// whole gives io.EOF; where something was chosen for a dataset that the change does
// not have, that is refused.
func (f *files) whole() error {
	for _, text := range slices.Concat(f.in.Map, f.in.Format) {
		dataset, _, _ := strings.Cut(text, ":")
		if !slices.Contains(f.asked, dataset) {
			return errs.New(errs.Usage, "It is not said of which of the datasets this is: %q.", text).WithMend("Write its dataset in front, as in %s:%s.", f.example(), text)
		}
	}
	return io.EOF
}

func (f *files) example() string {
	if len(f.asked) == 0 {
		return "dataset"
	}
	return f.asked[0]
}

// choose gives the choices for one dataset: those for all, and its own.
func (f *files) choose(dataset string) (change.Options, error) {
	f.asked = append(f.asked, dataset)
	own := f.in.Choices
	own.Map, own.Format = of(dataset, own.Map), of(dataset, own.Format)
	o := change.Options{Mode: change.Upsert}
	err := own.choose(&o)
	return o, err
}

// of gives what is said of one dataset.
func of(dataset string, all []string) (own []string) {
	for _, text := range all {
		if rest, is := strings.CutPrefix(text, dataset+":"); is {
			own = append(own, rest)
		}
	}
	return own
}
