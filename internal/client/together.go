package client

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"

	"sutor/internal/wire"
)

// Together is what a maker hands in over several datasets of one system. In Choices
// maps and formats have their dataset in front, as in "orders:File column=column".
type Together struct {
	Title, Reason string
	Sheets        []string // of a workbook: "dataset" or "dataset=sheet"
	Choices
}

// DatasetFile is the file for one dataset; without one a workbook, whose sheets stand
// for datasets.
type DatasetFile struct {
	Dataset string
	File
}

// ProposeTogether sends files as one new change, which comes back in state planning.
func (c *Client) ProposeTogether(ctx context.Context, t Together, files []DatasetFile) (out wire.Change, err error) {
	q := t.values()
	set(q, map[string]string{"title": t.Title, "reason": t.Reason})
	if len(t.Sheets) > 0 {
		q["sheets"] = t.Sheets
	}
	body, in := io.Pipe()
	parts := multipart.NewWriter(in)
	go func() { in.CloseWithError(sendParts(parts, files)) }() // ends when the request does: that closes body
	defer func() { _ = body.Close() }()
	err = c.document(ctx, call{method: http.MethodPost, path: prefix + "/changes/together", query: q, body: body, size: -1, contentType: parts.FormDataContentType()}, &out)
	return out, err
}

// sendParts writes the files, each as a part named by its dataset.
func sendParts(parts *multipart.Writer, files []DatasetFile) error {
	for _, f := range files {
		name := f.Dataset
		if name == "" {
			name = "*"
		}
		part, err := parts.CreateFormFile(name, f.Name)
		if err != nil {
			return err
		}
		if _, err := io.Copy(part, f.From); err != nil {
			return err
		}
	}
	return parts.Close()
}

// inDataset names one dataset of a change over several.
func inDataset(q url.Values, dataset string) url.Values {
	set(q, map[string]string{"dataset": dataset})
	return q
}
