package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/cli"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/identity"
	"sutor/internal/workflow"
)

// Local gives the command line what works without a server, or is one.
func Local() cli.Local {
	return cli.Local{Serve: Serve, Demo: Demo, CompactCheck: CompactCheck, IssueToken: IssueToken, RevokeTokens: RevokeTokens}
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
func IssueToken(ctx context.Context, t cli.TokenConfig) (secret string, err error) {
	err = beside(ctx, t.Metadata, func(s workflow.Store) error {
		secret, err = workflow.IssueToken(ctx, s, access.Fold(t.Email), t.Valid, time.Now())
		return err
	})
	return secret, err
}

// RevokeTokens revokes tokens likewise: of a person, else the one that which is, or names.
func RevokeTokens(ctx context.Context, which string, m cli.Metadata) (ids []string, err error) {
	id, person := identity.IDOf(which), access.Email("")
	if strings.Contains(which, "@") {
		id, person = "", access.Fold(which)
	}
	err = beside(ctx, m, func(s workflow.Store) error {
		revoked, err := workflow.RevokeTokens(ctx, s, id, person, time.Now())
		for _, id := range revoked {
			ids = append(ids, string(id))
		}
		return err
	})
	return ids, err
}

// beside does something with the metadata of a server that may run.
func beside(ctx context.Context, m cli.Metadata, do func(workflow.Store) error) error {
	if _, err := os.Stat(filepath.Join(m.Data, "sutor.db")); err != nil && m.Database == "" {
		return errs.New(errs.NotFound, "There is no server's data in %s.", m.Data).
			WithMend("Name the server's data folder with --data; it is made when the server first starts.").Because(err)
	}
	store, err := openDatabase(ctx, m.Database, m.Data)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(store)
}
