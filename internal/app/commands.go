package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"sutor/internal/access"
	"sutor/internal/cli"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/workflow"
)

// Local gives the command line what works without a server, or is one.
func Local() cli.Local {
	return cli.Local{Serve: Serve, Demo: Demo, CompactCheck: CompactCheck, IssueToken: IssueToken}
}

// logger writes what the steward should know to standard error.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// CompactCheck checks a Compact's structure, and unless offline that it fits the
// live systems.
func CompactCheck(ctx context.Context, file string, offline bool) ([]compact.Problem, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, errs.New(errs.Invalid, "The Compact %s cannot be read.", file).WithMend("Check the path and the rights on it.").Because(err)
	}
	c, problems := compact.Parse(file, text)
	if c == nil {
		return problems, nil
	}
	problems = compact.Sort(append(problems, workflow.CheckRoutes(c)...))
	if offline {
		return problems, nil
	}
	s := newSystems()
	defer s.close()
	if err := s.use(ctx, c); err != nil {
		return problems, err
	}
	live, err := workflow.CheckLive(ctx, c, s)
	return compact.Sort(append(problems, live...)), err
}

// IssueToken issues a token beside a running server, through its metadata.
func IssueToken(ctx context.Context, t cli.TokenConfig) (string, error) {
	if _, err := os.Stat(filepath.Join(t.Data, "sutor.db")); err != nil && t.Database == "" {
		return "", errs.New(errs.NotFound, "There is no server's data in %s.", t.Data).
			WithMend("Name the server's data folder with --data; it is made when the server first starts.").Because(err)
	}
	store, err := openDatabase(ctx, t.Database, t.Data)
	if err != nil {
		return "", err
	}
	defer store.Close()
	return workflow.IssueToken(ctx, store, access.Fold(t.Email), t.Valid, time.Now())
}
