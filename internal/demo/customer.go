package demo

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The company's time: its first and last day.
var (
	firstDay = time.Date(2009, time.January, 5, 0, 0, 0, 0, time.UTC)
	lastDay  = time.Date(2026, time.June, 30, 0, 0, 0, 0, time.UTC)
)

// days is how many days the company has existed, both of them included.
var days = int(lastDay.Sub(firstDay).Hours())/24 + 1

// day gives the nth day, from 0.
func day(n int) time.Time { return firstDay.AddDate(0, 0, n) }

// Customers are numbered in the order in which they became one.
const (
	firstCustomer = 10_001
	customerCount = 42_179 // all of the packed companies
)

// terms are the payment terms with their days, and how many customers in a
// hundred have them.
var terms = []struct {
	code         string
	days, weight int
}{{"NET30", 30, 60}, {"NET45", 45, 14}, {"NET60", 60, 20}, {"NET90", 90, 6}}

// cents is an amount of money in hundredths.
type cents int64

// String writes the amount with two decimals.
func (c cents) String() string { return fmt.Sprintf("%d.%02d", c/100, c%100) }

// customer is one row of the table customer; "" stands for NULL.
type customer struct {
	id                                               int64
	name, country, city, zip, vat, website, currency string
	terms                                            string
	limit                                            cents
	contact                                          string
	blocked                                          bool
	since, updated                                   string
}

// customers makes the customers of the packed companies, in a drawn order.
func customers() ([]customer, error) {
	s, err := unpack(packedCompanies, "name", "country", "city", "zipcode", "website", "currency")
	if err != nil {
		return nil, err
	}
	d := newDice(forCustomers)
	shuffle(d, s.rows)
	all := make([]customer, len(s.rows))
	for i, row := range s.rows {
		since := i * days / len(s.rows)
		updated := day(since + d.below(days-since)).Add(time.Duration(7*3600+d.below(11*3600)) * time.Second)
		all[i] = customer{
			id: firstCustomer + int64(i), name: s.cell(row, "name"), country: s.cell(row, "country"), city: s.cell(row, "city"),
			zip: s.cell(row, "zipcode"), website: s.cell(row, "website"), currency: s.cell(row, "currency"),
			vat: d.vat(s.cell(row, "country")), terms: d.terms(), limit: d.limit(), blocked: d.percent(2),
			since: day(since).Format(time.DateOnly), updated: updated.Format(time.DateTime),
		}
		all[i].contact = d.contact(all[i].id)
	}
	return all, nil
}

func (d dice) terms() string {
	n := d.below(100)
	for _, t := range terms {
		if n -= t.weight; n < 0 {
			return t.code
		}
	}
	panic("demo: the weights of the payment terms are not a hundred")
}

// limit draws a credit limit: most are small, a few are large, some customers pay
// in advance and have none.
func (d dice) limit() cents {
	euro := func(least, steps, step int) cents { return cents(least+step*d.below(steps)) * 100 }
	switch n := d.below(100); {
	case n < 3:
		return 0
	case n < 65:
		return euro(1_000, 39, 500)
	case n < 92:
		return euro(20_000, 33, 2_500)
	case n < 99:
		return euro(100_000, 21, 10_000)
	}
	return euro(300_000, 9, 25_000)
}

// vatForms says how tax numbers look, by country; # is a digit, all in one run. Other countries'
// customers have none on file.
var vatForms = map[string]string{
	"Australia": "AU###########", "Austria": "ATU########", "Belgium": "BE0#########", "Brazil": "BR############",
	"Canada": "CA#########", "Chile": "CL#########", "China": "CN############", "Cyprus": "CY########L",
	"Czech Republic": "CZ########", "Denmark": "DK########", "Estonia": "EE#########", "Finland": "FI########",
	"France": "FR###########", "Germany": "DE#########", "Greece": "EL#########", "Hong Kong": "HK########",
	"Hungary": "HU########", "India": "IN############", "Ireland": "IE#######WA", "Israel": "IL#########",
	"Italy": "IT###########", "Japan": "JP############", "Latvia": "LV###########", "Lithuania": "LT#########",
	"Luxembourg": "LU########", "Malta": "MT########", "Netherlands": "NL#########B01", "New Zealand": "NZ#########",
	"Norway": "NO#########MVA", "Poland": "PL##########", "Portugal": "PT#########", "Singapore": "SG#########",
	"South Africa": "ZA##########", "South Korea": "KR##########", "Spain": "ESB########", "Sweden": "SE##########01",
	"Switzerland": "CHE#########", "Taiwan": "TW########", "Turkey": "TR##########", "United Kingdom": "GB#########",
	"United States": "US#########",
}

// vat draws a tax number in the form of the country; one customer in twenty-five
// has not given theirs.
func (d dice) vat(country string) string {
	form := vatForms[country]
	if form == "" || d.percent(4) {
		return ""
	}
	before, after := strings.Index(form, "#"), strings.LastIndex(form, "#")+1
	return form[:before] + d.digits(after-before) + form[after:]
}

var (
	givenNames  = []string{"anna", "ben", "chen", "daan", "elif", "farah", "gita", "hugo", "ines", "jonas", "kaori", "lars", "mei", "nils", "olga", "paulo", "rosa", "sofia", "tom", "yusuf"}
	familyNames = []string{"adams", "bauer", "costa", "dubois", "evans", "fischer", "garcia", "haddad", "ito", "jansen", "kim", "lopez", "moreau", "novak", "okafor", "patel", "rossi", "silva", "tanaka", "weber"}
)

// contact draws an e-mail address that belongs to nobody (RFC 2606).
func (d dice) contact(id int64) string {
	if d.percent(7) {
		return ""
	}
	return pick(d, givenNames) + "." + pick(d, familyNames) + "@c" + strconv.FormatInt(id, 10) + ".example"
}
