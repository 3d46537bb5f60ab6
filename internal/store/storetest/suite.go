package storetest

import (
	"context"
	"testing"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/evidence"
	"sutor/internal/evidence/logtest"
	"sutor/internal/identity"
	"sutor/internal/record"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// Store is what the suite tests.
type Store interface {
	workflow.Store
	identity.Tokens
	identity.Accounts
	store.SessionRows
	Sessions(now func() time.Time) *store.Sessions
}

// Run runs the whole suite; open gives a fresh store and closes it when its test
// ends (t.Cleanup).
func Run(t *testing.T, open func(*testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Store)
	}{
		{"transaction/ReadsItsOwnWrites", readsItsOwnWrites},
		{"transaction/ErrorRollsBack", errorRollsBack},
		{"transaction/PanicRollsBack", panicRollsBack},
		{"transaction/CancelledChangesNothing", cancelledChangesNothing},
		{"transaction/ViewCannotWrite", viewCannotWrite},
		{"transaction/ViewIsOneSnapshot", viewIsOneSnapshot},
		{"transaction/TwoAtOnceLoseNothing", twoAtOnceLoseNothing},
		{"transaction/OnOneChangeEachWaitsForTheOther", onOneChangeEachWaits},
		{"transaction/LeavesOfManyFollowEachOther", leavesFollow},
		{"transaction/WatchTellsOfCommits", watchTellsOfCommits},
		{"transaction/WatchOneChange", watchOneChange},
		{"change/RoundTrip", changeRoundTrip},
		{"change/IDsAreShortAndNew", idsAreShortAndNew},
		{"change/UnknownIsNotFound", unknownChange},
		{"change/SameIDTwiceFails", sameIDTwice},
		{"change/StaleVersionIsBlocked", staleVersion},
		{"list/Filters", listFilters},
		{"list/Families", familyFilters},
		{"list/Pages", listPages},
		{"list/AHundredWithoutLimit", listDefaultLimit},
		{"list/FollowsWhatWasSaved", listFollowsSaves},
		{"recipe/RoundTrip", recipeRoundTrip},
		{"recipe/UnknownIsNotFound", unknownRecipe},
		{"recipe/Lists", listRecipes},
		{"memory/RoundTrip", memoryRoundTrip},
		{"stop/RoundTrip", stopRoundTrip},
		{"access/RoundTrip", requestRoundTrip},
		{"access/ReadsAddUp", readsAdd},
		{"notice/RoundTrip", noticeRoundTrip},
		{"notice/Lists", listNotices},
		{"notice/Read", readNotices},
		{"notice/Removed", removeNotices},
		{"mail/RoundTrip", mailRoundTrip},
		{"people/Standings", standings},
		{"people/Deputies", deputies},
		{"trial/RoundTrip", trialRoundTrip},
		{"trial/OneTakesTheTurn", oneTakesTheTurn},
		{"compact/NoneAtFirst", noCompactAtFirst},
		{"compact/KeepsEveryVersion", everyCompactIsKept},
		{"compact/DigestMustBeTheTexts", foreignDigest},
		{"compact/PutInForceOnce", putInForceOnce},
		{"size/GrowsWithWhatIsStored", sizeGrows},
		{"token/RoundTrip", tokenRoundTrip},
		{"token/UnknownIsNotFound", unknownToken},
		{"token/RevokedOnce", revokedTokens},
		{"token/SameIDTwiceFails", sameTokenTwice},
		{"account/RoundTrip", accountRoundTrip},
		{"account/UnknownIsNotFound", unknownAccount},
		{"session/RoundTrip", sessionRoundTrip},
		{"session/Expires", sessionExpires},
		{"session/TokenIsNotTheKey", sessionTokenIsHashed},
		{"log/CanBeProvedInAView", logInView},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
	t.Run("evidence", func(t *testing.T) {
		t.Parallel()
		logtest.Run(t, func(t *testing.T) logtest.Update {
			s := open(t)
			return func(f func(evidence.Store) error) error {
				return s.Do(t.Context(), func(tx workflow.Tx) error { return f(tx.Log()) })
			}
		})
	})
}

const maria, olaf access.Email = "maria@example.test", "olaf@example.test"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

// do runs f in a transaction that must commit.
func do(t *testing.T, s workflow.Store, f func(workflow.Tx) error) {
	t.Helper()
	if err := s.Do(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// view runs f over a snapshot and must succeed.
func view(t *testing.T, s workflow.Store, f func(workflow.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// draft gives a new change, not yet stored, but for its id.
func draft(dataset string, state change.State, maker access.Email) *change.Change {
	return &change.Change{
		Title: "New terms", Dataset: dataset, State: state, Maker: maker,
		CreatedAt: noon, UpdatedAt: noon, Route: []change.Step{}, Decisions: []change.Decision{},
	}
}

// create stores a change under a new id.
func create(t *testing.T, s workflow.Store, c *change.Change) *change.Change {
	t.Helper()
	do(t, s, func(tx workflow.Tx) (err error) {
		if c.ID, err = tx.NewID(); err != nil {
			return err
		}
		return tx.CreateChange(c)
	})
	return c
}

// read gives a change as stored.
func read(t *testing.T, s workflow.Store, id change.ID) (c *change.Change) {
	t.Helper()
	view(t, s, func(tx workflow.Tx) (err error) {
		c, err = tx.Change(id)
		return err
	})
	return c
}

// list gives the ids of the changes that a filter picks.
func list(t *testing.T, s workflow.Store, f workflow.Filter) []change.ID {
	t.Helper()
	ids := []change.ID{}
	view(t, s, func(tx workflow.Tx) error {
		changes, err := tx.Changes(f)
		for _, c := range changes {
			ids = append(ids, c.ID)
		}
		return err
	})
	return ids
}

// entry gives something to be recorded in the log.
func entry() evidence.Entry {
	return evidence.Entry{Kind: evidence.CompactInForce, At: noon, Digests: map[string]record.Digest{"compact": digest("compact: A")}}
}

func digest(content string) record.Digest { return record.DigestOf([]byte(content)) }

// cancelled gives a context that is over.
func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
