package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/identity"
	"sutor/internal/notice"
	"sutor/internal/workflow"
)

// propose creates a change inside a transaction.
func propose(tx workflow.Tx) (*change.Change, error) {
	id, err := tx.NewID()
	if err != nil {
		return nil, err
	}
	c := draft("customers", change.Planning, maria)
	c.ID = id
	return c, tx.CreateChange(c)
}

func readsItsOwnWrites(t *testing.T, s Store) {
	do(t, s, func(tx workflow.Tx) error {
		c, err := propose(tx)
		if err != nil {
			return err
		}
		got, err := tx.Change(c.ID)
		if err == nil && got.Dataset != "customers" {
			t.Errorf("read %+v", got)
		}
		return err
	})
}

// everything writes something of every kind.
func everything(tx workflow.Tx) error {
	if _, err := propose(tx); err != nil {
		return err
	}
	if err := tx.PutInForce(digest("compact: A"), []byte("compact: A"), noon); err != nil {
		return err
	}
	if err := tx.AddToken(identity.Token{ID: "T1", Person: maria, Created: noon, Expires: noon}); err != nil {
		return err
	}
	if err := tx.AddNotice(&notice.Notice{To: maria, Kind: notice.Asked, At: noon}); err != nil {
		return err
	}
	_, err := evidence.Log{}.Append(tx.Log(), entry())
	return err
}

// nothing checks that the store holds nothing.
func nothing(t *testing.T, s Store) {
	t.Helper()
	view(t, s, func(tx workflow.Tx) error {
		changes, err := tx.Changes(workflow.Filter{})
		if err != nil || len(changes) != 0 {
			t.Errorf("%d changes, %v", len(changes), err)
		}
		if d, err := tx.InForce(); err != nil || d != "" {
			t.Errorf("in force %q, %v", d, err)
		}
		if all, err := tx.Notices(workflow.NoticeFilter{}); err != nil || len(all) != 0 {
			t.Errorf("%d notices, %v", len(all), err)
		}
		if n, err := tx.Log().Size(); err != nil || n != 0 {
			t.Errorf("%d leaves, %v", n, err)
		}
		return nil
	})
	if _, err := s.Token(t.Context(), "T1"); errs.KindOf(err) != errs.NotFound {
		t.Errorf("the token is there: %v", err)
	}
}

