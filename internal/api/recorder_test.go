package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sutor/internal/access"
	"sutor/internal/api"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// recorder stands behind the API where only the form of HTTP is tested: it
// notes what it was asked and gives what it was told to. It knows no rights.
type recorder struct {
	workflow.UseCases // nil: what no test here asks for
	mu                sync.Mutex
	asks              []string
	args              []any

	change wire.Change
	err    error
	write  func(io.Writer) error // for downloads
	read   func(io.Reader) error // for uploads
	left   bool                  // nobody is a person of the Compact any more
}

// Follow gives the change once, and again after everybody has left.
func (r *recorder) Follow(_ context.Context, _ access.Principal, _ change.ID, seen func(wire.Change) error) error {
	err := seen(r.change)
	r.mu.Lock()
	r.left = true
	r.mu.Unlock()
	return errors.Join(err, seen(r.change))
}

func (r *recorder) note(ask string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asks, r.args = append(r.asks, ask), args
}

// last gives what was asked last.
func (r *recorder) last() (string, []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.asks) == 0 {
		return "", nil
	}
	return r.asks[len(r.asks)-1], r.args
}

func (r *recorder) file(f io.Reader) error {
	if f == nil || r.read == nil {
		return nil
	}
	return r.read(f)
}

func (r *recorder) Propose(_ context.Context, p access.Principal, in workflow.Proposal) (wire.Change, error) {
	r.note("propose", p, in)
	if err := r.file(in.File); err != nil {
		return wire.Change{}, errs.New(errs.Unavailable, "The disk of the server is full.").Because(err)
	}
	return r.change, r.err
}

func (r *recorder) ProposeRule(_ context.Context, p access.Principal, in workflow.RuleProposal) (wire.Change, error) {
	return r.act("rule", p, in)
}

func (r *recorder) Hold(_ context.Context, p access.Principal, id change.ID, comment string) (wire.Change, error) {
	return r.act("hold", p, id, comment)
}

func (r *recorder) Purge(_ context.Context, p access.Principal, dry bool) (wire.Purge, error) {
	r.note("purge", p, dry)
	return wire.Purge{DryRun: dry}, r.err
}

func (r *recorder) Replan(_ context.Context, p access.Principal, id change.ID, a workflow.Again) (wire.Change, error) {
	var o change.Options
	if a.Choose != nil {
		if err := a.Choose(&o); err != nil {
			return wire.Change{}, err
		}
	}
	r.note("replan", p, id, a.Name, a.File != nil, o)
	if err := r.file(a.File); err != nil {
		return wire.Change{}, err
	}
	return r.change, r.err
}

func (r *recorder) Mend(_ context.Context, p access.Principal, id change.ID, in workflow.Mends) (wire.Change, error) {
	r.note("mend", p, id, in.Cells, in.Name, in.File != nil)
	return r.change, errors.Join(r.file(in.File), r.err)
}

func (r *recorder) BadRows(_ context.Context, p access.Principal, id change.ID, format string, warned bool, w io.Writer) error {
	r.note("bad-rows", p, id, format, warned)
	return r.out(w)
}

func (r *recorder) act(ask string, args ...any) (wire.Change, error) {
	r.note(ask, args...)
	return r.change, r.err
}

func (r *recorder) Try(_ context.Context, p access.Principal, id change.ID) (wire.Change, error) {
	return r.act("try", p, id)
}

func (r *recorder) ApprovePart(_ context.Context, p access.Principal, id change.ID, d record.Digest, part workflow.Part, comment string) (wire.Change, error) {
	return r.act("approve part", p, id, d, part, comment)
}

func (r *recorder) LookPart(_ context.Context, p access.Principal, id change.ID, d record.Digest, part workflow.Part) (wire.PartLook, error) {
	r.note("look part", p, id, d, part)
	return wire.PartLook{}, r.err
}

func (r *recorder) Submit(_ context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error) {
	return r.act("submit", p, id, digest, comment)
}

func (r *recorder) Withdraw(_ context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error) {
	return r.act("withdraw", p, id, digest, comment)
}

func (r *recorder) Approve(_ context.Context, p access.Principal, id change.ID, d record.Digest, comment string) (wire.Change, error) {
	return r.act("approve", p, id, d, comment)
}

func (r *recorder) Reject(_ context.Context, p access.Principal, id change.ID, d record.Digest, comment string) (wire.Change, error) {
	return r.act("reject", p, id, d, comment)
}

func (r *recorder) Apply(_ context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error) {
	return r.act("apply", p, id, digest, comment)
}

func (r *recorder) Undo(_ context.Context, p access.Principal, id change.ID, reason string) (wire.Change, error) {
	return r.act("undo", p, id, reason)
}

func (r *recorder) Change(_ context.Context, p access.Principal, id change.ID, wait time.Duration) (wire.Change, error) {
	return r.act("change", p, id, wait)
}

func (r *recorder) Changes(_ context.Context, p access.Principal, f workflow.Filter) ([]wire.Change, error) {
	r.note("changes", p, f)
	return nil, r.err
}

