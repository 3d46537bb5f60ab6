// Package mail carries letters to an SMTP server. It implements workflow.Post, and
// knows nothing of notices but the letter that is made of them.
//
// The connection is encrypted (STARTTLS, or TLS from the start) unless that is
// switched off, which is for a server on the same machine; a password is never sent
// over a connection that is not. No error of it holds the password.
package mail

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"sutor/internal/errs"
	"sutor/internal/notice"
)

// Config says where mails go.
type Config struct {
	Server   string // host:port
	From     string // address
	Name     string // of the sender; may be ""
	User     string // "" where the server asks for none
	Password string
	TLS      TLS // "" for StartTLS
}

// TLS says how the connection is encrypted.
type TLS string

const (
	StartTLS TLS = "starttls" // refused where the server does not offer it
	Implicit TLS = "tls"      // from the first byte, usually port 465
	NoTLS    TLS = "none"
)

// SMTP sends letters; it is safe for concurrent use.
type SMTP struct {
	c       Config
	options []gomail.Option
	host    string
}

// New checks the configuration; it does not connect.
func New(c Config) (*SMTP, error) {
	host, text, err := net.SplitHostPort(c.Server)
	port, perr := strconv.Atoi(text)
	if err != nil || perr != nil || host == "" {
		return nil, errs.New(errs.Usage, "The mail server (--smtp) is not written as host:port.").WithMend("As in --smtp smtp.example.com:587.")
	}
	if err := gomail.NewMsg().From(c.From); err != nil {
		return nil, errs.New(errs.Usage, "The sender of mails (--smtp-from) is no address.").WithMend("As in --smtp-from sutor@example.com.").Because(err)
	}
	o := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(30 * time.Second)}
	switch c.TLS {
	case "", StartTLS:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit:
		o = append(o, gomail.WithSSL())
	case NoTLS:
		o = append(o, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, errs.New(errs.Usage, "There is no way %q to encrypt mail (--smtp-tls).", c.TLS).WithMend("Use starttls, tls or none.")
	}
	if c.User != "" {
		if c.TLS == NoTLS {
			return nil, errs.New(errs.Usage, "A password would be sent to the mail server unencrypted.").WithMend("Use --smtp-tls starttls or tls, or a server that asks for none.")
		}
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.User), gomail.WithPassword(c.Password))
	}
	return &SMTP{c: c, options: o, host: host}, nil
}

// Send hands a letter to the server, on a connection of its own.
func (s *SMTP) Send(ctx context.Context, l notice.Letter) error {
	m, err := s.message(l)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.host, s.options...)
	if err == nil {
		err = client.DialAndSendWithContext(ctx, m)
	}
	if err != nil {
		return errs.New(errs.Unavailable, "The mail server %s did not take the mail.", s.c.Server).
			WithMend("It is tried again. The steward looks after the mail server, and sees the cause in the server's log.").Because(s.without(err))
	}
	return nil
}

func (s *SMTP) message(l notice.Letter) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	if err := m.FromFormat(s.c.Name, s.c.From); err != nil {
		return nil, err
	}
	name := l.Name
	if name == string(l.To) {
		name = ""
	}
	if err := m.AddToFormat(name, string(l.To)); err != nil {
		return nil, errs.New(errs.Unavailable, "A mail has no address that a mail server takes.").Because(err)
	}
	m.Subject(l.Subject)
	m.SetMessageIDWithValue(l.ID + "@" + s.c.From[strings.LastIndex(s.c.From, "@")+1:])
	m.SetDateWithValue(l.At)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	return m, nil
}

// without takes the password out of an error, should a server quote it.
func (s *SMTP) without(err error) error {
	if s.c.Password == "" || !strings.Contains(err.Error(), s.c.Password) {
		return err
	}
	return errs.New(errs.Unavailable, "%s", strings.ReplaceAll(err.Error(), s.c.Password, "…"))
}

// Outbox takes every letter and keeps none: those who sent it do. It is the demo's.
type Outbox struct{}

// Send implements workflow.Post.
func (Outbox) Send(context.Context, notice.Letter) error { return nil }
