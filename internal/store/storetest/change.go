package storetest

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/workflow"
)

// full has something in every field that a store could lose.
func full() *change.Change {
	later := noon.Add(time.Hour)
	c := draft("customers", change.Applied, maria)
	c.Title, c.Reason, c.Why = "Terms <&> \"ünï\"\n", "'; DROP TABLE changes; --", "why\x00not"
	c.Compact, c.DatasetDigest = digest("compact"), digest("dataset")
	c.Options = change.Options{Mode: change.Upsert, ClearEmpty: true, LeaveOut: true, Map: map[string]string{"Bedingung": "terms", "Rest": ""}}
	c.Input = &change.Input{Name: "terms.xlsx", Digest: digest("input"), Bytes: 1 << 40, Rows: 1200}
	c.Options.Recipe = &change.Recipe{ID: "r1", Name: "monthly", Version: 2, Columns: []string{"Bedingung"}, Map: map[string]string{"Bedingung": "terms"}}
	c.Plan = &change.Plan{Digest: digest("plan"), Content: digest("content"), Mapping: []change.Mapped{{File: "X", Candidates: []change.Candidate{{Column: "terms", Confidence: 50, Why: "so"}}}}, Counts: change.Counts{Insert: 1, Update: 2, Delete: 3, Unchanged: 4, Invalid: 5}}
	c.Route = []change.Step{{Role: access.Owner, Needs: 1, Why: "The owner decides."}}
	c.Decisions = []change.Decision{{By: olaf, Role: access.Owner, Approve: true, Digest: digest("plan"), Means: "token:T1", At: noon, Comment: "fine"}}
	c.SubmittedAt, c.AppliedAt = &noon, &later
	c.Result = &change.Result{Applied: 3, ConflictRows: []int64{17, 4711}, Stored: digest("stored"), At: later}
	c.Reverses, c.ReversedBy = "1000", "1002"
	c.Members = []change.Member{{Dataset: "customers", DatasetDigest: digest("dataset"), Options: c.Options, Input: c.Input, Plan: c.Plan, Result: c.Result, Twin: "1001"}, {Dataset: "orders"}}
	c.Lease = &change.Lease{Node: "n1", Home: "folder", Epoch: 7, Beat: noon, Tx: "4712", Committing: &change.Committing{Tx: "4711", Rows: 3, Stored: digest("stored"), CSV: digest("csv"), Columns: []string{"terms"}}}
	return c
}

func changeRoundTrip(t *testing.T, s Store) {
	want := create(t, s, full())
	if want.Version != 1 {
		t.Errorf("created with version %d, want 1", want.Version)
	}
	if diff := cmp.Diff(want, read(t, s, want.ID)); diff != "" {
		t.Errorf("as created (-want +got):\n%s", diff)
	}
	want.Why, want.Lease, want.Route = "", nil, nil
	do(t, s, func(tx workflow.Tx) error { return tx.SaveChange(want) })
	if want.Version != 2 {
		t.Errorf("saved with version %d, want 2", want.Version)
	}
	if diff := cmp.Diff(want, read(t, s, want.ID)); diff != "" {
		t.Errorf("as saved (-want +got):\n%s", diff)
	}
}

func idsAreShortAndNew(t *testing.T, s Store) {
	typable := regexp.MustCompile(`^[0-9a-z-]{1,10}$`)
	seen := map[change.ID]bool{}
	for range 20 {
		id := create(t, s, draft("customers", change.Planning, maria)).ID
		if seen[id] || !typable.MatchString(string(id)) {
			t.Errorf("id %q", id)
		}
		seen[id] = true
	}
}

func unknownChange(t *testing.T, s Store) {
	view(t, s, func(tx workflow.Tx) error {
		for _, id := range []change.ID{"", "1", "999999", "' OR 1=1 --", "1001 ", "1001\x00", "\xff", "\u2028"} {
			if c, err := tx.Change(id); errs.KindOf(err) != errs.NotFound {
				t.Errorf("Change(%q) gave %v, %v", id, c, err)
			}
		}
		return nil
	})
	err := s.Do(t.Context(), func(tx workflow.Tx) error { return tx.SaveChange(&change.Change{ID: "999999", Version: 1}) })
	if errs.KindOf(err) != errs.NotFound {
		t.Errorf("SaveChange of an unknown one: %v", err)
	}
}

