package web

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"strconv"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// withModel is another dataset that the form has room for, changed together with the
// first: by a file of its own, or by a sheet of the first one's workbook.
type withModel struct {
	n        string // its place in the form
	datasets []choice
	sheet    string
}

const mostWith = 3 // other datasets on the page; the API and the command line take more

// withOf shows the other datasets as they were chosen: of the same system, and such as
// the person may change.
func (s *site) withOf(ctx context.Context, p access.Principal, d wire.Dataset, form url.Values) (out []withModel, err error) {
	all, err := s.uc.Datasets(ctx, p)
	if err != nil {
		return nil, err
	}
	for i := range mostWith {
		n := strconv.Itoa(i)
		choices := []choice{{"", "–", form.Get("with"+n) == ""}}
		for _, other := range all {
			if other.Name != d.Name && other.System == d.System && mayProposeTo(other) {
				choices = append(choices, choice{other.Name, labelOf(other), other.Name == form.Get("with"+n)})
			}
		}
		if len(choices) == 1 {
			return nil, nil
		}
		out = append(out, withModel{n, choices, form.Get("sheet" + n)})
	}
	return out, nil
}

// member is one file of a change over several datasets; "" is the workbook of those that
// have none of their own.
type member struct {
	dataset string
	header  *multipart.FileHeader
}

// together tells which files a form has for which datasets, and which sheets; no files
// where it is about one dataset.
func together(form *multipart.Form, dataset string) (files []member, sheets map[string]string, err error) {
	get := func(name string) string { return url.Values(form.Value).Get(name) }
	sheets = map[string]string{}
	for i := range mostWith {
		n := strconv.Itoa(i)
		other := get("with" + n)
		own := form.File["file"+n]
		switch {
		case other == "" && len(own) > 0 && own[0].Size > 0:
			return nil, nil, errs.New(errs.Usage, "It is not said which dataset the file %s is for.", ui.Plain(own[0].Filename)).WithMend("Choose the dataset beside the file.")
		case other == "":
		case len(own) > 0 && own[0].Size > 0:
			files = append(files, member{other, own[0]})
		default:
			sheets[other] = get("sheet" + n)
		}
	}
	if len(files)+len(sheets) == 0 {
		return nil, nil, nil
	}
	first := form.File["file"]
	switch {
	case len(first) == 0 || first[0].Size == 0:
		return nil, nil, errs.New(errs.Usage, "Several datasets are changed by files, and there is none.").WithMend("Drop a file, or choose one.")
	case get("recipe") != "":
		return nil, nil, errs.New(errs.Usage, "A recipe is about one file, and this change is over several datasets.").WithMend("Choose no recipe, or propose them one by one.")
	}
	one := member{dataset, first[0]}
	if len(sheets) > 0 {
		one.dataset, sheets[dataset] = "", get("sheet")
	}
	return append([]member{one}, files...), sheets, nil
}

// proposeTogether proposes one change over several datasets.
func (s *site) proposeTogether(ctx context.Context, p access.Principal, in workflow.Proposal, files []member, sheets map[string]string) (c wire.Change, err error) {
	var opened io.Closer
	closed := func() error {
		if opened == nil {
			return nil
		}
		return opened.Close()
	}
	next := func() (dataset, name string, file io.Reader, err error) {
		if err := closed(); err != nil || len(files) == 0 {
			opened = nil
			return "", "", nil, errors.Join(err, io.EOF)
		}
		one := files[0]
		files = files[1:]
		f, err := one.header.Open()
		opened = f
		return one.dataset, one.header.Filename, f, err
	}
	defer func() { err = errors.Join(err, closed()) }()
	return s.uc.ProposeTogether(ctx, p, workflow.Together{Title: in.Title, Reason: in.Reason, Sheets: sheets, Next: next,
		Choose: func(string) (change.Options, error) { return in.Options, nil }})
}
