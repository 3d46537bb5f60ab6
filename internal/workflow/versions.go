package workflow

import (
	"context"

	"sutor/internal/access"
	"sutor/internal/compact"
	"sutor/internal/record"
	"sutor/internal/wire"
)

const mostVersions = 200

// CompactVersions lists which versions of the Compact were in force, newest first,
// to anybody whom the Compact knows.
func (w *Workflow) CompactVersions(ctx context.Context, _ access.Principal) (out []wire.CompactVersion, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		list, err := tx.CompactVersions(mostVersions)
		out = []wire.CompactVersion{}
		for _, v := range list {
			out = append(out, wire.CompactVersion{Digest: string(v.Digest), Since: v.Since})
		}
		return err
	})
	return out, err
}

// CompactVersion gives one version byte for byte.
func (w *Workflow) CompactVersion(ctx context.Context, p access.Principal, d record.Digest) (out wire.Compact, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		p, err := w.today(tx, p)
		if err != nil {
			return err
		}
		text, err := tx.CompactText(d)
		if err == nil && !p.Is(access.Steward) && !p.Is(access.Auditor) { // cut by the rights of today
			text, out.Excerpt, err = compact.Excerpt(&compact.Compact{Digest: d}, text, compactReader{w, p})
		}
		out.Digest, out.Text = string(d), string(text)
		return err
	})
	return out, err
}
