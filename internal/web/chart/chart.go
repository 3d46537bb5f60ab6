// Package chart draws small pictures on the server, as SVG that stands in the page.
// A picture says nothing that its text alternative does not; colours come from the
// page's stylesheet (class names bar, axis, strong), so it is light and dark as
// the page is, and prints.
package chart

import (
	"fmt"
	"strings"
)

// Bar is one bar, of parts that stand on each other.
type Bar struct {
	Label string // under the bar; "" for none
	Parts []Part
	Says  string // what a pointer over the bar tells
}

// Part is a part of a bar.
type Part struct {
	Value float64
	Tone  string // class: "", "before", "good", "bad", "warn"
}

// Shape is where things stand in a picture, in its own units; the page gives it its
// width.
type Shape struct {
	Width, Height int
	Rects         []Rect
	Labels        []Label
	Base          float64 // y of the axis
}

// Rect is a drawn part.
type Rect struct {
	X, Y, W, H float64
	Tone, Says string
}

// Label is a text below a bar.
type Label struct {
	X    float64
	Text string
}

const (
	labelRoom = 16
	topRoom   = 4
)

// Columns lays bars out side by side, the highest as high as the picture.
func Columns(bars []Bar, width, height int) Shape {
	s := Shape{Width: width, Height: height, Base: float64(height - labelRoom)}
	most := 0.0
	for _, b := range bars {
		most = max(most, b.sum())
	}
	if len(bars) == 0 || most <= 0 {
		return s
	}
	step := float64(width) / float64(len(bars))
	wide := min(step*0.72, 40)
	for i, b := range bars {
		x, y := step*float64(i)+(step-wide)/2, s.Base
		for _, p := range b.Parts {
			h := p.Value / most * (s.Base - topRoom)
			if p.Value > 0 {
				h = max(h, 1.5) // what is there is seen
			}
			y -= h
			s.Rects = append(s.Rects, Rect{x, y, wide, h, p.Tone, b.Says})
		}
		if b.Label != "" {
			s.Labels = append(s.Labels, Label{x + wide/2, b.Label})
		}
	}
	return s
}

// Pairs lays bars out side by side whose parts stand beside each other, the highest
// part as high as the picture.
func Pairs(bars []Bar, width, height int) Shape {
	s := Shape{Width: width, Height: height, Base: float64(height - labelRoom)}
	most := 0.0
	for _, b := range bars {
		for _, p := range b.Parts {
			most = max(most, p.Value)
		}
	}
	if len(bars) == 0 || most <= 0 {
		return s
	}
	step := float64(width) / float64(len(bars))
	for i, b := range bars {
		wide := step * 0.84 / float64(len(b.Parts))
		for k, p := range b.Parts {
			h := p.Value / most * (s.Base - topRoom)
			if p.Value > 0 {
				h = max(h, 1.5) // what is there is seen
			}
			s.Rects = append(s.Rects, Rect{step*(float64(i)+0.08) + wide*float64(k), s.Base - h, wide, h, p.Tone, b.Says})
		}
		if b.Label != "" {
			s.Labels = append(s.Labels, Label{step * (float64(i) + 0.5), b.Label})
		}
	}
	return s
}

func (b Bar) sum() (sum float64) {
	for _, p := range b.Parts {
		sum += p.Value
	}
	return sum
}

// n writes a coordinate.
func n(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}
