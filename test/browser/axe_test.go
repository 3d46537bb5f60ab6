package browser

import (
	"cmp"
	"slices"
	"testing"
)

// TestNobodyIsShutOut: axe-core finds nothing wrong with any page, light and dark.
// A window is opened for some pages of one person at once.
func TestNobodyIsShutOut(t *testing.T) {
	t.Parallel()
	theirs := map[string][]Page{}
	for _, p := range Pages {
		theirs[p.Person] = append(theirs[p.Person], p)
	}
	for person, pages := range theirs {
		for some := range slices.Chunk(pages, 6) {
			t.Run(cmp.Or(person, "nobody"), func(t *testing.T) {
				t.Parallel()
				w := open(t, person)
				for _, p := range some {
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
}
