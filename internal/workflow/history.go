package workflow

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/evidence"
	"sutor/internal/finding"
	"sutor/internal/wire"
)

// History gives the evidence of a change in plain words, each entry with its place
// in the log and the proof that it is under the log's head, which is signed anew.
// A proof that does not hold is an error, not an entry.
func (w *Workflow) History(ctx context.Context, p access.Principal, id change.ID) (out wire.History, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		s, err := w.judge(tx, p, id, change.ActSee)
		if err != nil {
			return err
		}
		proved, err := evidence.Prove(tx.Log(), evidence.ChangeID(id), w.Key)
		if err != nil {
			return err
		}
		out = wire.History{Change: string(id), Checkpoint: string(proved.Checkpoint), Size: proved.Size, Key: w.Key.Verifier(), Entries: []wire.HistoryEntry{}}
		known := w.knows(s.who, s.c)
		for i, e := range proved.Entries {
			if len(known.hidden) > 0 { // counts are of all datasets, and a file may have the name of one
				e.Leaf.Counts, e.Body.File = nil, ""
			}
			entry := w.historyEntry(e, proved.Proofs[i], known.values && (known.whole() || !slices.Contains(ofRows, e.Leaf.Kind)))
			own, ofFile := s.c.Maker == s.who.Email, e.Leaf.Kind == evidence.PlanFailed // which may quote it
			switch {
			case ofFile && !own && !known.whole():
				entry.Message = ""
			case !ofFile || !own:
				entry.Message = known.text(entry.Message)
			}
			out.Entries = append(out.Entries, entry)
		}
		return nil
	})
	return out, err
}

// ofRows are leaves whose messages are about rows and columns: a condition, or what
// the system says of a plan. Who does not see all reads what they may in the change.
var ofRows = []evidence.Kind{evidence.ChangeSplit, evidence.ChangeTried}

func (w *Workflow) historyEntry(e evidence.Recorded, proof []string, values bool) wire.HistoryEntry {
	l := e.Leaf
	out := wire.HistoryEntry{Leaf: e.Index, Number: l.Seq, At: l.Time(), Kind: string(l.Kind), Says: w.says(e), By: e.Body.Who, Means: string(l.Means),
		From: string(l.From), To: string(l.To), Comment: e.Body.Comment, Message: e.Body.Message, Erased: e.Erased,
		Hash: hex.EncodeToString(e.Hash[:]), Envelope: string(l.Envelope), Proof: proof}
	for name, d := range l.Digests {
		if out.Digests == nil {
			out.Digests = map[string]string{}
		}
		out.Digests[name] = string(d)
	}
	out.Counts = l.Counts
	if !values { // a message may quote the file
		out.Message = ""
	}
	return out
}

// leafSays are the sentences of leaves; those that are not here have their kind's own.
var leafSays = map[evidence.Kind]string{
	evidence.ChangeProposed:   "{who} proposed the change with {file}.",
	evidence.UndoProposed:     "{who} proposed to undo change {reverses}.",
	evidence.PlanAsked:        "{who} had it planned again; earlier decisions no longer count.",
	evidence.PlanStood:        "The plan stood: {counts}.",
	evidence.PlansStood:       "The plan stood over several datasets: {counts}.",
	evidence.ChangeSubmitted:  "{who} submitted the plan.",
	evidence.DecisionApproved: "{who} approved the plan, as {role}.",
	evidence.DecisionRejected: "{who} sent the plan back, as {role}.",
	evidence.ApplyIntended:    "{who} had the plan applied.",
	evidence.ApplyStopped:     "{who} stopped the apply; nothing was written.",
	evidence.ChangeUndone:     "It was undone: its reversal, change {reversed_by}, was applied.",
	evidence.ChangeWithdrawn:  "{who} took the change back.",
	evidence.CommentAdded:     "{who} commented.",
	evidence.EvidenceExported: "{who} exported the evidence.",
	evidence.RowsExported:     "{who} took rows of the file out to mend them.",
}

// says words a leaf.
func (w *Workflow) says(e evidence.Recorded) string {
	form, known := leafSays[e.Leaf.Kind]
	switch {
	case e.Leaf.Kind == evidence.ApplyResult:
		form = resultSays(e.Leaf)
	case e.Leaf.Kind == evidence.Refused && e.Body.Who != "":
		form = "{who} was refused: {action}."
	case !known:
		form = e.Leaf.Kind.Sentence()
	}
	who := "Somebody"
	if e.Body.Who != "" {
		who = w.nameOf(access.Email(e.Body.Who))
	} else if !e.Erased {
		who = "Sutor"
	}
	file := "a file"
	if e.Body.File != "" {
		file = "the file " + e.Body.File
	}
	return strings.NewReplacer("{who}", who, "{file}", file, "{counts}", countsSay(e.Leaf.Counts), "{role}", e.Leaf.IDs["role"],
		"{reverses}", e.Leaf.IDs["reverses"], "{reversed_by}", e.Leaf.IDs["reversed_by"], "{action}", e.Leaf.IDs["action"]).Replace(form)
}

func resultSays(l evidence.Leaf) string {
	switch change.State(l.To) {
	case change.Applied:
		return fmt.Sprintf("The plan was written: %s rows.", finding.Grouped(l.Counts["applied"]))
	case change.Planned:
		return "Nothing was written: rows were not what was approved any more."
	case change.Failed:
		return "Nothing was written: the apply failed."
	}
	return evidence.ApplyResult.Sentence()
}

// countsSay words the counts of a plan; zeros are left out.
func countsSay(c map[string]int64) string {
	var parts []string
	for _, of := range []struct{ name, one, many string }{
		{"insert", "new row", "new rows"}, {"update", "changed row", "changed rows"}, {"delete", "deleted row", "deleted rows"},
		{"unchanged", "unchanged", "unchanged"}, {"invalid", "that cannot be", "that cannot be"},
		{"kept", "kept as others left it", "kept as others left them"}, {"impossible", "impossible to reverse", "impossible to reverse"}} {
		switch n := c[of.name]; {
		case n == 1:
			parts = append(parts, "1 "+of.one)
		case n > 1:
			parts = append(parts, finding.Grouped(n)+" "+of.many)
		}
	}
	if len(parts) == 0 {
		return "no rows"
	}
	return strings.Join(parts, ", ")
}
