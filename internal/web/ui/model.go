package ui

import (
	"net/url"
	"unicode/utf8"
)

// Head is what every page has around its content.
type Head struct {
	Title   string // names the page, in the tab too
	Company string
	Theme   Theme
	Person  Person // zero where nobody is signed in
	Nav     []Link
	Crumbs  []Link // from the outermost; without the page itself
	Waits   int    // how much waits for the person; stands in the tab's title
	Again   string // where a page without scripts asks itself again; "" for one that stands
	Here    string // path and query of this page, to come back to
	Toast   *Toast
}

// Person is who is signed in.
type Person struct{ Name, Email, Roles string }

// Initials stand for the person where there is no room for the name.
func (p Person) Initials() string {
	out := ""
	word := true
	for _, r := range p.Name {
		if word && len(out) < 2 && r != ' ' {
			out += string(r)
		}
		word = r == ' '
	}
	return out
}

// Theme is which colours a person chose; "" for what their browser wishes.
type Theme string

const (
	Light Theme = "light"
	Dark  Theme = "dark"
)

// Link leads somewhere.
type Link struct {
	Text, To string
	Icon     string // of the navigation
	Count    int    // stands behind the text; 0 for none
	Here     bool   // it leads to where one is
	Keys     string // shortcut: "g h"
}

// Word is something with its sign: colour never stands alone.
type Word struct{ Sign, Text, Tone string }

// Say makes a Word.
func Say(sign, text, tone string) Word { return Word{sign, text, tone} }

// Toast tells once, at the next page, what was done.
type Toast struct{ Word }

// Fact is one line of a list of names and values.
type Fact struct{ Name, Value string }

// Pager leads through a list.
type Pager struct {
	From, To, Total string // "" where they are not known
	Of              string // what is counted: "rows"
	Prev, Next      string // "" where there is none
	Swap            string // id of the element that is swapped in place; "" for the whole page
}

// Progress is how far something is.
type Progress struct {
	Step     string
	Done, Of int64 // Of 0: nobody knows
	Says     string
}

// Field is one line of a form.
type Field struct {
	Name, Label, Value string
	Type               string // of the input; "" for text, "area" for several lines
	Hint, Fault        string
	Required           bool
	Max                int // characters; 0 for no limit
	Auto               string
	Focus              bool
	Draft              bool // what was typed survives a reload
}

// Kind is how a value is set.
type Kind string

const (
	Text    Kind = ""
	Number  Kind = "num"
	Nothing Kind = "null" // NULL and the empty text, told in words
)

// Value is a value of the data on the screen.
type Value struct {
	Shown
	Kind  Kind
	There bool
}

// Cell shows a value, or before → after where it changes.
type Cell struct {
	Before, After Value
	Changes       bool
}

// mostBrief is how many characters before and after stand in one line.
const mostBrief = 26

// brief tells whether both values fit one line.
func (c Cell) brief() bool {
	n := 0
	for _, v := range []Value{c.Before, c.After} {
		for _, p := range v.Shown {
			n += utf8.RuneCountInString(p.Text)
		}
	}
	return c.Changes && n <= mostBrief
}

// Column heads its cells; numbers stand at the right.
type Column struct {
	Name    string // as shown
	Numbers bool
}

// With gives an address with one parameter set anew; "" takes it out. Paging starts
// anew with it.
func With(path string, q url.Values, name, value string) string {
	out := url.Values{}
	for k, v := range q {
		if k != name && k != "page" && k != "before" && k != "offset" {
			out[k] = v
		}
	}
	if value != "" {
		out.Set(name, value)
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}
