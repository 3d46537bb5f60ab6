package web

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// outboxModel is what a server without a mail server would have sent.
type outboxModel struct{ mails []mailModel }

type mailModel struct {
	to, subject, when string
	machine           string // when it was sent, for machines
	lines             []mailLine
}

// mailLine is a line of a mail; link leads to the page that its address is of.
type mailLine struct{ text, address, link string }

func (s *site) outbox(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "Outbox")
	all, err := s.uc.Outgoing(r.Context(), p)
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	var m outboxModel
	for _, one := range all {
		m.mails = append(m.mails, mailOf(one))
	}
	s.render(w, r, http.StatusOK, outboxView(h, m))
}

// inboxLine is how each mail ends: it tells by which address people reach the server.
var inboxLine = regexp.MustCompile(`(https?://\S+)/inbox\n-- \n`)

// mailOf shows a mail. Addresses of this server become links to its pages; any
// other, which a person may have written, stays a text.
func mailOf(one wire.Mail) mailModel {
	m := mailModel{to: one.To, subject: ui.Plain(one.Subject), when: when(one.At), machine: one.At.UTC().Format(time.RFC3339)}
	base := ""
	if found := inboxLine.FindAllStringSubmatch(one.Text, -1); len(found) > 0 {
		base = found[len(found)-1][1] + "/"
	}
	for line := range strings.Lines(one.Text) {
		line = strings.TrimRight(line, "\n")
		text, path, is := strings.Cut(line, base)
		l := mailLine{text: ui.Plain(line)}
		if is && base != "" {
			l = mailLine{text: ui.Plain(text), address: ui.Plain(base + path), link: localPath("/" + path)}
		}
		m.lines = append(m.lines, l)
	}
	return m
}
