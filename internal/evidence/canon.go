package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Canonical JSON, as used in every format of this package: one line, UTF-8, no
// space between tokens, fields in the order of the format, names of maps sorted
// by bytes, absent instead of empty. In texts only these are escaped: the double
// quote, the backslash, controls (\b \f \n \r \t, else \u00xx) and U+2028, U+2029
// (\u2028, \u2029).

var errNotCanonical = errors.New("it is not written in the one canonical way")

// canonical encodes v.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeCanonical decodes text into v, and refuses any text that v would not
// encode to: unknown, doubled or reordered fields, other escapes, spaces.
func decodeCanonical(text []byte, v any) error {
	if err := decodeStrict(text, v); err != nil {
		return err
	}
	again, err := canonical(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return errNotCanonical
	}
	return nil
}

func decodeStrict(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return errors.New("it is not the JSON it should be")
	}
	if _, err := dec.Token(); err != io.EOF {
		return errNotCanonical
	}
	return nil
}

// lines splits a member of JSON lines; every line ends in LF, the last too.
func lines(b []byte) ([][]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if b[len(b)-1] != '\n' {
		return nil, errors.New("its last line is cut off")
	}
	return bytes.Split(b[:len(b)-1], []byte("\n")), nil
}
