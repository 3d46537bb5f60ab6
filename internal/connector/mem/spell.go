package mem

import (
	"context"
	"io"
	"slices"
	"strings"

	"sutor/internal/record"
)

// A Native type of this system has sets of words: a text's words in order, each
// once. A word with a question mark in it is none, and one with a tilde would not
// be kept whole.

// Spell is as [Spelling] for each record.
func (s *session) Spell(ctx context.Context, _ record.Table, _ record.Column, in io.Reader, out io.Writer) (int64, error) {
	if err := s.Ping(ctx); err != nil {
		return 0, err
	}
	w := record.NewWriter(out)
	n, err := eachRecord(in, 2, func(n int64, values []*string) error {
		canonical, problem := Spelling(*values[0])
		w.Number(n)
		if problem == record.OK {
			w.String(canonical)
			w.Null()
		} else {
			w.Null()
			w.String(string(problem))
		}
		return w.End()
	})
	if err != nil {
		return 0, err
	}
	return n, w.Flush()
}

// Spelling gives the canonical text of a value of a Native type, or why a text is
// none.
func Spelling(text string) (string, record.Problem) {
	words := strings.Fields(text)
	switch {
	case strings.Contains(text, "\x00"):
		return "", record.NoNUL
	case len(words) == 0 || strings.Contains(text, "?"):
		return "", record.NotOfType
	case strings.Contains(text, "~"):
		return "", record.TooExact
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " "), record.OK
}
