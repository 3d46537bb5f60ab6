//go:build cgo

package app

/*
#include <malloc.h>

// keep has the C library keep up to so many free bytes of each of so many heaps.
static void keep(int bytes, int heaps) {
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, bytes);
	mallopt(M_MMAP_THRESHOLD, 4 << 20); // else 128 KiB from now on (mallopt(3)), less than DuckDB's blocks
	mallopt(M_ARENA_MAX, heaps);
#endif
}
*/
import "C"

// What the C library keeps of memory that SQLite and DuckDB gave back. By itself it
// returns all but 128 KiB of each heap to the kernel, and SQLite gives its pages back
// after every transaction in which somebody else wrote: of many small plans at once, a
// third of the time went into getting the same memory again.
const (
	keptOfHeap = 8 << 20 // bytes
	heaps      = 2       // for all threads
)

func keepFreed() { C.keep(keptOfHeap, heaps) }
