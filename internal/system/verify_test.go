package system_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"sutor/internal/connector/sqlite"
	"sutor/internal/errs"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	s := handle(t, sqlite.Open) // 1 Ada 0.1 · 2 NULL 2 · 3 '' NULL · 4 Zoë -1e300
	d := table(t, s)
	type V = system.Verdict
	tests := []struct {
		name string
		op   driver.Op
		row  string // mask, key, before (name, score), after (name, score)
		want V
	}{
		{"update to do", driver.Update, `"11","1","Ada","0.1","Eve","0.2"`, V{Before: 1}},
		{"update done", driver.Update, `"11","1","Eve","0.2","Ada","0.1"`, V{After: 1}},
		{"floats by value", driver.Update, `"01","4","Zoë","-1.00e300","Zoë","1.0"`, V{Before: 1}},
		{"floats by value, done", driver.Update, `"11","4","Zoe","1.0","Zoë","-10.0E299"`, V{After: 1}},
		{"only what it writes must be done", driver.Update, `"01","1","Eve","0.2","Eve","0.1"`, V{After: 1}},
		{"all must be as before", driver.Update, `"01","1","Eve","0.1","Eve","0.2"`, V{Neither: 1}},
		{"update of something else", driver.Update, `"11","1","Eve","0.2","Ivy","0.3"`, V{Neither: 1}},
		{"update of a row gone", driver.Update, `"11","9","Ada","0.1","Eve","0.2"`, V{Neither: 1}},
		{"NULL is not empty", driver.Update, `"10","2","","2.0","x","2.0"`, V{Neither: 1}},
		{"NULL before", driver.Update, `"10","2",,"2.0","","2.0"`, V{Before: 1}},
		{"empty after", driver.Update, `"11","3",,,"",`, V{After: 1}},
		{"insert to do", driver.Insert, `"11","9",,,"Eve","0.2"`, V{Before: 1}},
		{"insert done", driver.Insert, `"10","1",,,"Ada",`, V{After: 1}},
		{"insert of something else", driver.Insert, `"11","1",,,"Ada",`, V{Neither: 1}},
		{"delete to do", driver.Delete, `"00","1","Ada","0.1",,`, V{Before: 1}},
		{"delete done", driver.Delete, `"00","9","Ada","0.1",,`, V{After: 1}},
		{"delete of something else", driver.Delete, `"00","1","Eve","0.1",,`, V{Neither: 1}},
	}
	for _, test := range tests {
		w := driver.Write{Op: test.op, Table: d.Table, Key: d.Columns[:1], Columns: d.Columns[1:]}
		if got, err := s.Verify(ctx, w, strings.NewReader("5,"+test.row+"\n")); err != nil || got != test.want {
			t.Errorf("%s: got %+v, %v; want %+v", test.name, got, err, test.want)
		}
	}
	w := driver.Write{Op: driver.Update, Table: d.Table, Key: d.Columns[:1], Columns: d.Columns[1:]}
	three := "7,\"11\",\"1\",\"Ada\",\"0.1\",\"x\",\n8,\"11\",\"3\",\"x\",,\"\",\n900,\"11\",\"4\",\"x\",,\"y\",\n"
	if got, err := s.Verify(ctx, w, strings.NewReader(three)); err != nil || got != (V{1, 1, 1}) {
		t.Errorf("three rows: got %+v, %v", got, err)
	}
	if got, err := s.Verify(ctx, w, strings.NewReader("")); err != nil || got != (V{}) {
		t.Errorf("no rows: got %+v, %v", got, err)
	}
}

// A key that is not unique in the table tells nothing.
func TestVerifyByKeyTwiceThere(t *testing.T) {
	t.Parallel()
	s := handle(t, sqlite.Open)
	d := table(t, s)
	w := driver.Write{Op: driver.Insert, Table: d.Table, Key: d.Columns[:1], Columns: d.Columns[1:2]}
	tx, err := s.Begin(ctx, driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := tx.Write(ctx, w, strings.NewReader("1,\"1\",\"9\",,\"Ada\"\n"), io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	w = driver.Write{Op: driver.Update, Table: d.Table, Key: d.Columns[1:2], Columns: d.Columns[2:]}
	if got, err := s.Verify(ctx, w, strings.NewReader("1,\"1\",\"Ada\",\"0.1\",\"0.2\"\n")); err != nil || got != (system.Verdict{Neither: 1}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Broken streams, absent tables and an end asked for are told as what they are.
func TestVerifyFails(t *testing.T) {
	t.Parallel()
	s := handle(t, sqlite.Open)
	d := table(t, s)
	w := driver.Write{Op: driver.Update, Table: d.Table, Key: d.Columns[:1], Columns: d.Columns[1:2]}
	row := "1,\"1\",\"1\",\"Ada\",\"x\"\n"
	for _, rows := range []string{row + "2", row + "2,\"1\"\n", row + "x,\"1\",\"1\",\"Ada\",\"x\"\n", row + "1,\"111\",\"1\",\"Ada\",\"x\"\n"} {
		if got, err := s.Verify(ctx, w, strings.NewReader(rows)); err == nil || errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("of %q: got %+v, %v", rows, got, err)
		}
	}
	gone := w
	gone.Table.Name = "gone"
	if _, err := s.Verify(ctx, gone, strings.NewReader(strings.Repeat(row, 100_000))); errs.KindOf(err) != errs.Invalid {
		t.Errorf("of a table that is gone: got %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Verify(ended, w, strings.NewReader(row)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
