// Package plan defines what a plan is: the frozen, content-addressed result of
// comparing a proposal with live data, every row's before and after. It holds
// the contract that every engine meets (the [Spec] that goes in, the [Outcome]
// that comes out, the [Manifest] that people approve) and the wording of the
// built-in checks, and makes plans row by row ([Reference]): what they mean, and those
// of small files. Package plan/duck makes all others by columns.
//
// # How a plan is made
//
//  1. The file's staging CSV (package intake) is read, all text.
//  2. Every cell becomes canonical text, or a finding, by the one grammar of its
//     column's type (package record); of a type that only the system knows, the
//     system is asked, once for each column (driver.Speller). A column that is not written so is read by
//     the one format that it is written in (package record/format), see below.
//  3. The keys go to the system with their row numbers; live rows come back with
//     the row number and are joined by it, so that the system decides which keys
//     are the same. A file may name its rows by another unique key ([Spec.By]).
//  4. Rows are compared over the judged set: key + the file's columns + every
//     column that a guardrail reads. A system that can ([Spec.Compares]) may do so
//     itself, and then only the rows that differ come back whole; the plan is the same.
//  5. Checks and row guardrails run over the whole set; invalid rows leave it.
//  6. What would be written is frozen as plan.parquet, its canonical rows are
//     digested, and the manifest binds all of it.
//
// # Which format a column has
//
// A column is read by one format. For a column of the file whose kind has formats
// it is, in this order:
//
//  1. The one that the person chose ([change.Options]).
//  2. Contenders are the formats whose grammar matches the most of its cells that
//     are not empty; of those that read every cell alike only the first, in the
//     order of [format.For]. Where that is not more than half of them, it is the
//     standard grammar instead, unless it is among them. It is a rival of theirs too, if it
//     matches any cell and reads one otherwise than they do. Where there are
//     rivals, live data is asked: of the cells that they read differently, and
//     whose row is known, more than half have the very live value by one of them,
//     and by no other: that is the format. (A file of ours, which has canonical
//     text, so stays one.) For a column of the key, known rows stand for live
//     values: one rival finds more than half of the keys that are read differently.
//  3. The only contender.
//  4. The one that was chosen for an earlier file ([Spec].Remembered), if it matches
//     as many of the cells as they do. It is told which change that was.
//  5. Nothing is guessed: the column's cells are invalid ([UnclearFinding]) and the
//     person chooses.
//
// Cells that the format does not match are findings. Defective rows have no say.
// The columns that rows are found by are judged first, in their order, the others of
// them read as far as it is known by then.
//
// # Files
//
// plan.parquet has one row per delta, all values canonical text: n (1, 2, … by
// op and key), op, line (the file's, NULL for a row that a sync deletes: inside the
// engines it has a number below zero), mask (one character a
// column after the key: 1 where the row writes it), why (reversals: why a row is
// kept or impossible), k0… (key), b0… and a0… (before and after of the judged
// columns after the key). Op is insert, update, delete, or kept and impossible
// in reversals.
//
// The canonical rows CSV is the same rows in the dialect of package record, with
// a header record: op, mask, key, before, after; ordered by op and then by the
// key columns' bytes. Line numbers are left out, so that the same deltas from a
// file in another order have the same digest. New rows whose key the system gives
// have NULL there, which comes last, and stand among themselves in the order of mask
// and after. Its SHA-256 is the manifest's `rows`, in every engine.
package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"time"

	"sutor/internal/change"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Op values of reversals, beside driver.Insert, Update and Delete: rows that
// are part of the plan to be seen, and are not written.
const (
	Kept       driver.Op = "kept"
	Impossible driver.Op = "impossible"
)

// Live is the system as a plan sees it; *system.System implements it together
// with a table.
type Live interface {
	driver.Fetcher
	driver.Speller
	Count(ctx context.Context, table record.Table) (int64, error)
	Select(ctx context.Context, table record.Table, where record.Filter, key, columns record.Schema, out io.Writer) (int64, error)
}

// Spec is all that a plan is computed from, besides the file and live data.
type Spec struct {
	Table    driver.Table
	Key      record.Schema
	Judged   record.Schema // after the key, in the table's order
	Match    record.Schema // see By; nil for Key
	Given    string        // the column of Key that the system gives new rows which have none; "" if none
	Sources  []Source      // the file's matched columns
	Columns  []string      // the file's header, all columns
	Options  change.Options
	Allow    map[driver.Op]bool
	Rules    map[string]ColumnRule // by column
	Row      []RowRule
	Location *time.Location
	Exact    bool // the system keeps decimals of any precision
	Compares bool // the system can compare rows itself; the plan is the same
	// Remembered has, by column, the formats chosen for earlier files. One counts only
	// where several contend and nothing in the file or in live data decides.
	Remembered map[string]Remembered
	// Only says which rows the maker sees and may change: those of which it holds for
	// certain; nil for all. Its columns are in the key or judged. A live row of which
	// it does not hold is taken for one that is not there, and none may become such a
	// one ([OutsideFinding]).
	Only *expr.Condition
	// Lines are the lines of the file that the plan is of; nil for all. How the columns
	// are written is found out from all of them.
	Lines Spans

	// Spread is, by column, how far numbers usually lie apart: from that on they jump
	// ([Facts]). It comes from changes before, not from the rows of this one: among
	// them a row more could make another no jump any more.
	Spread map[string]float64

	Within *Part // of a sync; nil otherwise
	Rule   *Rule // in place of a file, which is not read then; nil otherwise
}

// Remembered is a format that somebody chose before.
type Remembered struct {
	Format string    // its name, as given to --format
	Change change.ID // in which it was chosen
}

