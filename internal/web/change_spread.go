package web

import (
	"fmt"
	"strconv"

	"sutor/internal/web/chart"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// spreadModel is how the values of a column lie before and after, as a picture, in
// words and as a table.
type spreadModel struct {
	column string
	shape  chart.Shape
	says   string
	sides  []spreadSide
	bins   []spreadBin
}

type spreadSide struct{ name, values, least, middle, most string }

type spreadBin struct{ from, before, after string }

func spreadsOf(all []wire.Spread) (out []spreadModel) {
	for _, one := range all {
		out = append(out, spreadOf(one))
	}
	return out
}

func spreadOf(s wire.Spread) spreadModel {
	m := spreadModel{column: ui.Plain(s.Column)}
	var bars []chart.Bar
	every := max(1, (len(s.Bins)+5)/6) // about six labels have room
	for i, b := range s.Bins {
		bin := spreadBin{round(b.From) + " to " + round(b.To), group(b.Before), group(b.After)}
		switch i {
		case 0:
			bin.from = "below " + round(b.To)
		case len(s.Bins) - 1:
			bin.from = round(b.From) + " and more"
		}
		bar := chart.Bar{Says: fmt.Sprintf("%s: %s before, %s after", bin.from, bin.before, bin.after), Parts: []chart.Part{{Value: float64(b.Before), Tone: "before"}, {Value: float64(b.After)}}}
		if i%every == 0 {
			bar.Label = round(b.From)
		}
		m.bins, bars = append(m.bins, bin), append(bars, bar)
	}
	m.shape = chart.Pairs(bars, 720, 150)
	for _, side := range []struct {
		name string
		wire.SpreadSide
	}{{"Before", s.Before}, {"After", s.After}} {
		if side.Values > 0 {
			m.sides = append(m.sides, spreadSide{side.name, group(side.Values), round(side.Least), round(side.Middle), round(side.Most)})
		}
	}
	m.says = s.Column + " of " + group(s.Rows) + " rows"
	if s.Before.Values > 0 && s.After.Values > 0 {
		m.says += fmt.Sprintf(": the middle value goes from %s to %s, the least from %s to %s, the most from %s to %s.", round(s.Before.Middle), round(s.After.Middle), round(s.Before.Least), round(s.After.Least), round(s.Before.Most), round(s.After.Most))
	}
	m.says = ui.Plain(m.says)
	return m
}

// round writes a number of a picture with two digits behind the point at most.
func round(x float64) string {
	s := strconv.FormatFloat(x, 'f', 2, 64)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return group(n)
	}
	return s
}
