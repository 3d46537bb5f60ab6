package demo

import "time"

const (
	orderCount = 200_000
	firstOrder = 500_001
	orderDays  = 730 // the last two years
)

// order is one row of the table orders.
type order struct {
	id, customer int64
	date         string
	amount       cents
	status       string
}

// orders makes the orders one after the other, oldest first. A customer orders
// only after having become one; those of old order most.
func orders(each func(order) error) error {
	d := newDice(forOrders)
	before := days - orderDays
	date, today := "", -1
	for i := range orderCount {
		n := before + i*orderDays/orderCount
		if n != today {
			today, date = n, day(n).Format(time.DateOnly)
		}
		joined := min(customerCount, ((n+1)*customerCount+days-1)/days)
		err := each(order{
			id: firstOrder + int64(i), customer: firstCustomer + int64(d.low(joined)), date: date,
			amount: cents(1_500 + d.low(900_000)), status: d.status(days - 1 - n),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// status draws what has become of an order of that age in days.
func (d dice) status(age int) string {
	n := d.below(100)
	switch {
	case n < 3:
		return "cancelled"
	case age < 14 && n < 80, age < 45 && n < 12, age < 120 && n < 4:
		return "open"
	case age < 60 && n < 85, age < 120 && n < 20:
		return "shipped"
	}
	return "paid"
}
