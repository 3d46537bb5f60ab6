package artifact

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"sutor/internal/errs"
)

const (
	dialTime = 5 * time.Second
	// silence is how long the server of a bucket may say nothing, or take nothing,
	// before a connection is given up: putting the parts of a large object together
	// takes it a while.
	silence  = time.Minute
	attempts = 3 // of a request that may succeed the next time
)

// dial makes the handle of a bucket: nothing has been asked of it yet but who we are.
// Credentials come from where AWS's own tools find them, in their order: the
// environment, the files of AWS_PROFILE, a web identity (Kubernetes), the machine's role.
func dial(ctx context.Context, p Place, conns *connections) (*blob.Bucket, error) {
	client := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = conns.dial
		tr.ForceAttemptHTTP2 = false // an object a connection: no large one stands before a small one
	})
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(client), config.WithRetryMaxAttempts(attempts), config.WithLogger(logging.Nop{}), func(o *config.LoadOptions) error {
		if p.Region != "" {
			o.Region = p.Region
		}
		return nil
	})
	if err != nil {
		return nil, errs.New(errs.Invalid, "The settings for the bucket %s cannot be used, which the environment or AWS's files hold.", p.Bucket).
			WithMend("Check AWS_PROFILE, AWS_CONFIG_FILE and AWS_CA_BUNDLE.").Because(err)
	}
	if cfg.Region == "" && p.Endpoint == "" {
		return nil, errs.New(errs.Usage, "The region of the bucket %s is not known.", p.Bucket).WithMend("Name it: s3://%s?region=REGION, or AWS_REGION in the environment.", p.Bucket)
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // the name that servers of others have for their only one
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, noCredentials().Because(err)
	}
	api := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = p.PathStyle
		if p.Endpoint != "" {
			o.BaseEndpoint = aws.String(p.Endpoint)
		}
		// What is read is held against its name, which is a better sum than theirs.
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
	return s3blob.OpenBucket(ctx, api, p.Bucket, &s3blob.Options{EncryptionType: types.ServerSideEncryption(p.SSE), KMSEncryptionID: p.KMSKey,
		RequestChecksumCalculation: cfg.RequestChecksumCalculation})
}

// connections are those to the server of a bucket. They end when it is silent for
// too long in the middle of something, and at the end of the program.
type connections struct {
	mu   sync.Mutex
	open map[*watched]struct{} // nil once all are closed
}

func newConnections() *connections { return &connections{open: map[*watched]struct{}{}} }

func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTime}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w := &watched{Conn: conn, all: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == nil {
		_ = conn.Close() // nobody wants it any more
		return nil, net.ErrClosed
	}
	c.open[w] = struct{}{}
	return w, nil
}

func (c *connections) close() {
	c.mu.Lock()
	all := c.open
	c.open = nil
	c.mu.Unlock()
	for w := range all {
		_ = w.Conn.Close() // whoever still uses it hears of it
	}
}

// watched is a connection whose reads and writes end in bounded time.
type watched struct {
	net.Conn
	all *connections
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

func (w *watched) Write(p []byte) (int, error) {
	if err := w.SetWriteDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

func (w *watched) Close() error {
	w.all.mu.Lock()
	delete(w.all.open, w)
	w.all.mu.Unlock()
	return w.Conn.Close()
}
