package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sutor/internal/finding"
	"sutor/internal/wire"
)

// stateWords gives a state as it stands in a sentence.
func stateWords(state string) string {
	switch state {
	case "planning":
		return "being planned"
	case "applying":
		return "being applied"
	case "partly_applied":
		return "partly applied"
	}
	return state
}

// isNow gives a state with its verb.
func isNow(state string) string {
	if state == "failed" || state == "expired" {
		return "has " + state
	}
	return "is " + stateWords(state)
}

func group(n int64) string { return finding.Grouped(n) }

// count writes a number with its noun.
func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return group(n) + " " + many
}

// countsWords puts a plan's counts in words; what would be written comes first.
func countsWords(c wire.Counts) string {
	parts := []string{count(c.Insert, "insert", "inserts"), count(c.Update, "update", "updates"), count(c.Delete, "delete", "deletes"),
		group(c.Unchanged) + " unchanged", group(c.Invalid) + " invalid"}
	if c.Kept != nil {
		parts = append(parts, group(*c.Kept)+" kept (changed by others since)")
	}
	if c.Impossible != nil {
		parts = append(parts, group(*c.Impossible)+" impossible to reverse")
	}
	return strings.Join(parts, ", ")
}

// showPlanned is what one sees after planning.
func showPlanned(p *page, ch wire.Change) {
	if ch.Plan == nil {
		p.line("Change %s %s.", ch.ID, isNow(ch.State))
		return
	}
	p.line("Change %s is %s: %s.", ch.ID, stateWords(ch.State), countsWords(ch.Plan.Counts))
	showMembers(p, ch)
	p.line("  plan %s", ch.Plan.Digest)
	showRule(p, ch)
	showTwin(p, ch)
	showFindings(p, ch.Findings)
	showImpact(p, ch)
	showRoute(p, ch)
	showNext(p, ch)
}

// showMembers shows the datasets of a change over several, in the order in which they
// are written.
func showMembers(p *page, ch wire.Change) {
	for _, m := range ch.Members {
		file, counts := "", "not planned yet"
		if m.Input != nil {
			file = " from " + m.Input.Name
		}
		if m.Plan != nil {
			counts = countsWords(m.Plan.Counts)
		}
		p.line("  %s: %s%s", m.Dataset, counts, file)
		if m.Plan != nil {
			showMapping(p, wire.Change{Plan: m.Plan})
		}
		showTwin(p, wire.Change{Twin: m.Twin})
	}
	if n := ch.Hidden; n > 0 {
		p.line("  and %s that you may not see", count(int64(n), "dataset", "datasets"))
	}
}

// showActed is what one sees after a step.
func showActed(p *page, ch wire.Change, did string) {
	p.line("Change %s: %s.", ch.ID, did)
	if !strings.HasPrefix(did, ch.State) {
		p.line("It is %s now.", stateWords(ch.State))
	}
	showRoute(p, ch)
	showNext(p, ch)
}

func givenTo(g wire.Given) string {
	if g.Rows == 1 {
		return "1 new row its " + g.Column
	}
	return group(g.Rows) + " new rows their " + g.Column
}

// showResult is what one sees after an apply.
func showResult(p *page, ch wire.Change) {
	p.line("Change %s %s.", ch.ID, isNow(ch.State))
	if r := ch.Result; r != nil {
		p.line("  %s applied, %s as wanted already, %s in conflict, %s failed.", group(r.Applied), group(r.Already), group(r.Conflicts), group(r.Failed))
		if len(r.ConflictRows) > 0 {
			p.line("  Rows of the file that others have changed meanwhile: %s", ranges(finding.Ranges(r.ConflictRows)))
		}
		if r.Given != nil {
			p.line("  The system gave %s: sutor change rows %s --op insert", givenTo(*r.Given), ch.ID)
		}
		for _, m := range ch.Members {
			if m.Result != nil {
				p.line("    %s: %s applied, %s in conflict", m.Dataset, group(m.Result.Applied), group(m.Result.Conflicts))
			}
		}
		if r.Message != "" {
			p.line("  %s", r.Message)
		}
	}
	if ch.Undo.Possible {
		p.line("  %s", ch.Undo.Why)
	}
	if ch.State != "applied" { // what was done asks for no mend any more
		showFindings(p, ch.Findings)
	}
	showNext(p, ch)
}

