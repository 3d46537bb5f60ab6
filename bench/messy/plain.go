package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// plain reads a text in a dialect that is known, by the letter: the answer that a
// reader who has to find the dialect is measured by. It shares nothing with the
// reader under test. Lines end by LF, CRLF or CR; those without a character are no
// records. A text that breaks its dialect has no answer: an error.
func plain(text string, l label) (records [][]string, err error) {
	for range l.skip {
		_, rest, ok := cutLine(text)
		if !ok {
			return nil, fmt.Errorf("it has fewer than %d lines", l.skip)
		}
		text = rest
	}
	for text != "" {
		if line, rest, _ := cutLine(text); line == "" {
			text = rest
			continue
		}
		var record []string
		if record, text, err = plainRecord(text, l); err != nil {
			return nil, fmt.Errorf("record %d: %w", len(records)+1, err)
		}
		records = append(records, record)
	}
	return records, nil
}

// cutLine gives the first line of a text without its end, and what follows.
func cutLine(text string) (line, rest string, ok bool) {
	i := strings.IndexAny(text, "\r\n")
	if i < 0 {
		return text, "", text != ""
	}
	return text[:i], afterLineEnd(text[i:]), true
}

func afterLineEnd(text string) string {
	if rest, ok := strings.CutPrefix(text, "\r\n"); ok {
		return rest
	}
	return text[1:]
}

// plainRecord reads one record from the beginning of text.
func plainRecord(text string, l label) (record []string, rest string, err error) {
	for {
		var cell string
		if l.quote != "" && strings.HasPrefix(text, l.quote) {
			cell, rest, err = quotedCell(text[len(l.quote):], l)
			if err != nil {
				return nil, "", err
			}
		} else {
			end := strings.IndexAny(text, "\r\n")
			if end < 0 {
				end = len(text)
			}
			if i := strings.Index(text[:end], l.delimiter); l.delimiter != "" && i >= 0 {
				end = i
			}
			cell, rest = text[:end], text[end:]
		}
		record = append(record, cell)
		switch {
		case rest == "":
			return record, "", nil
		case rest[0] == '\r' || rest[0] == '\n':
			return record, afterLineEnd(rest), nil
		case l.delimiter == "" || !strings.HasPrefix(rest, l.delimiter):
			return nil, "", fmt.Errorf("text behind a closing quote")
		}
		text = rest[len(l.delimiter):]
	}
}

// quotedCell reads a cell whose opening quote is behind it.
func quotedCell(text string, l label) (cell, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch {
		case l.escape != l.quote && strings.HasPrefix(text[i:], l.escape+l.quote), strings.HasPrefix(text[i:], l.quote+l.quote) && l.escape == l.quote:
			b.WriteString(l.quote)
			i += len(l.escape) + len(l.quote)
		case strings.HasPrefix(text[i:], l.quote):
			return b.String(), text[i+len(l.quote):], nil
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	return "", "", fmt.Errorf("a quote that is never closed")
}

// decoded gives a file's text where its encoding is one that can be told by heart.
func decoded(b []byte, encoding string) (string, error) {
	switch encoding {
	case "", "utf-8":
		b = bytes.TrimPrefix(b, []byte("\ufeff"))
		if !utf8.Valid(b) {
			return "", fmt.Errorf("it is no UTF-8")
		}
		return string(b), nil
	case "windows-1252": // of which only what ISO 8859-1 has, too, which is Unicode's beginning
		var out strings.Builder
		for _, c := range b {
			if c >= 0x80 && c < 0xA0 {
				return "", fmt.Errorf("byte %#x is not known by heart", c)
			}
			out.WriteRune(rune(c))
		}
		return out.String(), nil
	case "utf-16le", "utf-16be":
		order := binary.ByteOrder(binary.LittleEndian)
		if encoding == "utf-16be" {
			order = binary.BigEndian
		}
		var units []uint16
		for ; len(b) >= 2; b = b[2:] {
			units = append(units, order.Uint16(b))
		}
		return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff"), nil
	}
	return "", fmt.Errorf("%s is not known by heart", encoding)
}
