package sqlite

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sutor/internal/errs"
)

// address is a dsn taken apart.
type address struct {
	path     string // of the database file
	uri      string // what the library opens
	readOnly bool   // the dsn asks for reading only
}

// parameters of a URI that a dsn may have, with the values allowed (nil: any).
// Others would let a dsn change the database's settings.
var parameters = map[string][]string{
	"mode":      {"ro", "rw"},
	"immutable": {"0", "1"},
	"nolock":    {"0", "1"},
	"vfs":       nil,
}

// parseDSN understands a path or a "file:" URI (sqlite.org/uri.html). Errors
// never repeat the dsn.
func parseDSN(dsn string) (address, error) {
	path, params := dsn, url.Values{}
	if rest, ok := strings.CutPrefix(dsn, "file:"); ok {
		var err error
		if path, params, err = parseURI(rest); err != nil {
			return address{}, err
		}
	}
	if path == "" || path == ":memory:" {
		return address{}, errs.New(errs.Invalid, "The connection string of an SQLite system must name a database file.").
			WithMend("Write the file's path, as in data/erp.db.")
	}
	a := address{path: path, readOnly: params.Get("mode") == "ro" || params.Get("immutable") == "1"}
	if !params.Has("mode") {
		params.Set("mode", "rw") // not rwc: a missing file is not created
	}
	params.Set("_busy_timeout", "5000")
	params.Set("_foreign_keys", "1")
	params.Set("_synchronous", "FULL") // the library's own NORMAL may lose a commit with the power
	params.Set("_cache_size", "-8000") // KiB of pages, four times what is usual: rows are looked up all over a file
	escaped := (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	if strings.HasPrefix(escaped, "/") {
		escaped = "//" + escaped
	}
	a.uri = "file:" + escaped + "?" + params.Encode()
	return a, nil
}

func parseURI(rest string) (path string, params url.Values, err error) {
	invalid := func(format string, args ...any) error {
		return errs.New(errs.Invalid, format, args...).WithMend("Write the file's path alone, or as in file:data/erp.db?mode=ro.")
	}
	rest, _, _ = strings.Cut(rest, "#")
	path, query, _ := strings.Cut(rest, "?")
	if after, ok := strings.CutPrefix(path, "//"); ok {
		host, p, _ := strings.Cut(after, "/")
		if host != "" && host != "localhost" {
			return "", nil, invalid("The connection string of an SQLite system names another machine; only files of this one can be opened.")
		}
		path = "/" + p
	}
	if path, err = url.PathUnescape(path); err != nil {
		return "", nil, invalid("The connection string of an SQLite system is not a well-formed file: URI.")
	}
	if params, err = url.ParseQuery(query); err != nil {
		return "", nil, invalid("The connection string of an SQLite system is not a well-formed file: URI.")
	}
	for name, values := range params {
		allowed, known := parameters[name]
		if !known || len(values) != 1 || (allowed != nil && !slices.Contains(allowed, values[0])) {
			return "", nil, invalid("The connection string of an SQLite system has a parameter that is not understood.")
		}
	}
	return path, params, nil
}

// present gives the file if it is there, without opening it: closing any
// handle on the file would drop the locks this process holds through SQLite
// (sqlite.org/howtocorrupt.html, 2.2).
func (a address) present() (os.FileInfo, error) {
	info, err := os.Stat(a.path)
	switch {
	case err != nil:
		return nil, errs.New(errs.Unavailable, "The database file is not there or may not be read.").
			WithMend("Check that the file exists and that the server's user may read it.")
	case info.IsDir():
		return nil, errs.New(errs.Unavailable, "What should be the database file is a folder.").
			WithMend("Name the file itself.")
	}
	return info, nil
}
