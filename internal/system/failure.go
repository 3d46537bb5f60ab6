package system

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// named marks an error that tells already which system it was.
type named struct{ error }

func (n named) Unwrap() error { return n.error }

// unreachable says that the system cannot be connected, and why.
func (s *System) unreachable(err error) error {
	e := errs.As(err)
	if e == nil || e.Kind != errs.Unavailable {
		return s.explain(err)
	}
	return s.face(err, e, "The system "+s.name+" cannot be reached. ")
}

// explain adds the system's name to an error and takes the secret out of it. A
// refusal keeps its own words, which stand in a sentence about the change; what
// has no public face, and comes from the caller's own streams perhaps, is only
// marked for the log.
func (s *System) explain(err error) error {
	var already named
	if err == nil || errors.As(err, &already) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return s.redacted(err)
	}
	e := errs.As(err)
	switch {
	case e == nil:
		return named{fmt.Errorf("system %s: %w", s.name, s.redacted(err))}
	case e.Kind == errs.Unavailable:
		return s.face(err, e, "The system "+s.name+" is not available. ")
	}
	return s.face(err, e, "System "+s.name+": ")
}

// face gives err, whose public part is e, a public face that begins with start.
func (s *System) face(err error, e *errs.Error, start string) error {
	return named{errs.New(e.Kind, "%s", start+s.clean(e.Message)).WithMend("%s", s.clean(e.Mend)).Because(s.redacted(err))}
}

// redacted gives err itself where none of its texts holds the secret, else a
// copy without it. Only what decides is kept in a copy: a refusal, that the
// transaction may be tried again, and that the caller gave up.
func (s *System) redacted(err error) error {
	if text := errs.Detail(err) + err.Error(); s.clean(text) == text {
		return err
	}
	clean := s.clean(errs.Detail(err))
	var r *driver.Refusal
	switch {
	case errors.As(err, &r):
		return &driver.Refusal{Constraint: s.clean(r.Constraint), Column: s.clean(r.Column), Message: s.clean(r.Message), Cause: errors.New(clean)}
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %s", context.Canceled, clean)
	case errors.Is(err, driver.ErrAgain):
		return fmt.Errorf("%w: %s", driver.ErrAgain, clean)
	}
	return errors.New(clean)
}

const hidden = "•••"

func (s *System) clean(text string) string {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}

// passwordKey finds a password in a connection string of keywords, quoted or not.
var passwordKey = regexp.MustCompile(`(?i)(?:pass(?:word|wd)?|pwd|secret|token)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s;&]+)`)

// userPassword finds user:password@, after a scheme or without one. The
// password ends at the last @; without a scheme it does not begin with a slash.
var userPassword = regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]*://[^:/@\s?#]*:(\S*)|[^:/@\s?#]*:([^\s/]\S*))@`)

// secretsOf lists the texts that must not be seen of a connection string: the
// whole of it where it holds a password, and the password as written and as
// meant. Longest first, so that no part of one is left standing.
func secretsOf(dsn string) []string {
	var all []string
	add := func(secret string) {
		if plain, err := url.PathUnescape(secret); err == nil {
			all = append(all, plain, url.QueryEscape(plain), url.PathEscape(plain))
		}
		all = append(all, secret)
	}
	if m := userPassword.FindStringSubmatch(dsn); m != nil {
		add(m[1] + m[2])
	}
	for _, m := range passwordKey.FindAllStringSubmatch(dsn, -1) {
		add(m[1])
		if bare, ok := strings.CutPrefix(m[1], "'"); ok {
			add(strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(strings.TrimSuffix(bare, "'")))
		}
	}
	if len(all) > 0 {
		all = append(all, dsn)
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
}
