package web

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzLocalPath: whatever stands in next, the redirect stays on this site, also
// as browsers read it (backslashes as slashes, tabs and line breaks dropped).
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/changes/1001?op=update", "//evil.test", "/\\evil.test", "/\t/evil.test", "https://evil.test", "javascript:alert(1)", ""} {
		f.Add(seed)
	}
	base, err := url.Parse("https://sutor.test/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		path := localPath(next)
		seen := strings.NewReplacer("\\", "/", "\t", "", "\r", "", "\n", "").Replace(path)
		to, err := base.Parse(seen)
		if err == nil && (to.Host != base.Host || to.Scheme != base.Scheme) || !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
			t.Errorf("%q leads to %q", next, seen)
		}
	})
}
