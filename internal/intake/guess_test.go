package intake

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/errs"
	"sutor/internal/record"
)

var (
	textType = record.Type{Kind: record.Text, Native: "text"}
	intType  = record.Type{Kind: record.Int, Bits: 64, Native: "bigint"}
	decType  = record.Type{Kind: record.Decimal, Precision: 12, Scale: 2, Native: "numeric(12,2)"}
	dateType = record.Type{Kind: record.Date, Native: "date"}
)

func shop() []Target {
	return []Target{
		{Name: "id", Label: "Customer number", Key: true, Type: intType},
		{Name: "name", Type: textType},
		{Name: "payment_terms", Type: textType, OneOf: []string{"NET30", "NET45", "NET60"}},
		{Name: "credit_limit", Type: decType},
		{Name: "city", Type: textType},
		{Name: "since", Type: dateType},
		{Name: "changed_at", Type: dateType, ReadOnly: true},
	}
}

// fileColumn is one column of a file with what stands in it.
type fileColumn struct {
	name   string
	values []string
}

func texts(prefix string, n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("%s%d", prefix, i))
	}
	return out
}

// staged gives the header of a file, and its samples by way of a staging file.
func staged(t rapid.TB, file []fileColumn) (header []string, samples []Sample) {
	var staging strings.Builder
	w := record.NewWriter(&staging)
	longest := 0
	for _, c := range file {
		header, longest = append(header, c.name), max(longest, len(c.values))
	}
	for row := range longest {
		w.Number(int64(row + 2))
		w.Null()
		for _, c := range file {
			if row < len(c.values) {
				w.String(c.values[row])
			} else {
				w.Null()
			}
		}
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	samples, err := Samples(strings.NewReader(staging.String()), len(header))
	if err != nil {
		t.Fatal(err)
	}
	return header, samples
}

func present(values ...string) Present {
	p := Present{Values: map[string]bool{}, Whole: true, Rows: len(values)}
	for _, v := range values {
		p.Values[v] = true
	}
	return p
}

func TestGuess(t *testing.T) {
	t.Parallel()
	key := fileColumn{"id", []string{"1", "2", "3"}}
	cities := []string{"Arnhem", "Breda", "Delft", "Eindhoven", "Gouda", "Hoorn"}
	live := map[int]Present{0: present("1", "2", "3", "4"), 1: present("Ada", "Bob", "Cyd"), 4: present(cities...), 2: present("NET30", "NET45")}
	tests := []struct {
		name   string
		file   []fileColumn
		memory []Remembered
		want   []string // "column=target how"
		ask    []string // "column? candidate…"
	}{
		{"German words", []fileColumn{key, {"Zahlungsbedingung", []string{"NET30"}}, {"Ort", nil}, {"Kreditlimit", []string{"1.200,50"}}}, nil,
			[]string{"id=id name", "Zahlungsbedingung=payment_terms synonym", "Ort=city synonym", "Kreditlimit=credit_limit synonym"}, nil},
		{"French and Dutch, without accents too", []fileColumn{key, {"Nom", nil}, {"kredietlimiet", nil}, {"LOCALITE", nil}}, nil,
			[]string{"id=id name", "Nom=name synonym", "kredietlimiet=credit_limit synonym", "LOCALITE=city synonym"}, nil},
		{"a kind of it is asked about", []fileColumn{key, {"Raison Sociale", []string{"Zed"}}}, nil, []string{"id=id name"}, []string{"Raison Sociale? name"}},
		{"a kind of it, and its values", []fileColumn{key, {"Raison Sociale", []string{"Ada", "Bob", "Cyd"}}}, nil, []string{"id=id name", "Raison Sociale=name synonym"}, nil},
		{"a key by another word and its values", []fileColumn{{"Kd.-Nr.", []string{"1", "2", "3", "4"}}}, nil, []string{"Kd.-Nr.=id synonym"}, nil},
		{"a slip, but another word", []fileColumn{key, {"Fee", []string{"12"}}, {"file name", []string{"x"}}, {"district", nil}, {"Steet", nil}}, nil, []string{"id=id name"}, nil},
		{"a slip", []fileColumn{key, {"credt_limit", []string{"12"}}}, nil, []string{"id=id name", "credt_limit=credit_limit near name"}, nil},
		{"words, and values of another type", []fileColumn{key, {"Kreditlimit", []string{"high", "low"}}}, nil, []string{"id=id name"}, nil},
		{"words, and values that are not allowed", []fileColumn{key, {"Zahlungsziel", []string{"30 Tage"}}}, nil, []string{"id=id name"}, []string{"Zahlungsziel? payment_terms"}},
		{"what stands in it: live values", []fileColumn{key, {"X1", cities}}, nil, []string{"id=id name", "X1=city content"}, nil},
		{"what stands in it: allowed values", []fileColumn{key, {"X1", []string{"NET30", "NET60"}}}, nil, []string{"id=id name", "X1=payment_terms content"}, nil},
		{"two that could be it", []fileColumn{key, {"X1", cities}, {"X2", cities}}, nil, []string{"id=id name"}, []string{"X1? city", "X2? city"}},
		{"old and new", []fileColumn{key, {"old credit limit", []string{"1"}}, {"new credit limit", []string{"2"}}}, nil,
			[]string{"id=id name"}, []string{"old credit limit? credit_limit", "new credit limit? credit_limit"}},
		{"never written, never guessed", []fileColumn{key, {"Änderungsdatum", nil}}, nil, []string{"id=id name"}, nil},
		{"numbers stand anywhere", []fileColumn{key, {"X1", []string{"1", "2", "3", "4", "5"}}}, nil, []string{"id=id name"}, nil},
		{"remembered", []fileColumn{key, {"X1", nil}, {"x-2", nil}}, []Remembered{{"X1", "credit_limit", "1007", true}, {"X2", "", "1003", false}},
			[]string{"id=id name", "X1=credit_limit memory", "x-2= memory"}, nil},
		{"remembered, a key too", []fileColumn{{"Nr", []string{"9"}}}, []Remembered{{"Nr", "id", "1007", false}}, []string{"Nr=id memory"}, nil},
		{"remembered twice for one", []fileColumn{key, {"A1", nil}, {"B1", nil}}, []Remembered{{"A1", "city", "1007", true}, {"B1", "city", "1003", true}}, []string{"id=id name"}, nil},
		{"a name counts before what is remembered", []fileColumn{key, {"city", nil}}, []Remembered{{"city", "name", "1007", true}}, []string{"id=id name", "city=city name"}, nil},
		{"gone since", []fileColumn{key, {"X1", nil}}, []Remembered{{"X1", "old_column", "1007", true}}, []string{"id=id name"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header, samples := staged(t, tt.file)
			m, err := NewMatcher(header, shop(), nil, tt.memory)
			if err != nil {
				t.Fatal(err)
			}
			m.Guess(Evidence{Samples: samples, Live: live})
			got, err := m.Matching()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, said(header, shop(), got)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			var ask []string
			for _, q := range got.Questions {
				for _, c := range q.Candidates {
					ask = append(ask, header[q.File]+"? "+shop()[c.Target].Name)
				}
			}
			if d := cmp.Diff(tt.ask, ask); d != "" {
				t.Errorf("questions (-want +got):\n%s", d)
			}
		})
	}
}

// said puts a matching in words, in the header's order.
func said(header []string, targets []Target, m Matching) []string {
	words := map[int]string{}
	for _, c := range m.Columns {
		words[c.File] = header[c.File] + "=" + targets[c.Target].Name + " " + string(c.How)
	}
	for _, l := range m.LeftOut {
		words[l.File] = header[l.File] + "= " + string(l.How)
	}
	var out []string
	for f := range header {
		if words[f] != "" {
			out = append(out, words[f])
		}
	}
	return out
}

// A key that is not certain stops the plan, with the words that settle it.
func TestGuessAsksForTheKey(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file fileColumn
		live Present
	}{
		"another word, but its values are not there": {fileColumn{"Kundennummer 2", []string{"7", "8"}}, present("1", "2", "3")},
		"values that occur twice":                    {fileColumn{"Kundennr", []string{"1", "1", "2", "3"}}, present("1", "2", "3")},
		"only its values":                            {fileColumn{"Nummer", []string{"1", "2", "3", "4", "5"}}, present("1", "2", "3", "4", "5")},
	} {
		header, samples := staged(t, []fileColumn{tt.file, {"city", []string{"Breda"}}})
		targets := shop()
		targets[0].Also = []string{"Kundennummer"}
		m, err := NewMatcher(header, targets, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		m.Guess(Evidence{Samples: samples, Live: map[int]Present{0: tt.live}})
		_, err = m.Matching()
		e := errs.As(err)
		if e == nil || e.Kind != errs.Invalid || !strings.Contains(e.Mend, "--map '"+tt.file.name+"=id'") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMemorySettlesWhatFitsTwo(t *testing.T) {
	t.Parallel()
	targets := []Target{{Name: "a", Also: []string{"total"}}, {Name: "b", Also: []string{"total"}}}
	m, err := NewMatcher([]string{"total"}, targets, nil, []Remembered{{"Total", "b", "1007", true}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Matching()
	if err != nil || len(got.Columns) != 1 || got.Columns[0].Target != 1 || got.Columns[0].How != ByMemory || got.Columns[0].Why != "as in change 1007" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOneSlip(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"credit limit", "Credt_Limit"}, {"customer", "customers"}, {"payment terms", "paymnet terms"}, {"creditlimit", "credit_limmit"}, {"Straße", "strase"}} {
		if !oneSlip(pair[0], pair[1]) || !oneSlip(pair[1], pair[0]) {
			t.Errorf("%q and %q are one slip apart", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"line 1", "line 2"}, {"address1", "address2"}, {"minimum stock", "maximum stock"}, {"gender", "sender"}, {"from", "form"},
		{"address line a", "address line b"}, {"import", "export"}, {"name", "name"}, {"", "x"}, {"active", "inactive"}} {
		if oneSlip(pair[0], pair[1]) {
			t.Errorf("%q and %q are two things", pair[0], pair[1])
		}
	}
}

// Whatever stands in a file: no target has two columns, no key is taken on a weak
// guess, and the order of the targets decides nothing.
func TestPropertyGuess(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		file, memory := drawnFile(t), drawnMemory(t)
		header, samples := staged(t, file)
		live := map[int]Present{0: present("1", "2", "3"), 4: present("Breda", "Delft", "Gouda", "Hoorn", "Ede")}
		got, err := guess(header, shop(), memory, Evidence{samples, live})
		turned := shop()
		slices.Reverse(turned)
		again, errAgain := guess(header, turned, memory, Evidence{samples, map[int]Present{6: live[0], 2: live[4]}})
		if (err == nil) != (errAgain == nil) {
			t.Fatalf("%v, turned around %v", err, errAgain)
		}
		if err != nil {
			return
		}
		if d := cmp.Diff(said(header, shop(), got), said(header, turned, again)); d != "" {
			t.Fatalf("turned around:\n%s", d)
		}
		taken := map[int]bool{}
		for _, c := range got.Columns {
			if taken[c.Target] || c.Confidence < sure || shop()[c.Target].Key && c.Confidence < sureKey {
				t.Fatalf("%+v", got)
			}
			taken[c.Target] = true
		}
	})
}

// A column that resembles nothing changes nothing for the others.
func TestPropertyUnrelatedColumn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		file, memory := drawnFile(t), drawnMemory(t)
		header, samples := staged(t, file)
		live := map[int]Present{0: present("1", "2", "3"), 4: present("Breda", "Delft", "Gouda", "Hoorn", "Ede")}
		before, err := guess(header, shop(), memory, Evidence{samples, live})
		more := slices.Insert(slices.Clone(file), rapid.IntRange(0, len(file)).Draw(t, "at"), fileColumn{"Quux §7", []string{"~", "~~"}})
		header, samples = staged(t, more)
		after, errAfter := guess(header, shop(), memory, Evidence{samples, live})
		if (err == nil) != (errAfter == nil) {
			t.Fatalf("%v, with one more %v", err, errAfter)
		}
		if err != nil {
			return
		}
		if d := cmp.Diff(said(names(file), shop(), before), said(header, shop(), after)); d != "" {
			t.Fatalf("one more column changed:\n%s", d)
		}
	})
}

