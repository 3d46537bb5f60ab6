// Package drivertest is the conformance suite that every connector passes. It
// says in small named tests what package driver says in prose.
//
// A connector's test is a few lines: it hands a [Harness] to [Run]. The harness
// makes [System]s, through which the suite creates tables and looks at them
// behind the driver's back: rows come and go there without the code under test,
// so that a driver that misreads what it miswrote is found out.
//
// Every test has tables of its own; tests run side by side. What a system
// cannot do is data: the types it has are listed in Harness.Types, the features
// it has not in Harness.Lacks, each with the reason; a test that needs one is
// not in the list for that system, and Run prints so.
//
// Rows in tests are [][]*string: canonical text, nil for NULL. Floats are made
// canonical before they are compared, as package driver allows them any text
// that reads back as the same value.
package drivertest

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Feature is something that not every system has.
type Feature string

// The features a harness may declare as lacking.
const (
	Schemas        Feature = "schemas of any name"
	AlwaysIdentity Feature = "identity columns that refuse given values"
	Concurrency    Feature = "writers side by side" // a second session may change other rows during an apply
	Versions       Feature = "commits beside a snapshot"
	Compares       Feature = "rows compared by the system"               // its Capabilities say so
	Given          Feature = "keys of new rows that are told beforehand" // its transactions are a driver.Drawer
)

// Harness is a connector under test.
type Harness struct {
	// New gives a system with an empty database, or a place in a shared one: all
	// tables of a run have different names. It cleans up through t.
	New func(t *testing.T) System
	// Types are those the system has, at least a 64-bit Int and an unlimited
	// Text. Native is ignored.
	Types []record.Type
	// Natives has, by Native, what there is to know of those of Types that are
	// record.Native; there Native is the system's own name.
	Natives map[string]Native
	// Folds has, by Native, those of Types in which the system takes texts for the same
	// in any case: not all values can be keys side by side.
	Folds map[string]bool
	// Lacks says what the system has not, and why.
	Lacks map[Feature]string
	// Only, where given, leaves out all tests but those that need it: for a system
	// that has it in one of its modes.
	Only Feature
}

// System is one database, seen by the driver under test and from outside it.
// Methods end the test through t where they fail.
type System interface {
	// Open opens the driver under test. The suite closes it.
	Open(t *testing.T) driver.Driver
	// Create creates a table, and its schema where that is missing, and gives its
	// full name.
	Create(t *testing.T, table Table) record.Table
	// Insert stores rows without the driver, natively: numbers as numbers.
	Insert(t *testing.T, table record.Table, columns record.Schema, rows [][]*string)
	// Rows reads columns of all rows without the driver, as canonical text, in
	// the order of the first column.
	Rows(t *testing.T, table record.Table, columns record.Schema) [][]*string
	// Exec runs a statement in another session than the driver's. The suite uses
	// plain SQL with every name in double quotes.
	Exec(t *testing.T, sql string)
	// Lock keeps all rows of the table locked against writing, in another
	// session, until release is called.
	Lock(t *testing.T, table record.Table) (release func())
}

// Table describes a table to be created.
type Table struct {
	Name        record.Table
	Columns     []Column
	Key         []string // the primary key
	Uniques     []Unique
	ForeignKeys []driver.ForeignKey
}

// Unique is a unique constraint.
type Unique struct {
	Name    string
	Columns []string
}

// Column describes a column to be created.
type Column struct {
	Name      string
	Type      record.Type
	Nullable  bool
	Default   *string // canonical text of a constant
	Generated string  // SQL over the table's columns; stored
	Identity  string  // "", "always" or "default"
}

// run is one run of the suite; it names tables.
type run struct {
	h    Harness
	last atomic.Int64
}

func (r *run) fresh(name string) record.Table {
	return record.Table{Name: fmt.Sprintf("%s_%d", name, r.last.Add(1))}
}

type testCase struct {
	name  string
	needs Feature
	test  func(*env)
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	r := &run{h: h}
	for _, c := range contents() {
		if h.Only != "" && c.needs != h.Only {
			continue
		}
		if why, lacks := h.Lacks[c.needs]; lacks {
			t.Logf("not for this system: %s (needs %s: %s)", c.name, c.needs, why)
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t, r)
			if _, lacks := h.Lacks[Compares]; lacks == e.drv.Capabilities().Compares {
				t.Fatalf("the suite and the driver disagree on whether the system compares")
			}
			c.test(e)
		})
	}
}

