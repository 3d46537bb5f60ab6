package workflow

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"

	"sutor/internal/plan"
	"sutor/internal/record"
)

// spelled asks the system how it writes the values that `one_of` lists for columns whose
// type only it knows: a plan compares by that, so a value that stands otherwise in the
// Compact would refuse every row that has it.
func (k *compiler) spelled(ctx context.Context, live plan.Live) error {
	for _, c := range k.t.Columns {
		rule := k.d.Columns[c.Name]
		if c.Type.Kind != record.Native || len(rule.OneOf) == 0 {
			continue
		}
		said, err := spell(ctx, live, k.t.Table, c, rule.OneOf)
		if err != nil {
			return err
		}
		for i, text := range rule.OneOf {
			at := rule.Path.To("one_of", strconv.Itoa(i))
			switch s := said[i]; {
			case s == nil:
				k.problem(at, fmt.Sprintf("%s could never be %q: that is not %s.", c.Name, text, c.Type.Article()), "Write a value that the system takes.")
			case *s != text:
				k.problem(at, fmt.Sprintf("The system writes %q as %q, and values of %s are compared as it writes them.", text, *s, c.Name), fmt.Sprintf("Write it so: %q.", *s))
			}
		}
	}
	return nil
}

// spell gives what the system writes for each text; nil where it is no value.
func spell(ctx context.Context, live plan.Live, table record.Table, c record.Column, texts []string) ([]*string, error) {
	var up, down bytes.Buffer
	w := record.NewWriter(&up)
	for i, text := range texts {
		w.Number(int64(i))
		w.String(text)
		if err := w.End(); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	if _, err := live.Spell(ctx, table, c, &up, &down); err != nil {
		return nil, err
	}
	said := make([]*string, len(texts))
	for rows := record.NewReader(&down); ; {
		fields, err := rows.Read()
		if err == io.EOF {
			return said, nil
		}
		if err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(string(fields[0].Text))
		if err != nil || n < 0 || n >= len(said) || len(fields) != 3 {
			return nil, fmt.Errorf("the system answered with a record that was not asked for: %w", err)
		}
		said[n] = fields[1].Ptr()
	}
}