func names(file []fileColumn) (out []string) {
	for _, c := range file {
		out = append(out, c.name)
	}
	return out
}

func guess(header []string, targets []Target, memory []Remembered, e Evidence) (Matching, error) {
	m, err := NewMatcher(header, targets, nil, memory)
	if err != nil {
		return Matching{}, err
	}
	m.Guess(e)
	return m.Matching()
}

func drawnFile(t *rapid.T) (file []fileColumn) {
	all := []string{"id", "Kundennummer", "Kd-Nr", "city", "Ort", "ville", "X1", "X2", "credt limit", "new credit limit", "Zahlungsziel", "seit", "name", "nom"}
	values := [][]string{{"1", "2", "3"}, {"1", "1"}, {"Breda", "Delft", "Gouda", "Hoorn", "Ede"}, {"NET30", "NET45"}, {"12,50"}, nil, {"2026-01-31"}}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 6, rapid.ID).Draw(t, "header") {
		file = append(file, fileColumn{name, rapid.SampledFrom(values).Draw(t, name)})
	}
	return file
}

func drawnMemory(t *rapid.T) (memory []Remembered) {
	for range rapid.IntRange(0, 3).Draw(t, "memories") {
		memory = append(memory, Remembered{File: rapid.SampledFrom([]string{"X1", "x2", "Ort", "Kundennummer"}).Draw(t, "file"),
			Target: rapid.SampledFrom([]string{"", "id", "city", "since", "gone"}).Draw(t, "target"), Change: "1001", Own: rapid.Bool().Draw(t, "own")})
	}
	return memory
}

