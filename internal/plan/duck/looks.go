package duck

import (
	"context"
	"fmt"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// foreign is true for texts that are not ASCII alone, by lengths in bytes and in
// characters: nearly all texts are done with by that.
func foreign(s string) string { return `strlen(` + s + `) <> length(` + s + `)` }

func unseen(s string) string {
	return foreign(s) + ` AND regexp_matches(` + s + `, ` + text(finding.Invisible) + `)`
}

func padded(s string) string { return s + ` <> trim(` + s + `, ' ' || chr(9))` }

func lookAlike(s string) string {
	return foreign(s) + ` AND regexp_matches(` + s + `, ` + text(plan.LookAlike) + `)`
}

// maybeAlike is true for texts that fold changes, and perhaps for others.
func maybeAlike(s string) string {
	return `(` + foreign(s) + ` OR ` + padded(s) + ` OR contains(` + s + `, '  ') OR contains(` + s + `, chr(9)))`
}

// fold makes keys the same that look the same: plan.Folding.
func fold(s string) string {
	gone, from, to := plan.Folding()
	folded := `trim(regexp_replace(translate(regexp_replace(nfc_normalize(` + s + `), ` + text(gone) + `, '', 'g'), ` + text(from) + `, ` + text(to) + `), '[ \t]+', ' ', 'g'), ' ')`
	return `CASE WHEN ` + maybeAlike(s) + ` THEN ` + folded + ` ELSE ` + s + ` END`
}

// checkAlike finds new keys that only look different. Where every key is plain
// there is nothing to compare.
func (r *run) checkAlike(ctx context.Context) error {
	var written, live []string
	keys, folds := strings.Join(r.foundBy(), ", "), r.foundBy()
	for n, i := range r.by() {
		if r.cols[i].Type.Kind == record.Text && r.cols[i].source >= 0 {
			written, live = append(written, maybeAlike(fmt.Sprintf("v%d", i))), append(live, maybeAlike(r.liveName(i)))
			folds[n] = fold(folds[n])
		}
	}
	if len(written) == 0 {
		return nil
	}
	n, err := r.count(ctx, `SELECT count(*) FROM (SELECT 1 FROM cells WHERE `+strings.Join(written, " OR ")+` UNION ALL SELECT 1 FROM live WHERE `+strings.Join(live, " OR ")+` LIMIT 1)`)
	if err != nil || n == 0 {
		return err
	}
	from := `(SELECT *, count(*) OVER (PARTITION BY ` + strings.Join(names("f", len(folds)), ", ") + `) AS alike, count(*) OVER (PARTITION BY ` + keys + `) AS same
		FROM (SELECT line, found, ` + keys + foldsAs(folds) + ` FROM ` + r.metBySome() + `))`
	return r.hit(ctx, plan.AlikeKeysFinding(r.spec.By()), from, "NOT found AND alike > same", `concat_ws(', ', `+keys+`)`)
}

func foldsAs(folds []string) (out string) {
	for i, f := range folds {
		out += fmt.Sprintf(", %s AS f%d", f, i)
	}
	return out
}
