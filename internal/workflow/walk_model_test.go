package workflow_test

import (
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
)

// customer is a row as the model knows it; credit "" is NULL, note "" is too.
type customer struct{ name, credit, note string }

// delta is a row that a plan writes; nil for no row.
type delta struct {
	id            int
	before, after *customer
}

// verdict is a decision that counts.
type verdict struct {
	by      string
	role    access.Role
	approve bool
}

// lived is a change as the model knows it.
type lived struct {
	id         string
	maker      string
	file       map[int]customer // nil of a reversal, and of a file that no plan can be made of
	reverses   *lived
	reversesAt time.Time // zero of a reversal of a reversal
	reversedBy *lived

	state     change.State
	rules     rules // by which it was planned
	plan      []delta
	route     []access.Role
	decisions []verdict // those that count
	submitted time.Time
	applied   time.Time
}

// rules is a version of the Compact as far as it concerns the customers.
type rules int

const (
	plainly  rules = iota // a credit above 1000 needs a manager
	generous              // above 2000
	noOlga                // she owns the customers no more
	trusting              // experts may write two rows without the owner
)

// walked is the model: the customers, and the life of every change on them.
type walked struct {
	now   time.Time
	rules rules
	table map[int]customer
	all   []*lived
	jobs  []*lived // those that wait for a worker, in order
}

var everybody = []string{"maria", "eva", "marlo", "fred", "olaf", "olga", "owen", "mona", "both", "fay", "ivan", "aud"}

func (m *walked) owns(who string) bool {
	return slices.Contains([]string{"olaf", "marlo", "both"}, who) || who == "olga" && m.rules != noOlga
}

func makes(who string) bool { return slices.Contains([]string{"maria", "eva", "marlo"}, who) }

func manages(who string) bool { return who == "mona" || who == "both" }

func (m *walked) sees(who string) bool {
	return m.owns(who) || makes(who) || manages(who) || who == "ivan" || who == "aud"
}

// right is the contract's table of who may.
func (m *walked) right(c *lived, a change.Act, who string) bool {
	own := c.maker == who
	switch a {
	case change.ActApprove, change.ActReject:
		return !own && (m.owns(who) || manages(who))
	case change.ActApply:
		return m.owns(who) || own && makes(who)
	case change.ActUndo:
		return m.owns(who) || makes(who)
	}
	return own && (makes(who) || c.reverses != nil && m.owns(who))
}

// possible says in which states an act is.
var possible = map[change.Act][]change.State{
	change.ActReplan:   {change.Planned, change.Submitted, change.Approved, change.Rejected, change.Failed, change.Expired},
	change.ActSubmit:   {change.Planned},
	change.ActWithdraw: {change.Planning, change.Planned, change.Submitted, change.Approved, change.Rejected, change.Failed, change.Expired},
	change.ActApprove:  {change.Submitted},
	change.ActReject:   {change.Submitted},
	change.ActApply:    {change.Approved, change.Applying},
	change.ActUndo:     {change.Applied},
}

// judge gives the kind of the refusal; 0 if it is allowed.
func (m *walked) judge(c *lived, a change.Act, who string) errs.Kind {
	switch {
	case !m.sees(who):
		return errs.NotFound
	case !m.right(c, a, who):
		return errs.Forbidden
	case !slices.Contains(possible[a], c.state) || !m.free(c, a, who):
		return errs.Blocked
	case a == change.ActSubmit && m.moved(c):
		return errs.Changed // told by the trial
	}
	return 0
}

// moved tells whether a row is not as it was when it was planned.
func (m *walked) moved(c *lived) bool {
	return slices.ContainsFunc(c.plan, func(d delta) bool {
		now := m.live(d.id)
		return (now == nil) != (d.before == nil) || now != nil && *now != *d.before
	})
}

// free tells whether nothing but the state could stand in the way.
func (m *walked) free(c *lived, a change.Act, who string) bool {
	const day = 24 * time.Hour
	switch a {
	case change.ActReplan:
		return c.unreversed()
	case change.ActSubmit:
		return c.rules == m.rules && len(c.plan) > 0 && c.unreversed()
	case change.ActApprove, change.ActReject:
		return m.role(c, who) != ""
	case change.ActApply:
		return c.state == change.Applying || len(open(m.routeOf(c), c.decisions)) == 0
	case change.ActUndo:
		r := c.reversedBy
		room := r == nil || m.owns(who) && r.maker != who && (r.state == change.Planning || r.state == change.Planned)
		return room && m.now.Sub(c.applied) <= 90*day
	}
	return true
}

// unreversed tells whether no other reversal has taken a reversal's place.
func (c *lived) unreversed() bool {
	f := c.reverses
	return f == nil || f.reversedBy == c || f.reversedBy == nil && f.state == change.Applied
}

// reserve makes a reversal the one of its change again.
func (c *lived) reserve() {
	if c.reverses != nil {
		c.reverses.reversedBy = c
	}
}

// release lets another reversal take the place of one.
func (c *lived) release() {
	if f := c.reverses; f != nil && f.reversedBy == c {
		f.reversedBy = nil
	}
}

// role is the one in which somebody may decide; "" if none is left for them.
func (m *walked) role(c *lived, who string) access.Role {
	left := open(c.route, c.decisions)
	switch {
	case slices.ContainsFunc(c.decisions, func(v verdict) bool { return v.by == who }):
		return ""
	case m.owns(who) && slices.Contains(left, access.Owner):
		return access.Owner
	case manages(who) && slices.Contains(left, access.Manager):
		return access.Manager
	}
	return ""
}

func open(route []access.Role, decided []verdict) (left []access.Role) {
	for _, r := range route {
		if !slices.ContainsFunc(decided, func(v verdict) bool { return v.approve && v.role == r }) {
			left = append(left, r)
		}
	}
	return left
}