func sameIDTwice(t *testing.T, s Store) {
	c := create(t, s, draft("customers", change.Planning, maria))
	again := draft("products", change.Planning, olaf)
	again.ID = c.ID
	if err := s.Do(t.Context(), func(tx workflow.Tx) error { return tx.CreateChange(again) }); err == nil {
		t.Error("a change was created over another")
	}
	if got := read(t, s, c.ID); got.Dataset != "customers" {
		t.Errorf("the first one is lost: %+v", got)
	}
}

func staleVersion(t *testing.T, s Store) {
	mine := create(t, s, draft("customers", change.Planned, maria))
	theirs := read(t, s, mine.ID)
	theirs.State = change.Withdrawn
	do(t, s, func(tx workflow.Tx) error { return tx.SaveChange(theirs) })
	mine.State = change.Submitted
	err := s.Do(t.Context(), func(tx workflow.Tx) error { return tx.SaveChange(mine) })
	if errs.KindOf(err) != errs.Blocked || mine.Version != 1 {
		t.Errorf("a stale save: %v, version %d", err, mine.Version)
	}
	if got := read(t, s, mine.ID); got.State != change.Withdrawn {
		t.Errorf("state %s", got.State)
	}
}

// listed stores six changes, oldest first.
func listed(t *testing.T, s Store) []change.ID {
	var ids []change.ID
	for _, c := range []*change.Change{
		draft("customers", change.Planned, maria),
		draft("customers", change.Submitted, olaf),
		draft("products", change.Planned, maria),
		draft("products", change.Applied, olaf),
		draft("it's \"odd\", [x]", change.Planned, maria),
		draft("customers", change.Applied, maria),
	} {
		if c.Maker == olaf {
			c.Input = &change.Input{Digest: digest(c.Dataset)}
			c.Plan = &change.Plan{Content: digest("rows of " + c.Dataset)}
		}
		ids = append(ids, create(t, s, c).ID)
	}
	return ids
}

