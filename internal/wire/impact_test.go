package wire_test

import (
	"testing"

	"sutor/internal/wire"
)

func TestSum(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{252809.5: "252,809.50", -1377891.55: "-1,377,891.55", 1200: "1,200", 0: "0", 0.125: "0.125", -999: "-999"} {
		if got := (wire.Impact{Measure: &f}).Sum(); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
}
