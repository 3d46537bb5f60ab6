package evidence

import (
	"slices"
	"strings"
)

// Kind says what a leaf records. The list is closed: a program that meets a kind
// it does not know refuses the leaf instead of passing over it.
type Kind string

// The kinds of leaves.
const (
	// Outside any change.
	CompactInForce  Kind = "compact.in-force"
	TokenIssued     Kind = "token.issued"
	TokenRevoked    Kind = "token.revoked"
	DatasetExported Kind = "dataset.exported"
	DatasetFrozen   Kind = "dataset.frozen"
	DatasetThawed   Kind = "dataset.thawed"
	LevelMoved      Kind = "level.moved"
	DeputyNamed     Kind = "deputy.named"
	DeputyEnded     Kind = "deputy.ended"
	RowsRead        Kind = "rows.read"
	AccessAsked     Kind = "access.asked"
	AccessGranted   Kind = "access.granted"
	AccessDenied    Kind = "access.denied"
	AccessEnded     Kind = "access.ended"
	AccessLapsed    Kind = "access.lapsed"
	// In the life of a change.
	ChangeProposed   Kind = "change.proposed"
	UndoProposed     Kind = "undo.proposed"
	PlanAsked        Kind = "plan.asked"
	PlanStood        Kind = "plan.stood"
	PlansStood       Kind = "plans.stood" // of a change over several datasets
	PlanFailed       Kind = "plan.failed"
	ChangeTried      Kind = "change.tried"
	ChangeSubmitted  Kind = "change.submitted"
	ChangeSplit      Kind = "change.split"
	DecisionApproved Kind = "decision.approved" // approve and reject never share a word
	DecisionRejected Kind = "decision.rejected"
	DecisionsVoided  Kind = "decisions.voided"
	ApplyIntended    Kind = "apply.intended"
	ApplyResult      Kind = "apply.result"
	ApplyStopped     Kind = "apply.stopped"
	ChangeUndone     Kind = "change.undone"
	ChangeWithdrawn  Kind = "change.withdrawn"
	ChangeExpired    Kind = "change.expired"
	EvidenceExported Kind = "evidence.exported"
	RowsExported     Kind = "rows.exported"
	CommentAdded     Kind = "comment.added"
	AccessProbed     Kind = "access.probed"
	// Either.
	Refused Kind = "refused"
	Erased  Kind = "erased"
)

// State is a change's state as it stands in leaves; the words are the contract's.
type State string

// place says whether a kind belongs to a change.
type place int

const (
	inChange place = iota
	outside
	either
)

// rule is what every leaf of a kind must obey.
type rule struct {
	sentence string
	place    place
	from     []State  // states it may come from; none: any that the state machine allows
	to       []State  // states it may lead to; none: it moves nothing
	mayStay  bool     // it may also leave the state alone, without from and to
	person   bool     // somebody does it: its envelope says who
	means    bool     // it must say how the person proved who they are
	digests  []string // that it must name
	ids      []string // that it must name
}

