package dialect

import "bytes"

// MendLimit bounds the record that Mend looks at, in bytes.
const MendLimit = 64 << 10

const (
	searchLimit = 1 << 17 // cells times places where one may end
	maxReach    = 200     // delimiters that one quoted cell may hold in a mended record
)

// Mended is one reading of a record that broke the grammar.
type Mended struct {
	Code   string // "quote", "escape", "delimiter", "quotation"
	At     int    // the cell that was mended, from 1
	Parser *Parser
	Cells  []Cell
}

// Mend finds the one reading of b, a record without its end, that gives just
// columns cells; false where there is none, or more than one. With blanks, the
// whole record may be separated by them, which is weak evidence: the caller must
// look whether the cells fit their columns.
func (p *Parser) Mend(b []byte, columns int, blanks bool) (Mended, bool) {
	if columns < 1 || len(b) == 0 || len(b) > MendLimit {
		return Mended{}, false
	}
	for _, o := range p.others(b, blanks) {
		if m, ok := o.parser.exactly(b, columns); ok && (o.every == "" || everyCell(b, m, o.every)) && !p.inBlanks(b, o, m) {
			return Mended{o.code, 1, o.parser, m}, true
		}
	}
	return p.mendQuotes(b, columns)
}

// other is another dialect in which a whole record may be written.
type other struct {
	code   string
	parser *Parser
	every  string // the quote that each cell that is not empty must have
}

// others gives those that b may be written in.
func (p *Parser) others(b []byte, blanks bool) (out []other) {
	p.once.Do(p.alternatives)
	for _, o := range p.alternative {
		d := o.parser.Dialect
		switch {
		case o.code == "escape" && !bytes.Contains(b, []byte(d.Escape+d.Quote)),
			o.code == "quotation" && bytes.Count(b, []byte(d.Quote)) < 2,
			o.code == "delimiter" && (d.Delimiter == " " && !blanks || !bytes.Contains(b, []byte(d.Delimiter))):
			continue
		}
		out = append(out, o)
	}
	return out
}

// alternatives makes the other dialects, the likely first.
func (p *Parser) alternatives() {
	add := func(code, every string, change func(d *Dialect)) {
		d := p.Dialect
		change(&d)
		p.alternative = append(p.alternative, other{code, New(d), every})
	}
	for _, e := range []string{`\`, p.Quote} {
		if p.Quote != "" && e != p.Escape {
			add("escape", "", func(d *Dialect) { d.Escape = e })
		}
	}
	for _, q := range []string{`"`, "'"} {
		if q != p.Quote {
			add("quotation", q, func(d *Dialect) { d.Quote, d.Escape = q, q })
		}
	}
	for _, delimiter := range []string{";", ",", "\t", "|", " "} {
		if delimiter != p.Delimiter && p.Delimiter != "" {
			add("delimiter", "", func(d *Dialect) { d.Delimiter = delimiter })
		}
	}
}

// inBlanks tells whether a record that is said to be separated by blanks holds
// the file's own delimiter after all.
func (p *Parser) inBlanks(b []byte, o other, cells []Cell) bool {
	for _, c := range cells {
		if o.parser.Delimiter == " " && p.Delimiter != " " && !c.Quoted && bytes.Contains(b[c.From:c.To], []byte(p.Delimiter)) {
			return true
		}
	}
	return false
}

// exactly reads b as one whole record of so many cells, none broken.
func (p *Parser) exactly(b []byte, columns int) ([]Cell, bool) {
	var rec Record
	next, st := p.record(b, 0, &rec)
	if st != Complete || next != len(b) || rec.End != "" || rec.Broken > 0 || len(rec.Cells) != columns {
		return nil, false
	}
	return rec.Cells, true
}

// everyCell tells whether all cells that hold something are quoted, two at least.
func everyCell(b []byte, cells []Cell, quote string) bool {
	n := 0
	for _, c := range cells {
		if !c.Quoted && !c.Empty() {
			return false
		}
		if c.Quoted {
			n++
		}
	}
	return n >= 2
}

// Requoted tells whether a record that is read well may be written in another
// quote throughout, 'a','b', and gives that reading.
func (p *Parser) Requoted(b []byte, columns int) (Mended, bool) {
	for _, o := range p.others(b, false) {
		if o.code != "quotation" {
			continue
		}
		if cells, ok := o.parser.exactly(b, columns); ok && everyCell(b, cells, o.every) {
			return Mended{o.code, 1, o.parser, cells}, true
		}
		if m, ok := o.parser.mendQuotes(b, columns); ok && everyCell(b, m.Cells, o.every) {
			return Mended{"quotation", 1, o.parser, m.Cells}, true
		}
	}
	return Mended{}, false
}

// way is the best way found to a place: its cost, and how many ways cost the same.
type way struct {
	cost, ways int
	from       int // the place where the last cell begins
	quoted     bool
}

// Costs of readings that the grammar does not have.
const (
	costLoneQuote = 1 // a quote inside a quoted cell that is not escaped
	costBlank     = 1 // blanks between a closing quote and the delimiter
	costOpening   = 2 // a quote that opens a cell and is never closed
)

