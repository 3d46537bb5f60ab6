package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/change"
	"sutor/internal/workflow"
)

func trialRoundTrip(t *testing.T, s Store) {
	first := change.Trying{Dataset: "customers", Change: "1001", Lease: change.Lease{Node: "one", Home: "h", Epoch: 1, Beat: noon}}
	second := change.Trying{Dataset: "customers", Change: "1002", Lease: change.Lease{Node: "two", Epoch: 1, Beat: noon}}
	for _, want := range []*change.Trying{&first, &second, nil, nil} {
		do(t, s, func(tx workflow.Tx) error {
			if want == nil {
				return tx.EndTrial("customers")
			}
			return tx.SaveTrial(*want)
		})
		view(t, s, func(tx workflow.Tx) error {
			got, err := tx.Trial("customers")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if other, err := tx.Trial("products"); other != nil || err != nil {
				t.Errorf("another dataset is tried on: %+v, %v", other, err)
			}
			return err
		})
	}
}
