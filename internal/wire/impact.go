package wire

import (
	"math"
	"strconv"
	"strings"
)

// Sum writes the measure as people read it: 252,809.50; "" where there is none.
func (i Impact) Sum() string {
	if i.Measure == nil {
		return ""
	}
	whole, fraction, broken := strings.Cut(strconv.FormatFloat(math.Abs(*i.Measure), 'f', -1, 64), ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if *i.Measure < 0 {
		whole = "-" + whole
	}
	if len(fraction) == 1 {
		fraction += "0"
	}
	if broken {
		whole += "." + fraction
	}
	return whole
}
