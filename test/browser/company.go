package browser

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"sutor/internal/app"
	"sutor/internal/cli"
	"sutor/internal/client"
	"sutor/internal/demo"
	"sutor/internal/wire"
)

// Company is the demo company, open on a port of its own.
type Company struct {
	Base string // URL
	Dir  string
	end  func() error
}

// Found makes the company in dir and opens it.
func Found(ctx context.Context, dir string) (*Company, error) {
	ctx, cancel := context.WithCancel(ctx)
	said := &listener{heard: make(chan string, 1)}
	ended := make(chan error, 1)
	go func() { ended <- app.Demo(ctx, cli.DemoConfig{Listen: "127.0.0.1:0", Dir: dir}, said) }()
	end := func() error { cancel(); return <-ended }
	select {
	case base := <-said.heard:
		return &Company{base, dir, end}, nil
	case err := <-ended:
		cancel()
		return nil, fmt.Errorf("the demo did not open: %w", err)
	case <-time.After(patience):
		return nil, fmt.Errorf("the demo did not open in time: %w", end())
	}
}

// Close closes the company.
func (c *Company) Close() error { return c.end() }

// listener waits for the address in what the demo says.
type listener struct {
	text  bytes.Buffer
	heard chan string
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

func (l *listener) Write(p []byte) (int, error) {
	l.text.Write(p)
	if base := address.FindString(l.text.String()); base != "" {
		select {
		case l.heard <- base:
		default:
		}
	}
	return len(p), nil
}

// As gives somebody's way to the API: "maria".
func (c *Company) As(name string) (*client.Client, error) {
	token, err := os.ReadFile(filepath.Join(c.Dir, "tokens", name+"@example.test"))
	if err != nil {
		return nil, err
	}
	return client.New(c.Base, strings.TrimSpace(string(token)))
}

// Propose plans a file as maria.
func (c *Company) Propose(ctx context.Context, dataset, name string, file io.Reader, title string) (wire.Change, error) {
	maria, err := c.As("maria")
	if err != nil {
		return wire.Change{}, err
	}
	defer maria.Close()
	ch, err := maria.Propose(ctx, client.Proposal{Dataset: dataset, Title: title}, client.File{Name: name, Size: -1, From: file})
	if err != nil {
		return ch, err
	}
	return maria.Settle(ctx, ch, time.Second, func(wire.Change) {})
}

// Example opens one of the company's files.
func (c *Company) Example(name string) (io.ReadCloser, error) {
	return os.Open(filepath.Join(c.Dir, "examples", name))
}

// Busy brings life into the company: changes in many states. It gives their ids.
func (c *Company) Busy(ctx context.Context) (map[string]string, error) {
	ids := map[string]string{}
	for _, e := range []struct{ dataset, file, title string }{
		{"products", "prices.csv", "Spring price list: three per cent up"},
		{"customers", "clean.csv", "NET45 for key accounts"},
		{"customers", "mistakes.csv", "New payment terms, first try"},
		{"customers", "risky.csv", "Credit limits after the annual review"},
	} {
		file, err := c.Example(e.file)
		if err != nil {
			return nil, err
		}
		ch, err := c.Propose(ctx, e.dataset, e.file, file, e.title)
		file.Close()
		if err != nil {
			return nil, err
		}
		ids[strings.TrimSuffix(e.file, ".csv")] = ch.ID
	}
	return ids, c.decide(ctx, ids)
}

// decide takes some of the changes further: clean is applied, risky waits for two.
func (c *Company) decide(ctx context.Context, ids map[string]string) error {
	maria, err := c.As("maria")
	if err != nil {
		return err
	}
	defer maria.Close()
	olaf, err := c.As("olaf")
	if err != nil {
		return err
	}
	defer olaf.Close()
	for _, name := range []string{"clean", "risky"} {
		if _, err := maria.Submit(ctx, ids[name], "", "As agreed in the sales meeting."); err != nil {
			return err
		}
	}
	ch, err := olaf.Change(ctx, ids["clean"], 0)
	if err != nil {
		return err
	}
	if _, err := olaf.Approve(ctx, ch.ID, ch.Plan.Digest, "Looks right."); err != nil {
		return err
	}
	if ch, err = olaf.Apply(ctx, ch.ID, "", ""); err != nil {
		return err
	}
	_, err = olaf.Settle(ctx, ch, time.Second, func(wire.Change) {})
	return err
}

// Password is everybody's.
const Password = demo.Password
