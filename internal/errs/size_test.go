package errs_test

import (
	"testing"

	"sutor/internal/errs"
)

func TestSize(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]string{0: "0 bytes", 1: "1 bytes", 999: "999 bytes", 1000: "1 KB", 1024: "1 KiB", 1025: "1025 bytes", 20 << 20: "20 MiB", 1 << 30: "1 GiB",
		50e9: "50 GB", 16 << 30: "16 GiB", 1 << 40: "1 TiB", 3 << 50: "3377699720527872 bytes"} {
		if got := errs.Size(bytes); got != want {
			t.Errorf("%d: %q, not %q", bytes, got, want)
		}
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]string{0: "0.0 KB", 999: "1.0 KB", 12_345_678: "12.3 MB", 5 << 29: "2.7 GB", 4e15: "4000.0 TB"} {
		if got := errs.About(bytes); got != want {
			t.Errorf("%d: %q, not %q", bytes, got, want)
		}
	}
}