// showChange is everything about a change.
func showChange(p *page, ch wire.Change) {
	p.line("Change %s: %s", ch.ID, ch.Title)
	p.line("%s, %s of %s, made by %s on %s.", capital(stateWords(ch.State)), ch.Mode, ch.Dataset, ch.Maker, when(ch.CreatedAt))
	for _, text := range []string{ch.Reason, ch.Why} {
		if text != "" {
			p.line("%s", text)
		}
	}
	if ch.Input != nil && ch.Rule == nil {
		p.line("File %s: %s.", ch.Input.Name, count(ch.Input.Rows, "row", "rows"))
		if n := ch.Input.Mended; n > 0 {
			p.line("Mended: %s of the file.", count(n, "cell", "cells"))
		}
	}
	if ch.Recipe != nil {
		p.line("Read by the recipe %s, version %d.", ch.Recipe.Name, ch.Recipe.Version)
	}
	showRule(p, ch)
	showTwin(p, ch)
	if ch.Reverses != nil {
		p.line("It reverses change %s.", *ch.Reverses)
	}
	showSplit(p, ch)
	if ch.ReversedBy != nil {
		p.line("%s %s.", reversedWords(ch.State), *ch.ReversedBy)
	}
	if ch.Plan != nil {
		p.line("Plan: %s.", countsWords(ch.Plan.Counts))
	}
	showMembers(p, ch)
	if ch.Plan != nil {
		p.line("  plan %s", ch.Plan.Digest)
		if ch.Plan.LeftOut {
			p.line("  Invalid rows are left out by choice.")
		}
	}
	if ch.Purged != nil {
		showPurged(p, *ch.Purged)
	}
	showMapping(p, ch)
	showFindings(p, ch.Findings)
	showTrial(p, ch)
	showImpact(p, ch)
	showRoute(p, ch)
	for _, d := range ch.Decisions {
		p.line("  %s %s as %s%s%s on %s (%s)%s%s", d.By, decisionWords(d.Decision), d.Role, after(" of ", strings.Join(d.Datasets, ", ")), after(", in the place of ", d.For), when(d.At), d.Means, after(": ", d.Comment), after(" Void: ", d.Void))
	}
	if ch.Result != nil {
		showResult(p, wire.Change{ID: ch.ID, State: ch.State, Result: ch.Result, Members: ch.Members, Undo: ch.Undo})
	}
	showNext(p, ch)
}

// showPart tells what the approval of a part would do.
func showPart(p *page, id string, l wire.PartLook) {
	p.line("%s would go on with change %s: %s.", count(l.Rows, "row", "rows"), id, l.Say)
	p.line("%s would go back to the maker, as a change of their own.", count(l.Rest, "row", "rows"))
	if l.Unknown > 0 {
		p.line("Of %d of these it could not be judged whether they belong to the part.", l.Unknown)
	}
	p.line("The whole plan: %s", l.Whole)
	p.line("The part's:     %s", l.Plan)
	p.line("Nothing was decided.")
}

// showSplit tells how a change was divided.
func showSplit(p *page, ch wire.Change) {
	if ch.SplitFrom != nil {
		p.line("It is the rest of change %s, of which a part was approved.", *ch.SplitFrom)
	}
	if len(ch.SplitInto) > 0 {
		p.line("The rest of its rows went on as change %s.", strings.Join(ch.SplitInto, ", "))
	}
	if s := ch.Split; s != nil {
		p.line("  %s divided it: %s. %s in the part, %s not.", s.By, s.Say, count(s.Rows, "row", "rows"), count(s.Rest, "row", "rows"))
		if s.Unknown > 0 {
			p.line("  Of %s it could not be judged; they are not in the part.", count(s.Unknown, "row", "rows"))
		}
	}
}

// showTried tells how a trial ended.
func showTried(p *page, ch wire.Change) {
	showTrial(p, ch)
	var found []finding.Finding
	for _, f := range ch.Findings {
		if f.Guardrail == finding.Constraint || f.Guardrail == finding.Moved || f.Guardrail == finding.AsStored {
			found = append(found, f)
		}
	}
	showFindings(p, found)
	showNext(p, ch)
}

func showTrial(p *page, ch wire.Change) {
	if ch.Trial == nil {
		return
	}
	switch ch.Trial.Outcome {
	case "passed":
		p.line("✓ Tried on %s: the system would take it. It was rolled back.", when(*ch.Trial.At))
	case "none":
		p.line("  %s", ch.Trial.Why)
	default:
		p.line("✗ Tried on %s, and rolled back: %s", when(*ch.Trial.At), ch.Trial.Why)
	}
}

