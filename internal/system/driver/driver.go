// Package driver is the small interface that the author of a connector
// implements. Everything shared by all systems (counting, limits, redaction,
// the wording of errors) is in package system, the portable type around it.
//
// Rows travel as streams in the canonical CSV dialect of package record, every
// value as canonical text of its column's type (docs/values.md). A driver
// promises for every type it describes as supported:
//
//   - what it reads is canonical text (floats: any text that reads back as the
//     same value; the plan makes them canonical);
//   - of a Native type, that is what the system writes under settings that the
//     driver pins, and [Speller] gives the same for the same value;
//   - a value written and read again gives the same canonical text, unless the
//     system itself changes it (a trigger, a rounding type).
//
// A driver never puts anything into the system but the user's rows; temporary
// tables are allowed where the system keeps them to one session.
package driver

import (
	"context"
	"errors"
	"io"
	"slices"

	"sutor/internal/record"
)

// Capabilities say what a system can do. They are data: what cannot work is
// refused when the Compact is checked.
type Capabilities struct {
	Transactional bool `json:"transactional"`  // Begin gives all or nothing
	TxStatus      bool `json:"tx_status"`      // the fate of a transaction can be asked for later (TxStatus); without it, at most whether one is open
	ExactDecimals bool `json:"exact_decimals"` // decimals of any precision survive
	Compares      bool `json:"compares"`       // a Lookup may have Unless
	TellsAll      bool `json:"tells_all"`      // Write tells of every row, also of one that is stored as it says
}

// Table is what a system says of a table.
type Table struct {
	Table       record.Table  `json:"table"`
	Columns     record.Schema `json:"columns"` // in the table's order; kind Unsupported where Sutor cannot read the type
	PrimaryKey  []string      `json:"primary_key,omitempty"`
	Uniques     [][]string    `json:"uniques,omitempty"` // further unique constraints and full unique indexes over plain columns
	ForeignKeys []ForeignKey  `json:"foreign_keys,omitempty"`
	ReadOnly    string        `json:"read_only,omitempty"` // why it cannot be written, in a sentence; "" if it can

	// Deferrable lists those of PrimaryKey and Uniques that the system judges when a
	// whole step is written, not row by row: rows may pass values on to each other.
	Deferrable [][]string `json:"deferrable,omitempty"`
	// NullsEqual lists those of Uniques in which NULL is equal to NULL: a row that
	// is NULL there is in another's way.
	NullsEqual   [][]string  `json:"nulls_equal,omitempty"`
	ReferencedBy []Reference `json:"referenced_by,omitempty"`
	// HiddenReferences is why foreign keys may refer to the table that Sutor cannot see, and
	// what would show them, in sentences; "" if it sees all.
	HiddenReferences string `json:"hidden_references,omitempty"`
	// Given lists the columns of which the system gives every new row a value of its
	// own (an identity, a sequence, a UUID by default) that a [Drawer] can tell
	// beforehand. None of a system whose transactions are no Drawer.
	Given  []string `json:"given,omitempty"`
	Hidden string   `json:"hidden,omitempty"` // why it may have rows that Sutor cannot see, in a sentence; "" if it sees all
}

// Defers tells whether a unique constraint is judged over a whole step.
func (t Table) Defers(unique []string) bool { return among(t.Deferrable, unique) }

// StepsAside tells whether a row can step aside for another that takes its values of a
// unique constraint, by being NULL in one column of it for a while: where that may be, is
// equal to nothing, and nobody refers to the column, whose rows could lose the value too.
func (t Table) StepsAside(unique []string, by record.Column) bool {
	return by.Nullable && !among(t.NullsEqual, unique) && !t.Referred(by.Name)
}

// Referred tells whether a foreign key refers to a column, or to one that the system
// computes, which may be of it; or may do so, unseen.
func (t Table) Referred(column string) bool {
	return t.HiddenReferences != "" || slices.ContainsFunc(t.ReferencedBy, func(r Reference) bool {
		return slices.ContainsFunc(r.RefColumns, func(name string) bool {
			i := t.Columns.Index(name)
			return name == column || i >= 0 && t.Columns[i].Generated
		})
	})
}

