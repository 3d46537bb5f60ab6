package app

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/evidence"
)

// logKey gives the key of the evidence log, and how fsck looks whether it is still
// where it was. Only in the data folder is a new one made: a key that is given from
// outside, and is not there, would else be another on each server.
func (c Config) logKey(name string) (*evidence.Key, func() error, error) {
	if c.Key != "" {
		key, err := evidence.ParseKey(strings.TrimSpace(c.Key))
		if err != nil {
			return nil, nil, errs.New(errs.Invalid, "What SUTOR_LOG_KEY holds is not the key of a log.").
				WithMend("It is the one line of a log.key. Bring it back from a backup: without it nobody can sign for this log.") // the cause might repeat it
		}
		return key, nil, nil
	}
	file := c.keyPlace()
	if _, err := os.Stat(file); err != nil && c.KeyFile != "" {
		return nil, nil, errs.New(errs.Invalid, "The log's key %s (--log-key) cannot be read.", file).
			WithMend("Check the path and the rights on it. Where there is no key yet, start a server once without --log-key: it makes one, log.key in its data folder.").Because(err)
	}
	key, err := evidence.OpenKey(file, name)
	if err != nil {
		return nil, nil, err
	}
	return key, func() error { return key.Held(file) }, nil
}

// keyPlace says where the key is.
func (c Config) keyPlace() string {
	if c.Key != "" {
		return "SUTOR_LOG_KEY"
	}
	return cmp.Or(c.KeyFile, filepath.Join(c.Data, "log.key"))
}
