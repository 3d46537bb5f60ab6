package demo

import (
	"math/bits"
	"math/rand/v2"
)

// seed makes the company; another seed would make another one.
const seed = 20260630

// stream is a sequence of draws that belongs to one table or file.
type stream uint64

const (
	forCustomers stream = iota + 1
	forProducts
	forOrders
	forClean
	forMistakes
	forRisky
)

// dice draws numbers that are the same on every machine and in every version of
// Go: PCG-DXSM is specified bit by bit, and what is made of its bits stands here.
type dice struct{ source *rand.PCG }

func newDice(s stream) dice { return dice{rand.NewPCG(seed, uint64(s))} }

// below draws from 0 to n-1. The bias, below n/2⁶⁴, is of no concern here.
func (d dice) below(n int) int {
	high, _ := bits.Mul64(d.source.Uint64(), uint64(n))
	return int(high)
}

// low draws from 0 to n-1, small numbers far more often: as few customers make
// most of the orders, and most orders are small.
func (d dice) low(n int) int { return d.below(1 + d.below(n)) }

// percent is true in p of a hundred draws.
func (d dice) percent(p int) bool { return d.below(100) < p }

// digits draws a number of n digits as text; the first is not 0.
func (d dice) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + d.below(10))
	}
	b[0] = byte('1' + d.below(9))
	return string(b)
}

// pick draws one of several.
func pick[T any](d dice, from []T) T { return from[d.below(len(from))] }

// shuffle puts a list in a drawn order.
func shuffle[T any](d dice, list []T) {
	for i := len(list) - 1; i > 0; i-- {
		j := d.below(i + 1)
		list[i], list[j] = list[j], list[i]
	}
}
