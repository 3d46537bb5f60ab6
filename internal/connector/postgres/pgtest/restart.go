package pgtest

import (
	"context"
	"os"
)

// Restart ends the server with a signal (PostgreSQL docs, "Shutting Down the
// Server": SIGINT for fast, SIGQUIT for immediate, which leaves recovery to the
// next start) and starts it again at the same address, without telling anybody
// in between. What was committed with synchronous_commit is there again.
func (s *Server) Restart(ctx context.Context, how os.Signal) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	s.proc.StopBy(how)
	return s.begin(ctx)
}
