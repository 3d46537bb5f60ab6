package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// examples gives every finding a few of its rows: of each different text the
// first, then of each the second, until there are enough. They are rows of a file, of
// a rule or of a reversal: what is judged again without any has none.
func (r *run) examples(ctx context.Context) error {
	if r.spec.Rule == nil && r.staging == "" && !r.reversal {
		return nil
	}
	type example struct {
		f    int
		line int64
	}
	var all []example
	seen := map[int64]*plan.Seen{}
	err := r.query(ctx, fmt.Sprintf(`
		WITH firsts AS (SELECT f, sample, min(line, %[1]d) AS lines FROM (SELECT f, line, min(left(sample, 200)) AS sample FROM hits WHERE line > 0 GROUP BY f, line) GROUP BY f, sample),
		ranked AS (SELECT f, unnest(lines) AS line, unnest(range(len(lines))) AS nth FROM firsts)
		SELECT f, line FROM (SELECT f, line, row_number() OVER (PARTITION BY f ORDER BY nth, line) AS place FROM ranked) WHERE place <= %[1]d ORDER BY f, line`, finding.MaxExamples),
		func(scan func(...any) error) error {
			var e example
			err := scan(&e.f, &e.line)
			all = append(all, e)
			seen[e.line] = &plan.Seen{}
			return err
		})
	if err != nil || len(all) == 0 {
		return err
	}
	switch {
	case r.reversal:
		err = r.seenBack(ctx, seen)
	case r.spec.Rule != nil:
		err = r.seenByRule(ctx, seen)
	default:
		err = errors.Join(r.seenLive(ctx, seen), r.seenInFile(seen))
	}
	if err != nil {
		return err
	}
	for _, e := range all {
		c := &r.checks[e.f]
		c.Examples = append(c.Examples, r.spec.Example(*c, e.line, *seen[e.line]))
	}
	return nil
}

// seenInFile gives the lines what the file says of them, as read; the last of them
// ends the reading.
func (r *run) seenInFile(seen map[int64]*plan.Seen) error {
	in, err := os.Open(r.staging)
	if err != nil {
		return diskError(err)
	}
	defer in.Close()
	left := len(seen)
	for rows := record.NewReader(in); left > 0; {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("plan/duck: %d lines with findings are not in the file", left)
		}
		if err != nil {
			return err
		}
		line, err := strconv.ParseInt(string(fields[0].Text), 10, 64)
		if err != nil {
			return err
		}
		row, wanted := seen[line]
		if !wanted {
			continue
		}
		left--
		row.File = map[string]*string{}
		for _, s := range r.spec.Sources {
			row.File[s.Column] = fields[2+s.File].Ptr()
		}
	}
	return nil
}

// seenLive gives the lines what the system has of them.
func (r *run) seenLive(ctx context.Context, seen map[int64]*plan.Seen) error {
	values, lines := `SELECT n`+list(r.nj, "l#"), ` l WHERE n IN (`+linesOf(seen)+`)`
	query := values + ` FROM live` + lines + ` AND ` + r.notTheSame()
	if r.tellsSame() {
		if err := r.seenThere(ctx, linesOf(seen)); err != nil {
			return err
		}
		query += ` UNION ALL ` + values + ` FROM shown` + lines
	}
	return r.seen(ctx, query, 0, seen)
}

// seenBack gives the lines of a reversal what it would write, and what the system
// has. Where the deltas are numbered, it is by their numbers that few groups of their file
// are read.
func (r *run) seenBack(ctx context.Context, seen map[int64]*plan.Seen) error {
	which := `line IN (` + linesOf(seen) + `)`
	if r.foreseen {
		numbers := "0"
		err := r.query(ctx, `SELECT n FROM deltas WHERE `+which, func(scan func(...any) error) error {
			var n int64
			err := scan(&n)
			numbers += fmt.Sprintf(", %d", n)
			return err
		})
		if err != nil {
			return err
		}
		which = `n IN (` + numbers + `)`
	}
	return r.seen(ctx, `SELECT line`+list(r.nj, "b#")+list(r.nk, "k#")+list(r.nj, "a#")+` FROM deltas WHERE `+which, r.nk+r.nj, seen)
}

// seenByRule gives the lines their keys and what the rule makes of them, in canonical
// text where it is a value, and what the system has.
func (r *run) seenByRule(ctx context.Context, seen map[int64]*plan.Seen) error {
	made := ""
	for i, c := range r.cols {
		switch {
		case i < r.nk:
			made += fmt.Sprintf(", k%d", i)
		case c.source >= 0:
			made += fmt.Sprintf(", COALESCE(v%d, s%d)", i, i)
		default:
			made += ", NULL"
		}
	}
	return r.seen(ctx, `SELECT line`+list(r.nj, "l#")+made+` FROM cells JOIN live ON n = line WHERE line IN (`+linesOf(seen)+`)`, r.nk+r.nj, seen)
}

// seen reads lines with their live values, and behind those so many values of key
// and judged columns that stand for the file's.
func (r *run) seen(ctx context.Context, query string, written int, seen map[int64]*plan.Seen) error {
	return r.query(ctx, query, func(scan func(...any) error) error {
		var line int64
		values := make([]*string, r.nj+written)
		into := []any{&line}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := scan(into...); err != nil {
			return err
		}
		row := seen[line]
		row.Live = map[string]*string{}
		for j, c := range r.spec.Judged {
			row.Live[c.Name] = values[j]
		}
		if written > 0 {
			row.File = map[string]*string{}
			for i, c := range r.cols {
				row.File[c.Name] = values[r.nj+i]
			}
		}
		return nil
	})
}

func linesOf(seen map[int64]*plan.Seen) string {
	var all []string
	for line := range seen {
		all = append(all, strconv.FormatInt(line, 10))
	}
	return strings.Join(all, ", ")
}
