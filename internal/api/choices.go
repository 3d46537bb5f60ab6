package api

import (
	"maps"
	"reflect"
	"strconv"
	"strings"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
)

// Choices is the part of an input that holds what a maker may choose, for a
// proposal and for a replan. An empty one leaves what is usual, or in a replan
// what was chosen before.
type Choices struct {
	Recipe      string   `query:"recipe" maxLength:"64" doc:"A recipe, by its name or id; other choices come on top"`
	Mode        string   `query:"mode" enum:"upsert,update,insert,sync" doc:"How rows are taken; upsert unless chosen"`
	Empty       string   `query:"empty" enum:"keep,clear" doc:"What an empty cell does to its column; unless chosen keep, but clear in a workbook that was taken out of the dataset"`
	LeaveOut    string   `query:"leave_out_invalid" enum:"true,false" doc:"Leave invalid rows out of the plan"`
	Map         []string `query:"map,explode" doc:"File column=column, once for each; without a column it is left out"`
	Format      []string `query:"format,explode" doc:"column=format, once for each: how a column's cells are written (docs/values.md); auto to have it found"`
	Normalize   string   `query:"normalize" enum:"nfc,none" doc:"Take texts in a form of Unicode; none, which is usual, as they are"`
	Sheet       string   `query:"sheet" maxLength:"255" doc:"Of a workbook: sheet, table or named range; of an archive: its file"`
	Table       int      `query:"table" minimum:"0" doc:"Of several tables in one sheet or text, from 1"`
	Encoding    string   `query:"encoding" maxLength:"40" doc:"The text's encoding; auto to have it found"`
	Delimiter   string   `query:"delimiter" maxLength:"8" doc:"What separates cells; auto to have it found"`
	Quote       string   `query:"quote" maxLength:"4" doc:"The quote: one character, none, or auto"`
	Escape      string   `query:"escape" maxLength:"4" doc:"What escapes a quote: one character, none, or auto"`
	SkipLines   string   `query:"skip_lines" pattern:"^([0-9]{1,9}|auto)$" doc:"Lines above the header"`
	HeaderLines string   `query:"header_lines" pattern:"^([0-9]|auto)$" doc:"Lines of the header; 0 where the file has none"`
	ApplyAt     string   `query:"apply_at" maxLength:"40" doc:"When it is to be applied, once approved, as 2026-12-31T18:00:00+01:00; none, which is usual: when somebody asks for it"`
	Key         []string `query:"key,explode" doc:"Columns that rows are found by, once for each, where that is not the dataset's key; they are unique together in the system. Naming the dataset's key takes it back"`
	Within      string   `query:"within" maxLength:"10000" doc:"With mode=sync: the part of the table that the file stands for, in the guardrail language over its columns"`
}

// automatic is the word for having something found out again.
const automatic = "auto"

// none tells that nothing was chosen.
func (in *Choices) none() bool { return reflect.ValueOf(*in).IsZero() }

// choose adds the choices to o.
func (in *Choices) choose(o *change.Options) error {
	columns, err := parseMap(in.Map)
	if err != nil {
		return err
	}
	formats, err := parseFormats(in.Format)
	if err != nil {
		return err
	}
	if in.Mode != "" {
		if o.Mode = change.Mode(in.Mode); o.Mode != change.Sync {
			o.Within = "" // of a sync before
		}
	}
	if len(in.Key) > 0 {
		o.Key = in.Key
	}
	if in.Within != "" {
		o.Within = in.Within
	}
	if err := in.applyAt(o); err != nil {
		return err
	}
	if in.Empty != "" {
		o.ClearEmpty, o.KeepEmpty = in.Empty == "clear", in.Empty == "keep"
	}
	if in.LeaveOut != "" {
		o.LeaveOut = in.LeaveOut == "true"
	}
	switch in.Normalize {
	case "":
	case "none":
		o.Normalize = ""
	default:
		o.Normalize = in.Normalize
	}
	if columns != nil {
		o.Map = merged(o.Map, columns)
	}
	if formats != nil {
		o.Formats = merged(o.Formats, formats)
		maps.DeleteFunc(o.Formats, func(_, name string) bool { return name == automatic })
	}
	in.ofFile(o)
	return nil
}

// applyAt sets the time of the apply.
func (in *Choices) applyAt(o *change.Options) error {
	switch in.ApplyAt {
	case "":
	case "none":
		o.ApplyAt = nil
	default:
		at, err := time.Parse(time.RFC3339, in.ApplyAt)
		if err != nil {
			return errs.New(errs.Usage, "apply_at is no time: %q.", in.ApplyAt).WithMend("Write it as 2026-12-31T18:00:00+01:00, or none.")
		}
		o.ApplyAt = inSeconds(&at)
	}
	return nil
}

// parseFormats reads column=format, divided at the last =: no format has one.
// Which formats there are depends on the column and is judged with the plan.
func parseFormats(texts []string) (map[string]string, error) {
	var formats map[string]string
	for _, text := range texts {
		at := strings.LastIndexByte(text, '=')
		if at <= 0 || at == len(text)-1 {
			return nil, errs.New(errs.Usage, "format must be column=format, but is %q.", text).WithMend("Write it as in delivery=dmy.")
		}
		if formats == nil {
			formats = map[string]string{}
		}
		column := text[:at]
		if _, twice := formats[column]; twice {
			return nil, errs.New(errs.Usage, "format names the column %q twice.", column)
		}
		formats[column] = text[at+1:]
	}
	return formats, nil
}

// ofFile adds the choices about how the file is read.
func (in *Choices) ofFile(o *change.Options) {
	f := &o.File
	for _, c := range []struct {
		to   *string
		text string
	}{{&f.Sheet, in.Sheet}, {&f.Encoding, in.Encoding}, {&f.Delimiter, in.Delimiter}, {&f.Quote, in.Quote}, {&f.Escape, in.Escape}} {
		switch c.text {
		case "":
		case automatic:
			*c.to = ""
		default:
			*c.to = c.text
		}
	}
	if in.Table > 0 {
		f.Table = in.Table
	}
	lines(&f.SkipLines, in.SkipLines)
	lines(&f.HeaderLines, in.HeaderLines)
}

// lines takes a number of lines that the pattern has let through.
func lines(to **int, text string) {
	if text == automatic {
		*to = nil
	} else if n, err := strconv.Atoi(text); err == nil {
		*to = &n
	}
}

// merged gives a map of its own with all of both; b counts.
func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, b)
	return out
}
