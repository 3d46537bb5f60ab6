package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/change"
	"sutor/internal/workflow"
)

func stopRoundTrip(t *testing.T, s Store) {
	first := change.Stop{Dataset: "customers", By: maria, At: noon, Say: "Wrong \"prices\"; wait."}
	second := change.Stop{Dataset: "customers", By: olaf, At: noon, Say: "Still."}
	for _, want := range []*change.Stop{&first, &second, nil, nil} {
		do(t, s, func(tx workflow.Tx) error {
			if want == nil {
				return tx.LiftStop("customers")
			}
			return tx.SaveStop(*want)
		})
		view(t, s, func(tx workflow.Tx) error {
			got, err := tx.Stop("customers")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if other, err := tx.Stop("products"); other != nil || err != nil {
				t.Errorf("another dataset is stopped: %+v, %v", other, err)
			}
			return err
		})
	}
}
