package duck

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/change"
	"sutor/internal/record"
	"sutor/internal/record/format"
)

// candidate is a format with its number in a table readings<i>, which has of every
// text s of one column, and how many cells have it, what each candidate makes of
// it: f<n> (does it read the text), p<n> and v<n> (the problem and the canonical
// text of what it reads).
type candidate struct {
	format.Format
	n int
}

// fitting gives the formats whose grammar matches the most of the gathered cells
// of column i, and how many they are; before them the standard grammar, if it is
// not one of them. None where the standard grammar is the only contender. Of
// formats that make the same standard text of all texts only the first is given.
func (r *run) fitting(ctx context.Context, i int) (formats []format.Format, most int, err error) {
	k := r.cols[i].Type.Kind
	if err := r.exec(ctx, `CREATE OR REPLACE TABLE shapes AS SELECT `+shape(k)+` AS s, sum(n) AS n FROM said WHERE n > 0 GROUP BY 1`); err != nil {
		return nil, 0, err
	}
	sign, err := r.commonSign(ctx, k)
	if err != nil {
		return nil, 0, err
	}
	all := format.For(k, sign)
	var of int64
	counts, dest, cells := "COALESCE(sum(n), 0)::BIGINT", []any{&of}, make([]int64, len(all))
	for n, f := range all {
		counts += `, COALESCE(sum(n) FILTER (regexp_full_match(s, ` + text(f.Grammar()) + `)), 0)::BIGINT`
		dest = append(dest, &cells[n])
	}
	err = r.query(ctx, `SELECT `+counts+` FROM shapes`, func(scan func(...any) error) error { return scan(dest...) })
	best := slices.Max(cells)
	if err != nil || best == 0 || cells[0] < best && 2*best <= of {
		return nil, 0, err
	}
	for n, f := range all {
		if cells[n] == best {
			formats = append(formats, f)
		}
	}
	if formats, err = r.unlikeShapes(ctx, formats); err != nil {
		return nil, 0, err
	}
	most = len(formats)
	if cells[0] < best {
		formats = slices.Insert(formats, 0, all[0])
	}
	return formats, most, nil
}

// unlikeShapes leaves out formats that make the same of every shape as one before
// them: what a format makes of a number's digits does not depend on the digits.
func (r *run) unlikeShapes(ctx context.Context, formats []format.Format) (kept []format.Format, err error) {
	var cells []cellSQL
	pick, dest, alike := "true", []any{new(bool)}, make([]bool, len(formats))
	for n, f := range formats {
		cells = append(cells, cellSQL{mids: reads(f, n)})
		for before := range n {
			same := new(bool)
			pick += fmt.Sprintf(", COALESCE(bool_and(s%d IS NOT DISTINCT FROM s%d), true)", n, before)
			dest = append(dest, same)
		}
	}
	err = r.query(ctx, `SELECT `+pick+` FROM `+layered(`shapes`, cells), func(scan func(...any) error) error { return scan(dest...) })
	at := 1
	for n := range formats {
		for range n {
			alike[n] = alike[n] || *dest[at].(*bool)
			at++
		}
		if !alike[n] {
			kept = append(kept, formats[n])
		}
	}
	return kept, err
}

// gather makes the table said: the different texts of column i, and how many cells
// of sound records have each. Texts of defective records have no say, but are read.
func (r *run) gather(ctx context.Context, i int) error {
	return r.exec(ctx, fmt.Sprintf(`CREATE OR REPLACE TABLE said AS SELECT s%[1]d AS s, count(*) FILTER (%[2]s) AS n FROM texts WHERE s%[1]d <> '' GROUP BY s%[1]d`, i, sound))
}

// shape gives fewer texts that the same grammars match: of numbers, digits that no
// grammar and no sign tells from a one become one.
func shape(k record.Kind) string {
	s := `s`
	if isNumber(k) {
		for _, digit := range "456789" {
			s = `replace(` + s + `, '` + string(digit) + `', '1')`
		}
	}
	return s
}

func isNumber(k record.Kind) bool { return k == record.Int || hasFraction(k) }

// commonSign gives the sign that most cells carry that carry one.
func (r *run) commonSign(ctx context.Context, k record.Kind) (sign string, err error) {
	if !isNumber(k) {
		return "", nil
	}
	before, behind := format.SignPatterns()
	query := `SELECT sign FROM (SELECT n, regexp_extract(s, ` + text(before) + `, 1) AS a, regexp_extract(s, ` + text(behind) + `, 1) || regexp_extract(s, ` + text(behind) + `, 2) AS b,
			CASE WHEN a <> '' THEN a ELSE b END AS sign FROM shapes) WHERE sign <> '' GROUP BY sign ORDER BY sum(n) DESC, sign LIMIT 1`
	err = r.query(ctx, query, func(scan func(...any) error) error { return scan(&sign) })
	return sign, err
}

