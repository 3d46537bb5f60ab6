package plan

import "sutor/internal/errs"

func errNotManifest(cause error) error {
	return errs.New(errs.Internal, "A stored plan's manifest is damaged, or was written by a newer version of Sutor.").
		WithMend("Nothing is written from it; plan the change again.").Because(cause)
}
