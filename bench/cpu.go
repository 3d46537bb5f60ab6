package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc/PID/stat: USER_HZ is 100 on every
// architecture that Linux runs Go on.
const tick = 10 * time.Millisecond

// usage is what a process has used (Linux, proc(5), /proc/PID/stat).
type usage struct {
	parent   int
	own      time.Duration // user and system
	children time.Duration // of children that ended
}

func usageOf(stat string) (u usage, err error) {
	b, err := os.ReadFile(stat)
	if err != nil {
		return u, err
	}
	// The name in brackets may hold blanks; fields are counted behind it, from the state.
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	var n [15]int64
	for i := 1; i < len(n); i++ {
		if i >= len(f) {
			return u, fmt.Errorf("%s has only %d fields", stat, len(f))
		}
		if n[i], err = strconv.ParseInt(f[i], 10, 64); err != nil {
			return u, fmt.Errorf("%s: %w", stat, err)
		}
	}
	return usage{int(n[1]), time.Duration(n[11]+n[12]) * tick, time.Duration(n[13]+n[14]) * tick}, nil
}

func statOf(pid int) string { return fmt.Sprintf("/proc/%d/stat", pid) }

// postmaster finds the process that is the parent of every session's. The server
// must run on this machine.
func (w *postgresDatabase) postmaster(ctx context.Context) (int, error) {
	var session int
	if err := w.conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&session); err != nil {
		return 0, err
	}
	u, err := usageOf(statOf(session))
	return u.parent, err
}

// cpu is that of sessions that
// are open, by those that ended, and by its own workers. A session that ends
// while they are added up would be missed on both sides; then it is done again.
func (w *postgresDatabase) cpu() (time.Duration, error) {
	for {
		u, err := usageOf(statOf(w.server))
		if err != nil {
			return 0, err
		}
		open, err := childrenOf(w.server)
		if err != nil {
			return 0, err
		}
		again, err := usageOf(statOf(w.server))
		if err != nil {
			return 0, err
		}
		if again.children == u.children {
			return u.own + u.children + open, nil
		}
	}
}

// childrenOf is the CPU time of a process's children that run.
func childrenOf(pid int) (sum time.Duration, err error) {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range all {
		if u, err := usageOf(stat); err == nil && u.parent == pid { // some end meanwhile
			sum += u.own
		}
	}
	return sum, err
}

// cpu is the CPU time that Sutor's server has used so far.
func (s *server) cpu() (time.Duration, error) {
	u, err := usageOf(statOf(s.cmd.Process.Pid))
	return u.own, err
}