func among(all [][]string, unique []string) bool {
	return slices.ContainsFunc(all, func(u []string) bool { return slices.Equal(u, unique) })
}

// ForeignKey refers from columns of this table to columns of another.
type ForeignKey struct {
	Name       string       `json:"name"`
	Columns    []string     `json:"columns"`
	RefTable   record.Table `json:"ref_table"`
	RefColumns []string     `json:"ref_columns"`
	Deferred   bool         `json:"deferred,omitempty"`  // judged at the commit; false where that cannot be told
	OnDelete   string       `json:"on_delete,omitempty"` // "cascade", "set null", "set default"; "" for refuse
	OnUpdate   string       `json:"on_update,omitempty"` // the same, where the values referred to change
}

// Reference is a foreign key of some table, or of this one, that refers to this
// table, seen from here.
type Reference struct {
	Table      record.Table  `json:"table"`       // that holds the key
	Columns    record.Schema `json:"columns"`     // its columns
	RefColumns []string      `json:"ref_columns"` // the columns of this table
	OnDelete   string        `json:"on_delete,omitempty"`
	OnUpdate   string        `json:"on_update,omitempty"`
}

// Lookup asks for live rows by values of some columns (the key, or the columns
// of a unique constraint, or those a foreign key refers to).
//
// With Unless the system compares, so that what is the same need not be sent: beside
// what a row is looked up by stands what it should hold, and of one that holds it only
// that is told. Only a system whose Capabilities say so can.
type Lookup struct {
	Table   record.Table
	By      record.Schema // the columns looked up by
	Columns record.Schema // the columns wanted
	Where   record.Filter // only rows that it lets through are wanted; others may come
	Unless  record.Schema // the columns compared
	Still   []string      // those of Columns that are wanted of a row that is the same, too
}

// Spares tells whether a column is left out of a row that is the same.
func (l Lookup) Spares(column string) bool {
	return len(l.Unless) > 0 && !slices.Contains(l.Still, column)
}

// View says which rows of a table are read, and in which order.
type View struct {
	Key    record.Schema // orders the rows, or those that By leaves equal
	By     record.Schema // orders them first, as the system orders, NULL last; empty or one column
	Desc   bool          // By descends; NULL still comes last
	Where  record.Filter
	Limit  int64 // rows
	Offset int64 // rows passed over before the first
}

// Op is what happens to one row.
type Op string

const (
	Insert Op = "insert"
	Update Op = "update"
	Delete Op = "delete"
)

// Write is one step of an apply: all rows of one operation on one table.
//
// Its rows come as records of
//
//	number, mask, key…, before…, after…
//
// number: the row's number within the plan (unquoted). mask: one character for
// each of Columns, "1" where this row writes it, else "0" (a column that an
// insert does not write gets the system's default). key: the values of Key (of
// the live row; for an insert of the new one, always written). before, after:
// the values of Columns; before is NULL throughout for an insert, after for a
// delete and where the row does not write the column. Rows come in key order.
type Write struct {
	Op      Op
	Table   record.Table
	Key     record.Schema
	Columns record.Schema // the judged columns, without the key
	// OverrideIdentity: values for identity columns are given and must be stored
	// (the reversal of a delete).
	OverrideIdentity bool
}

// Conflict names one row that is not what the plan says.
type Conflict struct {
	Number int64 // the row's number within the plan
	Gone   bool  // update, delete: the live row is absent; insert: never set
}

// Refusal is the system's own no (a constraint, a trigger, a right), in the
// words of package errs; Constraint and Column where the system names them.
type Refusal struct {
	Constraint string
	Column     string // of several, joined by ", "
	Message    string // in plain words, without SQL or values
	Cause      error
}

// Error gives the message.
func (r *Refusal) Error() string { return r.Message }

// Unwrap gives the system's own error.
func (r *Refusal) Unwrap() error { return r.Cause }

// ErrAgain is in the chain of an error after which the system has taken the whole
// transaction back because another was in its way (a deadlock, a serialization
// failure), at its commit too: nothing of it will ever be written, and the same
// may succeed at once.
var ErrAgain = errors.New("the transaction met another and was taken back")

