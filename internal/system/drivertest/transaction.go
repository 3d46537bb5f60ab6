package drivertest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

func txRollback(e *env) {
	d := e.customers()
	before := e.sys.Rows(e.T, d.Table, d.Columns)
	tx := e.begin()
	w := writeOf(driver.Delete, d)
	if o := e.step(tx, w, row{key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}}); o.err != nil || o.conflicts != nil {
		e.Fatalf("%+v", o)
	}
	w.Op = driver.Insert
	if o := e.step(tx, w, row{key: []*string{S("5")}, after: []*string{S("Eve"), nil}}); o.err != nil || o.conflicts != nil {
		e.Fatalf("%+v", o)
	}
	if err := tx.Rollback(e.ctx); err != nil {
		e.Fatalf("Rollback: %v", err)
	}
	e.holds(d, before)
}

func txSteps(e *env) {
	d := e.create(Table{
		Columns: []Column{{Name: "id", Type: int64Type}, {Name: "code", Type: textType}},
		Key:     []string{"id"},
		Uniques: []Unique{{Name: e.run.fresh("u").Name, Columns: []string{"code"}}},
	})
	e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{{S("1"), S("a")}, {S("2"), S("b")}})
	tx := e.begin()
	w := writeOf(driver.Delete, d)
	steps := []struct {
		op  driver.Op
		row row
	}{
		{driver.Delete, row{key: []*string{S("1")}, before: []*string{S("a")}}},
		{driver.Update, row{key: []*string{S("2")}, before: []*string{S("b")}, after: []*string{S("a")}}},
		{driver.Insert, row{key: []*string{S("3")}, after: []*string{S("b")}}},
	}
	for _, s := range steps {
		w.Op = s.op
		if o := e.step(tx, w, s.row); o.err != nil || o.conflicts != nil {
			e.Fatalf("%s: %+v", s.op, o)
		}
	}
	if err := tx.Commit(e.ctx); err != nil {
		e.Fatalf("Commit: %v", err)
	}
	if err := tx.Rollback(e.ctx); err != nil {
		e.Errorf("Rollback after Commit should do nothing: %v", err)
	}
	e.holds(d, [][]*string{{S("2"), S("a")}, {S("3"), S("b")}})
}

// txMarks: what was written before the mark stays, what a refusal or a way back
// took away is gone, and the transaction goes on.
func txMarks(e *env) {
	d := e.create(Table{
		Columns: []Column{{Name: "id", Type: int64Type}, {Name: "code", Type: textType}},
		Key:     []string{"id"},
		Uniques: []Unique{{Name: e.run.fresh("u").Name, Columns: []string{"code"}}},
	})
	e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{{S("1"), S("x9q")}})
	tx, w := e.begin(), writeOf(driver.Insert, d)
	insert := func(id, code string) outcome {
		return e.step(tx, w, row{key: []*string{S(id)}, after: []*string{S(code)}})
	}
	fine := func(what string, err error) {
		if err != nil {
			e.Fatalf("%s: %v", what, err)
		}
	}
	fine("Mark", tx.Mark(e.ctx))
	for range 2 {
		e.refused(insert("2", "x9q").err, "x9q")
		fine("Back after a refusal", tx.Back(e.ctx))
	}
	fine("Write after Back", insert("2", "b").err)
	fine("Mark again", tx.Mark(e.ctx))
	fine("Write after the mark", insert("3", "c").err)
	fine("Check", tx.Check(e.ctx))
	fine("Back", tx.Back(e.ctx))
	if o := insert("2", "x"); o.err != nil || len(o.conflicts) != 1 {
		e.Errorf("the row written before the mark is gone: %+v", o)
	}
	fine("Back after a conflict", tx.Back(e.ctx))
	fine("Write", insert("4", "c").err)
	fine("Commit", tx.Commit(e.ctx))
	e.holds(d, [][]*string{{S("1"), S("x9q")}, {S("2"), S("b")}, {S("4"), S("c")}})
}

