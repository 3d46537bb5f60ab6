package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sutor/internal/demo"
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
	if err := withOlga(ctx, filepath.Join(dir, "demo")); err != nil {
		return 1, err
	}
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

// withOlga makes the company with a second owner of the customers, so that two people
// can decide at once.
func withOlga(ctx context.Context, dir string) error {
	if _, err := demo.Prepare(ctx, dir); err != nil {
		return err
	}
	file := filepath.Join(dir, "compact.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	const olaf = "  olaf@example.test:  {name: Olaf,  roles: [owner],   departments: [sales]}\n"
	with := strings.NewReplacer(olaf, olaf+strings.NewReplacer("olaf", "olga", "Olaf", "Olga").Replace(olaf),
		"owner: olaf@example.test", "owner: [olaf@example.test, olga@example.test]").Replace(string(text))
	return os.WriteFile(file, []byte(with), 0o600)
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
