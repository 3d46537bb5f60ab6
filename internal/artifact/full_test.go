//go:build unix

package artifact

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"sutor/internal/errs"
)

// childDir names, in the environment of the child process, its folder.
const childDir = "SUTOR_TEST_FULL_DISK"

// TestARealLimit lets the kernel itself refuse to write on: a child process
// (this test once more) may write files of 64 KiB at most.
func TestARealLimit(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		putBeyondLimit(t, dir)
		return
	}
	t.Parallel()
	f := folder(t)
	child := exec.Command(os.Args[0], "-test.run=^TestARealLimit$", "-test.v")
	child.Env = append(os.Environ(), childDir+"="+f.dir)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("the small one was kept")) {
		t.Errorf("the child did not come to its end:\n%s", out)
	}
	if got := files(t, f); len(got) != 1 || !strings.HasPrefix(got[0], "sha256/") {
		t.Errorf("on disk %q, want only the small one", got)
	}
}

func putBeyondLimit(t *testing.T, dir string) {
	// The kernel also sends SIGXFSZ, which ends a process that does not ignore it.
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	f, err := Open(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = f.Put(t.Context(), io.LimitReader(zeros{}, 1<<20))
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "full") {
		t.Fatalf("beyond the limit: %v", err)
	}
	put(t, f, "small")
	t.Log("the small one was kept")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
