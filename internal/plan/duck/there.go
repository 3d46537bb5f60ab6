package duck

import (
	"context"
	"fmt"
	"os"
	"slices"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Where the rows of a file are compared. Here, as a rule: the keys go up, and the live
// rows come back whole; those that are the same are known as they arrive (arriving.go).
// Or there, in the system, where that can compare (driver.Lookup, Unless): the file's
// values go up with the keys, and of a row that has them already only the key comes back,
// and what is needed of every row that is met ([run.still]). Rows that are not the same
// come back whole, and are compared as they always are: the plan is the same, whatever the
// place.

// Comparing says where rows are compared.
type Comparing int

// The places; the first is what is right for use.
const (
	WhereItPays Comparing = iota
	Here                  // once all are here
	Arriving              // as they arrive, wherever they can be
	There                 // wherever the system can; as they arrive where it cannot
)

// To compare there, each of the file's values is written, sent, and stored once more,
// which takes longer than to receive a value. So it pays where far more is spared than
// sent (docs/systems.md has what was measured); and where the file is large, since the
// lookup cannot begin before all of it is read.
const (
	thereFrom   = 1 << 20 // bytes of the file as it was read
	sparedASent = 4       // columns spared for each that is sent
)

// comparesThere decides where rows are compared, before the file is read. Where empty
// cells clear, NULL and the empty text count as the same, which systems do not know;
// the part of a sync is read whole anyway.
func (r *run) comparesThere() bool {
	sent := len(r.unless())
	if !r.spec.Compares || r.comparing == Here || r.comparing == Arriving || sent == 0 || r.spec.Options.ClearEmpty || r.spec.Within != nil {
		return false
	}
	if r.comparing == There {
		return true
	}
	file, err := os.Stat(r.staging)
	return err == nil && file.Size() >= thereFrom && len(r.spec.Judged)-len(r.still()) >= sparedASent*sent
}

// unless lists the columns that the system compares: those that the file may change.
func (r *run) unless() (columns record.Schema) {
	for _, i := range r.compared() {
		columns = append(columns, r.cols[i].Column)
	}
	return columns
}

// compared gives their places in cols.
func (r *run) compared() (places []int) {
	for i, c := range r.cols {
		if i >= r.nk && c.source >= 0 && r.spec.Match.Index(c.Name) < 0 {
			places = append(places, i)
		}
	}
	return places
}

// still lists the judged columns that come back of every row: what rows are found by,
// what says whether the maker sees them, and numbers, for how far they lie apart
// (facts.go).
func (r *run) still() (names []string) {
	var only []string
	if r.spec.Only != nil {
		for _, ref := range r.spec.Only.Refs() {
			only = append(only, ref.Name)
		}
	}
	for _, c := range r.spec.Judged {
		if numeric(c.Type) || r.spec.Match.Index(c.Name) >= 0 || slices.Contains(only, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// askThere begins to have the system compare. Where live values must tell how a column
// is written (formats.go), its cells are no values yet, and all is compared here.
func (r *run) askThere(ctx context.Context) (err error) {
	if r.there {
		r.there, err = r.settleFormats(ctx)
	}
	if err != nil || !r.there {
		return err
	}
	look, values := r.lookupLive(), r.asked()
	look.Unless, look.Still = r.unless(), append(r.spec.Key.Names(), r.still()...)
	for _, i := range r.compared() {
		values = append(values, fmt.Sprintf("v%d", i))
	}
	r.ahead, err = r.askLive(ctx, look, `SELECT line`+comma(values)+` FROM cells WHERE `+r.keyed(), values)
	return err
}

// seenThere makes the table shown of the rows of lines that did not come back whole,
// like live. They are asked for again, and are what the system has by then.
func (r *run) seenThere(ctx context.Context, lines string) error {
	which := `line IN (` + lines + `) AND line IN (SELECT n FROM live WHERE same)`
	query := `SELECT line` + comma(r.asked()) + ` FROM cells WHERE ` + which
	if err := r.lookup(ctx, r.live, "shown_raw", r.lookupLive(), query, r.asked(), r.liveFields()); err != nil {
		return err
	}
	seen := "true"
	if r.spec.Only != nil {
		seen = certainly(*r.spec.Only, r.spec.Key, r.spec.Judged, "k", "l")
	}
	return r.exec(ctx, `CREATE TABLE shown AS SELECT * FROM (SELECT n`+r.canonical()+` FROM shown_raw) WHERE `+seen)
}

// lookupLive asks for the key and judged columns of live rows.
func (r *run) lookupLive() driver.Lookup {
	return driver.Lookup{Table: r.spec.Table.Table, By: r.spec.By(), Columns: append(append(record.Schema{}, r.spec.Key...), r.spec.Judged...)}
}

// liveFields lists what comes back of a live row.
func (r *run) liveFields() []string {
	return append(names("k", r.nk), names("l", r.nj)...)
}

// received lists what comes back of one that was looked up.
func (r *run) received() []string {
	if r.there {
		return append([]string{"same"}, r.liveFields()...)
	}
	return r.liveFields()
}

// tellsSame tells whether live rows say of themselves that they are the same.
func (r *run) tellsSame() bool { return r.there || r.arriving != nil }

// notTheSame is the condition under which a row l of live, or none, is not known to be
// the same.
func (r *run) notTheSame() string {
	if !r.tellsSame() {
		return "true"
	}
	return "l.same IS DISTINCT FROM true"
}
