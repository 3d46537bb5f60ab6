package cli

import (
	"context"
	"io"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// Local holds what works without a server, or is one. The composition fills it:
// this package knows neither databases nor systems.
type Local struct {
	// Serve runs the server until ctx is done. What people should see (the
	// address) goes to out.
	Serve func(ctx context.Context, c ServeConfig, out io.Writer) error
	// Demo runs the demo company until ctx is done, likewise.
	Demo func(ctx context.Context, c DemoConfig, out io.Writer) error
	// CompactCheck checks a Compact, and the live systems unless offline. The
	// problems are the result; the error is for what could not be checked (a
	// system that is down), and may come with problems.
	CompactCheck func(ctx context.Context, file string, offline bool) ([]compact.Problem, error)
	// IssueToken makes a token and gives its secret.
	IssueToken func(ctx context.Context, c TokenConfig) (string, error)
	// RevokeTokens revokes the token of a text or an ID, or all of a person's, and gives the IDs.
	RevokeTokens func(ctx context.Context, which string, m Metadata) ([]string, error)
	// Version of the program; "" for the one that Go has noted in it.
	Version string
}

// ServeConfig are the server's settings; zero limits mean the server's own.
type ServeConfig struct {
	Compact   string // file
	Data      string // folder
	Database  string // URL; "" for SQLite in Data
	Artifacts string // folder or URL; "" for files in Data
	LogKey    string // file; "" for one in Data
	Listen    string // host:port
	HTTPS     bool   // people reach the pages over https (a proxy in front)
	URL       string // where people reach the pages, for links in mails
	SMTP      SMTPConfig

	MaxUpload    int64         // bytes of a file
	MaxRows      int64         // of a file
	MaxStaging   int64         // bytes of a file as read
	MaxSpill     int64         // bytes of disk of one plan
	MaxArtifacts int64         // bytes of all files and plans; 0 for no limit
	MaxCache     int64         // bytes of copies of what a bucket keeps
	MaxPlan      time.Duration // of one plan
	Slots        int           // plans and applies at once
}

// SMTPConfig says where mails go; none are sent without a Server. The password is
// not among it: the environment has it.
type SMTPConfig struct{ Server, From, User, TLS string }

// DemoConfig are the demo's settings.
type DemoConfig struct{ Listen, Dir string }

// Metadata says where a server's metadata is kept: in a database, else in its folder.
type Metadata struct {
	Data     string `placeholder:"DIR" xor:"where" help:"The server's data folder (sutor-data)."` // no default: kong counts that as given
	Database string `placeholder:"URL" xor:"where" help:"The server's metadata database."`
}

// orUsual is the folder of a server that was told none, where nothing else is said.
func (m Metadata) orUsual() Metadata {
	if m == (Metadata{}) {
		m.Data = "sutor-data"
	}
	return m
}

// TokenConfig says for whom a token is, and where the metadata is kept.
type TokenConfig struct {
	Metadata
	Email string
	Valid time.Duration
}

func (l Local) version() string {
	if l.Version != "" {
		return l.Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

type demoCmd struct {
	Listen string `placeholder:"ADDR" default:"127.0.0.1:8080" help:"Where to listen."`
	Dir    string `placeholder:"DIR" default:".sutor-demo" help:"Where the demo keeps its data; a second start goes on with it."`
}

func (d *demoCmd) Run(c *console) error {
	return c.local.Demo(c.ctx, DemoConfig(*d), c.stdout)
}

type serveCmd struct {
	Compact   string `required:"" placeholder:"FILE" help:"The Compact to put in force."`
	Data      string `placeholder:"DIR" default:"sutor-data" help:"Folder for the log's key, spill files, and what has no other place; made if absent."`
	Database  string `placeholder:"URL" help:"Database for the metadata; without it SQLite in DIR."`
	Artifacts string `placeholder:"URL" help:"Where files and plans are kept: a folder, or a bucket, s3://BUCKET/PREFIX?region=REGION&endpoint=URL; without it in DIR. Credentials are in the environment, as AWS's own tools find them."`
	LogKey    string `placeholder:"FILE" help:"The log's key, instead of log.key in DIR; or in the environment, SUTOR_LOG_KEY."`
	Listen    string `placeholder:"ADDR" default:"127.0.0.1:8080" help:"Where to listen."`
	HTTPS     bool   `name:"https" help:"People reach the pages over https, through a proxy: cookies are sent over https only."`
	URL       string `name:"url" placeholder:"URL" help:"Where people reach the pages, for links in mails; else made of ADDR."`

	SMTP     string `name:"smtp" placeholder:"HOST:PORT" help:"The mail server; without it no mails are sent. The password is in the environment, SUTOR_SMTP_PASSWORD."`
	SMTPFrom string `name:"smtp-from" placeholder:"ADDRESS" help:"The sender of mails."`
	SMTPUser string `name:"smtp-user" placeholder:"NAME" help:"The account at the mail server, where it asks for one."`
	SMTPTLS  string `name:"smtp-tls" placeholder:"HOW" default:"starttls" help:"How the connection is encrypted: starttls, tls, or none."`

	MaxUpload    string        `placeholder:"SIZE" default:"1GiB" help:"The largest file that is taken, as 500MiB."`
	MaxRows      int64         `placeholder:"N" default:"10000000" help:"The most rows a file may have."`
	MaxStaging   string        `placeholder:"SIZE" default:"16GiB" help:"The most disk that all cells of a file may take, once it is read or unpacked."`
	MaxSpill     string        `placeholder:"SIZE" default:"50GB" help:"The most disk that one plan may spill to while it is made, and that its files may take."`
	MaxArtifacts string        `placeholder:"SIZE" default:"0" help:"The most disk that all files and plans may take together; 0 is no limit."`
	MaxCache     string        `placeholder:"SIZE" default:"10GiB" help:"The most disk in DIR that copies of what a bucket keeps may take."`
	MaxPlan      time.Duration `placeholder:"TIME" default:"30m" help:"The longest time one plan may take."`
	Slots        int           `placeholder:"N" default:"0" help:"How many plans and applies are worked on at once; 0 is half the processors."`
}

func (s *serveCmd) Run(c *console) error {
	config := ServeConfig{Compact: s.Compact, Data: s.Data, Database: s.Database, Artifacts: s.Artifacts, LogKey: s.LogKey,
		URL: s.URL, SMTP: SMTPConfig{Server: s.SMTP, From: s.SMTPFrom, User: s.SMTPUser, TLS: s.SMTPTLS},
		Listen: s.Listen, HTTPS: s.HTTPS, MaxRows: s.MaxRows, MaxPlan: s.MaxPlan, Slots: s.Slots}
	for _, size := range []struct {
		text string
		to   *int64
	}{{s.MaxUpload, &config.MaxUpload}, {s.MaxStaging, &config.MaxStaging}, {s.MaxSpill, &config.MaxSpill}, {s.MaxArtifacts, &config.MaxArtifacts}, {s.MaxCache, &config.MaxCache}} {
		if size.text == "0" && size.to == &config.MaxArtifacts {
			continue // no limit
		}
		var err error
		if *size.to, err = parseSize(size.text); err != nil {
			return err
		}
	}
	return c.local.Serve(c.ctx, config, c.stdout)
}

// parseSize reads 1048576, 500MiB or 1GB.
func parseSize(text string) (int64, error) {
	digits := strings.TrimRight(text, "BKMGTikb")
	units := map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
	n, err := strconv.ParseInt(digits, 10, 64)
	unit, known := units[text[len(digits):]]
	if err != nil || !known || n <= 0 || n > (1<<62)/unit {
		return 0, errs.New(errs.Usage, "%q is no size.", text).WithMend("Write it as 500MiB or 2GiB.")
	}
	return n * unit, nil
}

type tokenIssueCmd struct {
	Email string `arg:"" help:"The person, as the Compact in force has it."`
	Metadata
	Days int `placeholder:"N" default:"90" help:"For how many days it is valid."`
}

func (t *tokenIssueCmd) Run(c *console) error {
	if t.Days < 1 || t.Days > 3650 {
		return errs.New(errs.Usage, "A token is valid for 1 to 3650 days.")
	}
	secret, err := c.local.IssueToken(c.ctx, TokenConfig{t.orUsual(), t.Email, time.Duration(t.Days) * 24 * time.Hour})
	if err != nil {
		return err
	}
	if c.json {
		return c.document(map[string]string{"email": t.Email, "token": secret})
	}
	c.say("A token for %s, valid for %d days. It is shown this once; whoever has it acts as this person.", t.Email, t.Days)
	c.say("Use it with: export SUTOR_TOKEN=…")
	return c.raw(secret + "\n")
}

type tokenRevokeCmd struct {
	Which string `arg:"" placeholder:"TOKEN" help:"The token, its ID, or a person's address for all of theirs."`
	Metadata
}

func (t *tokenRevokeCmd) Run(c *console) error {
	ids, err := c.local.RevokeTokens(c.ctx, t.Which, t.orUsual())
	if err != nil {
		return err
	}
	return c.show(map[string][]string{"revoked": ids}, func(p *page) {
		for _, id := range ids {
			p.line("The token %s holds no more.", id)
		}
		p.line("Who is signed in to the pages by it stays so until that ends, twelve hours after it began at most.")
	})
}

type versionCmd struct{}

func (versionCmd) Run(c *console) error {
	v := map[string]string{"version": c.version, "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
	return c.show(v, func(p *page) { p.line("sutor %s (%s, %s)", v["version"], v["go"], v["platform"]) })
}

// showLimits says what the server takes.
func showLimits(p *page, l wire.Limits) {
	if l == (wire.Limits{}) {
		return // of an older server
	}
	plan, artifacts := "no limit", "no limit"
	if l.Plan > 0 {
		plan = (time.Duration(l.Plan) * time.Millisecond).String()
	}
	if l.Artifacts > 0 {
		artifacts = errs.Size(l.Artifacts)
	}
	p.line("Its limits:")
	t := table{}
	t.row("a file", errs.Size(l.Upload), "--max-upload")
	t.row("rows of a file", group(l.Rows), "--max-rows")
	t.row("all cells of a file", errs.Size(l.Staging), "--max-staging")
	t.row("disk of a plan", errs.Size(l.Spill), "--max-spill")
	t.row("time of a plan", plan, "--max-plan")
	t.row("plans and applies at once", group(int64(l.Slots)), "--slots")
	t.row("all files and plans", artifacts, "--max-artifacts")
	t.write(p)
}

// showRights prints what an administrator can copy.
func showRights(p *page, all []wire.SystemRights) {
	for _, r := range all {
		p.line("The least that Sutor's account in the system %s (%s) needs, undo included:", r.System, r.Kind)
		for _, need := range r.Needs {
			p.line("  %s", need)
		}
	}
}

type doctorCmd struct{}

func (doctorCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	h, err := cl.Health(c.ctx)
	if err != nil {
		return err
	}
	err = c.show(h, func(p *page) {
		p.line("The server at %s answers.", cl.Address())
		t := table{}
		for _, check := range h.Checks {
			sign, word := "✓", "ok"
			if !check.OK {
				sign, word = "✗", "not ok"
			}
			t.row(sign+" "+word, check.Name, check.Why)
		}
		t.write(p)
		showLimits(p, h.Limits)
		showRights(p, h.Rights)
	})
	if err == nil && !h.OK {
		return errs.New(errs.Unavailable, "Not everything that is configured works.").WithMend("See the lines marked with ✗; a steward can mend them.")
	}
	return err
}
