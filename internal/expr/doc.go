// Package expr is the one meaning of a guardrail: a small typed, three-valued
// expression tree with a reference evaluator in Go and a printer to SQL. The
// two give the same answer for every row; a differential test holds them
// together.
//
// # Building
//
// Nodes are built by constructors ([Col], [Number], [Compare], [And]…) that
// check types and give a sentence with a mend where the parts do not fit. The
// parser of the guardrail language is package guard; this package knows no
// syntax, except that a [Node] prints itself in that language for messages.
// [NewCondition] closes a yes/no node into a [Condition], which can be judged
// in Go, printed as SQL, and asked what it reads and when it may be unknown.
//
// # Three values
//
// Every value is known or unknown. NULL is unknown, and so are the missing side
// of an insert or delete, a text that is not of its column's form, NaN, a
// division by zero and a result that does not fit. and, or and not are Kleene's:
// false and unknown is false, true or unknown is true. Any other operation on
// an unknown is unknown. Only the null test ([IsNull]) and tests of the
// operation and of the changed columns always know their answer. An unknown
// condition is a hit: that decision is the caller's, see [Truth.Hit].
//
// # Types
//
// Columns arrive as canonical text (package record) and are read strictly: the
// form is checked by one regular expression, the same string in Go and in SQL,
// before anything is converted, because a bare cast rounds, trims and guesses.
//
//   - Bool, Text (UUIDs too): as they are. Text compares by code point, which
//     is the order of UTF-8 bytes.
//   - Date, Timestamp, Instant: years 0001 to 9999, at most six digits of a second.
//     They never mix. Their canonical texts order as the times do.
//   - Float: real and double columns, IEEE doubles. NaN is unknown, the infinite
//     can be compared; a calculation whose result is not finite is unknown. A
//     number beside a float becomes a float. A real is read by its shortest
//     text, so that 0.1 in a real column equals the literal 0.1.
//   - Number: all other numbers, exact.
//
// # Exact numbers
//
// A Number is a fraction of two decimals, num and den, the latter absent where
// it is 1. Each decimal has a scale known when the rule is compiled and at most
// 38 digits, as DECIMAL(38, s) has. Division multiplies crosswise and keeps den
// positive, so nothing is rounded but where a rule says round, and comparison multiplies crosswise
// too. A constructor turns arithmetic on fractions into operations on
// decimals once; the evaluator and the printer then walk the same operations in
// the same order, and overflow (more than 38 digits) strikes both at the same
// place and makes the value unknown. A scale above 38 is refused when compiling.
// A decimal column without a scale is read with ten decimals; a value with more
// of them, or more than 28 digits before the point, is unknown.
//
// # What it does not do
//
// No rounding that the rule does not ask for, no dates computed, no now(): the same rule on the same row gives
// the same answer tomorrow.
package expr
