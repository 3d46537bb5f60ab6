package evidence_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sutor/internal/evidence"
	"sutor/internal/record"
)

// at finds a step of a story by name.
func at(steps []step, name string) int {
	return slices.IndexFunc(steps, func(s step) bool { return s.name == name })
}

// without leaves steps out; states are mended so that only the missing step shows.
func without(steps []step, names ...string) []step {
	return slices.DeleteFunc(steps, func(s step) bool { return slices.Contains(names, s.name) })
}

// Stories that a server with a fault, or an administrator with the key, could
// have logged: every leaf is well formed, signed and proved, and still the pack
// must not verify.
func TestStoriesThatProveAWrong(t *testing.T) {
	t.Parallel()
	x := record.DigestOf([]byte("x"))
	otherText := fmt.Sprintf(`{"version":1,"file":%q,"rows":%q,"findings":%q}`, x, x, x)
	otherPlan := record.DigestOf([]byte(otherText))
	tests := []struct {
		name string
		bend func([]step) []step
		want string
	}{
		{"the maker approves", func(s []step) []step {
			s[at(s, "owner")].Body.Who = "maria@example.test"
			return s
		}, "the maker decided on their own change"},
		{"the maker approves, spelled otherwise", func(s []step) []step {
			s[at(s, "owner")].Body.Who = " Maria@EXAMPLE.test"
			return s
		}, "the maker decided on their own change"},
		{"one person decides for two roles", func(s []step) []step {
			s[at(s, "owner")].Body.Who = "Mona@example.test"
			return s
		}, "decided twice"},
		{"a required role is missing", func(s []step) []step {
			return without(s, "manager")
		}, "0 of 1 approvals by the role manager"},
		{"an approval by a role that is not asked for", func(s []step) []step {
			s[at(s, "manager")].IDs = map[string]string{"role": "steward"}
			return s
		}, "approvals by the role manager"},
		{"two are needed, one decided", func(s []step) []step {
			s[at(s, "submit")].Body.Route[0].Needs = 2
			return s
		}, "1 of 2 approvals by the role owner"},
		{"a decision bound to another plan", func(s []step) []step {
			s[at(s, "owner")].Digests = digests{"plan": otherPlan}
			return s
		}, "bound to another plan"},
		{"another plan is applied than was approved", func(s []step) []step {
			d := s[at(s, "apply")].Digests
			s[at(s, "apply")].Digests = digests{"plan": otherPlan, "compact": d["compact"]}
			return s
		}, "is not the plan approved"},
		{"another plan is submitted than stood", func(s []step) []step {
			d := s[at(s, "submit")].Digests
			s[at(s, "submit")].Digests = digests{"plan": otherPlan, "compact": d["compact"]}
			return s
		}, "is not the one that stood"},
		{"somebody else submits", func(s []step) []step {
			s[at(s, "submit")].Body.Who = "someone@example.test"
			return s
		}, "not submitted by its maker"},
		{"decisions were void", func(s []step) []step {
			void := step{"void", evidence.Entry{Kind: evidence.DecisionsVoided, Change: "c-1"}}
			return slices.Insert(s, at(s, "apply"), void)
		}, "decisions were void"},
		{"the route grew before the apply", func(s []step) []step {
			s[at(s, "apply")].Body.Route = []evidence.Requirement{{Role: "steward", Needs: 1}}
			return s
		}, "approvals by the role steward"},
		{"it passes without a decision", func(s []step) []step {
			s[at(s, "submit")].To = "approved"
			return without(s, "manager", "owner")
		}, "it passed as approved"},
		{"a state is jumped over", func(s []step) []step {
			return without(s, "owner")
		}, `comes from "approved", but the change was "submitted"`},
		{"a result without an intent", func(s []step) []step {
			return without(s, "apply")
		}, `comes from "applying", but the change was "approved"`},
		{"the result of another plan", func(s []step) []step {
			s[at(s, "result")].Digests = digests{"plan": otherPlan}
			return s
		}, "a plan that was not being applied"},
		{"applied after a rejection", func(s []step) []step {
			i := at(s, "owner")
			s[i].Kind, s[i].To = evidence.DecisionRejected, "rejected"
			return s
		}, `comes from "approved", but the change was "rejected"`},
		{"the Compact came into force afterwards", func(s []step) []step {
			return append(s[1:], s[0])
		}, "does not belong to this change"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.keep("x")
			w.keep(otherText)
			if tt.name == "the Compact came into force afterwards" {
				w.add(evidence.Entry{Kind: evidence.Refused})
			}
			w.tell(tt.bend(w.story("c-1")))
			pack, err := w.tryExport("c-1")
			if err == nil {
				_, err = verify(t, pack, testVerifier)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %q", err, tt.want)
			}
		})
	}
}