func (r *recorder) Browse(_ context.Context, p access.Principal, id change.ID, want workflow.RowsWanted) (wire.Rows, error) {
	r.note("rows", p, id, want)
	return wire.Rows{}, r.err
}

func (r *recorder) Datasets(_ context.Context, p access.Principal) ([]wire.Dataset, error) {
	r.note("datasets", p)
	return nil, r.err
}

func (r *recorder) Dataset(_ context.Context, p access.Principal, name string) (wire.Dataset, error) {
	r.note("dataset", p, name)
	return wire.Dataset{Name: name}, r.err
}

func (r *recorder) Freeze(_ context.Context, p access.Principal, name, say string) (wire.Dataset, error) {
	r.note("freeze", p, name, say)
	return wire.Dataset{}, r.err
}

func (r *recorder) Unfreeze(_ context.Context, p access.Principal, name, say string) (wire.Dataset, error) {
	r.note("unfreeze", p, name, say)
	return wire.Dataset{}, r.err
}

func (r *recorder) Export(_ context.Context, p access.Principal, name, format string, w io.Writer) error {
	r.note("export", p, name, format)
	return r.out(w)
}

func (r *recorder) Recipes(_ context.Context, p access.Principal, dataset string) ([]wire.Recipe, error) {
	r.note("recipes", p, dataset)
	return nil, r.err
}

func (r *recorder) Recipe(_ context.Context, p access.Principal, dataset, nameOrID string, version int) (wire.Recipe, error) {
	r.note("recipe", p, dataset, nameOrID, version)
	return wire.Recipe{}, r.err
}

func (r *recorder) SaveRecipe(_ context.Context, p access.Principal, name string, from change.ID, share bool) (wire.Recipe, error) {
	r.note("recipe.save", p, name, from, share)
	return wire.Recipe{}, r.err
}

func (r *recorder) RemoveRecipe(_ context.Context, p access.Principal, dataset, nameOrID string) (wire.Recipe, error) {
	r.note("recipe.remove", p, dataset, nameOrID)
	return wire.Recipe{}, r.err
}

func (r *recorder) out(w io.Writer) error {
	if r.write != nil {
		return r.write(w)
	}
	return r.err
}

func (r *recorder) CompactInForce(_ context.Context, p access.Principal) (wire.Compact, error) {
	r.note("compact", p)
	return wire.Compact{Digest: digest, Text: "compact: X\n"}, r.err
}

func (r *recorder) Rehearse(_ context.Context, p access.Principal, text []byte, last int) (wire.Rehearsal, error) {
	r.note("rehearse", p, string(text), last)
	return wire.Rehearsal{Compact: digest}, r.err
}

func (r *recorder) Evidence(_ context.Context, p access.Principal, id change.ID, w io.Writer) error {
	r.note("evidence", p, id)
	return r.out(w)
}

func (r *recorder) Checkpoint(_ context.Context, p access.Principal) (wire.Checkpoint, error) {
	r.note("checkpoint", p)
	return wire.Checkpoint{}, r.err
}

func (r *recorder) Fsck(_ context.Context, p access.Principal, w io.Writer) error {
	r.note("fsck", p)
	return r.out(w)
}

func (r *recorder) Me(_ context.Context, p access.Principal) (wire.Person, error) {
	return wire.Person{Email: string(p.Email), Means: string(p.Means)}, nil
}

func (r *recorder) Person(_ context.Context, email access.Email, means access.Means) (access.Principal, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if email == "gone@example.test" || r.left {
		return access.Principal{}, errs.New(errs.Unsigned, "The Compact in force does not know %s.", email)
	}
	return access.Principal{Email: email, Means: means}, nil
}

func (r *recorder) Health(context.Context) []workflow.Health {
	r.note("health")
	return []workflow.Health{{Name: "metadata", OK: r.err == nil, Why: "secret place"}}
}

func (r *recorder) Rights(context.Context, access.Principal) []wire.SystemRights { return nil }

// digest is a plan's digest in tests.
const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// tokens authenticates "token-NAME" as NAME@example.test.
type tokens struct{}

func (tokens) Authenticate(_ context.Context, bearer string) (access.Email, access.Means, error) {
	name, ok := strings.CutPrefix(bearer, "token-")
	if !ok {
		return "", "", errs.New(errs.Unsigned, "The token is not known.")
	}
	return access.Email(name + "@example.test"), "token:T1", nil
}

// newServer starts a server over uc.
func newServer(t *testing.T, uc workflow.UseCases, o api.Options) *httptest.Server {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := httptest.NewServer(api.Handler(uc, tokens{}, o))
	t.Cleanup(s.Close)
	return s
}

// request is one call in a test.
type request struct {
	method, path, token, body string
	header                    map[string]string
}

func (q request) send(t *testing.T, s *httptest.Server) (*http.Response, string) {
	t.Helper()
	if q.method == "" {
		q.method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(t.Context(), q.method, s.URL+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	if q.token != "" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}
