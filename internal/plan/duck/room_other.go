//go:build !unix

package duck

// freeBytes is not known here: a disk that fills up is told when it is full.
func freeBytes(string) (int64, bool) { return 0, false }
