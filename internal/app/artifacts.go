package app

import (
	"cmp"
	"context"
	"path/filepath"
	"time"

	"sutor/internal/artifact"
	"sutor/internal/errs"
	"sutor/internal/workflow"
)

// artifacts are the files and plans, wherever they are kept.
type artifacts interface {
	workflow.Artifacts
	Close() error
}

// files is the folder in which artefacts, or the copies of them, lie on this machine.
func (c Config) files() string {
	if c.place.Bucket != "" {
		return filepath.Join(c.Data, "copies")
	}
	return cmp.Or(c.place.Dir, filepath.Join(c.Data, "artifacts"))
}

// openArtifacts opens the folder or the bucket of artefacts.
func (c Config) openArtifacts(ctx context.Context) (artifacts, error) {
	if c.place.Bucket != "" {
		if c.MaxCache < c.MaxUpload {
			return nil, errs.New(errs.Usage, "A file of %s (--max-upload) would not fit into the copies of what the bucket keeps, %s (--max-cache).", errs.Size(c.MaxUpload), errs.Size(c.MaxCache)).
				WithMend("Raise --max-cache, better to several times as much, or lower --max-upload.")
		}
		b, err := artifact.OpenBucket(ctx, c.place, c.files(), c.MaxCache, c.MaxArtifacts)
		if err != nil {
			return nil, err // not the nil of a type
		}
		return b, nil
	}
	f, err := artifact.Open(c.files(), c.MaxArtifacts)
	if err == nil && c.place.Dir == "" { // locked with the folder: nobody else works there
		err = f.Sweep(time.Now())
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}
