package routetest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sutor/internal/wire"
)

// Secret is a text that was planted where not everybody may see it.
type Secret struct {
	Text  string
	Where string // in words
	Seers []Who
}

// HiddenFrom gives what the person may not see.
func HiddenFrom(who Who, all []Secret) []Secret {
	return slices.DeleteFunc(slices.Clone(all), func(s Secret) bool { return slices.Contains(s.Seers, who) })
}

// Told gives those of the secrets that stand in what somebody got: in it as it is, or
// in what is packed in it. A pack holds the whole Compact, which its proof needs
// (docs/rights.md): what stands there is no secret from whoever may export one.
func Told(got []byte, secrets []Secret) (told []string) {
	for name, text := range opened("", got) {
		if strings.HasPrefix(name, "compact/") {
			continue
		}
		for _, s := range secrets {
			if at := bytes.Index(text, []byte(s.Text)); at >= 0 {
				told = append(told, fmt.Sprintf("%s, in %s%q", s.Where, name, text[max(0, at-120):min(len(text), at+len(s.Text)+60)]))
			}
		}
	}
	return told
}

// opened gives bytes, and what is in them where they are a ZIP: a pack, a workbook.
func opened(name string, b []byte) map[string][]byte {
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return map[string][]byte{name: b} // no ZIP
	}
	out := map[string][]byte{}
	for _, f := range r.File {
		member, err := f.Open()
		if err != nil {
			continue // of a name that does not matter
		}
		text, err := io.ReadAll(member)
		_ = member.Close() // only read
		if err == nil {
			maps.Copy(out, opened(name+f.Name+": ", text))
		}
	}
	return out
}

// Keeps asks every route as everybody and in every way that the table knows, and
// wants that nobody is told what is hidden from them: what only reads for each of the
// changes, then all that acts for the first, then once more what reads it.
func (s Server) Keeps(t *testing.T, changes []wire.Change, secrets []Secret) {
	reads, acts := split(Routes())
	s.keeps(t, reads, changes, secrets)
	s.keeps(t, acts, changes[:1], secrets)
	s.keeps(t, reads, changes[:1], secrets)
}

func (s Server) keeps(t *testing.T, routes []Route, changes []wire.Change, secrets []Secret) {
	for _, r := range routes {
		about := changes
		if !strings.Contains(r.Name+r.Body, "{id}") {
			about = changes[:1]
		}
		for i, c := range about {
			queries := []string{r.Query}
			if i == 0 {
				queries = append(queries, r.Also...)
			}
			s.Change = c.ID
			if c.Plan != nil {
				s.Digest = c.Plan.Digest
			}
			for _, who := range Everybody() {
				for _, query := range queries {
					s.asked(t, r, query, who, HiddenFrom(who, secrets))
				}
			}
		}
	}
}

func (s Server) asked(t *testing.T, r Route, query string, who Who, secrets []Secret) {
	r.Query = query
	a := s.answer(t, r, s.Tokens[who])
	if a.Status >= http.StatusInternalServerError {
		t.Errorf("%s?%s as %s: %d %s", r.Name, query, who, a.Status, a.Body)
	}
	for _, what := range Told(a.bytes(), secrets) {
		t.Errorf("%s?%s of change %s tells the %s %s", r.Name, query, s.Change, who, what)
	}
}

// AsAbsent asks, with every try of the table, about a column that is hidden from
// some, and about one that was never there: the answers must be the same.
func (s Server) AsAbsent(t *testing.T, hidden string, from []Who) {
	absent := strings.Repeat("q", len(hidden))
	tries := 0
	for _, r := range Routes() {
		for _, try := range r.Tries {
			r.Query = try
			for _, who := range from {
				ask := func(column string) string {
					s.Column = column
					a := s.answer(t, r, s.Tokens[who])
					return fmt.Sprintf("%d %s", a.Status, bytes.ReplaceAll(a.Body, []byte(column), []byte("{column}")))
				}
				tries++
				if there, not := ask(hidden), ask(absent); there != not {
					t.Errorf("%s?%s tells %s whether there is such a column:\n%s\n%s", r.Name, try, who, there, not)
				}
			}
		}
	}
	if tries == 0 {
		t.Error("nothing was tried")
	}
}

// bytes is all that was sent: headers too.
func (a Answer) bytes() []byte {
	if _, err := zip.NewReader(bytes.NewReader(a.Body), int64(len(a.Body))); err == nil {
		return a.Body // to be unpacked; its headers name a file only
	}
	return append([]byte(fmt.Sprint(a.Header)), a.Body...)
}

func split(all []Route) (reads, acts []Route) {
	for _, r := range all {
		if strings.HasPrefix(r.Name, "GET ") {
			reads = append(reads, r)
		} else {
			acts = append(acts, r)
		}
	}
	return reads, acts
}
