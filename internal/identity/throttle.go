package identity

import (
	"net/netip"
	"sync"
	"time"
)

// rate is a bucket's size and how long one attempt takes to come back.
type rate struct {
	size   int
	refill time.Duration
}

// An account takes ten attempts at once, then one a minute: 1,450 guesses a day,
// far from any password that is long enough, and a person who was attacked waits
// a minute at most. An address takes more, for an office may stand behind one.
var (
	accountRate = rate{size: 10, refill: time.Minute}
	addressRate = rate{size: 50, refill: 2 * time.Second}
)

// crowd bounds the buckets kept. Those that are full again are forgotten when
// room is needed; if there are none, a key not seen before has to wait.
const crowd = 100_000

// throttle holds one leaky bucket a key.
type throttle struct {
	rate
	mu      sync.Mutex
	buckets map[string]time.Time // when it will be full again; absent: full
}

func newThrottle(r rate) *throttle { return &throttle{rate: r, buckets: map[string]time.Time{}} }

// take takes one attempt out of the key's bucket, or tells how long to wait for
// one if it is empty.
func (t *throttle) take(key string, now time.Time) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	full, known := t.buckets[key]
	if !known && len(t.buckets) >= crowd && !t.sweep(now) {
		return t.refill
	}
	if full.Before(now) {
		full = now
	}
	full = full.Add(t.refill)
	if wait := full.Sub(now) - time.Duration(t.size)*t.refill; wait > 0 {
		return wait
	}
	t.buckets[key] = full
	return 0
}

// giveBack puts one attempt back.
func (t *throttle) giveBack(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if full, known := t.buckets[key]; known {
		t.buckets[key] = full.Add(-t.refill)
	}
}

// sweep forgets the buckets that are full again, and tells whether there were any.
func (t *throttle) sweep(now time.Time) bool {
	before := len(t.buckets)
	for key, full := range t.buckets {
		if !full.After(now) {
			delete(t.buckets, key)
		}
	}
	return len(t.buckets) < before
}

// addressKey gives what is counted as one address: an IPv4 address, or an IPv6
// network of 64 bits, within which a customer picks addresses freely.
func addressKey(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		port, err := netip.ParseAddrPort(address)
		if err != nil {
			return "unknown"
		}
		ip = port.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		return netip.PrefixFrom(ip, 64).Masked().String()
	}
	return ip.String()
}
