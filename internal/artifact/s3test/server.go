package s3test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sutor/internal/testserver"
)

// The accounts: the owner of every bucket, and one that may nothing but what a
// bucket's policy allows.
const (
	OwnerKey, OwnerSecret = "OWNERKEYOFTHETEST", "owner-secret-of-the-test"
	UserKey, UserSecret   = "USERKEYOFTHETEST", "user-secret-of-the-test"
)

// startTime bounds the wait until a server answers.
const startTime = time.Minute

// Server is a running server.
type Server struct {
	URL string

	dir  string
	port int
	proc *testserver.Process
}

// Bucket is a bucket of it.
type Bucket struct {
	Name string
	Dir  string // where its objects are files
	s    *Server
}

// Start starts a server and ends it with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{dir: t.TempDir()}
	for _, d := range []string{"objects", "about", "accounts"} {
		must(t, os.Mkdir(filepath.Join(s.dir, d), 0o700))
	}
	users, err := json.Marshal(map[string]any{"accessAccounts": map[string]any{UserKey: map[string]any{"access": UserKey, "secret": UserSecret, "role": "user"}}})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(s.dir, "accounts", "users.json"), users, 0o600))
	t.Cleanup(s.Stop)
	for range 3 { // another program may take the free port first
		if err = s.Begin(); err == nil {
			return s
		}
		s.port = 0
	}
	t.Fatal(err)
	return nil
}

// program builds the server, unless it was built before, and gives its path.
var program = sync.OnceValues(func() (string, error) {
	root, err := os.Getwd()
	for err == nil {
		if _, e := os.Stat(filepath.Join(root, "test", "s3server", "go.mod")); e == nil {
			break
		}
		if root == filepath.Dir(root) {
			return "", fmt.Errorf("the tests run outside of the repository, which has the S3 server")
		}
		root = filepath.Dir(root)
	}
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "tool", "-n", "versitygw")
	cmd.Dir, cmd.Env = filepath.Join(root, "test", "s3server"), append(os.Environ(), "GOFLAGS=") // as make s3server does
	cmd.Stderr = os.Stderr
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("the S3 server of the tests cannot be built: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
})

// Begin starts the server, after Stop at the same address, and waits until it answers.
func (s *Server) Begin() (err error) {
	path, err := program()
	if err != nil {
		return err
	}
	if s.port == 0 {
		if s.port, err = testserver.FreePort(); err != nil {
			return err
		}
	}
	s.URL = fmt.Sprintf("http://127.0.0.1:%d", s.port)
	cmd := exec.Command(path, "--port", fmt.Sprintf("127.0.0.1:%d", s.port), "--quiet", "--health", "/healthy", "--keep-alive", "--iam-dir", filepath.Join(s.dir, "accounts"),
		"posix", "--sidecar", filepath.Join(s.dir, "about"), filepath.Join(s.dir, "objects"))
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+OwnerKey, "ROOT_SECRET_KEY="+OwnerSecret)
	cmd.Stderr = os.Stderr
	if s.proc, err = testserver.Start(cmd, nil, syscall.SIGKILL); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	if err := s.proc.Await(ctx, s.ask); err != nil {
		return fmt.Errorf("the S3 server does not answer: %w", err)
	}
	return nil
}

func (s *Server) ask(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/healthy", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_ = answer.Body.Close() // nothing was read
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

// Stop ends the server at once, as a crash does.
func (s *Server) Stop() { s.proc.Stop() }

// Client speaks to the server as the owner.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(OwnerKey, OwnerSecret, "")})
}

// Bucket makes a bucket.
func (s *Server) Bucket(t testing.TB, name string) Bucket {
	t.Helper()
	_, err := s.Client().CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(name)})
	must(t, err)
	return Bucket{Name: name, Dir: filepath.Join(s.dir, "objects", name), s: s}
}

// Allow gives a bucket a policy.
func (b Bucket) Allow(t testing.TB, policy string) {
	t.Helper()
	_, err := b.s.Client().PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: aws.String(b.Name), Policy: aws.String(policy)})
	must(t, err)
}

// URL is the bucket as sutor serve --artifacts takes it, at another address where one
// is given.
func (b Bucket) URL(endpoint string) string {
	if endpoint == "" {
		endpoint = b.s.URL
	}
	return "s3://" + b.Name + "/sutor?endpoint=" + url.QueryEscape(endpoint)
}

// Environment has the credentials of the owner, and nothing of the machine's own.
func Environment() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + OwnerKey, "AWS_SECRET_ACCESS_KEY=" + OwnerSecret, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PROFILE="}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