// Source says which column of the file (from 0) fills which column.
type Source struct {
	File   int    `json:"file"`
	Name   string `json:"name"` // as in the file's header
	Column string `json:"column"`
	How    string `json:"how"` // as in package intake: name, label, also, map…

	Confidence int    `json:"confidence,omitempty"` // of what is not certain, 1 to 99
	Why        string `json:"why,omitempty"`        // of the same, in words
	// Format is the name of the format that the column was read by, as it may be
	// given to --format; empty for the standard grammar. An engine fills it in.
	Format string `json:"format,omitempty"`
	// FormatFrom is the change in which Format was chosen, where only that decided
	// ([Spec].Remembered); Format is never empty then, but may be "standard".
	FormatFrom change.ID `json:"format_from,omitempty"`
}

// ColumnRule is a column's checks from the Compact; texts are canonical.
type ColumnRule struct {
	OneOf    []string
	Min, Max *Limit
	Pattern  *Limit // hit where the text does not match
	Required bool
	ReadOnly bool
}

// Limit is a smallest or largest value. A written value beyond it, or one that
// cannot be compared, is hit.
type Limit struct {
	Text   string         // as in the Compact
	Say    string         // what it asks for, in the Compact's words; "" for none
	Beyond expr.Condition // over the after side
}

// RowRule is a compiled guardrail over rows. A row is hit where Hit is true or
// unknown.
type RowRule struct {
	Hit expr.Condition
	// Finding words the hits: rows in all, and how many of them could not be judged.
	Finding func(rows, unknown int64) finding.Finding
}

// Outcome is a plan that stands: its manifest, and the files it names, in the
// folder of the run.
type Outcome struct {
	Manifest Manifest
	Findings []finding.Finding
	Facts    []Facts // one for each judged column, in their order
	Parquet  string  // path of plan.parquet
	Hits     string  // path of the lines behind Findings: line and number, in the order of lines; "" from an engine that keeps none
}

// Facts are what a plan does to one column: how many rows write it, how many of them
// are updates, and how many of those are jumps ([change.ColumnFacts]).
type Facts struct {
	Column                  string
	Written, Updated, Jumps int64
	Spread                  float64 // of the live rows met: for the changes that come after
}

// Manifest binds everything that a plan is made from and consists of. Its
// canonical JSON is an artefact; the SHA-256 of that is the plan's digest, which
// people approve. Fields are only ever added: where an older reader must not pass
// over them, with a new Version; else left out where they are empty.
type Manifest struct {
	Version   int            `json:"version"`
	Change    change.ID      `json:"change"`
	Dataset   string         `json:"dataset"`
	System    string         `json:"system"`
	Kind      string         `json:"kind"`
	Table     record.Table   `json:"table"`
	Compact   record.Digest  `json:"compact"`
	Input     record.Digest  `json:"input,omitempty"`
	Mends     record.Digest  `json:"mends,omitempty"` // the cells mended on top of Input
	Reverses  change.ID      `json:"reverses,omitempty"`
	Options   change.Options `json:"options"`
	Mapping   []Source       `json:"mapping,omitempty"`
	Key       []string       `json:"key"`
	Columns   record.Schema  `json:"columns"` // key first, then the judged columns
	Counts    change.Counts  `json:"counts"`
	TableRows int64          `json:"table_rows"`
	PlannedAt time.Time      `json:"planned_at"`
	File      record.Digest  `json:"file"`     // of plan.parquet's bytes
	Rows      record.Digest  `json:"rows"`     // of the canonical rows CSV
	Findings  record.Digest  `json:"findings"` // of the findings' canonical JSON

	// Content is the digest of the file's rows as read (ContentDigest); none for a
	// reversal, and in plans that were made before there was one.
	Content record.Digest `json:"content,omitempty"`
	// Given is the column of Key that some new rows have not: the system gives it to
	// them when they are written. "" where every row has its key.
	Given string `json:"given,omitempty"`
	// Lines is the artefact of the lines of Input that the plan is of ([Spans]); none
	// for all of them.
	Lines record.Digest `json:"lines,omitempty"`
}

// ManifestVersion is the version this code writes.
const ManifestVersion = 1

// Canonical gives the manifest's one JSON form.
func (m Manifest) Canonical() []byte { return CanonicalJSON(m) }

// Digest is the plan's digest.
func (m Manifest) Digest() record.Digest { return record.DigestOf(m.Canonical()) }

// KeySchema gives the key's columns.
func (m Manifest) KeySchema() record.Schema { return m.Columns[:len(m.Key)] }

// JudgedSchema gives the judged columns after the key.
func (m Manifest) JudgedSchema() record.Schema { return m.Columns[len(m.Key):] }

// ParseManifest reads a stored manifest; it refuses one of a newer version, or
// one that is not in canonical form.
func ParseManifest(b []byte) (Manifest, error) {
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return m, errNotManifest(err)
	}
	if m.Version != ManifestVersion || !bytes.Equal(m.Canonical(), b) || len(m.Columns) < len(m.Key) {
		return m, errNotManifest(nil)
	}
	return m, nil
}

// CanonicalJSON is Go's encoding with the struct's field order, sorted map keys,
// no HTML escapes and no white space.
func CanonicalJSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("plan: a manifest cannot be encoded: " + err.Error()) // only plain data goes in
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// RowsHeader gives the first record of the canonical rows CSV.
func RowsHeader(key, judged record.Schema) []string {
	h := []string{"op", "mask"}
	for _, c := range key {
		h = append(h, "key:"+c.Name)
	}
	for _, c := range judged {
		h = append(h, "before:"+c.Name)
	}
	for _, c := range judged {
		h = append(h, "after:"+c.Name)
	}
	return h
}
