package pollute

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"

	"sutor/internal/errs"
	"sutor/internal/intake"
)

// Choice gives the hints as a person would choose them.
func (h Hints) Choice() intake.Choice {
	return intake.Choice{Encoding: h.Encoding, Delimiter: h.Delimiter, Quote: h.Quote, Escape: h.Escape, SkipLines: &h.SkipLines, HeaderLines: &h.HeaderLines}
}

// Reading is what became of a file.
type Reading struct {
	Records [][]string // header first, where there is one
	Refused *errs.Error
	Result  intake.Result
	Defects map[int64]string // line → code
}

// Read reads a file as sutor file convert does, with its hints or without.
func Read(ctx context.Context, f File, hinted bool) (Reading, error) {
	var o intake.Options
	if hinted {
		o.Choice = f.Hints.Choice()
	}
	r := Reading{Defects: map[int64]string{}}
	var out bytes.Buffer
	in := intake.File{ReaderAt: bytes.NewReader(f.Bytes), Size: int64(len(f.Bytes)), Name: "file.csv"}
	res, err := intake.Convert(ctx, in, &out, o, func(line int64, code string) { r.Defects[line] = code })
	if e := errs.As(err); e != nil && (e.Kind == errs.Invalid || e.Kind == errs.Usage) {
		r.Refused = e
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("pollute.Read(%s): %w", f.Name, err)
	}
	r.Result = res
	rd := csv.NewReader(&out)
	rd.FieldsPerRecord = -1
	if r.Records, err = rd.ReadAll(); err != nil {
		return r, fmt.Errorf("pollute.Read(%s): %w", f.Name, err)
	}
	return r, nil
}

// Points scores a reading of f.
func (r Reading) Points(f File) Points {
	if r.Refused != nil {
		return Refused()
	}
	return Score(f.Want, r.Records)
}
