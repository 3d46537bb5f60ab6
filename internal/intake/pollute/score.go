package pollute

import "strings"

// Points are what one file scores: each measure from 0 to 1.
type Points struct {
	Read                   float64 // the file was read at all
	Header, Records, Cells Measure
	Exact                  bool // every cell is where it belongs; not part of the score
}

// Measure compares two bags. Precision is over what was read, recall over what
// should have been.
type Measure struct{ Precision, Recall, F1 float64 }

func (m Measure) sum() float64 { return m.Precision + m.Recall + m.F1 }

// Total is the file's score out of 10.
func (p Points) Total() float64 { return p.Read + p.Header.sum() + p.Records.sum() + p.Cells.sum() }

// Score judges what a reader made of a file: its records, with the header first
// where it found one. A file that was refused scores nothing: see [Refused].
func Score(want Table, got [][]string) Points {
	records := want.Records()
	whole := Measure{1, 1, 1}
	p := Points{Read: 1, Header: whole, Records: whole, Cells: whole, Exact: same(records, got)}
	if len(records) == 0 {
		return p // as in the benchmark: nothing can be read wrong
	}
	p.Header = measure(records[0], first(got))
	p.Cells = measure(flat(records), flat(got))
	if len(records) > 1 {
		p.Records = measure(joined(records[1:]), joined(rest(got)))
	}
	return p
}

// Refused scores a file that was not read.
func Refused() Points { return Points{} }

func first(records [][]string) []string {
	if len(records) == 0 {
		return nil
	}
	return records[0]
}

func rest(records [][]string) [][]string {
	if len(records) == 0 {
		return nil
	}
	return records[1:]
}

func flat(records [][]string) (cells []string) {
	for _, r := range records {
		cells = append(cells, r...)
	}
	return cells
}

func joined(records [][]string) (texts []string) {
	for _, r := range records {
		texts = append(texts, strings.Join(r, ""))
	}
	return texts
}

// measure compares two bags of texts.
func measure(want, got []string) Measure {
	if len(want) == 0 {
		return Measure{1, 1, 1}
	}
	left := map[string]int{}
	for _, w := range want {
		left[w]++
	}
	both := 0
	for _, g := range got {
		if left[g] > 0 {
			left[g]--
			both++
		}
	}
	if both == 0 {
		return Measure{}
	}
	p, r := float64(both)/float64(len(got)), float64(both)/float64(len(want))
	return Measure{p, r, 2 * p * r / (p + r)}
}

func same(a, b [][]string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for j := range a[i] {
			if a[i][j] != b[i][j] {
				return false
			}
		}
	}
	return true
}

// Mean adds points up over files.
type Mean struct {
	Files, Exact, Refused int
	points, weighted      float64
	weight                float64
}

// Add takes one file's points in.
func (m *Mean) Add(f File, p Points) {
	m.Files++
	if p.Exact {
		m.Exact++
	}
	if p.Read == 0 {
		m.Refused++
	}
	m.points += p.Total()
	m.weighted += p.Total() * f.Weight
	m.weight += f.Weight
}

// Simple is the mean over the files.
func (m *Mean) Simple() float64 { return m.points / float64(m.Files) }

// Weighted is the mean by the files' weights.
func (m *Mean) Weighted() float64 { return m.weighted / m.weight }
