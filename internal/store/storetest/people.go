package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/workflow"
)

func standings(t *testing.T, s Store) {
	at := noon
	first := change.Standing{Person: maria, Level: access.Newcomer, At: noon}
	second := change.Standing{Person: maria, Level: access.Expert, At: noon, Why: "\"Well\" done.",
		Record: change.Record{Applied: 3, Clean: 2, Undone: 1, First: &at, LastBad: &at}}
	for _, want := range []*change.Standing{nil, &first, &second} {
		if want != nil {
			do(t, s, func(tx workflow.Tx) error { return tx.SaveStanding(*want) })
		}
		view(t, s, func(tx workflow.Tx) error {
			got, err := tx.Standing(maria)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if other, err := tx.Standing(olaf); other != nil || err != nil {
				t.Errorf("somebody else stands there: %+v, %v", other, err)
			}
			return err
		})
	}
}

func deputies(t *testing.T, s Store) {
	a := access.Deputy{ID: "a1", Person: olaf, Deputy: maria, From: noon, Until: noon.Add(time.Hour)}
	b := access.Deputy{ID: "b2", Person: olaf, Deputy: maria, From: noon, Until: noon.Add(time.Hour), Datasets: []string{"customers"}}
	later := a
	later.Until = noon.Add(2 * time.Hour)
	stored := func(want ...access.Deputy) {
		t.Helper()
		view(t, s, func(tx workflow.Tx) error {
			got, err := tx.Deputies()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			return err
		})
	}
	stored()
	do(t, s, func(tx workflow.Tx) error { return tx.SaveDeputy(b) })
	do(t, s, func(tx workflow.Tx) error { return tx.SaveDeputy(a) })
	stored(a, b)
	do(t, s, func(tx workflow.Tx) error { return tx.SaveDeputy(later) })
	stored(later, b)
	do(t, s, func(tx workflow.Tx) error { return tx.EndDeputy("b2") })
	do(t, s, func(tx workflow.Tx) error { return tx.EndDeputy("unknown") })
	stored(later)
}
