package errs

import (
	"fmt"
	"strconv"
)

// Size writes a number of bytes for people, exactly: "20 MiB", "50 GB", or bytes
// where it is not a round number of a larger unit.
func Size(bytes int64) string {
	const digits = 1 << 10 // below that a unit reads well
	for _, u := range []struct {
		name string
		size int64
	}{{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"KB", 1e3}} {
		if n := bytes / u.size; bytes%u.size == 0 && n > 0 && n < digits {
			return fmt.Sprintf("%d %s", n, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// About writes a number of bytes to one digit behind the point: "12.3 MB".
func About(bytes int64) string {
	n, unit := float64(bytes)/1e3, "KB"
	for _, next := range []string{"MB", "GB", "TB"} {
		if n < 1000 {
			break
		}
		n, unit = n/1e3, next
	}
	return strconv.FormatFloat(n, 'f', 1, 64) + " " + unit
}
