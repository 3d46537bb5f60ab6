package browser

import "testing"

// TestNobodyIsShutOut: axe-core finds nothing wrong with any page, light and dark.
func TestNobodyIsShutOut(t *testing.T) {
	t.Parallel()
	for _, p := range Pages {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			w := open(t, p.Person)
			for _, colours := range []string{"light", "dark"} {
				must(t, w.Size(1024, 800, colours))
				must(t, w.Go(p.At(world.ids)))
				wrong, err := w.Violations()
				must(t, err)
				for _, v := range wrong {
					t.Errorf("%s %s", colours, v)
				}
			}
		})
	}
}
