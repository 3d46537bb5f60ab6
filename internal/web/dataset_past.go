package web

import (
	"fmt"
	"time"

	"sutor/internal/web/chart"
	"sutor/internal/wire"
)

// datasetsPast is what was changed in a dataset, as a list and as a picture.
type datasetsPast struct {
	lines []changeLine
	chart chart.Shape
	says  string // the picture in words
	drawn bool   // there is something to draw
}

const (
	pastDepth  = 100 // changes that are looked at, the newest
	pastMonths = 12
)

// pastOf counts the rows that were written in each of the last months.
func pastOf(all []wire.Change) *datasetsPast {
	m := &datasetsPast{lines: changeLines(all)}
	if len(all) == 0 {
		return m
	}
	last := all[0].CreatedAt.UTC()
	first := time.Date(last.Year(), last.Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, 1-pastMonths, 0)
	var months [pastMonths]struct{ changes, added, changed, removed int64 }
	rows, changes := int64(0), 0
	for _, c := range all {
		at := c.CreatedAt.UTC()
		i := (at.Year()-first.Year())*12 + int(at.Month()-first.Month())
		if i < 0 || i >= pastMonths || c.Plan == nil || c.State != "applied" && c.State != "undone" && c.State != "partly_applied" {
			continue
		}
		n := &months[i]
		n.changes++
		n.added, n.changed, n.removed = n.added+c.Plan.Counts.Insert, n.changed+c.Plan.Counts.Update, n.removed+c.Plan.Counts.Delete
		rows, changes = rows+c.Plan.Counts.Insert+c.Plan.Counts.Update+c.Plan.Counts.Delete, changes+1
	}
	var bars []chart.Bar
	for i, n := range months {
		month := first.AddDate(0, i, 0)
		bars = append(bars, chart.Bar{Label: month.Format("Jan"), Says: fmt.Sprintf("%s: %d changes, %s new, %s changed, %s deleted rows", month.Format("January 2006"), n.changes, group(n.added), group(n.changed), group(n.removed)),
			Parts: []chart.Part{{Value: float64(n.changed)}, {Value: float64(n.added), Tone: "good"}, {Value: float64(n.removed), Tone: "bad"}}})
	}
	m.chart, m.drawn = chart.Columns(bars, 720, 140), changes > 0
	m.says = fmt.Sprintf("Rows written by month, from %s to %s: %s rows by %d applied changes.", first.Format("January 2006"), last.Format("January 2006"), group(rows), changes)
	return m
}
