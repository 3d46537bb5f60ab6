package browser

import (
	"cmp"
	"testing"
)

// TestNobodyIsShutOut: axe-core finds nothing wrong with any page, light and dark.
// Each person has one window and opens their pages in it.
func TestNobodyIsShutOut(t *testing.T) {
	t.Parallel()
	theirs := map[string][]Page{}
	for _, p := range Pages {
		theirs[p.Person] = append(theirs[p.Person], p)
	}
	for person, pages := range theirs {
		t.Run(cmp.Or(person, "nobody"), func(t *testing.T) {
			t.Parallel()
			w := open(t, person)
			for _, p := range pages {
				must(t, w.Colours("light"))
				must(t, w.Go(p.At(world.ids)))
				wrong, err := w.Violations()
				must(t, err)
				for _, v := range wrong {
					t.Errorf("%s: %s", p.Name, v)
				}
			}
		})
	}
}
