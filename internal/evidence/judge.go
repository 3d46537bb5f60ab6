package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/record"
)

// judging walks the chain of a change and holds it to the rules that an outsider
// cares about: legal states, decisions by others than the maker on exactly the
// plan that was applied, enough of them, nobody twice.
type judging struct {
	report *Report
	maker  access.Email          // "" where erased
	hands  map[access.Email]bool // who went on with it in the maker's place
	state  State
	plan   record.Digest   // the plan that stands; "" while none does
	sub    *submission     // the submission in force; nil while none is
	named  map[string]Body // how the deputies who decided were named, by id; without those erased
	runs   record.Digest   // the plan between its intent and its result
}

// submission is one plan before its deciders.
type submission struct {
	plan      record.Digest
	needs     map[string]int64 // by role
	approvals map[string]int64 // by role
	deciders  map[access.Email]bool
}

// judge applies the rules and writes the report's steps.
func (v *verification) judge() error {
	j := judging{report: &v.report, named: map[string]Body{}}
	for _, l := range v.leaves {
		body, known := v.bodies[l.index]
		if l.Kind == DeputyNamed && known {
			j.named[l.IDs["deputy"]] = body
		}
		v.report.Steps = append(v.report.Steps, stepOf(l, body, known))
		if l.Change == "" {
			continue
		}
		if err := j.leaf(l.Leaf, access.Fold(body.Who), access.Fold(body.For)); err != nil {
			return wrong(leavesName, "leaf %d (%s): %v", l.index, l.Kind, err)
		}
	}
	j.conclude()
	return nil
}

// leaf judges one step; who is "" where that was erased or nobody is named, and so
// is place, in which they did it.
func (j *judging) leaf(l Leaf, who, place access.Email) error {
	if l.To != "" {
		if l.From != j.state {
			return fmt.Errorf("it comes from %q, but the change was %q", l.From, j.state)
		}
		j.state = l.To
	}
	switch l.Kind {
	case ChangeProposed, UndoProposed:
		j.proposed(who)
	case PlanAsked, PlanFailed:
		j.plan, j.sub = "", nil
		j.hand(who, place)
	case PlanStood, PlansStood:
		j.plan, j.sub = l.Digests["plan"], nil
	case ChangeSubmitted:
		return j.submitted(l, who, place)
	case ChangeSplit:
		return j.split(l, who)
	case DecisionApproved, DecisionRejected:
		return j.decided(l, who, place)
	case DecisionsVoided:
		j.sub = nil
	case ApplyIntended:
		return j.intended(l)
	case ApplyResult:
		return j.ended(l)
	case ApplyStopped:
		return j.stopped(l)
	}
	return nil
}

func (j *judging) proposed(who access.Email) {
	j.maker = who
	if who == "" {
		j.report.note("Who made the change was erased: that its deciders are others cannot be judged.")
	}
}

// hand notes who went on with the change in the place of its maker.
func (j *judging) hand(who, place access.Email) {
	if who != "" && who != j.maker && place != "" && place == j.maker {
		if j.hands == nil {
			j.hands = map[access.Email]bool{}
		}
		j.hands[who] = true
	}
}

func (j *judging) submitted(l Leaf, who, place access.Email) error {
	s := &submission{plan: l.Digests["plan"], needs: needsOf(l.Counts), approvals: map[string]int64{}, deciders: map[access.Email]bool{}}
	if j.plan == "" || s.plan != j.plan {
		return fmt.Errorf("the plan submitted, %s, is not the one that stood", s.plan)
	}
	j.hand(who, place)
	if who != "" && j.maker != "" && who != j.maker && !j.hands[who] {
		return fmt.Errorf("it was not submitted by its maker")
	}
	open := s.open(nil)
	if l.To == "approved" && open != "" {
		return fmt.Errorf("it passed as approved, but %s", open)
	}
	if l.To == "submitted" && open == "" {
		return fmt.Errorf("it waits for decisions that nobody is asked for")
	}
	j.sub = s
	return nil
}

// split puts a part of the plan submitted in its place: no decision on the whole
// counts for the part.
func (j *judging) split(l Leaf, who access.Email) error {
	switch {
	case j.sub == nil:
		return fmt.Errorf("no plan waited for a decision")
	case l.Digests["whole"] != j.sub.plan:
		return fmt.Errorf("it is a part of another plan than the one submitted")
	case who == "":
		j.report.note("Who split the change in leaf number %d was erased: that it was not the maker cannot be judged.", l.Seq)
	case who == j.maker || j.hands[who]:
		return fmt.Errorf("the maker split their own change")
	}
	j.plan = l.Digests["plan"]
	j.sub = &submission{plan: j.plan, needs: needsOf(l.Counts), approvals: map[string]int64{}, deciders: map[access.Email]bool{}}
	return nil
}

