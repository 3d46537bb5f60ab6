//go:build !unix

package app

// lockFolder cannot lock here: running one server for a folder is the steward's
// own care, and what a former one left behind is taken over when its lease has
// lapsed.
func lockFolder(string) (home string, release func() error, err error) {
	return "", func() error { return nil }, nil
}
