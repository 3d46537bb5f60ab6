package demo

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
)

//go:embed data/companies.csv.gz
var packedCompanies []byte

//go:embed data/products.csv.gz
var packedProducts []byte

// sheet is one of the packed files: its rows, and where each column stands.
type sheet struct {
	at   map[string]int
	rows [][]string
}

// unpack reads a packed file and makes sure that it has the columns asked for.
func unpack(packed []byte, columns ...string) (s sheet, err error) {
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return s, fmt.Errorf("demo.unpack: %w", err)
	}
	r := csv.NewReader(plain)
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return s, fmt.Errorf("demo.unpack: %w", err)
		}
		s.rows = append(s.rows, row)
	}
	if len(s.rows) == 0 {
		return s, fmt.Errorf("demo.unpack: there is no header")
	}
	s.at = map[string]int{}
	for _, c := range columns {
		if s.at[c] = slices.Index(s.rows[0], c); s.at[c] < 0 {
			return s, fmt.Errorf("demo.unpack: there is no column %s", c)
		}
	}
	s.rows = s.rows[1:]
	return s, nil
}

// cell gives a row's text in a column of those asked for.
func (s sheet) cell(row []string, column string) string { return row[s.at[column]] }
