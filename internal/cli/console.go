package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// defaultServer is where sutor serve and sutor demo listen by default.
const defaultServer = "http://127.0.0.1:8080"

// console is what a command has to work with.
type console struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	local          Local
	version        string

	json          bool
	server, token string
	dialed        *client.Client
}

// configure takes the global flags; what is not given comes from the environment.
func (c *console) configure(g *grammar, env func(string) string) {
	first := func(texts ...string) string {
		for _, t := range texts {
			if t != "" {
				return t
			}
		}
		return ""
	}
	c.json = c.json || g.JSON
	c.server = first(g.ServerURL, env("SUTOR_SERVER"), defaultServer)
	c.token = first(g.AccessToken, env("SUTOR_TOKEN"))
}

// client gives the client for the configured server.
func (c *console) client() (*client.Client, error) {
	if c.dialed != nil {
		return c.dialed, nil
	}
	dialed, err := client.New(c.server, c.token)
	c.dialed = dialed
	return dialed, err
}

func (c *console) close() {
	if c.dialed != nil {
		c.dialed.Close()
	}
}

// terminal tells whether a stream is one.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// show prints a result: v as one JSON document with --json, else what human
// writes for people.
func (c *console) show(v any, human func(p *page)) error {
	if c.json {
		return c.document(v)
	}
	var p page
	human(&p)
	_, err := io.WriteString(clean{c.stdout}, p.String())
	return outputError(err)
}

// document prints one JSON document on one line.
func (c *console) document(v any) error {
	e := json.NewEncoder(c.stdout)
	e.SetEscapeHTML(false)
	return outputError(e.Encode(v))
}

// raw prints a text as it is, for pipes and files.
func (c *console) raw(text string) error {
	if terminal(c.stdout) {
		_, err := io.WriteString(clean{c.stdout}, text)
		return outputError(err)
	}
	_, err := io.WriteString(c.stdout, text)
	return outputError(err)
}

// say tells the person something that is not the result.
func (c *console) say(format string, args ...any) {
	_, _ = fmt.Fprintf(clean{c.stderr}, format+"\n", args...) // nobody listens: nothing is lost
}

func outputError(err error) error {
	if err == nil {
		return nil
	}
	return errs.New(errs.Unavailable, "The output cannot be written.").Because(err)
}

// fail tells the person why the command did not do what it was asked to.
func (c *console) fail(err error) {
	e := errs.Public(err)
	if c.json {
		enc := json.NewEncoder(c.stderr)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(wire.ProblemOf(e)) // nobody listens: the exit code still tells
		return
	}
	c.say("sutor: %s", e.Message)
	if e.Mend != "" {
		c.say("  %s", e.Mend)
	}
	if errs.As(err) == nil {
		c.say("  Cause: %v", err) // a fault on this machine: the person is its own administrator
	}
}

// page collects what is shown to a person.
type page struct{ bytes.Buffer }

func (p *page) line(format string, args ...any) { _, _ = fmt.Fprintf(p, format+"\n", args...) }

// clean passes texts to people with control characters and marks that reorder
// text written out, as \u001b.
type clean struct{ w io.Writer }

func (c clean) Write(b []byte) (int, error) {
	var out strings.Builder
	for rest := b; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			_, _ = fmt.Fprintf(&out, `\u%04x`, r)
			continue
		}
		out.WriteRune(r)
	}
	if _, err := io.WriteString(c.w, out.String()); err != nil {
		return 0, err
	}
	return len(b), nil
}

// capital starts a text with a capital letter.
func capital(text string) string {
	r, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(r)) + text[size:]
}

// problemError gives the error of a change that failed.
func problemError(ch wire.Change) error {
	if ch.Problem != nil {
		return client.FromProblem(*ch.Problem)
	}
	return errs.New(errs.Internal, "Change %s failed: %s", ch.ID, ch.Why)
}