func TestThesaurus(t *testing.T) {
	t.Parallel()
	stands, concepts := map[string]string{}, map[string]bool{}
	var kinds []string
	lines := 0
	for line := range strings.Lines(synonymLines) {
		concept, broader, words := parseSynonyms(line)
		if concept == "" {
			continue
		}
		lines++
		concepts[concept] = true
		if broader != "" {
			kinds = append(kinds, broader)
		}
		if strings.Count(line, "|") != 5 || !slices.Contains(words, concept) {
			t.Errorf("%q: want the concept among its own English words, and five bars", line)
		}
		for _, w := range words {
			for _, k := range spellings(w) {
				if other := stands[k]; other != "" && other != concept || k == "" {
					t.Errorf("%q stands for %q and %q", w, other, concept)
				}
				stands[k] = concept
			}
		}
	}
	for _, k := range kinds {
		if !concepts[k] || thesaurus().broader[k] != "" {
			t.Errorf("%q is no concept that others can be a kind of", k)
		}
	}
	if lines < 50 {
		t.Errorf("%d concepts", lines)
	}
	for name, want := range map[string]string{"KUNDEN-NR": "customer number", "Währung": "currency", "waehrung": "currency", "e mail": "e-mail", "Nº de commande": "", "N° de commande": "order number",
		"POSTCODE": "post code", "Straße": "street", "STRASSE": "street", "Betalingsvoorwaarden": "payment terms", "": "", "§": ""} {
		got := conceptsOf([]string{name})
		if want == "" && len(got) > 0 || want != "" && !slices.Equal(got, []string{want}) {
			t.Errorf("%q stands for %q, want %q", name, got, want)
		}
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		of  record.Type
		yes []string
		no  []string
	}{
		{decType, []string{"12", "1.234,50", "1'234.50", "(500)", "12-", "€ 12", "12 EUR", "-3 %", "1 234"}, []string{"twelve", "2026-01-31", "A12", ""}},
		{dateType, []string{"2026-01-31", "31/12/25", "31. Dezember 2025", "Dec 31, 2025", "1.2.2026"}, []string{"12", "soon", "NET30"}},
		{record.Type{Kind: record.Bool}, []string{"ja", "Nein", "x", "TRUE"}, []string{"maybe", "2"}},
		{textType, []string{"anything", "12"}, nil},
	} {
		for _, v := range tt.yes {
			if !fits(tt.of, v) {
				t.Errorf("%q may be %s", v, tt.of.Article())
			}
		}
		for _, v := range tt.no {
			if fits(tt.of, v) {
				t.Errorf("%q is not %s", v, tt.of.Article())
			}
		}
	}
}

