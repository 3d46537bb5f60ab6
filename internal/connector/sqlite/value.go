package sqlite

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// bind turns what stands in a record into the value that SQLite stores for it:
// the inverse of appendCell.
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