// routeOf is who must decide, by the rules in force and the time it is.
func (m *walked) routeOf(c *lived) []access.Role {
	limit := "1000"
	if m.rules == generous {
		limit = "2000"
	}
	raised := slices.ContainsFunc(c.plan, func(d delta) bool {
		return d.after != nil && len(d.after.credit) == len(limit) && d.after.credit > limit
	})
	switch {
	case c.reverses != nil && m.owns(c.maker) && c.reverses.maker != c.maker && !c.reversesAt.IsZero() && m.now.Sub(c.reversesAt) <= change.OwnersUndo:
		return nil
	case c.reverses == nil && raised:
		return []access.Role{access.Owner, access.Manager}
	case c.reverses == nil && m.rules == trusting && c.maker == "eva" && len(c.plan) <= 2:
		return nil
	}
	return []access.Role{access.Owner}
}

// did moves the model on by an act that was allowed.
func (m *walked) did(c *lived, a change.Act, who string) {
	switch a {
	case change.ActReplan:
		c.reserve()
		c.decisions, c.plan, c.route, c.state = nil, nil, nil, change.Planning
		m.jobs = append(m.jobs, c)
	case change.ActSubmit:
		c.reserve()
		c.route, c.submitted, c.state = m.routeOf(c), m.now, change.Submitted
		if len(c.route) == 0 {
			c.state = change.Approved
		}
	case change.ActWithdraw:
		c.end(change.Withdrawn)
	case change.ActApprove:
		c.decisions = append(c.decisions, verdict{who, m.role(c, who), true})
		if len(open(c.route, c.decisions)) == 0 {
			c.state = change.Approved
		}
	case change.ActReject:
		c.decisions = append(c.decisions, verdict{who, m.role(c, who), false})
		c.state = change.Rejected
		c.release()
	case change.ActApply:
		if c.state == change.Approved {
			c.state = change.Applying
			m.jobs = append(m.jobs, c)
		}
	}
}

// end ends a change.
func (c *lived) end(s change.State) {
	c.decisions, c.state = nil, s
	c.release()
}

// back sends a change to planned; what was decided does not count any more.
func (c *lived) back() { c.decisions, c.route, c.state = nil, nil, change.Planned }

// refused moves the model on by a refusal: an apply that was approved by a route
// which has grown since loses its decisions.
func (m *walked) refused(c *lived, a change.Act, kind errs.Kind) {
	if a == change.ActApply && kind == errs.Blocked && c.state == change.Approved {
		c.back()
	}
}

// begin adds a change that waits for its plan.
func (m *walked) begin(c *lived) {
	c.state = change.Planning
	m.all, m.jobs = append(m.all, c), append(m.jobs, c)
}

func (m *walked) inForce(r rules) {
	m.rules = r
	for _, c := range m.all {
		if c.waits() && c.rules != r {
			c.back()
		}
	}
}

func (c *lived) waits() bool { return c.state == change.Submitted || c.state == change.Approved }

func (m *walked) expire() {
	for _, c := range m.all {
		if c.waits() && m.now.Sub(c.submitted) >= 14*24*time.Hour {
			c.end(change.Expired)
		}
	}
}

// work does the jobs that wait.
func (m *walked) work() {
	for _, c := range m.jobs {
		switch c.state {
		case change.Planning:
			m.planned(c)
		case change.Applying:
			m.written(c)
		}
	}
	m.jobs = nil
}

func (m *walked) planned(c *lived) {
	switch {
	case c.reverses != nil:
		c.plan = m.reversal(c.reverses.plan)
	case c.file == nil:
		c.state = change.Failed
		return
	default:
		c.plan = m.compared(c.file)
	}
	c.rules, c.state = m.rules, change.Planned
}

func (m *walked) live(id int) *customer {
	if r, there := m.table[id]; there {
		return &r
	}
	return nil
}

func (m *walked) compared(file map[int]customer) (plan []delta) {
	for id, cells := range file {
		before := m.live(id)
		after := customer{}
		if before != nil {
			after = *before
		}
		after.name = cells.name
		if cells.credit != "" {
			after.credit = cells.credit
		}
		if before == nil || *before != after {
			plan = append(plan, delta{id, before, &after})
		}
	}
	return plan
}

// reversal takes back each row that is still as it was written: in the columns
// that were changed, or as a whole where it was inserted or deleted.
func (m *walked) reversal(forward []delta) (plan []delta) {
	for _, d := range forward {
		now := m.live(d.id)
		switch {
		case d.before == nil && now != nil && *now == *d.after:
			plan = append(plan, delta{d.id, now, nil})
		case d.after == nil && now == nil:
			plan = append(plan, delta{d.id, nil, d.before})
		case d.before != nil && d.after != nil && now != nil:
			back, same := *now, true
			for _, column := range []func(*customer) *string{
				func(r *customer) *string { return &r.name }, func(r *customer) *string { return &r.credit }, func(r *customer) *string { return &r.note },
			} {
				if was, wrote := *column(d.before), *column(d.after); was != wrote {
					same = same && *column(now) == wrote
					*column(&back) = was
				}
			}
			if same {
				plan = append(plan, delta{d.id, now, &back})
			}
		}
	}
	return plan
}

// written writes a plan if all its rows are as they were planned from.
func (m *walked) written(c *lived) {
	if m.moved(c) {
		c.back()
		return
	}
	for _, d := range c.plan {
		delete(m.table, d.id)
		if d.after != nil {
			m.table[d.id] = *d.after
		}
	}
	c.state, c.applied = change.Applied, m.now
	if f := c.reverses; f != nil {
		f.state, f.reversedBy = change.Undone, c
	}
}
