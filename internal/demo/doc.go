// Package demo makes the demo company, Example Trading: a database with real
// companies and products, the people of every role, a Compact with guardrails,
// and files to try. It makes them once; what people did with them afterwards is
// kept.
//
// # What is made
//
//	DIR/erp.db            the company's "ERP": SQLite, tables below
//	DIR/compact.yaml      the Compact (compact.yaml of this package)
//	DIR/examples/*.csv    files to propose, see [Example]
//
// [Prepare] makes what is absent of these and touches nothing else in DIR, where
// the server keeps its own data and the people's tokens too.
//
//	customer (42,179)     id, name, …, payment_terms → payment_term, credit_limit, blocked
//	product (504)         product_number, name, category, standard_cost, list_price, …
//	orders (200,000)      id, customer_id → customer, order_date, amount, status
//	payment_term (4)      code, days
//
// # Where the data comes from
//
// Names, places, websites, products and prices are real, with the mess that real
// data has; data/README.md names sources and licences. What a company keeps
// itself is drawn from a fixed seed ([dice]), with whole numbers only, so that
// every machine makes the same rows; a test holds their digest. Each table draws
// from a stream of its own: a change of one leaves the others alone. There is no
// clock in it, the company's last day is [lastDay].
//
// # All or nothing
//
// Everything is made in a folder beside its place, synced, and moved there file
// by file. A crash leaves such a folder behind, which the next start removes;
// it never leaves half a database. The database is built without a journal and
// without waiting for the disk, since nobody needs a half-built one.
//
// # Exceptions
//
// This package opens SQLite itself. Elsewhere only the connector and the store
// do; here a database is made, not governed, and no use case passes by.
//
// The passwords are not secret ([Password]): the demo is for a machine that
// nobody else can reach, and [Company.Welcome] says so.
package demo
