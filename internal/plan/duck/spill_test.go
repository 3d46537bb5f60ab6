package duck_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
)

// A plan that needs more disk than a run may use is refused, in words for people;
// it leaves nothing behind, and the next plan finds its slot free.
func TestSpillLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var file strings.Builder
	file.WriteString("id,name,note\n")
	for id := range 14_000 {
		fmt.Fprintf(&file, "%d,New,%s\n", id, strings.Repeat(fmt.Sprintf("%08d ", id), 1000))
	}
	scratch := t.TempDir()
	const memory = 560 // little more than the buffer that reads staging
	limited := func(spill int64) *duck.Engine {
		e, err := duck.New(duck.Options{Dir: scratch, MemoryMB: memory, Threads: 1, Spill: spill})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	b.engine = limited(1 << 20)
	s, _, err := b.tryPlan(file.String(), change.Options{Mode: change.Upsert})
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "more disk than one run may use") || !strings.Contains(errs.Public(err).Mend, "--max-spill") {
		t.Fatalf("with too little disk: %s", errs.Detail(err))
	}
	if strings.Contains(errs.Public(err).Error(), scratch) {
		t.Errorf("the public message tells a path: %v", errs.Public(err))
	}
	s.Close()
	if left, err := filepath.Glob(filepath.Join(scratch, "*")); len(left) != 0 || err != nil {
		t.Errorf("left behind: %q, %v", left, err)
	}
	s, out, err := b.tryPlan("id,note\n1,new\n", change.Options{Mode: change.Upsert})
	if err != nil || out.Manifest.Counts.Update != 1 {
		t.Errorf("the next plan: %v", err)
	}
	s.Close()

	b.engine = limited(0) // it is the limit, and nothing else, that stood in the way
	s, out, err = b.tryPlan(file.String(), change.Options{Mode: change.Upsert})
	if err != nil || out.Manifest.Counts.Insert+out.Manifest.Counts.Update < 14_000 {
		t.Errorf("with room: %v", err)
	}
	s.Close()
	if left, err := os.ReadDir(scratch); len(left) != 0 || err != nil {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// A large plan's file is sorted when nothing else is done; it is the same file.
func TestSortedAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const file = "id,name,note\n1,Other,x\n7,New,\n9,New,y\n"
	s, beside := b.plan(file, change.Options{Mode: change.Upsert})
	s.Close() // and gives the slot back
	b.engine.SortAlone()
	_, alone := b.plan(file, change.Options{Mode: change.Upsert})
	if alone.Manifest.File != beside.Manifest.File || alone.Manifest.Rows != beside.Manifest.Rows || alone.Manifest.Counts != beside.Manifest.Counts || findings(alone) != findings(beside) {
		t.Errorf("alone %+v, %s; beside %+v, %s", alone.Manifest, findings(alone), beside.Manifest, findings(beside))
	}
}

// Too little memory is told as such, to people and to whoever can do one thing after the other.
func TestTooLittleMemory(t *testing.T) {
	t.Parallel()
	e, err := duck.New(duck.Options{Dir: t.TempDir(), MemoryMB: 64})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	s, err := e.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	err = s.Exec(t.Context(), `SELECT count(*) FROM (SELECT list(i) AS whole FROM range(10000000) t(i)) WHERE len(whole) > 1`)
	if errs.KindOf(err) != errs.Unavailable || !duck.TooLittleMemory(err) {
		t.Errorf("it says %s", errs.Detail(err))
	}
}

// Live rows that take more disk than a plan may are refused as they are fetched, wherever
// they are compared, and leave nothing behind.
func TestLongLiveRows(t *testing.T) {
	t.Parallel()
	for name, alter := range map[string]func(*wide) duck.Comparing{
		"compared here":           func(*wide) duck.Comparing { return duck.Here },
		"compared as they arrive": func(*wide) duck.Comparing { return duck.Arriving },
		"compared there":          func(*wide) duck.Comparing { return duck.There },
		"a part of the table": func(w *wide) duck.Comparing {
			w.spec.Options.Mode, w.spec.Within = change.Sync, &plan.Part{Where: everything(t), MaxDeletes: 100}
			return duck.Here
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const rows = 1_500
			w, scratch := newWide(rows, "n0"), t.TempDir()
			live := w.system(t, nil)
			for _, row := range w.file {
				row[1] = "7.25"
			}
			e, err := duck.New(duck.Options{Dir: scratch, Spill: 1 << 20, Comparing: alter(w)})
			must(t, err)
			t.Cleanup(e.Close)
			s, err := e.Session(t.Context())
			must(t, err)
			_, err = s.Build(t.Context(), w.spec, stage(t, s, w.file), live, func(string, int64, int64) {})
			if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "more disk than one run may use") || !strings.Contains(errs.Public(err).Mend, "--max-spill") {
				t.Errorf("it says %s", errs.Detail(err))
			}
			s.Close()
			if left, err := os.ReadDir(scratch); len(left) != 0 || err != nil {
				t.Errorf("left behind: %q, %v", left, err)
			}
		})
	}
}