// decided judges a decision: neither who made it nor in whose place it was made
// has made the change, or stands behind another decision on it.
func (j *judging) decided(l Leaf, who, place access.Email) error {
	made := func(e access.Email) bool { return e != "" && (e == j.maker || j.hands[e]) }
	switch {
	case j.sub == nil:
		return fmt.Errorf("no plan waited for a decision")
	case l.Digests["plan"] != j.sub.plan:
		return fmt.Errorf("it is bound to another plan than the one submitted")
	case who == "":
		j.report.note("Who decided in leaf number %d of the change was erased: that it was not the maker, and nobody twice, cannot be judged.", l.Seq)
	case made(who):
		return fmt.Errorf("the maker decided on their own change")
	case made(place):
		return fmt.Errorf("somebody decided in the place of the change's maker")
	case j.sub.deciders[who] || j.sub.deciders[place]:
		return fmt.Errorf("the same person decided twice")
	case !j.isDeputy(l.IDs["deputy"], who, place):
		return fmt.Errorf("the deputy that it names is not who decided, or not for whom")
	default:
		j.sub.deciders[who] = true
		if place != "" {
			j.sub.deciders[place] = true
		}
	}
	if l.Kind == DecisionRejected {
		return nil
	}
	for _, seat := range seatsOf(l) {
		j.sub.approvals[seat]++
	}
	if open := j.sub.open(nil); l.To == "approved" && open != "" {
		return fmt.Errorf("the change passed as approved, but %s", open)
	}
	return nil
}

// isDeputy tells whether a deputy with the id was named by the one and is the other.
func (j *judging) isDeputy(id string, who, place access.Email) bool {
	naming, known := j.named[id]
	return id == "" || !known || access.Fold(naming.Who) == place && access.Fold(naming.For) == who
}

// seatsOf gives what a decision counts for, as the counts "needs." name it: a role, or
// in a change over several datasets the role for each that it decides for.
func seatsOf(l Leaf) []string {
	role, members := l.IDs["role"], l.IDs["members"]
	if members == "" {
		return []string{role}
	}
	var seats []string
	for _, n := range strings.Split(members, ".") {
		seats = append(seats, role+"."+n)
	}
	slices.Sort(seats)
	return slices.Compact(seats)
}

// intended judges the moment before the write. The route may have been judged
// again with the Compact in force; then its numbers stand in this leaf too.
func (j *judging) intended(l Leaf) error {
	if j.sub == nil {
		return fmt.Errorf("it applies a plan that was not submitted, or whose decisions were void")
	}
	if l.Digests["plan"] != j.sub.plan {
		return fmt.Errorf("the plan applied, %s, is not the plan approved, %s", l.Digests["plan"], j.sub.plan)
	}
	if open := j.sub.open(needsOf(l.Counts)); open != "" {
		return fmt.Errorf("it was applied, but %s", open)
	}
	j.runs = j.sub.plan
	return nil
}

func (j *judging) ended(l Leaf) error {
	if j.runs == "" || l.Digests["plan"] != j.runs {
		return fmt.Errorf("it is the result of a plan that was not being applied")
	}
	if l.To == "applied" || l.To == "partly_applied" {
		j.report.Applied = j.runs
	}
	j.runs, j.sub = "", nil
	return nil
}

// stopped leaves the decisions standing: the same plan may be applied later.
func (j *judging) stopped(l Leaf) error {
	if j.runs == "" || l.Digests["plan"] != j.runs {
		return fmt.Errorf("it stops a plan that was not being applied")
	}
	j.runs = ""
	return nil
}

// open says which role still lacks approvals, by the submission's numbers and
// any later ones; "" if none does.
func (s *submission) open(later map[string]int64) string {
	needs := maps.Clone(s.needs)
	for role, n := range later {
		needs[role] = max(needs[role], n)
	}
	for _, role := range slices.Sorted(maps.Keys(needs)) {
		if have := s.approvals[role]; have < needs[role] {
			return fmt.Sprintf("%d of %d approvals by the role %s were given", have, needs[role], role)
		}
	}
	return ""
}

func (j *judging) conclude() {
	j.report.State = j.state
	if j.state == "applying" {
		j.report.note("The change was still being applied when this was exported: an intent without a result yet.")
	}
}
