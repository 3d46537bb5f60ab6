package plan_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

func table(name string, refs ...driver.ForeignKey) driver.Table {
	return driver.Table{Table: record.Table{Name: name}, ForeignKeys: refs}
}

func to(name string, deferred bool) driver.ForeignKey {
	return driver.ForeignKey{RefTable: record.Table{Name: name}, Deferred: deferred}
}

func TestParentsFirst(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tables []driver.Table
		want   []int
	}{
		"as given":           {[]driver.Table{table("b"), table("a")}, []int{0, 1}},
		"child first":        {[]driver.Table{table("order", to("customer", false)), table("customer")}, []int{1, 0}},
		"three":              {[]driver.Table{table("line", to("order", false), to("product", true)), table("order", to("customer", false)), table("customer"), table("product")}, []int{2, 1, 3, 0}},
		"itself":             {[]driver.Table{table("tree", to("tree", false)), table("a")}, []int{0, 1}},
		"outside":            {[]driver.Table{table("a", to("country", false)), table("b")}, []int{0, 1}},
		"circle, one at end": {[]driver.Table{table("a", to("b", false)), table("b", to("a", true))}, []int{1, 0}},
		"circle at once":     {[]driver.Table{table("a", to("b", false)), table("b", to("a", false))}, []int{0, 1}},
	} {
		if got := plan.ParentsFirst(c.tables); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Whatever the order: every operation of every member once, those of one table in
// their order, children's deletes before their parents', inserts the other way.
func TestSteps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "members")
		steps := plan.Steps(n, rapid.Bool().Draw(t, "leaving"))
		if len(steps) != 3*n {
			t.Fatalf("%d steps of %d members", len(steps), n)
		}
		at := func(member int, op driver.Op) int {
			i := plan.Place(steps, member, op)
			if i < 0 {
				t.Fatalf("no %s of %d in %v", op, member, steps)
			}
			return i
		}
		for m := 1; m <= n; m++ {
			if at(m, driver.Delete) > at(m, driver.Update) || at(m, driver.Update) > at(m, driver.Insert) {
				t.Fatalf("member %d in %v", m, steps)
			}
			if m > 1 && (at(m, driver.Delete) > at(m-1, driver.Delete) || at(m, driver.Insert) < at(m-1, driver.Insert)) {
				t.Fatalf("child %d in %v", m, steps)
			}
		}
	})
}

func TestParseJoint(t *testing.T) {
	t.Parallel()
	j := plan.Joint{Joint: plan.JointVersion, Change: "1001", Members: []plan.JointMember{{Dataset: "a"}, {Dataset: "b"}}, Steps: plan.Steps(2, false)}
	if again, err := plan.ParseJoint(j.Canonical()); err != nil || again.Digest() != j.Digest() {
		t.Fatalf("%v, %v", again, err)
	}
	for name, spoil := range map[string]func(*plan.Joint){
		"another version": func(j *plan.Joint) { j.Joint = 2 },
		"a step missing":  func(j *plan.Joint) { j.Steps = j.Steps[1:] },
		"a step twice":    func(j *plan.Joint) { j.Steps[0] = j.Steps[1] },
		"a step too many": func(j *plan.Joint) { j.Steps = append(j.Steps, plan.Step{Member: 3, Op: driver.Insert}) },
		"one member":      func(j *plan.Joint) { j.Members, j.Steps = j.Members[:1], plan.Steps(1, false) },
		"out of order":    func(j *plan.Joint) { slices.Reverse(j.Steps) },
	} {
		bad := j
		bad.Steps = slices.Clone(j.Steps)
		spoil(&bad)
		if _, err := plan.ParseJoint(bad.Canonical()); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, text := range []string{"", "{}", fmt.Sprintf(" %s", j.Canonical()), fmt.Sprintf(`{"x":1,%s`, j.Canonical()[1:])} {
		if _, err := plan.ParseJoint([]byte(text)); err == nil {
			t.Errorf("accepted %.40q", text)
		}
	}
}