func txStatus(e *env) {
	ask := func(id string, want driver.TxState) {
		e.Helper()
		if got, err := e.drv.TxStatus(e.ctx, id); err != nil || got != want {
			e.Errorf("TxStatus gives %q, %v; want %q", got, err, want)
		}
	}
	d := e.customers()
	step := func(tx driver.Tx, id string) {
		if o := e.step(tx, writeOf(driver.Insert, d), row{key: []*string{S(id)}, after: []*string{nil, nil}}); o.err != nil {
			e.Fatal(o.err)
		}
	}
	if !e.drv.Capabilities().TxStatus {
		tx := e.begin()
		step(tx, "50")
		if tx.ID() != "" { // a name that tells whether it is open, and no more
			ask(tx.ID(), driver.TxInProgress)
		}
		if err := tx.Commit(e.ctx); err != nil {
			e.Fatal(err)
		}
		ask(tx.ID(), driver.TxUnknown)
		ask("1", driver.TxUnknown)
		return
	}
	done, undone := e.begin(), e.begin()
	step(done, "50")
	step(undone, "51")
	ask(done.ID(), driver.TxInProgress)
	if err := done.Commit(e.ctx); err != nil {
		e.Fatal(err)
	}
	if err := undone.Rollback(e.ctx); err != nil {
		e.Fatal(err)
	}
	ask(done.ID(), driver.TxCommitted)
	ask(undone.ID(), driver.TxAborted)
}

// txEnded: a transaction whose client does nothing any more is ended from
// outside, and lets its rows go.
func txEnded(e *env) {
	idle := e.begin()
	named := idle.ID() != ""
	if err := idle.Rollback(e.ctx); err != nil {
		e.Fatal(err)
	}
	if !named {
		e.ends("1", false)
		return
	}
	ended := driver.TxUnknown
	if e.drv.Capabilities().TxStatus {
		ended = driver.TxAborted
	}
	d := e.customers()
	before := e.sys.Rows(e.T, d.Table, d.Columns)
	zombie, beside := e.begin(), e.begin()
	w := writeOf(driver.Update, d)
	change := row{key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}, after: []*string{S("Ada"), S("NET45")}}
	if o := e.step(zombie, w, change); o.err != nil || o.conflicts != nil {
		e.Fatalf("%+v", o)
	}
	for _, stranger := range []string{"", "abc", "1'; --", "18446744073709551615", "3"} {
		e.ends(stranger, false)
	}
	e.ends(zombie.ID(), true)
	if o := e.step(beside, w, change); o.err != nil || o.conflicts != nil { // waits until the row is free
		e.Errorf("the row is not as it was: %+v", o)
	}
	if got, err := e.drv.TxStatus(e.ctx, zombie.ID()); err != nil || got != ended {
		e.Errorf("the ended transaction is %s, %v", got, err)
	}
	if err := zombie.Commit(e.ctx); errs.KindOf(err) != errs.Unavailable {
		e.Errorf("the ended transaction says %v to a commit; want unavailable", err)
	}
	if err := errors.Join(zombie.Rollback(e.ctx), beside.Rollback(e.ctx)); err != nil {
		e.Error(err)
	}
	e.ends(zombie.ID(), false)
	e.ends(beside.ID(), false)
	e.holds(d, before)
}

func (e *env) ends(id string, want bool) {
	e.Helper()
	if got, err := e.drv.EndTx(e.ctx, id); err != nil || got != want {
		e.Errorf("EndTx(%q) gives %t, %v", id, got, err)
	}
}

func txBeside(e *env) {
	d := e.customers()
	w := writeOf(driver.Update, d)
	tx := e.begin()
	if o := e.step(tx, w, row{key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}, after: []*string{S("Ada"), S("NET45")}}); o.err != nil {
		e.Fatal(o.err)
	}
	e.setTerms(d, 2, "NET90") // after the transaction began: seen, and a conflict
	o := e.step(tx, w, row{key: []*string{S("2")}, before: []*string{S("Bob"), nil}, after: []*string{S("Bob"), S("NET45")}})
	if err := tx.Rollback(e.ctx); err != nil {
		e.Fatal(err)
	}
	e.conflicted(o, driver.Conflict{Number: 1})
}

func txLocked(e *env) {
	d := e.customers()
	release := e.sys.Lock(e.T, d.Table)
	defer release()
	start := time.Now()
	tx, err := e.drv.Begin(e.ctx, driver.Options{LockSeconds: 1})
	if err == nil {
		w := writeOf(driver.Update, d)
		change := row{key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}, after: []*string{S("Ada"), nil}}
		_, _, err = tx.Write(e.ctx, w, encode(w, []row{change}), new(bytes.Buffer))
		if rollback := tx.Rollback(e.ctx); rollback != nil {
			e.Errorf("Rollback: %v", rollback)
		}
	}
	e.kind(err, errs.Unavailable)
	if waited := time.Since(start); waited > 8*time.Second {
		e.Errorf("waited %s for the lock instead of one second", waited)
	}
}

