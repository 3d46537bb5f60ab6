package demo

import (
	"bytes"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
)

// example is one of the files to try, and how it is made.
type example struct {
	name, dataset, what string
	make                func(*model) []byte
}

var examples = []example{
	{"clean.csv", "customers", "1,200 customers get NET45, and 12 new ones come in. The owner decides.", clean},
	{"mistakes.csv", "customers", "22 rows that are wrong, each in its own way, among good ones. Nothing gets through unseen.", mistakes},
	{"risky.csv", "customers", "6,000 credit limits, 250 of them doubled. A manager decides too.", risky},
	{"prices.csv", "products", "Three per cent on every list price. Another department, another owner.", prices},
}

// How many rows the examples have.
const (
	cleanUpdates = 1_200
	riskyRows    = 6_000
	riskyDoubled = 250
)

// draw picks n customers that are fit for something, in the order of their ids.
func draw(d dice, m *model, n int, fit func(*customer) bool) []customer {
	var at []int
	for i := range m.customers {
		if fit(&m.customers[i]) {
			at = append(at, i)
		}
	}
	shuffle(d, at)
	at = at[:n]
	slices.Sort(at)
	out := make([]customer, n)
	for i, k := range at {
		out[i] = m.customers[k]
	}
	return out
}

func (c customer) number() string { return strconv.FormatInt(c.id, 10) }

// table writes records as CSV.
func table(separator rune, crlf bool, records [][]string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = separator, crlf
	if err := w.WriteAll(records); err != nil {
		panic("demo: writing to memory failed: " + err.Error()) // only a wrong separator does that
	}
	return b.Bytes()
}

// newcomers are the new customers of the clean example.
var newcomers = [][]string{ // name, country, city
	{"Bakkerij De Gouden Korst B.V.", "Netherlands", "Utrecht"}, {"Nordlicht Optik GmbH", "Germany", "Kiel"},
	{"Fjellheim Sport AS", "Norway", "Bergen"}, {"Librairie du Vieux Port", "France", "Marseille"},
	{"Cantina Sant'Elena S.r.l.", "Italy", "Verona"}, {"Huerta & Hijos, S.L.", "Spain", "Murcia"},
	{"Brennan \"The Bike\" Ltd", "Ireland", "Cork"}, {"Smørrebrød & Co ApS", "Denmark", "Aarhus"},
	{"Żuraw Logistyka Sp. z o.o.", "Poland", "Gdańsk"}, {"Kovač Gradnja d.o.o.", "Austria", "Graz"},
	{"Östermalm Glas AB", "Sweden", "Stockholm"}, {"Ponte Nova Têxteis, Lda", "Portugal", "Porto"},
}

// clean is a file as Excel saves it in much of Europe: semicolons, CRLF, a byte
// order mark; the columns have the names that people know.
func clean(m *model) []byte {
	d := newDice(forClean)
	records := [][]string{{"Customer number", "Customer", "Country", "City", "VAT number", "Payment terms"}}
	for _, c := range draw(d, m, cleanUpdates, func(c *customer) bool { return !c.blocked && c.terms != "NET45" }) {
		records = append(records, []string{c.number(), c.name, c.country, c.city, c.vat, "NET45"})
	}
	next := firstCustomer + len(m.customers)
	for i, n := range newcomers {
		vat := d.vat(n[1])
		for vat == "" {
			vat = d.vat(n[1])
		}
		records = append(records, []string{strconv.Itoa(next + i), n[0], n[1], n[2], vat, "NET30"})
	}
	return append([]byte("\uFEFF"), table(';', true, records)...)
}

// risky raises credit limits; its columns have the German names that the Compact
// knows.
func risky(m *model) []byte {
	d := newDice(forRisky)
	records := [][]string{{"Kundennummer", "Kreditlimit"}}
	chosen := draw(d, m, riskyRows, func(c *customer) bool { return !c.blocked && c.limit > 0 && c.limit <= 250_000_00 })
	for i, c := range chosen {
		limit := c.limit + c.limit/10
		if i%(riskyRows/riskyDoubled) == 0 {
			limit = c.limit * 2
		}
		records = append(records, []string{c.number(), limit.String()})
	}
	return table(',', false, records)
}

// prices raises what has a price by three per cent, halves of a cent up.
func prices(m *model) []byte {
	records := [][]string{{"Product number", "Product", "List price"}}
	for _, p := range m.products {
		if p.price > 0 {
			records = append(records, []string{p.number, p.name, ((p.price*103 + 50) / 100).String()})
		}
	}
	return table(',', false, records)
}

// mistakeColumns is the header of the mistakes.
var mistakeColumns = []string{"id", "name", "vat", "currency", "payment_terms", "credit_limit", "customer_since"}

// slip is one mistake: a wrong text in a column.
type slip struct{ column, text string }

// slips are the mistakes that concern one cell.
var slips = []slip{
	{"credit_limit", "13,75"},
	{"credit_limit", "1e5"},
	{"credit_limit", "10.005"},
	{"credit_limit", "750000.00"},
	{"credit_limit", "-1"},
	{"payment_terms", "NET31"},
	{"payment_terms", "30 days"},
	{"payment_terms", "'; DROP TABLE customer; --"},
	{"currency", "EURO"},
	{"currency", "eur"},
	{"customer_since", "31.03.2026"},
	{"customer_since", "2026-02-30"},
	{"customer_since", "2026-03-31 14:30"},
	{"vat", "12345"},
	{"id", ""},
	{"id", "ten thousand"},
}

// mistakes is a file in which nearly everything went wrong that can. Between the
// wrong rows stand good ones, which give their customer NET60.
func mistakes(m *model) []byte {
	chosen := draw(newDice(forMistakes), m, 3*(len(slips)+6), func(c *customer) bool {
		return !c.blocked && c.terms != "NET60" && c.vat != "" && len(c.currency) == 3
	})
	next := 0
	cells := func() []string {
		c := chosen[next]
		next++
		return []string{c.number(), c.name, c.vat, c.currency, "NET60", c.limit.String(), c.since}
	}
	var b bytes.Buffer
	write := func(records ...[]string) { b.Write(table(',', false, records)) }
	write(mistakeColumns)
	for _, s := range slips {
		bad := cells()
		bad[slices.Index(mistakeColumns, s.column)] = s.text
		write(cells(), bad, cells())
	}
	twice := cells()
	again := slices.Clone(twice)
	again[4] = "NET90"
	write(twice, cells(), again) // two rows mean one customer, and differ
	write(append(cells(), "what is this?"), cells()[:4])
	b.WriteString(strings.Replace(string(table(',', false, [][]string{cells()})), ",NET60,", `,"NET"60,`, 1))
	stranger := cells() // a new customer, and the file does not say of which country
	stranger[0], stranger[1] = strconv.Itoa(firstCustomer+len(m.customers)+900), "Half a Customer Ltd"
	write(stranger, cells())
	return b.Bytes()
}