// Known words are told apart, however near their spelling is: these come from
// files of others, where they were once taken for each other.
func TestGuessNotFooled(t *testing.T) {
	t.Parallel()
	targets := []Target{{Name: "country", Type: textType}, {Name: "name", Type: textType, Also: []string{"Bezeichnung"}}, {Name: "vat", Type: textType}, {Name: "id", Type: textType},
		{Name: "zip", Label: "Postal code", Type: textType}, {Name: "list_price", Type: textType, Also: []string{"price"}}}
	got, err := Match([]string{"COUNTY", "Description", "cat", "GID", "Code", "file_name", "brand name", "Prize"}, targets, nil)
	if err != nil || len(got.Columns) > 0 {
		t.Errorf("%+v, %v", got.Columns, err)
	}
	for _, q := range got.Questions {
		if q.File != 7 { // a prize may be a price
			t.Errorf("a needless question: %+v", q)
		}
	}
}

// Of a long file little is looked at, and nothing of it is kept twice.
func TestSamplesAreBounded(t *testing.T) {
	t.Parallel()
	_, samples := staged(t, []fileColumn{{"a", texts("v", 3000)}, {"b", slices.Repeat([]string{" x ", "y", ""}, 1000)}})
	if n := len(samples[0].Values); n != sampleValues || samples[0].Repeats {
		t.Errorf("%d values, repeats %v", n, samples[0].Repeats)
	}
	if d := cmp.Diff(Sample{Values: []string{"x", "y"}, Repeats: true}, samples[1]); d != "" {
		t.Error(d)
	}
}
