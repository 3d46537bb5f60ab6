package plan

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"sutor/internal/record"
)

// spelling is what the system says of a text: how it writes that value, or why it
// is none.
type spelling struct {
	canonical string
	problem   record.Problem
}

// spell asks the system for the texts of columns of a Native type.
func (r *reference) spell(ctx context.Context, texts map[string][]*string) error {
	r.spellings = map[string]map[string]spelling{}
	for _, c := range slices.Concat(r.spec.Key, r.spec.Judged) {
		if c.Type.Kind != record.Native {
			continue
		}
		said, err := r.spellColumn(ctx, c, texts[c.Name])
		if err != nil {
			return err
		}
		r.spellings[c.Name] = said
	}
	return nil
}

func (r *reference) spellColumn(ctx context.Context, c record.Column, texts []*string) (map[string]spelling, error) {
	var up, down bytes.Buffer
	w := record.NewWriter(&up)
	var asked []string
	for _, text := range texts {
		if text == nil || *text == "" || strings.Contains(*text, "\x00") {
			continue
		}
		w.Number(int64(len(asked)))
		w.String(*text)
		if err := w.End(); err != nil {
			return nil, err
		}
		asked = append(asked, *text)
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	if _, err := r.live.Spell(ctx, r.spec.Table.Table, c, &up, &down); err != nil {
		return nil, err
	}
	said := map[string]spelling{}
	err := each(&down, 3, func(n int64, fields []*string) {
		s := spelling{problem: record.NotOfType}
		switch {
		case fields[0] != nil:
			s = spelling{canonical: *fields[0]}
		case fields[1] != nil:
			s.problem = record.Problem(*fields[1])
		}
		said[asked[n]] = s
	})
	return said, err
}

// spellComputed asks the system for the texts that a rule gives, and for those of
// the key.
func (r *reference) spellComputed(ctx context.Context, rows []liveRow) error {
	texts := map[string][]*string{}
	for _, l := range rows {
		for k, c := range r.spec.Key {
			texts[c.Name] = append(texts[c.Name], l.key[k])
		}
		for _, set := range r.spec.Rule.Set {
			if set.Null {
				continue
			}
			if value, ok := set.To.Text(asRow{r, l.key, l.judged}); ok {
				texts[set.Column] = append(texts[set.Column], &value)
			}
		}
	}
	return r.spell(ctx, texts)
}