// showMapping lists the columns of the file that are not what their names say.
func showMapping(p *page, ch wire.Change) {
	if ch.Plan == nil {
		return
	}
	for _, m := range ch.Plan.Mapping {
		switch m.How {
		case "map", "recipe", "memory", "synonym", "near name", "content":
			what := "is left out"
			if m.Column != "" {
				what = "is " + m.Column
			}
			p.line("  column %s %s: %s", strconv.Quote(m.File), what, m.Why)
		}
		if m.Format != "" {
			as := m.Format
			if m.FormatFrom != "" {
				as += ", as chosen in change " + m.FormatFrom
			}
			p.line("  column %s is read as %s", strconv.Quote(m.File), as)
		}
	}
}

func showPurged(p *page, gone wire.Purged) {
	if gone.Inputs != nil {
		p.line("Its file was removed on %s: its time was over.", when(*gone.Inputs))
	}
	if gone.Values != nil {
		p.line("Its rows were removed on %s: their time was over.", when(*gone.Values))
	}
	if gone.Texts != nil {
		p.line("Who decided, reasons and comments were erased on %s: their time was over.", when(*gone.Texts))
	}
}

// showRule shows what a change is about that has no file, or whose file stands for a
// part of the table.
func showRule(p *page, ch wire.Change) {
	if ch.ApplyAt != nil {
		p.line("  to be applied on %s, once approved", when(*ch.ApplyAt))
	}
	if len(ch.Key) > 0 {
		p.line("  rows are found by %s", strings.Join(ch.Key, ", "))
	}
	if ch.Within != "" {
		p.line("  within %s: what of it is not in the file is deleted", ch.Within)
	}
	if ch.Rule == nil {
		return
	}
	p.line("  where %s", ch.Rule.Where)
	for _, s := range ch.Rule.Set {
		p.line("  set %s = %s", s.Column, s.To)
	}
}

func showTwin(p *page, ch wire.Change) {
	if ch.Twin != nil && ch.Rule == nil {
		p.line("! Change %s has the very same file: sutor change show %s", *ch.Twin, *ch.Twin)
	}
}

func decisionWords(d string) string {
	if d == "approve" {
		return "approved"
	}
	return "sent it back"
}

// after gives text behind a lead, or nothing.
func after(lead, text string) string {
	if text == "" {
		return ""
	}
	return lead + text
}

func when(t time.Time) string { return t.Local().Format("2 Jan 2006 15:04") }

func showImpact(p *page, ch wire.Change) {
	if ch.Risk.Score > 0 {
		p.line("Risk %d of 100", ch.Risk.Score)
		for _, f := range ch.Risk.Factors {
			p.line("  +%d %s: %s", f.Points, f.Name, f.Why)
		}
	}
	for _, i := range ch.Impact {
		if i.Unknown {
			p.line("  touches %s. %s", i.Label, i.Why)
			continue
		}
		measure := ""
		if i.Measure != nil {
			measure = ", " + i.Sum()
		}
		p.line("  touches %s %s%s%s", group(i.Rows), i.Label, measure, after(". ", i.Why))
	}
}

func showRoute(p *page, ch wire.Change) {
	if ch.Blocked != "" {
		p.line("✗ Nobody can decide: %s", ch.Blocked)
	}
	verb := "needed"
	if ch.State == "planned" || ch.State == "submitted" {
		verb = "needs"
	}
	if ch.RouteWhy != "" {
		p.line("  %s nobody: %s", verb, ch.RouteWhy)
	}
	for _, s := range ch.Route {
		p.line("  %s %s%s: %s", verb, count(int64(s.Needs), s.Role, s.Role+"s"), after(" of ", s.Dataset), s.Why)
	}
}

// showFindings lists findings, the gravest first, each with how to mend it.
func showFindings(p *page, all []finding.Finding) {
	grave := []finding.Severity{finding.Block, finding.Approve, finding.Warn}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b finding.Finding) int {
		return slices.Index(grave, a.Severity) - slices.Index(grave, b.Severity)
	})
	for _, f := range sorted {
		where := ""
		if f.Rows > 0 {
			where = ", " + count(f.Rows, "row", "rows")
		}
		p.line("%s %s%s%s%s", signOf(f), f.Guardrail, after(" of ", f.Column), after(" in ", f.Dataset), where)
		p.line("    %s", f.Message)
		if len(f.Samples) > 0 && len(f.Examples) == 0 { // examples say more: the row, its key, what is live
			p.line("    for example %s", quoted(f.Samples))
		}
		if len(f.Ranges) > 0 {
			p.line("    rows %s", ranges(f.Ranges))
		}
		for _, e := range f.Examples {
			p.line("      %s", exampleWords(e))
		}
		if f.Mend != "" {
			p.line("    Mend%s: %s", after(" (", who(f.Who)), f.Mend)
		}
	}
}