// Options bound an apply.
type Options struct {
	LockSeconds      int // give up waiting for a lock after this; 0 for the default of 10
	StatementSeconds int // give up a statement after this; 0 for the default of 3600
}

// Driver is a connected system. It is safe for concurrent use.
//
// Errors: what cannot be reached is an *errs.Error of kind Unavailable; a table
// or column that is not there of kind Invalid when it is described, and of kind
// Changed afterwards; anything the system refuses by its own rules a *Refusal. None carries a password or SQL text in its public
// message.
type Driver interface {
	Capabilities() Capabilities
	// Ping tells whether the system answers.
	Ping(ctx context.Context) error
	// Describe reads a table's structure.
	Describe(ctx context.Context, table record.Table) (Table, error)
	// Count gives the table's number of rows, as exact as is cheap.
	Count(ctx context.Context, table record.Table) (int64, error)
	Fetcher
	Speller
	// Export writes a record "number, columns…" for every row of the table in
	// key order, numbers from 1.
	Export(ctx context.Context, table record.Table, key, columns record.Schema, out io.Writer) (int64, error)
	// Select writes a record "number, columns…" for the rows that where lets
	// through, numbers from 1, in key order; in no order where key is empty. It may write more rows, never fewer: where
	// saves the way, and whoever asks judges again what comes.
	Select(ctx context.Context, table record.Table, where record.Filter, key, columns record.Schema, out io.Writer) (int64, error)
	// Page writes a record "number, columns…" for the rows of a view, in its order;
	// a number is the row's place in the view, from 1.
	Page(ctx context.Context, table record.Table, v View, columns record.Schema, out io.Writer) (int64, error)
	// Snapshot opens a view of all tables as they are committed at this moment.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Begin opens the transaction of an apply.
	Begin(ctx context.Context, o Options) (Tx, error)
	// TxStatus tells what became of a transaction named by Tx.ID; TxUnknown of one that
	// has ended, where the Capabilities have no TxStatus.
	TxStatus(ctx context.Context, id string) (TxState, error)
	// EndTx ends a transaction named by Tx.ID that is still in progress though its
	// client is gone or was taken for dead. It tells whether it did; TxStatus says
	// what became of it, some time after. False without an error: there is no such
	// transaction in progress, or none that the account may see.
	EndTx(ctx context.Context, id string) (bool, error)
	Close() error
}

// Snapshot is the system at one moment: numbers that are shown side by side come
// from one, so that they fit together whatever others commit in between. It writes
// nothing but temporary tables, and keeps others from writing only where the system
// has no older versions of rows. It serves one caller at a time.
type Snapshot interface {
	// Where a Fetch ends early, by its context or a fault of its own, the snapshot
	// stays as it was, for the next.
	Fetcher
	Close() error
}

// Fetcher reads live rows by values of theirs.
type Fetcher interface {
	// Fetch reads records "number, by…" from in and writes a record
	// "number, columns…" to out for every live row whose By columns equal the
	// given values by the system's own equality (collations, char(n)). It reads all
	// of in before it writes the first. No order; a number may come back several times where By is not unique, and NULL
	// matches nothing. It gives the numbers of records read and written.
	//
	// With Unless the records are "number, by…, unless…" and "number, same, columns…".
	// same is 1 where the canonical texts of the live row are the given ones, byte by
	// byte, in each column of Unless for which one is given (NULL is none); NULL then
	// stands for the columns that the lookup spares. Else it is 0, and the row whole. 0
	// is never wrong, 1 may never be: who asks compares again what comes whole.
	Fetch(ctx context.Context, l Lookup, in io.Reader, out io.Writer) (sent, found int64, err error)
}

// Speller asks the system how it writes values of a type that only it knows
// (record.Native).
type Speller interface {
	// Spell reads records "number, text" from in and writes a record "number,
	// canonical, problem" to out for each, in no order: what the system writes for the
	// value that it takes the text for, or, with canonical NULL, why it is none
	// (a record.Problem). Nothing is cut off, rounded or guessed: a text that the
	// column would keep only in part is TooExact, and one that means another value
	// tomorrow, or under other settings, NotOfType. It gives the number of records.
	Spell(ctx context.Context, table record.Table, column record.Column, in io.Reader, out io.Writer) (int64, error)
}

