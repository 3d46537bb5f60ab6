package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/workflow"
)

func requestRoundTrip(t *testing.T, s Store) {
	first := &access.Request{Person: maria, Dataset: "customers", Columns: []string{"iban \"x\""}, Days: 3, Reason: "Year end.", State: access.Asked, Asked: noon}
	second := &access.Request{Person: olaf, Dataset: "no such dataset", Days: 1, State: access.Asked, Asked: noon.Add(time.Hour)}
	for _, r := range []*access.Request{first, second} {
		do(t, s, func(tx workflow.Tx) (err error) {
			if r.ID, err = tx.NewRequestID(); err != nil {
				return err
			}
			return tx.SaveRequest(r)
		})
	}
	first.State, first.By, first.Until, first.Decided = access.Granted, olaf, noon.Add(72*time.Hour), noon.Add(time.Minute)
	do(t, s, func(tx workflow.Tx) error { return tx.SaveRequest(first) })
	for _, c := range []struct {
		f    workflow.RequestFilter
		want []*access.Request
	}{
		{workflow.RequestFilter{}, []*access.Request{second, first}},
		{workflow.RequestFilter{Person: maria}, []*access.Request{first}},
		{workflow.RequestFilter{States: []access.RequestState{access.Asked, access.Denied}}, []*access.Request{second}},
		{workflow.RequestFilter{Person: maria, States: []access.RequestState{access.Asked}}, nil},
		{workflow.RequestFilter{States: []access.RequestState{}}, nil},
	} {
		view(t, s, func(tx workflow.Tx) error {
			got, err := tx.Requests(c.f)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", c.f, diff)
			}
			return err
		})
	}
	view(t, s, func(tx workflow.Tx) error {
		got, err := tx.Request(first.ID)
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if _, err := tx.Request("a999"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("an unknown request: %v", err)
		}
		return err
	})
}

// readsAdd: counts of one period add up, and are taken once.
func readsAdd(t *testing.T, s Store) {
	hour := noon.Truncate(time.Hour)
	read := func(period time.Time, person access.Email, rows int64) workflow.Read {
		return workflow.Read{Period: period, Person: person, Dataset: "customers", Calls: 1, Rows: rows}
	}
	ofPlan := read(hour, maria, 7)
	ofPlan.Change = "1001"
	for _, r := range []workflow.Read{read(hour, olaf, 1), read(hour, maria, 100), ofPlan, read(hour, maria, 20), read(hour.Add(time.Hour), maria, 5)} {
		do(t, s, func(tx workflow.Tx) error { return tx.CountRead(r) })
	}
	both := read(hour, maria, 120)
	both.Calls = 2
	for _, want := range [][]workflow.Read{{both, ofPlan, read(hour, olaf, 1)}, nil} {
		do(t, s, func(tx workflow.Tx) error {
			got, err := tx.TakeReads(hour.Add(time.Hour))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			return err
		})
	}
}