func refuseUnique(e *env) {
	u := e.run.fresh("one_code").Name
	d := e.create(Table{
		Columns: []Column{{Name: "id", Type: int64Type}, {Name: "code", Type: textType}},
		Key:     []string{"id"},
		Uniques: []Unique{{Name: u, Columns: []string{"code"}}},
	})
	e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{{S("1"), S("secret-a")}, {S("2"), S("secret-b")}})
	w := writeOf(driver.Insert, d)
	r := e.refused(e.apply(w, row{key: []*string{S("3")}, after: []*string{S("secret-a")}}).err, "secret")
	if r.Constraint != u && r.Column != "code" {
		e.Errorf("refusal %+v should name the constraint %s or the column code", r, u)
	}
	w.Op = driver.Update
	r = e.refused(e.apply(w, row{key: []*string{S("2")}, before: []*string{S("secret-b")}, after: []*string{S("secret-a")}}).err, "secret")
	if r.Constraint != u && r.Column != "code" {
		e.Errorf("refusal %+v should name the constraint %s or the column code", r, u)
	}
	e.holds(d, [][]*string{{S("1"), S("secret-a")}, {S("2"), S("secret-b")}})
}

func refuseForeignKey(e *env) {
	parent := e.customers()
	child := e.create(Table{
		Columns:     []Column{{Name: "id", Type: int64Type}, {Name: "customer", Type: int64Type, Nullable: true}},
		Key:         []string{"id"},
		ForeignKeys: []driver.ForeignKey{{Columns: []string{"customer"}, RefTable: parent.Table, RefColumns: []string{"id"}}},
	})
	w := writeOf(driver.Insert, child)
	e.refused(e.apply(w, row{key: []*string{S("1")}, after: []*string{S("987654")}}).err, "987654")
	e.applied(w, row{key: []*string{S("1")}, after: []*string{S("2")}}, row{key: []*string{S("2")}})
	e.refused(e.apply(writeOf(driver.Delete, parent), row{key: []*string{S("2")}, before: []*string{S("Bob"), nil}}).err, "Bob")
}

func refuseNotNull(e *env) {
	d := e.create(Table{Columns: []Column{{Name: "id", Type: int64Type}, {Name: "must", Type: textType}}, Key: []string{"id"}})
	r := e.refused(e.apply(writeOf(driver.Insert, d), row{key: []*string{S("98765")}, after: []*string{nil}}).err, "98765")
	if r.Column != "must" {
		e.Errorf("refusal %+v should name the column must", r)
	}
}

func refuseMissing(e *env) {
	d := e.customers()
	w := writeOf(driver.Insert, d)
	w.Columns = append(w.Columns, record.Column{Name: "no such column", Type: textType, Nullable: true})
	o := e.apply(w, row{key: []*string{S("7")}, after: []*string{nil, nil, S("x")}})
	e.kind(o.err, errs.Invalid, errs.Changed)
	if o.err != nil && !strings.Contains(o.err.Error(), "no such column") {
		e.Errorf("%q should name the column", o.err)
	}
	w = writeOf(driver.Insert, d)
	w.Table.Name = "no such table"
	e.kind(e.apply(w, row{key: []*string{S("7")}}).err, errs.Invalid, errs.Changed)
}

func session(e *env) {
	if err := e.drv.Ping(e.ctx); err != nil {
		e.Errorf("Ping: %v", err)
	}
	other := e.sys.Open(e.T)
	if err := other.Close(); err != nil {
		e.Errorf("Close: %v", err)
	}
	if err := other.Ping(e.ctx); err == nil {
		e.Errorf("Ping after Close should fail")
	}
}

func cancelled(e *env) {
	d := e.customers()
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	if err := e.drv.Ping(ctx); err == nil {
		e.Errorf("Ping should fail when cancelled")
	}
	if _, err := e.drv.Export(ctx, d.Table, key(d), d.Columns, new(bytes.Buffer)); err == nil {
		e.Errorf("Export should fail when cancelled")
	}
	e.same("exported afterwards", d.Columns, e.export(d), e.sys.Rows(e.T, d.Table, d.Columns))
}
