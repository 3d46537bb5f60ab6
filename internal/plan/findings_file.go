package plan

import (
	"fmt"
	"strings"
	"time"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/intake"
)

// Guess is what a column of the file was taken for, or may be.
type Guess struct {
	File, Column string
	Confidence   int
	Why          string
	Option       string // of the command line: says so, or says that it is not so
}

// MatchedFinding warns of columns that were matched by a guess.
func MatchedFinding(guesses []Guess) finding.Finding {
	var say, mend []string
	for _, g := range guesses {
		say = append(say, fmt.Sprintf("%s was taken for %s (%d of 100: %s)", quote(g.File), g.Column, g.Confidence, g.Why))
		mend = append(mend, g.Option)
	}
	return warning(finding.Matched, "", listed("Columns of the file were matched by a guess: ", say), listed("Check them. To leave one out: ", mend))
}

// QuestionFinding asks which columns of the dataset columns of the file are.
func QuestionFinding(guesses []Guess) finding.Finding {
	var say, mend []string
	for _, g := range guesses {
		say = append(say, fmt.Sprintf("%s may be %s (%d of 100: %s)", quote(g.File), g.Column, g.Confidence, g.Why))
		mend = append(mend, g.Option)
	}
	return warning(finding.Question, "", listed("Columns of the file were left out until somebody says what they are: ", say), listed("Say so, as in ", mend))
}

// RecipeFinding warns of a file that has other columns than its recipe; differences
// puts them in words.
func RecipeFinding(name string, version int, differences func(option func(file, column string) string) (message, mend string)) finding.Finding {
	message, mend := differences(intake.Option)
	return warning(finding.Recipe, "", fmt.Sprintf("The file has other columns than the recipe %s, version %d: %s", name, version, message), mend)
}

// ReadAsBeforeFinding warns that a file was read in the way that was chosen for an
// earlier one.
func ReadAsBeforeFinding(before change.ID) finding.Finding {
	return warning(finding.Reading, "", fmt.Sprintf("The file made no sense by itself, so it was read as was chosen in change %s; it has the same columns.", before),
		"If that is wrong, choose how it is read, as with --delimiter or --encoding.")
}

// TwinFinding warns of an earlier change with the same rows; where is the time
// zone to tell its day in.
func TwinFinding(c, twin *change.Change, where *time.Location) finding.Finding {
	what := "proposed the same rows, in another order or another kind of file"
	if c.Input != nil && twin.Input != nil && c.Input.Digest == twin.Input.Digest {
		what = "proposed the very same file"
		if c.Options.Rule != nil {
			what = "had the very same rule, which computes once more from what it gave"
		}
	}
	if where == nil {
		where = time.UTC
	}
	state := "It is " + twin.State.Words()
	if twin.AppliedAt != nil {
		state = "It was applied on " + twin.AppliedAt.In(where).Format(time.DateOnly)
	}
	return warning(finding.Twin, "", fmt.Sprintf("Change %s, made by %s on %s, %s. %s.", twin.ID, twin.Maker, twin.CreatedAt.In(where).Format(time.DateOnly), what, state),
		fmt.Sprintf("Look at it: sutor change show %s. If this is the same once more, withdraw one of the two.", twin.ID))
}

func quote(name string) string { return fmt.Sprintf("%q", finding.Sample(name)) }

// listed lists at most twenty parts behind a lead.
func listed(lead string, parts []string) string {
	const most = 20
	if len(parts) > most {
		parts = append(parts[:most:most], fmt.Sprintf("and %d more", len(parts)-most))
	}
	return lead + strings.Join(parts, "; ") + "."
}
