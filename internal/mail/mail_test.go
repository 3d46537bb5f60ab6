package mail_test

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"sutor/internal/errs"
	"sutor/internal/mail"
	"sutor/internal/mail/mailtest"
	"sutor/internal/notice"
)

func letter() notice.Letter {
	return notice.Letter{ID: "notices-7-abc", To: "olaf@example.test", Name: "Olaf Ø", Subject: "Maria asks you – “now”", At: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
		Text: "Maria asks.\n.\n    http://127.0.0.1/changes/1001\n" + strings.Repeat("é", 900) + "\n"}
}

func open(t *testing.T, server string) *mail.SMTP {
	t.Helper()
	p, err := mail.New(mail.Config{Server: server, From: "sutor@example.test", Name: "Sutor", TLS: mail.NoTLS})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A letter arrives whole: umlauts, long lines, and a line that is a dot alone.
func TestSend(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t)
	if err := open(t, s.Address).Send(t.Context(), letter()); err != nil {
		t.Fatal(err)
	}
	got, bodies := s.Got()
	if len(got) != 1 {
		t.Fatalf("%d letters", len(got))
	}
	h := got[0].Header
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != "Maria asks you – “now”" {
		t.Errorf("subject %q, %v", subject, err)
	}
	if to, err := h.AddressList("To"); err != nil || to[0].Address != "olaf@example.test" || to[0].Name != "Olaf Ø" {
		t.Errorf("to %v, %v", to, err)
	}
	if h.Get("Message-ID") != "<notices-7-abc@example.test>" || h.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("header %v", h)
	}
	body := bodies[0]
	if h.Get("Content-Transfer-Encoding") == "quoted-printable" {
		b, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		body = string(b)
	}
	if strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n")) != strings.TrimSpace(letter().Text) {
		t.Errorf("text %q", body)
	}
}

// Threat: a title or a name with line ends adds headers, and so other readers.
func TestNoHeaderIsInjected(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t)
	l := letter()
	l.Subject, l.Name = "Terms\r\nBcc: eve@example.test", "Olaf\r\nBcc: eve@example.test"
	if err := open(t, s.Address).Send(t.Context(), l); err != nil {
		return // refused is as good
	}
	if got, _ := s.Got(); got[0].Header.Get("Bcc") != "" {
		t.Errorf("header %v", got[0].Header)
	}
}

func TestARefusalMayPass(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t)
	s.Refuse("451 try later")
	if err := open(t, s.Address).Send(t.Context(), letter()); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("got %v", err)
	}
	s.Refuse("")
	if err := open(t, s.Address).Send(t.Context(), letter()); err != nil {
		t.Error(err)
	}
}

// Threat: the password goes over a line that others can read.
func TestConfigurations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]mail.Config{
		"no port":            {Server: "localhost", From: "a@b.test"},
		"no sender":          {Server: "localhost:25", From: "nobody"},
		"unknown encryption": {Server: "localhost:25", From: "a@b.test", TLS: "maybe"},
		"password in clear":  {Server: "localhost:25", From: "a@b.test", User: "a", Password: "secret", TLS: mail.NoTLS},
	} {
		if _, err := mail.New(c); errs.KindOf(err) != errs.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := mailtest.Start(t) // which offers no encryption
	p, err := mail.New(mail.Config{Server: s.Address, From: "a@b.test", User: "a", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Send(t.Context(), letter())
	if got, _ := s.Got(); err == nil || len(got) > 0 || strings.Contains(errs.Detail(err), "secret") {
		t.Errorf("%d letters, %v", len(got), errs.Detail(err))
	}
}
