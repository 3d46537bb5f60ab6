package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// readingModel is how a file is read: its columns beside the dataset's.
type readingModel struct {
	id, title string
	dataset   string // of a change over several, the one whose file it is
	dialect   string
	file      string
	columns   []fileColumn
	may       bool // the person may correct it
	save      bool // the person may keep it as a recipe
	name      string
	asks      int // columns that wait for an answer
	trouble   *wire.Problem
	delimiter []choice
	encoding  []choice
	keys      []choice // what rows can be found by; none where there is only the key
}

// fileColumn is one column of the file, with what it may be.
type fileColumn struct {
	wire.FileColumn
	n       string // its place in the form
	samples []ui.Shown
	state   ui.Word
	why     string
	targets []choice
	ways    []wayChoice
}

// wayChoice is one way to read a column's cells, with what they would be.
type wayChoice struct {
	choice
	reads []reads
}

type reads struct{ text, value ui.Shown }

func (s *site) reading(w http.ResponseWriter, r *http.Request, p access.Principal) {
	s.showReading(w, r, p, nil)
}

func (s *site) showReading(w http.ResponseWriter, r *http.Request, p access.Principal, refused error) {
	id := r.PathValue("id")
	h := s.head(r, &p, "Columns")
	h.Crumbs = []ui.Link{{Text: "Changes", To: "/changes"}, {Text: "Change " + id, To: "/changes/" + id}}
	c, err := s.uc.Change(r.Context(), p, change.ID(id), 0)
	var read wire.Reading
	var d wire.Dataset
	of := ""
	if err == nil {
		c, of = memberOf(c, tabRows, r.URL.Query().Get("dataset"))
		read, err = s.uc.Reading(r.Context(), p, change.ID(id).On(of))
	}
	if err == nil {
		d, err = s.uc.Dataset(r.Context(), p, c.Dataset)
	}
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	m := readingOf(c, read, d)
	if m.dataset = of; of != "" {
		m.keys = nil // in a family rows are found by their datasets' own keys
	}
	status := http.StatusOK
	if refused != nil {
		trouble := s.trouble(r, refused)
		m.trouble, status, m.name = &trouble, trouble.Status, r.PostForm.Get("name")
	}
	s.render(w, r, status, readingView(h, m))
}

func readingOf(c wire.Change, read wire.Reading, d wire.Dataset) readingModel {
	m := readingModel{id: c.ID, title: ui.Plain(titleOf(c)), dialect: ui.Plain(read.Dialect), may: slices.Contains(c.May, string(change.ActReplan))}
	if m.dialect != "" {
		m.dialect = ", read as " + m.dialect
	}
	if c.Input != nil {
		m.file = ui.Plain(c.Input.Name)
	}
	m.save = c.Plan != nil && len(c.Plan.Mapping) > 0 && c.Reverses == nil && slices.Contains(d.May, "propose")
	for i, f := range read.Columns {
		col := fileColumnOf(f, d)
		col.n = strconv.Itoa(i)
		if col.state.Tone == "ask" {
			m.asks++
		}
		m.columns = append(m.columns, col)
	}
	chosen := c.Key
	if len(chosen) == 0 {
		chosen = d.Key
	}
	if m.keys = keysOf(d, chosen); len(m.keys) > 0 && len(c.Key) > 0 {
		m.keys[0].value = strings.Join(d.Key, keyJoint) // takes another one back
	}
	m.delimiter = []choice{{"", "As found", true}, {"auto", "Find out again", false}, {",", "Comma", false}, {";", "Semicolon", false}, {"\t", "Tab", false}, {"|", "Bar |", false}}
	m.encoding = []choice{{"", "As found", true}, {"auto", "Find out again", false}, {"utf-8", "UTF-8", false}, {"windows-1252", "Windows (Western Europe)", false}, {"iso-8859-15", "ISO 8859-15", false}, {"utf-16le", "UTF-16", false}}
	return m
}