func listFilters(t *testing.T, s Store) {
	ids := listed(t, s)
	for name, c := range map[string]struct {
		filter workflow.Filter
		want   []int // places in ids, newest first
	}{
		"all":             {workflow.Filter{}, []int{5, 4, 3, 2, 1, 0}},
		"no dataset":      {workflow.Filter{Datasets: []string{}}, nil},
		"one dataset":     {workflow.Filter{Datasets: []string{"customers"}}, []int{5, 1, 0}},
		"two datasets":    {workflow.Filter{Datasets: []string{"customers", "products"}}, []int{5, 3, 2, 1, 0}},
		"odd name":        {workflow.Filter{Datasets: []string{"it's \"odd\", [x]"}}, []int{4}},
		"unknown dataset": {workflow.Filter{Datasets: []string{"') OR true --"}}, nil},
		"case matters":    {workflow.Filter{Datasets: []string{"Customers"}}, nil},
		"one state":       {workflow.Filter{States: []change.State{change.Planned}}, []int{4, 2, 0}},
		"two states":      {workflow.Filter{States: []change.State{change.Submitted, change.Applied}}, []int{5, 3, 1}},
		"maker":           {workflow.Filter{Maker: olaf}, []int{3, 1}},
		"input":           {workflow.Filter{Input: digest("products")}, []int{3}},
		"content":         {workflow.Filter{Content: digest("rows of customers")}, []int{1}},
		"no content":      {workflow.Filter{Content: "\xff"}, nil},
		"everything":      {workflow.Filter{Datasets: []string{"customers"}, States: []change.State{change.Submitted}, Maker: olaf, Input: digest("customers")}, []int{1}},
		"nothing fits":    {workflow.Filter{Datasets: []string{"products"}, States: []change.State{change.Submitted}}, nil},
		"no text at all":  {workflow.Filter{Datasets: []string{"customers\x00", "\xff"}}, nil},
		"no state at all": {workflow.Filter{States: []change.State{"\x00"}}, nil},
		"nobody at all":   {workflow.Filter{Maker: "\xff"}, nil},
		"no file at all":  {workflow.Filter{Input: "\x00"}, nil},
		"limit":           {workflow.Filter{Limit: 2}, []int{5, 4}},
		"before":          {workflow.Filter{Before: ids[2]}, []int{1, 0}},
		"before, maker":   {workflow.Filter{Before: ids[3], Maker: maria, Limit: 1}, []int{2}},
	} {
		want := []change.ID{}
		for _, i := range c.want {
			want = append(want, ids[i])
		}
		if got := list(t, s, c.filter); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	for _, unknown := range []change.ID{"999999", "\x00"} {
		err := s.View(t.Context(), func(tx workflow.Tx) error {
			_, err := tx.Changes(workflow.Filter{Before: unknown})
			return err
		})
		if errs.KindOf(err) != errs.NotFound {
			t.Errorf("before %q: %v", unknown, err)
		}
	}
}

// familyFilters: a change over several datasets is found by each, and by a member's
// file only together with that member's dataset.
func familyFilters(t *testing.T, s Store) {
	plain := create(t, s, draft("customers", change.Planned, maria)).ID
	c := draft("customers, orders", change.Planned, maria)
	c.Members = []change.Member{{Dataset: "customers", Input: &change.Input{Digest: digest("c")}}, {Dataset: "orders", Input: &change.Input{Digest: digest("o")}}}
	family := create(t, s, c).ID
	c.Members[1].Input = &change.Input{Digest: digest("other")}
	c.Members[1].Plan = &change.Plan{Content: digest("rows")}
	do(t, s, func(tx workflow.Tx) error { return tx.SaveChange(c) })
	for name, c := range map[string]struct {
		filter workflow.Filter
		want   []change.ID
	}{
		"all":               {workflow.Filter{}, []change.ID{family, plain}},
		"the parent":        {workflow.Filter{Datasets: []string{"customers"}}, []change.ID{family, plain}},
		"the child":         {workflow.Filter{Datasets: []string{"orders"}}, []change.ID{family}},
		"both":              {workflow.Filter{Datasets: []string{"customers", "orders"}}, []change.ID{family, plain}},
		"another":           {workflow.Filter{Datasets: []string{"products"}}, nil},
		"a file":            {workflow.Filter{Input: digest("c")}, []change.ID{family}},
		"a later file":      {workflow.Filter{Input: digest("other")}, []change.ID{family}},
		"a former file":     {workflow.Filter{Input: digest("o")}, nil},
		"the other's file":  {workflow.Filter{Datasets: []string{"orders"}, Input: digest("c")}, nil},
		"content":           {workflow.Filter{Datasets: []string{"orders"}, Content: digest("rows")}, []change.ID{family}},
		"state and dataset": {workflow.Filter{Datasets: []string{"orders"}, States: []change.State{change.Applied}}, nil},
	} {
		if got := list(t, s, c.filter); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func listPages(t *testing.T, s Store) {
	ids := listed(t, s)
	slices.Reverse(ids)
	var got []change.ID
	for next := (workflow.Filter{Limit: 4}); ; next.Before = got[len(got)-1] {
		page := list(t, s, next)
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("page by page %v, want %v", got, ids)
	}
}

func listDefaultLimit(t *testing.T, s Store) {
	do(t, s, func(tx workflow.Tx) (err error) {
		for range 101 {
			c := draft("customers", change.Planned, maria)
			if c.ID, err = tx.NewID(); err != nil {
				return err
			}
			if err := tx.CreateChange(c); err != nil {
				return err
			}
		}
		return nil
	})
	if n := len(list(t, s, workflow.Filter{})); n != 100 {
		t.Errorf("listed %d", n)
	}
	if n := len(list(t, s, workflow.Filter{Limit: 1000})); n != 101 {
		t.Errorf("listed %d of 101", n)
	}
}

func listFollowsSaves(t *testing.T, s Store) {
	c := create(t, s, draft("customers", change.Planning, maria))
	c.State, c.Input = change.Planned, &change.Input{Digest: digest("other")}
	do(t, s, func(tx workflow.Tx) error { return tx.SaveChange(c) })
	for name, f := range map[string]workflow.Filter{
		"state": {States: []change.State{change.Planned}},
		"input": {Input: digest("other")},
	} {
		if got := list(t, s, f); len(got) != 1 {
			t.Errorf("by its new %s: %v", name, got)
		}
	}
	if got := list(t, s, workflow.Filter{States: []change.State{change.Planning}}); len(got) != 0 {
		t.Errorf("by its old state: %v", got)
	}
}
