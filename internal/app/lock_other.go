//go:build !unix

package app

// lockFolder cannot lock here: running one server for a folder is the steward's
// own care.
func lockFolder(string) (release func() error, err error) {
	return func() error { return nil }, nil
}
