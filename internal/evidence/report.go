package evidence

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"sutor/internal/access"
	"sutor/internal/record"
)

// Report is what a verification found, for people and as JSON.
type Report struct {
	Verified bool     `json:"verified"`
	Change   ChangeID `json:"change"`
	State    State    `json:"state"` // at the time of the export
	// Applied is the digest of the plan that was applied, the same one that was
	// approved; "" if none was.
	Applied  record.Digest `json:"applied,omitempty"`
	Exported string        `json:"exported"` // RFC 3339: the pack proves the change up to here
	Origin   string        `json:"origin"`   // the log
	Key      string        `json:"key"`      // that signed the checkpoint
	KeyKnown bool          `json:"key_known"`
	Size     int64         `json:"size"` // leaves in the log
	Root     string        `json:"root"` // base64
	Steps    []Step        `json:"steps"`
	Notes    []string      `json:"notes,omitempty"` // what cannot be judged, and why
}

// Step is one leaf in plain words.
type Step struct {
	Index   int64             `json:"index"` // in the log
	At      string            `json:"at"`
	Kind    Kind              `json:"kind"`
	What    string            `json:"what"`
	Who     string            `json:"who,omitempty"`
	Role    string            `json:"role,omitempty"`
	Means   access.Means      `json:"means,omitempty"`
	From    State             `json:"from,omitempty"`
	To      State             `json:"to,omitempty"`
	Plan    record.Digest     `json:"plan,omitempty"`
	Counts  map[string]int64  `json:"counts,omitempty"`
	Said    []string          `json:"said,omitempty"` // title, reason, comment, route …
	IDs     map[string]string `json:"ids,omitempty"`
	Erased  bool              `json:"erased,omitempty"` // who and why were erased
	Outside bool              `json:"outside,omitempty"`
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func stepOf(l placed, b Body, known bool) Step {
	return Step{
		Index: l.index, At: l.At, Kind: l.Kind, What: l.Kind.Sentence(), Who: b.Who, Role: l.IDs["role"], Means: l.Means,
		From: l.From, To: l.To, Plan: l.Digests["plan"], Counts: l.Counts, Said: b.said(l.Kind), IDs: l.IDs,
		Erased: l.Envelope != "" && !known, Outside: l.Change == "",
	}
}

// said lists the free texts of a body, each with its name.
func (b Body) said(kind Kind) []string {
	var out []string
	add := func(name, text string) {
		if text != "" {
			out = append(out, name+": "+text)
		}
	}
	switch kind {
	case DecisionApproved, DecisionRejected, ChangeSubmitted, PlanAsked, ApplyIntended, ChangeWithdrawn:
		add("in the place of", b.For)
	default:
		add("for", b.For)
	}
	add("dataset", b.Dataset)
	add("title", b.Title)
	add("reason", b.Reason)
	add("file", b.File)
	for _, r := range b.Route {
		add("needs", fmt.Sprintf("%d × %s. %s", r.Needs, r.name(), r.Why))
	}
	add("needs nobody", b.RouteWhy)
	if kind == Refused {
		add("attempted", b.Action)
	} else {
		add("occasion", b.Action)
	}
	add("comment", b.Comment)
	add("message", b.Message)
	for _, name := range slices.Sorted(maps.Keys(b.Details)) {
		add(name, b.Details[name])
	}
	return out
}

// WriteText writes the report for people. Control characters of the pack's
// texts are replaced: a pack must not steer its reader's terminal.
func (r Report) WriteText(w io.Writer) error {
	var b strings.Builder
	if r.Verified {
		fmt.Fprintf(&b, "VERIFIED: change %s, up to %s.\n", r.Change, r.Exported)
	} else if r.Change != "" {
		fmt.Fprintf(&b, "NOT VERIFIED: change %s.\n", r.Change)
	} else {
		b.WriteString("NOT VERIFIED.\n")
	}
	r.writeLog(&b)
	if r.Verified && r.Applied != "" {
		fmt.Fprintf(&b, "What was applied is what was submitted and decided on: plan %s\n", r.Applied)
	}
	b.WriteString("\n")
	for _, s := range r.Steps {
		s.write(&b)
	}
	for i, n := range r.Notes {
		if i == 0 {
			b.WriteString("\nWhat cannot be judged, or is not there any more:\n")
		}
		fmt.Fprintf(&b, "- %s\n", n)
	}
	if r.Verified {
		b.WriteString("\nWho held which role then, and by which rules, stands in the pack's compact folder.\n")
	}
	_, err := io.WriteString(w, clean(b.String()))
	return err
}

// writeLog says whose log it is, as far as the pack was read.
func (r Report) writeLog(b *strings.Builder) {
	if r.Origin != "" {
		fmt.Fprintf(b, "Log: %s, %d leaves, root %s\n", r.Origin, r.Size, r.Root)
	}
	switch {
	case r.Key == "":
	case r.KeyKnown:
		fmt.Fprintf(b, "Key: %s, the one you gave.\n", Short(r.Key))
	default:
		fmt.Fprintf(b, "Key: without a key known beforehand this only says whose log it claims to be: %s\n"+
			"     Compare with the key that the company publishes, or verify again with --key.\n", Short(r.Key))
	}
	if r.State != "" {
		fmt.Fprintf(b, "State: %s\n", r.State)
	}
}

func (s Step) write(b *strings.Builder) {
	fmt.Fprintf(b, "%s  %s", s.At, s.What)
	who := s.Who
	if s.Erased {
		who = "(erased)"
	}
	if who != "" {
		fmt.Fprintf(b, " By %s", one(who))
		if s.Role != "" {
			fmt.Fprintf(b, " as %s", s.Role)
		}
		if s.Means != "" {
			fmt.Fprintf(b, " (%s)", s.Means)
		}
		b.WriteString(".")
	}
	if s.To != "" && s.From != s.To {
		fmt.Fprintf(b, " [%s → %s]", s.From, s.To)
	}
	b.WriteString("\n")
	if s.Plan != "" {
		fmt.Fprintf(b, "    plan %s\n", s.Plan)
	}
	var counts []string
	for _, name := range slices.Sorted(maps.Keys(s.Counts)) {
		if !strings.HasPrefix(name, needsPrefix) {
			counts = append(counts, fmt.Sprintf("%s %d", name, s.Counts[name]))
		}
	}
	if len(counts) > 0 {
		fmt.Fprintf(b, "    %s\n", strings.Join(counts, ", "))
	}
	for _, text := range s.Said {
		fmt.Fprintf(b, "    %s\n", one(text))
	}
}

// one puts a text on one line.
func one(text string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(text)
}

// clean replaces what could steer a terminal or change the order of what is read
// (controls and invisible formatting), LF left out.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return '�'
		}
		return r
	}, text)
}
