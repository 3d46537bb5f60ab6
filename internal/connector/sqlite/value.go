package sqlite

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// cell gives the SQL that writes column col (as SQL) of type t as one field of
// the canonical dialect; NULL, which concat leaves out, for NULL.
func cell(col string, t record.Type) string {
	return strings.ReplaceAll(cellOf(t), "$", col)
}

// cellOf is cell of the column $.
func cellOf(t record.Type) string {
	switch t.Kind {
	case record.Text:
		return `CASE typeof($) WHEN 'text' THEN '"'||replace($,'"','""')||'"' WHEN 'null' THEN NULL ELSE '"'||char(0)||'"' END`
	case record.Bool:
		return `CASE WHEN typeof($)='integer' AND $ IN (0,1) THEN CASE $ WHEN 1 THEN '"true"' ELSE '"false"' END ` +
			`WHEN $ IS NULL THEN NULL ELSE ` + classed + ` END`
	case record.Int:
		return `CASE typeof($) WHEN 'integer' THEN '"'||$||'"' WHEN 'null' THEN NULL ELSE ` + classed + ` END`
	case record.Float:
		return `CASE typeof($) WHEN 'real' THEN printf('"%!.17g"',$) WHEN 'null' THEN NULL ELSE ` + classed + ` END`
	case record.Decimal:
		return decimalCell(t.Scale)
	case record.Bytes:
		return `CASE typeof($) WHEN 'blob' THEN '"\x'||lower(hex($))||'"' WHEN 'null' THEN NULL ELSE ` + classed + ` END`
	}
	// Dates, times, UUIDs: the text as it stands. Only a prefix has a colon as its
	// fifth or eighth character; a text that has one too gets a prefix itself.
	return `CASE typeof($) WHEN 'text' THEN '"'||CASE WHEN substr($,5,1)=':' OR substr($,8,1)=':' THEN 'text:' ELSE '' END` +
		`||replace($,'"','""')||'"' WHEN 'null' THEN NULL ELSE ` + classed + ` END`
}

// classed writes a value with its storage class before it.
const classed = `'"'||typeof($)||':'||CASE typeof($) WHEN 'real' THEN printf('%!.17g',$) WHEN 'blob' THEN hex($) ` +
	`WHEN 'text' THEN replace($,'"','""') ELSE $ END||'"'`

// decimalCell writes a decimal only where its text reads back as the very same
// number. SQLite turns every real that is a whole number into an integer in a
// column of numeric affinity, so an integer stands for 2.00 too.
func decimalCell(scale int) string {
	var whole, real string
	switch {
	case scale < 0:
		// Fifteen digits, written without an exponent and without zeros at the end.
		const digits = `printf('%!.15g',$)`
		real = `CASE WHEN CAST(` + digits + ` AS REAL)<>$ OR abs($)>=1e15 THEN ` + classed +
			` WHEN instr(` + digits + `,'e')=0 THEN '"'||rtrim(rtrim(` + digits + `,'0'),'.')||'"'` +
			` ELSE '"'||rtrim(printf('%.*f',14-CAST(substr(` + digits + `,instr(` + digits + `,'e')+1) AS INTEGER),$),'0')||'"' END`
		whole = `'"'||$||'"'`
	default:
		digits := fmt.Sprintf(`printf('%%.%df',$)`, scale)
		real = `CASE WHEN CAST(` + digits + ` AS REAL)=$ AND abs($)<1e15 THEN '"'||` + digits + `||'"' ELSE ` + classed + ` END`
		whole = `'"'||$||'"'`
		if scale > 0 {
			whole = `'"'||$||'.` + strings.Repeat("0", scale) + `"'`
		}
	}
	return `CASE typeof($) WHEN 'real' THEN ` + real + ` WHEN 'integer' THEN ` + whole + ` WHEN 'null' THEN NULL ELSE ` + classed + ` END`
}

// maxArguments is below what a function of SQLite takes at most.
const maxArguments = 100

// rendered gives the SQL that writes a whole record, without its end: head (SQL
// of the first field, or none) and the columns of the table known by alias.
func rendered(alias, head string, columns record.Schema) string {
	parts := []string{head}
	for i, c := range columns {
		if i > 0 || head != "''" {
			parts = append(parts, "','")
		}
		parts = append(parts, cell(alias+"."+quoted(c.Name), c.Type))
	}
	for len(parts) > maxArguments {
		var grouped []string
		for i := 0; i < len(parts); i += maxArguments {
			grouped = append(grouped, "concat("+strings.Join(parts[i:min(i+maxArguments, len(parts))], ",")+")")
		}
		parts = grouped
	}
	return "concat(" + strings.Join(parts, ",") + ")"
}

// bind turns what stands in a record into the value that SQLite stores for it:
// the inverse of cell.
func bind(t record.Type, f record.Field) (any, error) {
	if f.Null {
		return nil, nil
	}
	if t.Kind == record.Text {
		return string(f.Text), nil
	}
	if class, rest, ok := bytes.Cut(f.Text, []byte(":")); ok {
		if v, ok := bindClass(string(class), string(rest)); ok {
			return v, nil
		}
	}
	return bindCanonical(t, string(f.Text))
}

func bindClass(class, rest string) (v any, ok bool) {
	var err error
	switch class {
	case "text":
		return rest, true
	case "integer":
		v, err = strconv.ParseInt(rest, 10, 64)
	case "real":
		v, err = strconv.ParseFloat(rest, 64)
	case "blob":
		v, err = hex.DecodeString(rest)
	default:
		return nil, false
	}
	return v, err == nil
}

func bindCanonical(t record.Type, text string) (v any, err error) {
	switch t.Kind {
	case record.Bool:
		switch text {
		case "true":
			return int64(1), nil
		case "false":
			return int64(0), nil
		}
		err = strconv.ErrSyntax
	case record.Int:
		v, err = strconv.ParseInt(text, 10, 64)
	case record.Float:
		v, err = strconv.ParseFloat(text, 64)
	case record.Decimal:
		whole, fraction, _ := strings.Cut(text, ".")
		if strings.Trim(fraction, "0") == "" {
			if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
				return n, nil // beyond 2^53 too
			}
		}
		v, err = strconv.ParseFloat(text, 64)
	case record.Bytes:
		v, err = hex.DecodeString(strings.TrimPrefix(text, `\x`))
	default:
		return text, nil
	}
	if err != nil {
		return nil, errs.New(errs.Internal, "A value that was to be written is not %s as it should be.", t.Article()).Because(err)
	}
	return v, nil
}
