package demo

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"

	"sutor/internal/access"
)

// defaultAddress is where the command line looks for the server where nobody says
// otherwise.
const defaultAddress = "127.0.0.1:8080"

// Welcome tells people what there is and what to type next. address is where the
// server listens, as host:port; binary is what they type to start the program.
func (c *Company) Welcome(w io.Writer, address, binary string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Example Trading is open at http://%s\n\n", address)
	c.signIns(&b)
	if !loopback(address) {
		fmt.Fprintf(&b, "\nCareful: others can reach %s, and everybody knows these passwords.\n", address)
	}
	fmt.Fprintf(&b, "\nFiles to try, in %s:\n", filepath.Join(c.Dir, examplesFolder))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, e := range c.Examples {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", filepath.Base(e.File), e.Dataset, e.What)
	}
	t.Flush()
	c.commands(&b, address, word(binary))
	fmt.Fprintf(&b, "\nThe whole story is in docs/quickstart.md. What you do is kept in %s; delete the folder to start anew.\nStop with Ctrl-C.\n", c.Dir)
	_, err := w.Write(b.Bytes())
	return err
}

// signIns lists the people. A tabwriter over memory has no errors to give.
func (c *Company) signIns(b *bytes.Buffer) {
	if len(c.People) == 0 {
		return
	}
	fmt.Fprintf(b, "Sign in as one of these; the password of all is %s. That is no secret: this is a demo, never keep real data in it.\n", c.People[0].Password)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, p := range c.People {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", p.Email, p.Name, p.Role)
	}
	t.Flush()
}

// commands is the first steps of the story: the maker proposes, the owner decides.
func (c *Company) commands(b *bytes.Buffer, address, sutor string) {
	if len(c.Examples) == 0 {
		return
	}
	b.WriteString("\nType in another terminal, in this folder:\n")
	if address != defaultAddress {
		fmt.Fprintf(b, "  export SUTOR_SERVER=http://%s\n", address)
	}
	first := c.Examples[0]
	for _, line := range []string{
		c.export("maria@example.test"),
		fmt.Sprintf("%s change plan %s %s", sutor, first.Dataset, word(first.File)),
		sutor + " change rows 1001",
		sutor + " change submit 1001",
		c.export("olaf@example.test"),
		sutor + " change approve 1001",
		sutor + " change apply 1001",
	} {
		if line != "" {
			fmt.Fprintf(b, "  %s\n", line)
		}
	}
	b.WriteString("(1001 is the number of a new demo's first change; use the one that you are told.)\n")
}

// export is the line that makes the next commands somebody's; "" where the
// Compact does not know them any more.
func (c *Company) export(email access.Email) string {
	for _, p := range c.People {
		if p.Email == email {
			return "export SUTOR_TOKEN=$(cat " + word(c.Token(p)) + ")"
		}
	}
	return ""
}

var plain = regexp.MustCompile(`^[A-Za-z0-9_./@%+=:,-]+$`)

// word writes a text as one word of a POSIX shell.
func word(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// loopback tells whether only this machine can reach the address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