func fileColumnOf(f wire.FileColumn, d wire.Dataset) fileColumn {
	out := fileColumn{FileColumn: f, why: ui.Plain(f.Why)}
	for _, s := range f.Samples {
		out.samples = append(out.samples, ui.Visible(s))
	}
	switch {
	case f.Column == "" && len(f.Candidates) > 0 && f.How == "":
		out.state = ui.Say("?", "say what it is", "ask")
	case f.Column == "":
		out.state = ui.Say("–", "left out", "quiet")
	case f.Confidence > 0 && f.Confidence < 100:
		out.state = ui.Say("~", "a guess, "+strconv.Itoa(f.Confidence)+" %", "warn")
	default:
		out.state = ui.Say("✓", "matched by "+f.How, "good")
	}
	out.targets = append(out.targets, choice{"", "Leave it out", f.Column == ""})
	likely := map[string]int{}
	for _, c := range f.Candidates {
		likely[c.Column] = c.Confidence
	}
	for _, c := range d.Columns {
		if !c.Writable && !slices.Contains(d.Key, c.Name) {
			continue
		}
		text := liveLabel(c.Name, c.Label)
		if n := likely[c.Name]; n > 0 {
			text += " (likely: " + strconv.Itoa(n) + " %)"
		}
		out.targets = append(out.targets, choice{c.Name, text, c.Name == f.Column})
	}
	for _, way := range f.Ways {
		wc := wayChoice{choice: choice{way.Format, way.Says, way.Format == f.Format || f.Format == "" && way.Format == "standard"}}
		for i, s := range f.Samples {
			if i < len(way.Reads) {
				wc.reads = append(wc.reads, reads{ui.Visible(s), ui.Visible(way.Reads[i])})
			}
		}
		out.ways = append(out.ways, wc)
	}
	return out
}

// reread plans the change again with its file read as the person said.
func (s *site) reread(w http.ResponseWriter, r *http.Request, p access.Principal) {
	err := readForm(w, r)
	id := change.ID(r.PathValue("id")).On(r.URL.Query().Get("dataset"))
	var read wire.Reading
	if err == nil {
		read, err = s.uc.Reading(r.Context(), p, id)
	}
	if err == nil {
		_, err = s.uc.Replan(r.Context(), p, id, workflow.Again{Choose: func(o *change.Options) error { return rereadBy(r.PostForm, read, o) }})
	}
	if err != nil {
		s.showReading(w, r, p, err)
		return
	}
	s.told(r, "It is planned again, with the columns as you said.")
	http.Redirect(w, r, "/changes/"+r.PathValue("id"), http.StatusSeeOther)
}

// rereadBy takes over what differs from how the file is read now. A form that was
// made for another file is refused.
func rereadBy(form map[string][]string, read wire.Reading, o *change.Options) error {
	get := func(name string) string { return strings.Join(form[name], "") }
	maps, formats := map[string]string{}, map[string]string{}
	for i, f := range read.Columns {
		n := strconv.Itoa(i)
		if _, there := form["f"+n]; !there || get("f"+n) != f.File {
			return errs.New(errs.Changed, "The file has other columns than this page showed.").WithMend("Look at them again.")
		}
		to := get("c" + n)
		if to != f.Column || to == "" && f.How == "" {
			maps[f.File] = to
		}
		if way := get("w" + n); way != "" && to == f.Column && way != f.Format {
			formats[to] = way
		}
	}
	if len(maps) > 0 {
		o.Map = joinedMaps(o.Map, maps)
	}
	if len(formats) > 0 {
		o.Formats = joinedMaps(o.Formats, formats)
	}
	if key := get("key"); key != "" {
		o.Key = strings.Split(key, keyJoint)
	}
	for to, name := range map[*string]string{&o.File.Delimiter: get("delimiter"), &o.File.Encoding: get("encoding")} {
		switch name {
		case "":
		case "auto":
			*to = ""
		default:
			*to = name
		}
	}
	return nil
}

func joinedMaps(old, more map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range old {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// pasteExample shows how pasted cells begin.
func pasteExample(d wire.Dataset) string {
	names := slices.Clone(d.Key)
	for _, c := range d.Columns {
		if len(names) < 3 && c.Writable && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, "\t")
}
