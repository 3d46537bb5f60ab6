package workflow

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/notice"
	"sutor/internal/wire"
)

// MaxComment is the most characters of a comment.
const MaxComment = 4000

// Comment says something about a change. The words stand in the envelope of its
// leaf and nowhere else, so that erasing that erases them; they stay whatever
// becomes of the change's plans. Whoever sees a change may speak about it.
func (w *Workflow) Comment(ctx context.Context, p access.Principal, id change.ID, text string) (out wire.Comment, err error) {
	err = w.Store.Do(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, change.ActComment)
		if err != nil {
			return err
		}
		text, err := commentText(text)
		if err != nil {
			return err
		}
		named, err := w.mentions(text)
		if err != nil {
			return err
		}
		before, err := w.said(tx, s.c)
		if err != nil {
			return err
		}
		e := evidence.Entry{Kind: evidence.CommentAdded, Change: evidence.ChangeID(id), At: w.Now(), Means: p.Means,
			Body: evidence.Body{Who: string(s.who.Email), Comment: text}}
		done, err := w.log.Append(tx.Log(), e)
		if err != nil {
			return err
		}
		if err := w.tellComment(tx, s, done.Leaf.Seq, named, before); err != nil {
			return err
		}
		if err := w.readOf(tx, s.who, id); err != nil {
			return err
		}
		out = wire.Comment{Number: done.Leaf.Seq, By: string(s.who.Email), Name: w.nameOf(s.who.Email), At: e.At, Text: text}
		out.Mentioned, out.CannotSee, err = w.sees(tx, s.c, named)
		return err
	})
	if err != nil {
		return wire.Comment{}, w.refused(ctx, p, id, change.ActComment, err)
	}
	return out, nil
}

// tellComment tells those who are named, and those who took part before.
func (w *Workflow) tellComment(tx Tx, s *step, number int64, named []access.Email, before []wire.Comment) error {
	n := notice.Notice{Kind: notice.Mention, By: s.who.Email, Change: s.c.ID, Dataset: s.c.Dataset, Comment: number}
	if err := w.notify(tx, n, named...); err != nil {
		return err
	}
	others := []access.Email{s.c.Maker}
	for _, step := range s.c.Open() {
		if s.c.State == change.Submitted {
			others = append(others, step.Who...)
		}
	}
	for _, d := range s.c.Decisions {
		others = append(others, d.By)
	}
	for _, b := range before {
		others = append(others, access.Email(b.By))
	}
	n.Kind = notice.Comment
	return w.notify(tx, n, slices.DeleteFunc(others, func(e access.Email) bool { return slices.Contains(named, e) })...)
}

// commentText gives a comment as it is kept: without the controls that no screen
// shows, and never cut.
func commentText(text string) (string, error) {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "�")))
	if text == "" {
		return "", errs.New(errs.Usage, "The comment is empty, so nothing was said.").WithMend("Write what you want to say.")
	}
	if n := utf8.RuneCountInString(text); n > MaxComment {
		return "", errs.New(errs.Usage, "The comment has %d characters, and at most %d are kept, so nothing was said.", n, MaxComment).
			WithMend("Say it shorter, or in two comments.")
	}
	return text, nil
}

// mention is an @ at the beginning of a word, before an address or a name.
var mention = regexp.MustCompile(`(?:^|[^\pL\pN._%+-])@([\pL\pN][\pL\pN._%+-]*(?:@[\pL\pN][\pL\pN.-]*)?)`)

// mentions finds the people who are named in a text: by their address, by the part
// of it before the @, or by their name, where that is one word. What fits nobody is
// just text; what fits several is asked about.
func (w *Workflow) mentions(text string) (people []access.Email, err error) {
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		word := strings.TrimRight(m[1], ".-")
		fit := w.called(word)
		if len(fit) > 1 {
			return nil, errs.New(errs.Usage, "@%s may be several people: %s. Nothing was said.", word, joined(fit)).
				WithMend("Write the whole address: @%s", fit[0])
		}
		for _, e := range fit {
			if !slices.Contains(people, e) {
				people = append(people, e)
			}
		}
	}
	return people, nil
}

// called gives those whom a word may name.
func (w *Workflow) called(word string) (fit []access.Email) {
	folded := access.Fold(word)
	if p, known := w.Compact().Person(folded); known {
		return []access.Email{p.Email}
	}
	for _, p := range w.Compact().People {
		local, _, _ := strings.Cut(string(p.Email), "@")
		if local == string(folded) || access.Fold(p.Name) == folded {
			fit = append(fit, p.Email)
		}
	}
	return fit
}

// sees divides people by whether they may see the change.
func (w *Workflow) sees(tx Tx, c *change.Change, people []access.Email) (yes, no []string, err error) {
	for _, e := range people {
		var p access.Principal // who has left sees nothing
		if w.here(e) {
			if p, err = w.principal(tx, e); err != nil {
				return nil, nil, err
			}
		}
		if _, err := change.Judge(c, change.ActSee, p, w.accessOf(c)...); err != nil {
			no = append(no, string(e))
		} else {
			yes = append(yes, string(e))
		}
	}
	return yes, no, nil
}

// Discussion gives what was said about a change, oldest first: comments, and the
// words that came with a step.
func (w *Workflow) Discussion(ctx context.Context, p access.Principal, id change.ID) (out []wire.Comment, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, change.ActSee)
		if err == nil {
			out, err = w.said(tx, s.c)
		}
		return err
	})
	return out, err
}

// said reads the discussion of a change from its evidence.
func (w *Workflow) said(tx Tx, c *change.Change) ([]wire.Comment, error) {
	out := []wire.Comment{}
	chain, err := evidence.History(tx.Log(), evidence.ChangeID(c.ID))
	for _, e := range chain {
		if e.Leaf.Kind != evidence.CommentAdded && e.Body.Comment == "" {
			continue
		}
		one := wire.Comment{Number: e.Leaf.Seq, By: e.Body.Who, At: e.Leaf.Time(), Text: e.Body.Comment, Erased: e.Erased}
		if !e.Erased {
			one.Name = w.nameOf(access.Email(e.Body.Who))
		}
		if e.Leaf.Kind != evidence.CommentAdded {
			one.With = w.says(e)
		}
		out = append(out, one)
	}
	return out, err
}