func contents() []testCase {
	return []testCase{
		{name: "describe/every type", test: describeTypes},
		{name: "describe/keys and constraints", test: describeConstraints},
		{name: "describe/defaults, generated, identity", test: describeFilled},
		{name: "describe/a missing table names the near one", test: describeMissing},
		{name: "describe/names are never folded", test: describeFolded},

		{name: "values/stored by others, read exactly", test: valuesRead},
		{name: "values/written, read, overwritten, deleted", test: valuesWritten},
		{name: "values/as keys", test: valuesAsKeys},
		{name: "values/spelled as the system writes them", test: valuesSpelled},
		{name: "values/NULL is not the empty text", test: valuesNull},

		{name: "names/tables and columns exactly", test: namesExact},
		{name: "names/schemas exactly", needs: Schemas, test: namesSchema},

		{name: "fetch/keys there and not there", test: fetchKeys},
		{name: "fetch/composite keys", test: fetchComposite},
		{name: "fetch/by other columns", test: fetchOther},
		{name: "fetch/nothing asked", test: fetchNothing},
		{name: "fetch/a stream cut off is an error", test: fetchCutOff},
		{name: "fetch/a missing table or column", test: fetchMissing},
		{name: "fetch/10,000 rows and a megabyte", test: fetchLarge},
		{name: "compare/every value, to the byte", needs: Compares, test: compareExactly},
		{name: "compare/only what is given", needs: Compares, test: compareColumns},
		{name: "compare/0 and -0", needs: Compares, test: compareZero},
		{name: "compare/as of a snapshot", needs: Compares, test: compareSnapshot},
		{name: "compare/a stream cut off, a missing column", needs: Compares, test: compareCutOff},
		{name: "export/key order, numbers from 1", test: exportOrder},
		{name: "export/pages", test: exportPages},
		{name: "export/views", test: exportViews},
		{name: "select/what a filter lets through", test: selectNarrows},
		{name: "select/in the order of the key", test: selectInOrder},
		{name: "select/a missing table or column", test: selectMissing},
		{name: "count", test: count},
		{name: "snapshot/is a fetch, and lets go", test: snapshotFetches},
		{name: "snapshot/reads agree whatever is committed between", needs: Versions, test: snapshotAgrees},
		{name: "snapshot/outlives a fetch that is cut off", needs: Versions, test: snapshotOutlives},

		{name: "update/only what the mask says", test: updateMask},
		{name: "update/another before is a conflict", test: updateConflict},
		{name: "update/a row gone is a conflict", test: updateGone},
		{name: "update/before compares NULL and ''", test: updateNullBefore},
		{name: "update/unique values trade places", test: updateSwap},
		{name: "update/who trades places is judged", test: updateSwapConflict},
		{name: "update/who is referred to is not emptied", test: updateSwapReferred},
		{name: "insert/defaults, generated, identity", test: insertFilled},
		{name: "insert/an existing key is a conflict", test: insertConflict},
		{name: "insert/identity given back", needs: AlwaysIdentity, test: insertIdentity},
		{name: "insert/only a key", test: insertOnlyKey},
		{name: "delete/where before is equal", test: deleteRows},
		{name: "delete/another before is a conflict", test: deleteConflict},

		{name: "draw/the keys that new rows get", needs: Given, test: drawKeys},
		{name: "draw/past what others and earlier ones got", needs: Given, test: drawOn},
		{name: "draw/a column that is not numbered", needs: Given, test: drawNone},

		{name: "transaction/all or nothing", test: txRollback},
		{name: "transaction/delete, update, insert in one", test: txSteps},
		{name: "transaction/back to a mark after a refusal", test: txMarks},
		{name: "transaction/fate can be asked", test: txStatus},
		{name: "transaction/ended from outside", test: txEnded},
		{name: "streams/every fault is told and leaves nothing", test: streamsBreak},
		{name: "transaction/others write beside it", needs: Concurrency, test: txBeside},
		{name: "transaction/a lock held is unavailable", test: txLocked},

		{name: "refusal/unique", test: refuseUnique},
		{name: "refusal/foreign key", test: refuseForeignKey},
		{name: "refusal/not null", test: refuseNotNull},
		{name: "refusal/a missing column", test: refuseMissing},

		{name: "session/ping, close", test: session},
		{name: "session/cancelled", test: cancelled},

		{name: "law/an update and its inverse give back the table", test: lawUpdate},
		{name: "law/no row stays behind that a filter lets through", test: lawSelect},
		{name: "law/what is the same is the same", needs: Compares, test: lawCompare},
		{name: "law/an insert and its inverse give back the table", test: lawInsert},
	}
}

// S gives a pointer to text; rows are made of them.
func S(text string) *string { return &text }

// quote quotes a name as the SQL standard does.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quoteTable gives a table's quoted name.
func quoteTable(t record.Table) string {
	if t.Schema == "" {
		return quote(t.Name)
	}
	return quote(t.Schema) + "." + quote(t.Name)
}