// Tx is the one transaction of an apply. Exactly one of Commit and Rollback is
// called at its end; Rollback after Commit does nothing.
type Tx interface {
	// ID names the transaction for TxStatus; "" where the system has no name.
	ID() string
	// Write writes the rows of one step where, and only where, the live row
	// equals before over all of Columns (for an insert: where no row has the
	// key), judged inside the locking write itself. A delete names the live row's own key,
	// which is judged like before: one that a collation takes for the same is another. For every row that the system
	// stored otherwise than the row says, it writes a record "number, key…, columns…"
	// to stored: the values that the system really stored (RETURNING). A row says its
	// key, after in the columns that it writes, before in the others (NULL, of an
	// insert); one that is stored just so, and any of a delete, may be told of too. If
	// any row conflicts, it gives the conflicts (at most 10,000) and the caller must
	// roll back.
	//
	// Rows of an update may pass the values of a unique constraint on to each other
	// (A gets B's and B gets A's) where the constraint is Deferrable, and where each
	// row that gives a value up writes a column by which it steps aside (StepsAside).
	Write(ctx context.Context, w Write, rows io.Reader, stored io.Writer) (written int64, conflicts []Conflict, err error)
	// Check judges now what the system would otherwise judge at the commit: deferred
	// constraints, and triggers that wait for it. What it refuses, a commit would.
	Check(ctx context.Context) error
	// Mark remembers what has been written so far, in place of what it remembered
	// before. Back returns to that, any number of times, and after a refusal by Write
	// or Check too; an error of Back means that nothing more can be written.
	Mark(ctx context.Context) error
	Back(ctx context.Context) error
	Commit(ctx context.Context) error
	Rollback(ctx context.Context) error
}

// Drawer is a [Tx] that can tell the keys of new rows before it writes them. So they
// are noted before the commit: whoever takes an apply over finds the rows by them,
// and an undo deletes exactly these. It is optional; without it no [Table] has Given.
type Drawer interface {
	// Draw writes records "number, value", numbers from 1 to n, with the values that
	// the system would give the column of n new rows: it gives none of them again by
	// itself, not in this transaction and not in another, as long as this one is
	// open or committed. The rows are then written with them, and OverrideIdentity.
	Draw(ctx context.Context, table record.Table, column string, n int64, out io.Writer) error
}

// TxState is the fate of a transaction.
type TxState string

const (
	TxUnknown    TxState = "unknown" // the system cannot tell
	TxCommitted  TxState = "committed"
	TxAborted    TxState = "aborted"
	TxInProgress TxState = "in progress"
)

// Need is what is done with a table: it is read, and changed in these ways.
type Need struct {
	Table                  record.Table
	Insert, Update, Delete bool
	Uses                   []string // what else the account has to use for it ([Demander]), in the system's own words
}

// Changes tells whether anything is written.
func (n Need) Changes() bool { return n.Insert || n.Update || n.Delete }

// Left is what the new rows of a table leave to the system; nothing where it is zero.
type Left struct {
	Defaults bool     // columns outside of the key, to their defaults
	Key      []string // columns in which every new row has a value
	Drawn    string   // the one of these whose values are drawn ([Drawer]); "" for none
}

// Demander is a [Driver] whose account needs more rights than those on its tables, which
// only the live tables tell: on sequences of defaults, or on what types are made with. It
// is optional.
type Demander interface {
	// Demands gives what else has to be used, for [Need], where a table is read and
	// changed, and its new rows leave so much to the system. It takes no right on the
	// table.
	Demands(ctx context.Context, table record.Table, left Left) ([]string, error)
}

// Rights gives the least rights that a system's account needs, each as a statement of
// the system's own by which its administrator gives it, or where it has none as a
// sentence. It connects to nothing: rights are asked for before there is a connection. What
// only the live tables tell stands in Uses.
// dsn is the resolved connection string, of which no secret may be told.
type Rights func(dsn string, needs []Need) []string

// Open connects to a system. dsn is the resolved connection string: it holds
// the secret and must not appear in any error.
type Open func(ctx context.Context, dsn string) (Driver, error)