// mendQuotes finds the one cheapest reading with just columns cells, in which a
// quote closes a cell only before a delimiter or the end.
func (p *Parser) mendQuotes(b []byte, columns int) (Mended, bool) {
	if len(p.Quote) != 1 || p.escapes() && bytes.Contains(b, []byte(p.Escape)) || p.Delimiter == "" {
		return Mended{}, false
	}
	var rec Record
	if next, st := p.record(b, 0, &rec); st == Complete && next == len(b) && rec.Broken == 0 {
		return Mended{}, false // every quote is where it should be: a cell is missing, or one too many
	}
	ends := p.places(b)
	if len(ends)*columns > searchLimit || len(ends) < columns {
		return Mended{}, false
	}
	starts := append([]int{0}, ends[:len(ends)-1]...) // starts[i]: the cell begins behind ends[i-1]
	for i := 1; i < len(starts); i++ {
		starts[i] += len(p.Delimiter)
	}
	best := make([][]way, columns+1) // best[k][i]: k cells read up to ends[i-1]
	for k := range best {
		best[k] = make([]way, len(ends)+1)
	}
	best[0][0] = way{ways: 1}
	runs := p.quoteRuns(b)
	for i := range ends {
		cells := p.cellsAt(b, runs, starts[i], ends[i:])
		for k := 0; k < columns && k <= i; k++ {
			if best[k][i].ways > 0 {
				for _, c := range cells {
					best[k+1][i+c.n+1].join(best[k][i], c, i)
				}
			}
		}
	}
	return p.unwind(b, best, starts, ends)
}

// join adds a way that goes on from w by the cell c, which begins at place i.
func (to *way) join(w way, c step, i int) {
	switch cost := w.cost + c.cost; {
	case to.ways == 0 || cost < to.cost:
		*to = way{cost, w.ways, i, c.quoted}
	case cost == to.cost:
		to.ways = min(2, to.ways+w.ways)
	}
}

// places gives where a cell may end: at each delimiter, and at the end.
func (p *Parser) places(b []byte) (ends []int) {
	for i := 0; ; {
		k := bytes.Index(b[i:], []byte(p.Delimiter))
		if k < 0 {
			return append(ends, len(b))
		}
		ends = append(ends, i+k)
		i += k + len(p.Delimiter)
	}
}

// step is one possible cell: it ends n places on.
type step struct {
	n, cost int
	quoted  bool
}

// runs knows the runs of quotes in a text.
type runs struct {
	length []int // of the run that ends before this byte; 0 if there is none
	cost   []int // of all runs that end up to this byte, if they stand inside a cell
}

// weight is what n quotes in a row inside a quoted cell cost.
func (p *Parser) weight(n int) int {
	if p.Escape == p.Quote {
		return costLoneQuote * (n % 2)
	}
	return costLoneQuote * n
}

func (p *Parser) quoteRuns(b []byte) runs {
	r := runs{make([]int, len(b)+1), make([]int, len(b)+1)}
	for i := range b {
		r.cost[i+1] = r.cost[i]
		if b[i] == p.Quote[0] {
			r.length[i+1] = r.length[i] + 1
			r.cost[i+1] += p.weight(r.length[i+1]) - p.weight(r.length[i])
		}
	}
	return r
}

// quotesAt counts the quotes in a row at b[i:].
func (p *Parser) quotesAt(b []byte, i int) (n int) {
	for i+n < len(b) && b[i+n] == p.Quote[0] {
		n++
	}
	return n
}

// cellsAt gives every cell that may begin at start.
func (p *Parser) cellsAt(b []byte, r runs, start int, ends []int) (out []step) {
	cell := b[start:ends[0]]
	lines := bytes.ContainsAny(cell, "\r\n")
	if len(cell) == 0 || cell[0] != p.Quote[0] {
		if !lines {
			out = append(out, step{0, 0, false})
		}
		return out
	}
	if bytes.Count(cell, []byte(p.Quote)) == 1 && !lines {
		out = append(out, step{0, costOpening, false})
	}
	opening := p.quotesAt(b, start)
	for n := range ends[:min(len(ends), maxReach)] {
		if n > 0 && p.Escape == p.Quote && p.quotesAt(b, ends[n-1]+len(p.Delimiter))%2 == 1 {
			break // a cell opens there; it is not swallowed
		}
		end, cost := ends[n], 0
		for end > start && (b[end-1] == ' ' || b[end-1] == '\t') {
			end, cost = end-1, costBlank
		}
		closing := r.length[end]
		switch {
		case closing == 0 || end-start < 2:
			continue
		case end-closing <= start: // one run opens and closes
			cost += p.weight(end - start - 2)
		default:
			cost += p.weight(opening-1) + p.weight(closing-1) + r.cost[end-closing] - r.cost[start+opening]
		}
		out = append(out, step{n, cost, true})
	}
	return out
}

// unwind follows the cheapest way back; false if there are several.
func (p *Parser) unwind(b []byte, best [][]way, starts, ends []int) (Mended, bool) {
	columns := len(best) - 1
	m := Mended{Code: "quote", Parser: p, Cells: make([]Cell, columns)}
	i := len(ends)
	if best[columns][i].ways != 1 {
		return Mended{}, false
	}
	for k := columns; k > 0; k-- {
		w := best[k][i]
		c := Cell{From: starts[w.from], To: ends[i-1], Quoted: w.quoted}
		if w.quoted {
			c.To = c.From + len(bytes.TrimRight(b[c.From:c.To], " \t")) - len(p.Quote)
			c.From += len(p.Quote)
			c.Escaped = p.Escape == p.Quote
		}
		if w.cost > best[k-1][w.from].cost {
			m.At = k
		}
		m.Cells[k-1] = c
		i = w.from
	}
	return m, m.At > 0
}
