package pollute

import "fmt"

// Table is what a reader should make of a file. NULL and empty text are the same
// here.
type Table struct {
	Header []string // nil where there is none
	Rows   [][]string
}

// Records gives header and rows as one list, as a converted file holds them.
func (t Table) Records() [][]string {
	if t.Header == nil {
		return t.Rows
	}
	return append([][]string{t.Header}, t.Rows...)
}

// The clean table has what makes real files hard: dates and times that no locale
// agrees on, amounts with a sign, texts with commas, apostrophes, quotes and a
// backslash, and a column in which nothing stands.
const sourceRows = 83

var (
	things = []string{"Desk Lamp", "Wall Shelf", "Garden Chair", "Bread Knife", "Tool Box", "Rain Jacket", "Travel Mug",
		"Door Mat", "Picture Frame", "Step Ladder", "Bike Lock", "Pillow", "Kettle", "Hand Saw", "Letter Tray", "Wool Blanket", "Floor Brush"}
	kinds = []string{"", ", Large", " 24\"", ", Set of 3", " (Oak)", ", Men's", "", " 5\" Wide", ", Short-Sleeve, Plaid"}
	makes = []string{"Made of oak that was dried for two years", "This one is our customers' favourite", "Light, quiet and easy to clean",
		"Built for people who don't like to wait", "Tested in a workshop in Utrecht", "Comes in a box, with a manual", "Not the cheapest, but the last you'll buy"}
	uses = []string{"it fits every kitchen, hall and office", "it bears up to 120 kg", "spare parts are kept for ten years", "it won't rust, bend or fade",
		"two people set it up in 15 minutes"}
	codes = []string{"BH", "CC", "GN", "MG", "RI", "YY", "ZN"}
)

// Source is the clean table that [Survey] and [Taxonomy] pollute.
func Source() Table {
	t := Table{Header: []string{"DATE", "TIME", "Qty", "ArticleNo", "Price", "ArticleName", "Description", "Link", "Remarks"}}
	for i := range sourceRows {
		code, number := codes[i*3%len(codes)], 1000+i*i*7+i*31
		price := fmt.Sprintf("$%d.%02d", 3+i*17%90, i*37%100)
		if i%19 == 4 {
			price = fmt.Sprintf("$%d.%d", 3+i*17%90, i%10) // an amount written with a digit less
		}
		t.Rows = append(t.Rows, []string{
			fmt.Sprintf("%02d/%02d/2018", 1+i*5%28, 1+i/28),
			fmt.Sprintf("%02d:%02d", i/4, i%4*15),
			fmt.Sprint(i * i % 7),
			fmt.Sprintf("%s-%04d", code, number%10000),
			price,
			things[i%len(things)] + kinds[i%len(kinds)],
			describe(i),
			fmt.Sprintf("https://www.example.com/article/%s_%04d.html", code, number%10000),
			"",
		})
	}
	return t
}

func describe(i int) string {
	s := makes[i%len(makes)] + ": " + uses[i%len(uses)] + "."
	switch {
	case i%16 == 11:
		s += ` The box measures 8\'9" by 4".`
	case i%5 == 2:
		s += " Some say \"never without it\", and so do we."
	case i%3 == 1:
		s += " From the workshop, the garden or the road, it has been there, and it shows that good work lasts."
	}
	return s
}

// quotedAlways are the columns that the clean file quotes whatever they hold.
var quotedAlways = map[int]bool{6: true, 7: true}
