package demo

import (
	"fmt"
	"strconv"
	"strings"
)

// product is one row of the table product; "" stands for NULL.
type product struct {
	number, name, category, color, size string
	cost                                string // canonical, four decimals
	price                               cents
	safetyStock, reorderPoint           int64
	discontinued                        bool
}

// groups are the product groups by the first letters of the product number.
var groups = map[string]string{
	"BK": "Bikes", "FR": "Frames", "FK": "Forks",
	"FW": "Wheels", "RW": "Wheels", "HB": "Handlebars", "PD": "Pedals", "SE": "Saddles", "CS": "Cranksets", "BB": "Bottom brackets",
	"SH": "Clothing", "SO": "Clothing", "SB": "Clothing", "SJ": "Clothing", "LJ": "Clothing", "CA": "Clothing", "GL": "Clothing", "TG": "Clothing", "VE": "Clothing",
	"HL": "Accessories", "LT": "Accessories", "PA": "Accessories", "PU": "Accessories", "RA": "Accessories", "ST": "Accessories",
	"TI": "Tyres", "TT": "Tyres",
}

// products makes the products of the packed list, in its order.
func products() ([]product, error) {
	s, err := unpack(packedProducts, "product_number", "name", "color", "safety_stock", "reorder_point", "standard_cost", "list_price", "size")
	if err != nil {
		return nil, err
	}
	d := newDice(forProducts)
	all := make([]product, len(s.rows))
	for i, row := range s.rows {
		p := product{number: s.cell(row, "product_number"), name: s.cell(row, "name"), color: s.cell(row, "color"),
			size: s.cell(row, "size"), discontinued: d.percent(6)}
		if p.cost, err = fourDecimals(s.cell(row, "standard_cost")); err == nil {
			p.price, err = rounded(s.cell(row, "list_price"))
		}
		if err == nil {
			p.safetyStock, err = strconv.ParseInt(s.cell(row, "safety_stock"), 10, 64)
		}
		if err == nil {
			p.reorderPoint, err = strconv.ParseInt(s.cell(row, "reorder_point"), 10, 64)
		}
		if err != nil {
			return nil, fmt.Errorf("demo.products(%s): %w", p.number, err)
		}
		p.category = category(p)
		all[i] = p
	}
	return all, nil
}

// category gives what has a price its group; what has none is made or bought to
// be built in.
func category(p product) string {
	if p.price == 0 {
		return "Components"
	}
	if g := groups[p.number[:2]]; g != "" {
		return g
	}
	return "Spare parts"
}

// fourDecimals brings a number as the list has it (.0000, 1912.1544) into the
// canonical form.
func fourDecimals(text string) (string, error) {
	whole, fraction, ok := strings.Cut(text, ".")
	if _, err := strconv.ParseUint("0"+whole+fraction, 10, 64); err != nil || !ok || len(fraction) != 4 {
		return "", fmt.Errorf("%q has no four decimals", text)
	}
	if whole == "" {
		whole = "0"
	}
	return whole + "." + fraction, nil
}

// rounded gives a price of four decimals in cents, halves up: a few wheels cost
// 60.745 in the list.
func rounded(text string) (cents, error) {
	canonical, err := fourDecimals(text)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.Replace(canonical, ".", "", 1), 10, 64)
	return cents((n + 50) / 100), err
}
