package plan

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"

	"sutor/internal/record"
)

// ContentDigest is a file's content, whatever the file is written in: the same
// rows in another order, format, encoding or under other headers have the same
// digest. It serves to notice that a file was proposed before; nobody decides on
// it, so that what must hold against fraud is in other digests.
//
// columns are the matched columns of the dataset, in the order of the judged set. A
// row's text is their canonical texts (the cell's own text where that is no value),
// with U+001E for an empty cell and U+001F in between. sum adds, over all rows of
// the file, the last eight bytes of the text's MD5 as a little-endian number: a sum
// does not know an order, and costs less than sorting.
func ContentDigest(columns []string, rows int64, sum *big.Int) record.Digest {
	var b strings.Builder
	fmt.Fprintf(&b, "content 1\nrows %d\nsum %s\n", rows, sum)
	for _, c := range columns {
		fmt.Fprintf(&b, "column %q\n", c)
	}
	return record.DigestOf([]byte(b.String()))
}

// content digests the lines as read.
func (r *reference) content() record.Digest {
	columns, sum := r.spec.FileColumns(), new(big.Int)
	for _, l := range r.lines {
		texts := make([]string, len(columns))
		for i, name := range columns {
			cell := l.cells[name]
			value := cell.value
			if cell.problem != record.OK {
				value = cell.text
			}
			if texts[i] = "\x1e"; value != nil {
				texts[i] = *value
			}
		}
		hash := md5.Sum([]byte(strings.Join(texts, "\x1f")))
		sum.Add(sum, new(big.Int).SetUint64(binary.LittleEndian.Uint64(hash[8:])))
	}
	return ContentDigest(columns, int64(len(r.lines)), sum)
}

// FileColumns lists the key and judged columns that the file has.
func (s Spec) FileColumns() (names []string) {
	for _, c := range append(append(record.Schema{}, s.Key...), s.Judged...) {
		for _, src := range s.Sources {
			if src.Column == c.Name {
				names = append(names, c.Name)
			}
		}
	}
	return names
}