var rules = map[Kind]rule{
	CompactInForce:  {sentence: "A version of the Compact was put in force.", place: outside, digests: []string{"compact"}},
	TokenIssued:     {sentence: "A token was issued to a person.", place: outside, ids: []string{"token"}},
	TokenRevoked:    {sentence: "A token was revoked.", place: outside, ids: []string{"token"}},
	DatasetExported: {sentence: "Rows of a dataset were exported.", place: outside, person: true},
	DatasetFrozen:   {sentence: "A dataset was frozen at once: nothing is applied to it.", place: outside, person: true},
	DatasetThawed:   {sentence: "The freeze of a dataset was lifted.", place: outside, person: true},
	LevelMoved:      {sentence: "A maker's level moved by their record.", place: outside, ids: []string{"from", "to", "why"}},
	DeputyNamed:     {sentence: "Somebody named a deputy, who decides in their place.", place: outside, person: true, ids: []string{"deputy"}},
	DeputyEnded:     {sentence: "A deputy was ended.", place: outside, person: true, ids: []string{"deputy"}},

	RowsRead:      {sentence: "Somebody read rows in the course of an hour.", place: outside, person: true},
	AccessAsked:   {sentence: "Somebody asked to see a dataset, or columns of it, for a time.", place: outside, person: true, ids: []string{"request"}},
	AccessGranted: {sentence: "An owner granted access for a time.", place: outside, person: true, means: true, ids: []string{"request"}},
	AccessDenied:  {sentence: "An owner denied access.", place: outside, person: true, means: true, ids: []string{"request"}},
	AccessEnded:   {sentence: "Access was ended before its time, or no longer asked for.", place: outside, person: true, ids: []string{"request"}},
	AccessLapsed:  {sentence: "The time of a grant, or of a request that nobody answered, was over.", place: outside, ids: []string{"request"}},

	ChangeProposed: {sentence: "The change was proposed.", to: []State{"draft", "planning"}, person: true},
	UndoProposed: {sentence: "The change was proposed, as the reversal of another.", to: []State{"draft", "planning"},
		person: true, ids: []string{"reverses"}},
	PlanAsked: {sentence: "A plan was asked for; earlier decisions no longer count.", to: []State{"planning"}},
	PlanStood: {sentence: "A plan stood: every row's before and after, frozen under its digest.", from: []State{"planning"}, to: []State{"planned"},
		digests: []string{"plan", "compact", "file", "rows", "findings"}},
	PlansStood: {sentence: "A plan stood over several datasets: every row's before and after in each, frozen under one digest.", from: []State{"planning"}, to: []State{"planned"},
		digests: []string{"plan", "compact", "plan.1", "file.1", "rows.1", "findings.1", "plan.2", "file.2", "rows.2", "findings.2"}},
	PlanFailed: {sentence: "No plan could be made.", from: []State{"planning"}, to: []State{"failed"}},
	ChangeTried: {sentence: "The plan was tried in the system, in a transaction that was rolled back.", person: true,
		digests: []string{"plan"}, ids: []string{"outcome"}},
	ChangeSubmitted: {sentence: "The plan was submitted for decision.", from: []State{"planned"}, to: []State{"submitted", "approved"}, person: true,
		digests: []string{"plan", "compact"}},
	ChangeSplit: {sentence: "A part of the rows goes on as the plan submitted; the others went on as another change.", from: []State{"submitted"}, to: []State{"submitted"},
		person: true, means: true, digests: []string{"whole", "plan", "compact", "file", "rows", "findings", "lines"}, ids: []string{"into"}},
	DecisionApproved: {sentence: "The plan was approved.", from: []State{"submitted"}, to: []State{"submitted", "approved"}, person: true, means: true,
		digests: []string{"plan"}, ids: []string{"role"}},
	DecisionRejected: {sentence: "The plan was rejected.", from: []State{"submitted"}, to: []State{"rejected"}, person: true, means: true,
		digests: []string{"plan"}, ids: []string{"role"}},
	DecisionsVoided: {sentence: "The decisions became void.", from: []State{"submitted", "approved"}, to: []State{"planned", "planning"}, mayStay: true},
	ApplyIntended: {sentence: "The plan was about to be applied.", from: []State{"approved"}, to: []State{"applying"}, person: true,
		digests: []string{"plan", "compact"}},
	ApplyResult: {sentence: "The apply ended.", from: []State{"applying"}, to: []State{"applied", "partly_applied", "failed", "planned"},
		digests: []string{"plan"}},
	ApplyStopped: {sentence: "The apply was stopped before its commit; nothing was written.", from: []State{"applying"}, to: []State{"approved"}, person: true,
		digests: []string{"plan"}},
	ChangeUndone:     {sentence: "The change was undone: its reversal was applied.", from: []State{"applied"}, to: []State{"undone"}, ids: []string{"reversed_by"}},
	ChangeWithdrawn:  {sentence: "The change was withdrawn.", to: []State{"withdrawn"}, person: true},
	ChangeExpired:    {sentence: "The change expired undecided.", to: []State{"expired"}},
	EvidenceExported: {sentence: "The evidence of the change was exported.", person: true},
	RowsExported:     {sentence: "Rows of the change's file were taken out to be mended.", person: true, digests: []string{"plan"}},
	CommentAdded:     {sentence: "Something was said about the change.", person: true},
	AccessProbed:     {sentence: "The plan told its maker something of what they may not see.", person: true, digests: []string{"plan"}},

	Refused: {sentence: "An attempt was refused.", place: either},
	Erased:  {sentence: "Personal data or values were erased; the named digests are all that is left.", place: either},
}

// Kinds lists every kind, sorted by name.
func Kinds() []Kind {
	all := make([]Kind, 0, len(rules))
	for k := range rules {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// Sentence says in plain words what a leaf of the kind records; "" for a kind
// that is not in the list.
func (k Kind) Sentence() string { return rules[k].sentence }

// moves mirrors the state machine of package change (a larger ring; a test keeps
// the two equal), because a verifier must judge it without the rest of Sutor.
var moves = map[State][]State{
	"":          {"draft", "planning"},
	"draft":     {"planning", "withdrawn"},
	"planning":  {"planned", "failed", "withdrawn"},
	"planned":   {"planning", "submitted", "approved", "withdrawn"},
	"submitted": {"approved", "rejected", "planned", "planning", "withdrawn", "expired"},
	"approved":  {"applying", "planned", "planning", "withdrawn", "expired"},
	"rejected":  {"planning", "withdrawn"},
	"applying":  {"applied", "partly_applied", "failed", "planned", "approved"},
	"applied":   {"undone"},
	"failed":    {"planning", "withdrawn"},
	"expired":   {"planning", "withdrawn"},
}

// mayMove tells whether a leaf may lead from one state to another. Staying is a
// move for an approval that others must join, and for a split.
func mayMove(k Kind, from, to State) bool {
	if from == to {
		return (k == DecisionApproved || k == ChangeSplit) && from == "submitted"
	}
	return slices.Contains(moves[from], to)
}

// What stands in a change and what in none is told by the subject: the word that
// a leaf can be found by in storage.
const (
	subjectChange  = "change:"
	subjectCompact = "compact:"
	subjectErased  = "erased:"
	subjectDeputy  = "deputy:"
	subjectToken   = "token:"
)

// needsPrefix starts the counts that say how many people of a role a route asks
// for: "needs.owner": 1.
const needsPrefix = "needs."

func needsOf(counts map[string]int64) map[string]int64 {
	needs := map[string]int64{}
	for name, n := range counts {
		if role, ok := strings.CutPrefix(name, needsPrefix); ok {
			needs[role] = n
		}
	}
	return needs
}
