package identity

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// However attempts are spread over time, no more pass than the bucket's size and
// what has come back since.
func TestThrottleNeverLetsMoreThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rate{size: rapid.IntRange(1, 5).Draw(t, "size"), refill: time.Minute}
		th := newThrottle(r)
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		now, passed := start, 0
		for _, gap := range rapid.SliceOf(rapid.Int64Range(0, int64(3*time.Minute))).Draw(t, "gaps") {
			now = now.Add(time.Duration(gap))
			wait := th.take("k", now)
			if wait == 0 {
				passed++
			} else if again := th.take("k", now.Add(wait)); again != 0 {
				t.Fatalf("told to wait %s, and then to wait %s more", wait, again)
			} else {
				passed, now = passed+1, now.Add(wait)
			}
			if most := r.size + int(now.Sub(start)/r.refill); passed > most {
				t.Fatalf("%d attempts passed in %s, at most %d may", passed, now.Sub(start), most)
			}
		}
	})
}

func TestThrottleForgetsWhoIsCalm(t *testing.T) {
	t.Parallel()
	th := newThrottle(accountRate)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range crowd {
		th.take(fmt.Sprint(i), now)
	}
	if wait := th.take("one more", now); wait == 0 {
		t.Error("the crowd has no bound")
	}
	if wait := th.take("7", now); wait != 0 {
		t.Errorf("somebody known has to wait %s for strangers", wait)
	}
	if wait := th.take("one more", now.Add(accountRate.refill)); wait != 0 {
		t.Errorf("waits %s though others can be forgotten", wait)
	}
	if len(th.buckets) > 10 {
		t.Errorf("%d buckets are kept", len(th.buckets))
	}
}

func TestAddressKey(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.7:4711":          "192.0.2.7",
		"192.0.2.7":               "192.0.2.7",
		"[::ffff:192.0.2.7]:4711": "192.0.2.7",
		"[2001:db8:1:2:3::4]:80":  "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::":     "2001:db8:1:2::/64",
		"fe80::1%eth0":            "fe80::/64",
		"":                        "unknown",
		"nonsense":                "unknown",
	} {
		if got := addressKey(address); got != want {
			t.Errorf("addressKey(%q) = %q, want %q", address, got, want)
		}
	}
}