// reversedWords says of a change whether its reversal has been applied.
func reversedWords(state string) string {
	if state == "undone" {
		return "It was undone by change"
	}
	return "To undo it is proposed as change"
}

// exampleWords shows a row as: row 17, key 4711: "NET31", live "NET30".
func exampleWords(e finding.Example) string {
	text := "key " + e.Key
	if e.Row > 0 {
		text = fmt.Sprintf("row %d%s", e.Row, after(", key ", e.Key))
	}
	var values []string
	if e.Value != "" {
		values = append(values, strconv.Quote(e.Value))
	}
	if e.Live != "" {
		values = append(values, "live "+strconv.Quote(e.Live))
	}
	return text + after(": ", strings.Join(values, ", "))
}

// who says who can mend a finding, with the bracket that closes.
func who(role string) string {
	if role == "" {
		return ""
	}
	return "the " + role + ")"
}

func signOf(f finding.Finding) string {
	switch f.Severity {
	case finding.Block:
		return "✗ blocks:"
	case finding.Approve:
		return "? needs approval:"
	}
	return "! warning:"
}

func quoted(texts []string) string {
	var out []string
	for _, t := range texts {
		out = append(out, strconv.Quote(t))
	}
	return strings.Join(out, ", ")
}

// ranges lists at most twenty ranges.
func ranges(all []string) string {
	if len(all) > 20 {
		return strings.Join(all[:20], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}

// showNext says whose move it is and what to type.
func showNext(p *page, ch wire.Change) {
	if ch.Next != "" {
		p.line("%s", ch.Next)
	}
	if commands := nextCommands(ch); len(commands) > 0 {
		p.line("Next:")
		for _, text := range commands {
			p.line("  %s", text)
		}
	}
}

// nextCommands gives what the person can usefully type now.
func nextCommands(ch wire.Change) []string {
	var out []string
	may := func(act string) bool {
		return slices.Contains(ch.May, act) && (act != "submit" || ch.Submittable())
	}
	if ch.Plan != nil && ch.Result == nil {
		for _, m := range ch.Members {
			out = append(out, "sutor change rows "+ch.ID+" --dataset "+m.Dataset)
		}
		if len(ch.Members) == 0 {
			out = append(out, "sutor change rows "+ch.ID)
		}
	}
	for _, act := range []string{"submit", "approve", "reject", "apply", "undo"} {
		if !may(act) {
			continue
		}
		text := fmt.Sprintf("sutor change %s %s", act, ch.ID)
		if act == "reject" {
			text += " --comment 'WHY'"
		}
		out = append(out, text)
	}
	if may("replan") && !may("submit") && (ch.State == "planned" || ch.State == "rejected" || ch.State == "failed" || ch.State == "expired") {
		if len(ch.Members) > 0 {
			out = append(out, "sutor change replan "+ch.ID+" FILE --dataset "+ch.Members[0].Dataset)
		} else if ch.Rule != nil || ch.Reverses != nil || ch.State == "planned" && ch.Submittable() { // its file is not in the way
			out = append(out, "sutor change replan "+ch.ID)
		} else {
			out = append(out, "sutor change replan "+ch.ID+" FILE")
		}
	}
	return out
}

func showList(p *page, all []wire.Change) {
	if len(all) == 0 {
		p.line("There are no such changes. Propose one with: sutor change plan DATASET FILE")
		return
	}
	t := table{head: []string{"CHANGE", "STATE", "DATASET", "ROWS", "MAKER", "MADE", "TITLE"}, right: map[int]bool{3: true}}
	for _, ch := range all {
		rows := ""
		if ch.Plan != nil {
			c := ch.Plan.Counts
			rows = group(c.Insert + c.Update + c.Delete)
		}
		t.row(ch.ID, stateWords(ch.State), ch.Dataset, rows, ch.Maker, when(ch.CreatedAt), ch.Title)
	}
	t.write(p)
}
