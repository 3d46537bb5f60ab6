package guard_test

import (
	"errors"
	"strings"
	"testing"

	"sutor/internal/guard"
)

// Rules of levels know the figures of a record, and nothing else.
func TestRecordRules(t *testing.T) {
	t.Parallel()
	m := guard.MakerRecord{Applied: 10, Clean: 7, Conflicts: 1, Undone: 2, Rejected: 3, Days: 40, DaysSinceBad: 5}
	for when, holds := range map[string]bool{
		"clean >= 7 && days_since_bad == 5": true, "applied == 10 && conflicts == 1 && undone == 2 && rejected == 3 && days == 40": true,
		"clean * 10 >= applied * 9": false, "undone == 0 || days > 30": true, "applied / (clean - 7) > 1": false, // unknown holds nothing
	} {
		r, err := guard.CompileRecord(guard.Rule{Name: "expert", When: when})
		if err != nil || r.Holds(m) != holds {
			t.Errorf("%s: %t, %v", when, !holds, err)
		}
	}
	for when, says := range map[string]string{
		"claen > 1": "Did you mean clean?", "rows > 5": "is a figure of one change", "after.x > 1": "means nothing here", "clean": "", `"a" in changed`: "",
	} {
		_, err := guard.CompileRecord(guard.Rule{Name: "expert", When: when})
		var bad *guard.Error
		if !errors.As(err, &bad) || !strings.Contains(bad.Error(), says) {
			t.Errorf("%s: %v, want %q", when, err, says)
		}
	}
}
