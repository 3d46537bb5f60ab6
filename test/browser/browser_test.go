package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// world is what the stories share: the company and the browser, started once.
var world struct {
	company  *Company
	ids      map[string]string
	chromium *Chromium
}

func TestMain(m *testing.M) {
	code, err := begin(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func begin(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "browser")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	if world.company, err = Found(ctx, filepath.Join(dir, "demo")); err != nil {
		return 1, err
	}
	defer world.company.Close()
	if world.ids, err = world.company.Busy(ctx); err != nil {
		return 1, err
	}
	if world.chromium, err = Launch(ctx, filepath.Join(dir, "profile")); err != nil {
		return 1, err
	}
	defer world.chromium.End()
	return m.Run(), nil
}

// open gives a window in which a person is signed in; nobody where it is "".
func open(t *testing.T, person string) *Window {
	t.Helper()
	w := world.chromium.Open(world.company.Base)
	t.Cleanup(w.End)
	must(t, w.Size(1024, 800, "light"))
	if person != "" {
		must(t, w.Enter(person, Password))
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
