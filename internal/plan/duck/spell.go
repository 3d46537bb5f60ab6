package duck

import (
	"context"
	"fmt"
	"os"

	"sutor/internal/record"
)

// spelled gives source with what only the system knows of its texts beside them: of
// every column of a Native type, for the text s<i>, w<i>, how the system writes
// that value, and q<i>, why it is none. Each text is asked for once. A text with a
// NUL character is not: no system stores it.
func (r *run) spelled(ctx context.Context, source string) (string, error) {
	sel, joins := "", ""
	for i, c := range r.cols {
		if c.source < 0 || c.Type.Kind != record.Native {
			continue
		}
		r.ahead.end() // a plan looks up one thing at a time
		if err := r.spell(ctx, source, i); err != nil {
			return "", err
		}
		sel += fmt.Sprintf(", spelled%d.w AS w%d, spelled%d.q AS q%d", i, i, i, i)
		joins += fmt.Sprintf(" LEFT JOIN spelled%d ON spelled%d.s = src.s%d", i, i, i)
	}
	if sel == "" {
		return source, nil
	}
	return "(SELECT src.*" + sel + " FROM " + source + " AS src" + joins + ")", nil
}

// spell makes the table spelled<i> of the texts of a column: s, w, q.
func (r *run) spell(ctx context.Context, source string, i int) error {
	asked, up, down := fmt.Sprintf("asked%d", i), r.Path("spell-up.csv"), r.Path("spell-down.csv")
	defer r.remove(up)
	defer r.remove(down)
	text := fmt.Sprintf("s%d", i)
	if err := r.load(ctx, `CREATE TABLE `+asked+` AS SELECT row_number() OVER () AS n, s FROM (SELECT DISTINCT `+text+` AS s FROM `+source+`
		WHERE `+text+` <> '' AND NOT contains(`+text+`, chr(0)))`); err != nil {
		return err
	}
	if err := r.copyCSV(ctx, `SELECT n, s FROM `+asked, []string{"s"}, up); err != nil {
		return err
	}
	sent, err := r.spellFile(ctx, r.cols[i].Column, up, down)
	if err != nil {
		return err
	}
	if err := r.load(ctx, fmt.Sprintf(`CREATE TABLE spelled%d AS SELECT s, w, q FROM %s JOIN %s USING (n)`, i, asked, readCSV(down, "n", []string{"w", "q"}))); err != nil {
		return err
	}
	read, err := r.count(ctx, fmt.Sprintf(`SELECT count(*) FROM spelled%d`, i))
	if err != nil {
		return err
	}
	if written, err := r.count(ctx, `SELECT count(*) FROM `+asked); err != nil || read != sent || sent != written {
		return fmt.Errorf("plan/duck: %d texts to be spelled, %d sent, %d received: %w", written, sent, read, err)
	}
	return r.exec(ctx, `DROP TABLE `+asked)
}

func (r *run) spellFile(ctx context.Context, c record.Column, up, down string) (int64, error) {
	in, err := os.Open(up)
	if err != nil {
		return 0, diskError(err)
	}
	defer in.Close()
	out, err := r.create(down)
	if err != nil {
		return 0, err
	}
	n, err := r.live.Spell(ctx, r.spec.Table.Table, c, in, out)
	return n, out.close(err)
}

// nativeCell takes what the system said of a text.
func nativeCell(i int) cellSQL {
	return cellSQL{
		problem: fmt.Sprintf("CASE WHEN contains(s%d, chr(0)) THEN 'nul-character' WHEN w%d IS NULL THEN coalesce(q%d, 'not-of-type') END", i, i, i),
		value:   fmt.Sprintf("w%d", i),
	}
}
