package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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

// oneTakesTheTurn: of many that ask together whether somebody tries on a dataset, and
// do so where nobody does, one does.
func oneTakesTheTurn(t *testing.T, s Store) {
	taken := errors.New("somebody tries already")
	try := func(dataset, node string) error {
		return s.Do(t.Context(), func(tx workflow.Tx) error {
			if err := tx.TakeTurn(dataset); err != nil {
				return err
			}
			if other, err := tx.Trial(dataset); err != nil || other != nil {
				return errors.Join(err, taken)
			}
			return tx.SaveTrial(change.Trying{Dataset: dataset, Change: "1001", Lease: change.Lease{Node: node, Epoch: 1, Beat: noon}})
		})
	}
	for round := range 5 {
		var all sync.WaitGroup
		var began atomic.Int32
		dataset := fmt.Sprint("customers ", round)
		for i := range 8 {
			all.Go(func() {
				switch err := try(dataset, fmt.Sprint(i)); {
				case err == nil:
					began.Add(1)
				case !errors.Is(err, taken):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := began.Load(); n != 1 {
			t.Errorf("%d began to try on one dataset", n)
		}
	}
}