// candidates makes the table readings<i> of the gathered texts of column i.
func (r *run) candidates(ctx context.Context, i int, formats []format.Format) (all []candidate, err error) {
	var cells []cellSQL
	pick := ""
	for n, f := range formats {
		all = append(all, candidate{f, n})
		c := cell(r.cols[i].Type, n, r.spec.Location)
		c.mids = append(reads(f, n), c.mids...)
		cells = append(cells, c)
		pick += fmt.Sprintf(", s%d IS NOT NULL AS f%d, %s AS p%d, %s AS v%d", n, n, c.problem, n, c.value, n)
	}
	return all, r.exec(ctx, fmt.Sprintf(`CREATE OR REPLACE TABLE readings%d AS `, i)+`SELECT s, n`+pick+` FROM `+layered(`said`, cells))
}

// reads gives the columns that make s<n>, the standard text that a format makes
// of s; NULL where it does not read it. See layered.
func reads(f format.Format, n int) (mids [][2]string) {
	last := `CASE WHEN regexp_full_match(s, ` + text(f.Grammar()) + `) THEN s END`
	for k, stage := range f.Stages() {
		name := fmt.Sprintf("y%d_%d", n, k)
		mids = append(mids, [2]string{name, last})
		last = name
		for _, step := range stage.Steps {
			last = replaced(last, step)
		}
		if stage.When != "" {
			last = `CASE WHEN regexp_matches(` + name + `, ` + text(stage.When) + `) THEN ` + last + ` ELSE ` + name + ` END`
		}
	}
	return append(mids, [2]string{fmt.Sprintf("s%d", n), last})
}

// replaced does a step; a pattern of one character needs no regular expression.
func replaced(s string, step format.Step) string {
	if p := step.Pattern; len(p) == 3 && p[0] == '[' && p[2] == ']' {
		return `replace(` + s + `, ` + text(p[1:2]) + `, ` + text(step.With) + `)`
	}
	return `regexp_replace(` + s + `, ` + text(step.Pattern) + `, ` + text(step.With) + `, 'g')`
}

// differing tells of all pairs of candidates whether there is a text that both
// read, and not alike.
func (r *run) differing(ctx context.Context, i int, all []candidate) (differ [][]bool, err error) {
	differ = make([][]bool, len(all))
	for a := range differ {
		differ[a] = make([]bool, len(all))
	}
	pick, dest := "true", []any{new(bool)}
	for a := range all {
		for b := range all[:a] {
			pick += ", COALESCE(bool_or(" + unlike(all[a], all[b]) + "), false)"
			dest = append(dest, &differ[a][b])
		}
	}
	err = r.query(ctx, fmt.Sprintf(`SELECT %s FROM readings%d WHERE n > 0`, pick, i), func(scan func(...any) error) error { return scan(dest...) })
	for a := range all {
		for b := range all[:a] {
			differ[b][a] = differ[a][b]
		}
	}
	return differ, err
}

// remembered gives, where several contend for column i, the format that was chosen for
// it before and the change in which it was, if that reads as many of the cells as they
// do; else the contenders again. It takes the place of all others in readings<i>.
func (r *run) remembered(ctx context.Context, i int, kept []candidate) ([]candidate, change.ID, error) {
	before, ok := r.spec.Remembered[r.cols[i].Name]
	if !ok || len(kept) == 1 {
		return kept, "", nil
	}
	f, err := format.Named(r.cols[i].Type.Kind, before.Format)
	if err != nil {
		return nil, "", err
	}
	enough := false
	query := fmt.Sprintf(`SELECT COALESCE(sum(n) FILTER (regexp_full_match(s, %s)), 0) >= COALESCE(sum(n) FILTER (f%d), 0) FROM readings%d`, text(f.Grammar()), kept[0].n, i)
	err = r.query(ctx, query, func(scan func(...any) error) error { return scan(&enough) })
	if err != nil || !enough {
		return kept, "", err
	}
	all, err := r.candidates(ctx, i, []format.Format{f})
	return all, before.Change, err
}

// contested is the condition under which two of the candidates both read a text,
// and not alike; of columns of readings.
func contested(all []candidate) string {
	var pairs []string
	for k, a := range all {
		for _, b := range all[:k] {
			pairs = append(pairs, unlike(a, b))
		}
	}
	return "(" + strings.Join(pairs, " OR ") + ")"
}

// unlike is true where both read a text, and to different outcomes.
func unlike(a, b candidate) string {
	return fmt.Sprintf("COALESCE(f%[1]d AND f%[2]d AND (p%[1]d, CASE WHEN p%[1]d IS NULL THEN v%[1]d END) IS DISTINCT FROM (p%[2]d, CASE WHEN p%[2]d IS NULL THEN v%[2]d END), false)", a.n, b.n)
}

// fits is true where one of the candidates reads a text.
func fits(all []candidate) string {
	var parts []string
	for _, c := range all {
		parts = append(parts, fmt.Sprintf("f%d", c.n))
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}
