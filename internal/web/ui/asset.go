package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed assets
var files embed.FS

// asset is one file as it is served.
type asset struct {
	name    string // with the digest of its content
	kind    string // media type
	content []byte
	packed  []byte // by gzip
}

// assets gives all files by the name that pages call them by.
var assets = sync.OnceValue(func() map[string]asset {
	out := map[string]asset{}
	for name, made := range map[string]struct{ kind, content string }{
		"style.css": {"text/css; charset=utf-8", joined("assets/css/*.css", "%s")},
		"sutor.js":  {"text/javascript; charset=utf-8", joined("assets/js/*.js", "(() => {\n%s})();\n")},
		"htmx.js":   {"text/javascript; charset=utf-8", joined("assets/vendor/htmx-*.min.js", "%s\n")},
		"icon.svg":  {"image/svg+xml", joined("assets/icon.svg", "%s")},
	} {
		sum := sha256.Sum256([]byte(made.content))
		ext := path.Ext(name)
		out[name] = asset{
			name: strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext,
			kind: made.kind, content: []byte(made.content), packed: packed([]byte(made.content)),
		}
	}
	return out
})

// joined gives the embedded files of a pattern one after the other, each in a form.
func joined(pattern, form string) string {
	names, err := fs.Glob(files, pattern)
	if err != nil || len(names) == 0 {
		panic(fmt.Sprintf("no file %s is embedded: %v", pattern, err)) // only a fault of this package can cause it
	}
	var b strings.Builder
	for _, name := range names {
		content, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, form, content)
	}
	return b.String()
}

func packed(content []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	_, _ = z.Write(content) // a buffer takes all
	_ = z.Close()
	return b.Bytes()
}

// AssetURL is where an asset is served: "style.css", "sutor.js", "htmx.js" or
// "icon.svg".
func AssetURL(name string) string { return "/assets/" + assets()[name].name }

// ServeAsset answers GET /assets/{name}.
func ServeAsset(w http.ResponseWriter, r *http.Request) {
	for _, a := range assets() {
		if a.name != r.PathValue("name") {
			continue
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable") // another content has another name
		h.Set("Vary", "Accept-Encoding")
		content := a.content
		if Unpacks(r) {
			h.Set("Content-Encoding", "gzip")
			content = a.packed
		}
		_, _ = w.Write(content) // a client that has gone needs no answer
		return
	}
	http.NotFound(w, r)
}

// Unpacks tells whether the client of a request takes answers packed by gzip.
func Unpacks(r *http.Request) bool {
	for _, offer := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(offer), ";")
		if strings.EqualFold(name, "gzip") && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