func errorRollsBack(t *testing.T, s Store) {
	failed := errors.New("no")
	err := s.Do(t.Context(), func(tx workflow.Tx) error {
		if err := everything(tx); err != nil {
			t.Error(err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("Do gave %v", err)
	}
	nothing(t, s)
	do(t, s, everything) // and the store is still usable
}

func panicRollsBack(t *testing.T, s Store) {
	func() {
		defer func() {
			if p := recover(); p != "no" {
				t.Errorf("recovered %v", p)
			}
		}()
		_ = s.Do(t.Context(), func(tx workflow.Tx) error {
			if err := everything(tx); err != nil {
				t.Error(err)
			}
			panic("no")
		})
	}()
	nothing(t, s)
	do(t, s, everything)
}

func cancelledChangesNothing(t *testing.T, s Store) {
	if err := s.Do(cancelled(t), everything); err == nil {
		t.Error("a cancelled Do succeeded")
	}
	nothing(t, s)
}

func viewCannotWrite(t *testing.T, s Store) {
	c := create(t, s, draft("customers", change.Planning, maria))
	for name, write := range map[string]func(workflow.Tx) error{
		"NewID":        func(tx workflow.Tx) error { _, err := tx.NewID(); return err },
		"CreateChange": func(tx workflow.Tx) error { return tx.CreateChange(&change.Change{ID: "x1"}) },
		"SaveChange":   func(tx workflow.Tx) error { return tx.SaveChange(c) },
		"PutInForce":   func(tx workflow.Tx) error { return tx.PutInForce(digest("a"), []byte("a"), noon) },
		"AddToken":     func(tx workflow.Tx) error { return tx.AddToken(identity.Token{ID: "T1"}) },
		"RevokeTokens": func(tx workflow.Tx) error { _, err := tx.RevokeTokens("T1", maria, noon); return err },
		"Append":       func(tx workflow.Tx) error { _, err := evidence.Log{}.Append(tx.Log(), entry()); return err },
		"Checkpoint":   func(tx workflow.Tx) error { return tx.Log().SaveCheckpoint(0, []byte("note")) },
	} {
		if err := s.View(t.Context(), write); err == nil {
			t.Errorf("%s inside View succeeded", name)
		}
	}
	if c.Version != 1 {
		t.Errorf("a failed save left version %d", c.Version)
	}
}

func viewIsOneSnapshot(t *testing.T, s Store) {
	c := create(t, s, draft("customers", change.Planning, maria))
	view(t, s, func(before workflow.Tx) error {
		if _, err := before.Change(c.ID); err != nil {
			return err
		}
		// The snapshot waits for nobody, and nobody for it.
		do(t, s, func(tx workflow.Tx) error {
			c.State = change.Planned
			return tx.SaveChange(c)
		})
		got, err := before.Change(c.ID)
		if err == nil && got.State != change.Planning {
			t.Errorf("the snapshot moved on to %s", got.State)
		}
		return err
	})
	if got := read(t, s, c.ID); got.State != change.Planned {
		t.Errorf("a later snapshot has %s", got.State)
	}
}

func twoAtOnceLoseNothing(t *testing.T, s Store) {
	const people, times = 4, 10
	counted := draft("customers", change.Planning, maria)
	counted.Result = &change.Result{}
	id := create(t, s, counted).ID
	var all sync.WaitGroup
	for range people {
		all.Go(func() {
			for done := 0; done < times; {
				err := s.Do(t.Context(), func(tx workflow.Tx) error {
					c, err := tx.Change(id)
					if err != nil {
						return err
					}
					c.Result.Applied++
					if _, err := (evidence.Log{}).Append(tx.Log(), entry()); err != nil {
						return err
					}
					return tx.SaveChange(c)
				})
				switch errs.KindOf(err) {
				case errs.Blocked, errs.Unavailable:
					continue // a store may let one of two lose, as long as it says so
				}
				if err != nil {
					t.Error(err)
					return
				}
				done++
			}
		})
	}
	all.Wait()
	if c := read(t, s, id); c.Result.Applied != people*times || c.Version != 1+people*times {
		t.Errorf("%d of %d counted, version %d", c.Result.Applied, people*times, c.Version)
	}
	view(t, s, func(tx workflow.Tx) error {
		n, err := tx.Log().Size()
		if n != people*times {
			t.Errorf("%d leaves", n)
		}
		return err
	})
}

// What is read inside Do stays as it is until its end, so nobody has to lose.
func onOneChangeEachWaits(t *testing.T, s Store) {
	const people, times = 4, 10
	counted := draft("customers", change.Planning, maria)
	counted.Result = &change.Result{}
	id := create(t, s, counted).ID
	var all sync.WaitGroup
	for range people {
		all.Go(func() {
			for range times {
				if err := s.Do(t.Context(), func(tx workflow.Tx) error {
					c, err := tx.Change(id)
					if err != nil {
						return err
					}
					c.Result.Applied++
					return tx.SaveChange(c)
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if c := read(t, s, id); c.Result.Applied != people*times || c.Version != 1+people*times {
		t.Errorf("%d of %d counted, version %d", c.Result.Applied, people*times, c.Version)
	}
}

// Units of work on different changes have nothing but the log in common.
func leavesFollow(t *testing.T, s Store) {
	const people, times = 4, 10
	var all sync.WaitGroup
	for range people {
		id := create(t, s, draft("customers", change.Planning, maria)).ID
		all.Go(func() {
			for range times {
				if err := s.Do(t.Context(), func(tx workflow.Tx) error {
					c, err := tx.Change(id)
					if err != nil {
						return err
					}
					if _, err := (evidence.Log{}).Append(tx.Log(), entry()); err != nil {
						return err
					}
					return tx.SaveChange(c)
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	view(t, s, func(tx workflow.Tx) error {
		report, err := evidence.Fsck(tx.Log(), nil)
		if err == nil && (!report.OK() || report.Leaves != people*times) {
			t.Errorf("fsck: %+v", report)
		}
		return err
	})
}

func watchTellsOfCommits(t *testing.T, s Store) {
	committed, stop := s.Watch("")
	told := func() bool {
		select {
		case <-committed:
			return true
		default:
			return false
		}
	}
	c := create(t, s, draft("customers", change.Planning, maria))
	do(t, s, func(tx workflow.Tx) error { return tx.SaveChange(c) })
	select {
	case <-committed:
	case <-time.After(10 * time.Second):
		t.Fatal("two commits, and nothing was told")
	}
	if told() {
		t.Error("told twice though nobody looked in between")
	}
	if err := s.Do(t.Context(), func(workflow.Tx) error { return errors.New("no") }); err == nil || told() {
		t.Errorf("told of a rollback; Do gave %v", err)
	}
	view(t, s, func(workflow.Tx) error { return nil })
	if told() {
		t.Error("told of a View")
	}
	stop()
	do(t, s, func(tx workflow.Tx) error { return tx.SaveChange(c) })
	if told() {
		t.Error("told after stop")
	}
	stop() // a second time does nothing
}

func watchOneChange(t *testing.T, s Store) {
	mine, other := create(t, s, draft("customers", change.Planning, maria)), create(t, s, draft("customers", change.Planning, maria))
	committed, stop := s.Watch(mine.ID)
	defer stop()
	do(t, s, func(tx workflow.Tx) error { return tx.SaveChange(other) })
	do(t, s, func(tx workflow.Tx) error { _, err := tx.NewID(); return err })
	select {
	case <-committed:
		t.Error("told of commits that did not save it")
	default:
	}
	do(t, s, func(tx workflow.Tx) error { return errors.Join(tx.SaveChange(other), tx.SaveChange(mine)) })
	select {
	case <-committed:
	default: // who commits tells before Do returns
		t.Error("not told of a commit that saved it")
	}
}
