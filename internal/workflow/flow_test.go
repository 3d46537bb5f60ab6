package workflow

import (
	"io"
	"slices"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/system/driver"
)

// TestRowsThatFlowEnd: whoever reads the rows of a step while they are made learns where
// that ends too early, in whatever way; it must not look like their end.
func TestRowsThatFlowEnd(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]*applying{
		"the plan's file is not there": {c: &change.Change{ID: "7"}, parquet: t.TempDir() + "/nowhere"},
		"a panic":                      nil,
	} {
		a := &transaction{ready: []prepared{{of: of, op: driver.Update, rows: 1}}}
		a.flow()
		done := make(chan error, 1)
		go func() { done <- a.ready[0].make(t.Context()) }()
		if _, err := io.ReadAll(a.ready[0].from); err == nil {
			t.Errorf("%s: it looks like the end of the rows", name)
		}
		if err := <-done; err == nil {
			t.Errorf("%s: nobody is told", name)
		}
	}
}

// TestFlow: the rows of the first step and of the largest flow, but not those whose keys
// the system gives, which are counted before; others are made once nothing flows any more.
func TestFlow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rows    []int64
		keyless int // the step whose keys the system gives, -1 for none
		want    []bool
	}{
		{nil, -1, nil},
		{[]int64{3}, -1, []bool{true}},
		{[]int64{3, 2, 9}, -1, []bool{true, false, true}},
		{[]int64{3, 2, 9}, 2, []bool{true, false, false}},
		{[]int64{9, 3}, 0, []bool{false, false}},
	} {
		a := &transaction{ready: make([]prepared, len(c.rows))}
		for i, n := range c.rows {
			if a.ready[i].rows = n; i == c.keyless {
				a.ready[i].keyless = "keyless.csv"
			}
		}
		flows := func() (got []bool) {
			for _, s := range a.ready {
				got = append(got, s.from != nil)
			}
			return got
		}
		if a.flow(); !slices.Equal(flows(), c.want) {
			t.Errorf("%v: %v flow, want %v", c.rows, flows(), c.want)
		}
		if a.flown(); slices.Contains(flows(), true) {
			t.Errorf("%v: some still flow", c.rows)
		}
	}
}

// TestStreamed: what is read for evidence is kept until all of it went out, or nobody
// wants it any more.
func TestStreamed(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{true, false} {
		released := make(chan struct{})
		out := streamed(func() { close(released) }, func(w io.Writer) error {
			for range 2 {
				if _, err := io.WriteString(w, "half"); err != nil {
					return err
				}
			}
			return nil
		})
		half := make([]byte, 4)
		if _, err := io.ReadFull(out, half); err != nil {
			t.Fatal(err)
		}
		select {
		case <-released:
			t.Fatal("it was let go while it was read")
		default:
		}
		if whole {
			if rest, err := io.ReadAll(out); err != nil || string(rest) != "half" {
				t.Errorf("%q, %v", rest, err)
			}
		}
		out.Close()
		<-released
	}
	out := streamed(func() {}, func(io.Writer) error { panic("lost") })
	if _, err := io.ReadAll(out); err == nil || strings.Contains(err.Error(), "EOF") {
		t.Errorf("a panic: %v", err)
	}
}