// Stories that are in order though they are not the plain one.
func TestStoriesInOrder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		bend  func([]step) []step
		state evidence.State
	}{
		{"only planned", func(s []step) []step { return s[:at(s, "submit")] }, "planned"},
		{"still undecided", func(s []step) []step { return s[:at(s, "owner")] }, "submitted"},
		{"withdrawn", func(s []step) []step {
			return append(s[:at(s, "manager")], step{"withdraw", evidence.Entry{Kind: evidence.ChangeWithdrawn, Change: "c-1", From: "submitted",
				To: "withdrawn", Body: evidence.Body{Who: "maria@example.test"}}})
		}, "withdrawn"},
		{"expired", func(s []step) []step {
			return append(s[:at(s, "manager")], step{"expire", evidence.Entry{Kind: evidence.ChangeExpired, Change: "c-1", From: "submitted", To: "expired"}})
		}, "expired"},
		{"an empty route", func(s []step) []step {
			i := at(s, "submit")
			s[i].To, s[i].Body.Route, s[i].Body.RouteWhy = "approved", nil, "The owner undoes this change within 30 days."
			return without(s, "manager", "owner")
		}, "applied"},
		{"rejected, planned again, applied", func(s []step) []step {
			first := slices.Clone(s[:at(s, "apply")])
			i := at(first, "owner")
			first[i].Kind, first[i].To = evidence.DecisionRejected, "rejected"
			first = append(first, step{"replan", evidence.Entry{Kind: evidence.PlanAsked, Change: "c-1", From: "rejected", To: "planning"}})
			return append(first, s[at(s, "plan"):]...)
		}, "applied"},
		{"a conflict at apply, submitted again, applied", func(s []step) []step {
			first := slices.Clone(s)
			i := at(first, "result")
			first[i].To, first[i].Counts = "planned", map[string]int64{"conflicts": 3}
			first[i].Digests = digests{"plan": s[i].Digests["plan"]}
			return append(first, s[at(s, "submit"):]...)
		}, "applied"},
		{"an apply that has not ended", func(s []step) []step { return s[:at(s, "result")] }, "applying"},
		{"nothing said of rows as stored", func(s []step) []step {
			i := at(s, "result")
			s[i].Digests = digests{"plan": s[i].Digests["plan"]}
			return s
		}, "applied"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.tell(tt.bend(w.story("c-1")))
			report, err := verify(t, w.export("c-1"), testVerifier)
			if err != nil {
				t.Fatal(err)
			}
			if report.State != tt.state {
				t.Errorf("state %q, want %q", report.State, tt.state)
			}
			if notes := len(report.Notes); notes != 0 && tt.state != "applying" {
				t.Errorf("notes: %q", report.Notes)
			}
		})
	}
}

// A change may be exported again and again; each pack holds the exports before.
func TestExportedTwice(t *testing.T) {
	t.Parallel()
	w, first := appliedPack(t)
	second := w.export("c-1")
	for _, pack := range [][]byte{first, second} {
		if _, err := verify(t, pack, testVerifier); err != nil {
			t.Error(err)
		}
	}
}

// Erasing people leaves a pack that verifies, and says what cannot be judged.
func TestErasedEnvelopes(t *testing.T) {
	t.Parallel()
	for _, inChange := range []bool{true, false} {
		w := newWorld(t)
		for _, a := range w.tell(w.story("c-1")) {
			if a.Leaf.Envelope == "" {
				continue
			}
			e := evidence.Entry{Kind: evidence.Erased, Digests: digests{"envelope": a.Leaf.Envelope}, Body: evidence.Body{Reason: "GDPR, article 17"}}
			if inChange {
				e.Change = "c-1"
			}
			w.add(e)
		}
		pack := w.export("c-1")
		for _, name := range []string{"maria", "olaf", "mona", "terms.xlsx", "März"} {
			if strings.Contains(string(pack), name) {
				t.Errorf("%q is still in the pack", name)
			}
		}
		report, err := verify(t, pack, testVerifier)
		if err != nil {
			t.Fatalf("in the change %v: %v", inChange, err)
		}
		if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, "Who made the change was erased") ||
			!strings.Contains(notes, "Who decided in leaf number 5") {
			t.Errorf("notes: %s", notes)
		}
	}
}

// An erasure's own reason may be erased, too.
func TestErasedErasure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.tell(w.story("c-1"))
	first := w.add(evidence.Entry{Kind: evidence.Erased, Digests: digests{"envelope": all[1].Leaf.Envelope}, Body: evidence.Body{Reason: "asked by Maria"}})
	w.add(evidence.Entry{Kind: evidence.Erased, Digests: digests{"envelope": first[0].Leaf.Envelope}})
	pack := w.export("c-1")
	if strings.Contains(string(pack), "asked by Maria") {
		t.Error("the reason is still in the pack")
	}
	if _, err := verify(t, pack, testVerifier); err != nil {
		t.Error(err)
	}
}

// Values are kept for a stated time only; without them the decision still proves.
func TestErasedValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.tell(w.story("c-1"))
	stood, stored := all[2].Leaf.Digests, all[8].Leaf.Digests["stored"]
	for _, d := range []record.Digest{stood["rows"], stood["file"], stood["findings"], stored} {
		delete(w.artefacts, d)
	}
	w.add(evidence.Entry{Kind: evidence.Erased, Change: "c-1",
		Digests: digests{"rows": stood["rows"], "file": stood["file"], "findings": stood["findings"], "stored": stored}})
	report, err := verify(t, w.export("c-1"), testVerifier)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Notes) != 4 || report.Applied != stood["plan"] {
		t.Errorf("report: %+v", report)
	}
}

// What is gone without a record stops the export.
func TestLostEnvelopeStopsExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.tell(w.story("c-1"))
	w.update(func(s evidence.Store) error {
		_, err := s.Erase(all[1].Leaf.Envelope)
		return err
	})
	if _, err := w.tryExport("c-1"); err == nil || !strings.Contains(err.Error(), "no leaf records its erasure") {
		t.Errorf("got %v", err)
	}
}
