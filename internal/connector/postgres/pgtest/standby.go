package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// Standby copies the server with pg_basebackup and starts the copy as a hot
// standby that follows it (PostgreSQL docs, "Hot Standby"). The caller stops it,
// before the server.
func (s *Server) Standby(ctx context.Context) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "sutor-pg-")
	if err != nil {
		return nil, err
	}
	copied := &Server{dir: dir, bin: s.bin, as: s.as}
	defer func() {
		if err != nil {
			err = errors.Join(err, copied.Stop())
		}
	}()
	if s.as != nil {
		if err := os.Chown(dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
			return nil, err
		}
	}
	bin, err := filepath.EvalSymlinks(filepath.Join(s.bin, "postgres")) // PATH may have links to some of the programs only
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(filepath.Dir(bin), "pg_basebackup"), "-D", filepath.Join(dir, "data"), "-h", "127.0.0.1",
		"-p", strconv.Itoa(s.port), "-U", "postgres", "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	for range 3 {
		if err = copied.serve(ctx); err == nil {
			return copied, nil
		}
	}
	return nil, err
}
