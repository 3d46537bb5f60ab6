// Package verifyjs holds a second verifier of evidence packs, in Node, to the
// first (internal/evidence): verify.mjs and the files beside it were written from
// docs/evidence-format.md, and neither shares a line with the other. Tests that
// make, bend or forge packs ask Agree; so what the document says, and what it
// forgets to say, is held by every one of them.
//
//	node verify.mjs PACK.zip [--key KEY]   is the same verifier for people
//
// pack.mjs reads a pack, zip.mjs is the one form of its zip, canon.mjs canonical
// JSON, leaf.mjs the rules of leaves and envelopes, log.mjs hashes, proofs and
// signatures, judge.mjs the life of a change. Parquet is only hashed.
package verifyjs

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// TB is what Agree needs of a test.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Agree fails the test unless the second verifier's verdict on a pack is that of
// the first, which gave err. With the key "" it takes the one that the pack claims.
func Agree(t TB, pack []byte, key string, err error) {
	t.Helper()
	second, failed := verifier()
	if failed != nil {
		t.Fatalf("the second verifier, which needs Node 18 or later (Debian: nodejs): %v", failed)
	}
	verdict, failed := second.verdict(pack, key)
	if failed != nil {
		t.Fatalf("the second verifier: %v", failed)
	}
	if (verdict == "proves") != (err == nil) {
		t.Errorf("the verifiers do not agree on a pack: the first says %v, the second %q", err, verdict)
	}
}

// verifier starts one process for all tests; it ends with them, as its input does.
var verifier = sync.OnceValues(func() (*process, error) {
	_, here, _, known := runtime.Caller(0)
	if !known {
		return nil, fmt.Errorf("the folder of this file is not known")
	}
	cmd := exec.Command("node", filepath.Join(filepath.Dir(here), "verify.mjs"), "--stream")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &process{in: in, out: bufio.NewReader(out)}, cmd.Start()
})

type process struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

// verdict gives the verifier's line on a pack: "proves", or "refused: " and why.
func (p *process) verdict(pack []byte, key string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b []byte
	for _, part := range []string{key, string(pack)} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
	}
	if _, err := p.in.Write(b); err != nil {
		return "", err
	}
	line, err := p.out.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}
