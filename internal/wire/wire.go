// Package wire holds the JSON documents of the contract, as the API sends them,
// the client reads them and `--json` prints them. They are the outer form only:
// what is stored and what is reasoned about have types of their own, so that
// either may evolve without the other. Fields are added, never renamed or given
// another meaning.
package wire

import (
	"cmp"
	"encoding/json"
	"time"

	"sutor/internal/finding"
)

// Change is one governed mass change (docs/api.md).
type Change struct {
	ID         string            `json:"id"`
	Title      string            `json:"title"`
	Reason     string            `json:"reason"`
	Dataset    string            `json:"dataset"`
	Mode       string            `json:"mode"`
	State      string            `json:"state"`
	Why        string            `json:"why,omitempty"`     // why it failed, was rejected or went back, in a sentence
	Problem    *Problem          `json:"problem,omitempty"` // of a plan or an apply that failed: the same with its kind and exit code
	Maker      string            `json:"maker"`
	CreatedAt  time.Time         `json:"created_at"`
	Compact    string            `json:"compact"`
	Input      *Input            `json:"input"`
	Plan       *Plan             `json:"plan"`
	Findings   []finding.Finding `json:"findings"`        // of the plan, of its trial, and of the apply
	Trial      *Trial            `json:"trial,omitempty"` // how the system took the plan that stands
	Risk       Risk              `json:"risk"`
	Impact     []Impact          `json:"impact"`
	Route      []Step            `json:"route"`
	RouteWhy   string            `json:"route_why,omitempty"` // why nobody needs to decide
	Blocked    string            `json:"blocked,omitempty"`   // why the route cannot be walked
	Decisions  []Decision        `json:"decisions"`
	Result     *Result           `json:"result"`
	Undo       Undo              `json:"undo"`
	Reverses   *string           `json:"reverses"`
	ReversedBy *string           `json:"reversed_by"`
	SplitFrom  *string           `json:"split_from"`           // the change whose other rows were approved
	SplitInto  []string          `json:"split_into,omitempty"` // the changes that the rest of the rows went on as
	Split      *Split            `json:"split,omitempty"`      // how it was divided
	Twin       *string           `json:"twin,omitempty"`       // an earlier change with the very same file
	ApplyAt    *time.Time        `json:"apply_at,omitempty"`   // when it is applied by the server, once approved
	Purged     *Purged           `json:"purged,omitempty"`     // what of it was removed when its time was over
	Key        []string          `json:"key,omitempty"`        // columns that the file's rows are found by, where that is not the dataset's key; for those who may see values
	Within     string            `json:"within,omitempty"`     // of a sync: the part of the table that the file stands for; for those who may see values
	Rule       *ByRule           `json:"rule,omitempty"`       // in place of a file; for those who may see values
	Recipe     *RecipeUse        `json:"recipe,omitempty"`     // that its choices were taken from
	Progress   *Progress         `json:"progress,omitempty"`   // while planning or applying
	Stopping   string            `json:"stopping,omitempty"`   // who asked for the apply to be stopped, until it is or is done
	May        []string          `json:"may"`                  // the commands the asker may give now: "submit", "approve"…
	// Members are the datasets of a change over several, parents first: those that the
	// asker may see, and how many there are besides. Plan, risk and result are the
	// whole's then, findings and impact those of all members shown.
	Members []Member `json:"members,omitempty"`
	Hidden  int      `json:"members_hidden,omitempty"`

	Next string `json:"next,omitempty"` // whose move it is, in a sentence
}

// Member is one dataset's share in a change over several.
type Member struct {
	Dataset  string            `json:"dataset"`
	Mode     string            `json:"mode"`
	Input    *Input            `json:"input"`
	Plan     *Plan             `json:"plan"`
	Findings []finding.Finding `json:"findings"`
	Risk     Risk              `json:"risk"`
	Impact   []Impact          `json:"impact"`
	Result   *Result           `json:"result"`
	Recipe   *RecipeUse        `json:"recipe,omitempty"`
	Twin     *string           `json:"twin,omitempty"`
}

// Split is how a change was divided into the part that an owner approved and the
// rest.
type Split struct {
	Plan    string    `json:"plan"` // the digest of the whole
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Say     string    `json:"say,omitempty"` // which rows are the part; for those who may see values
	Rows    int64     `json:"rows"`
	Rest    int64     `json:"rest"`
	Unknown int64     `json:"unknown,omitempty"` // of the rest, rows of which it could not be judged
}

// PartLook is what the approval of a part would do to a change.
type PartLook struct {
	Say     string `json:"say"`               // which rows are the part
	Rows    int64  `json:"rows"`              // that go on with the change
	Rest    int64  `json:"rest"`              // that go back to the maker, as a change of their own
	Unknown int64  `json:"unknown,omitempty"` // of the rest, rows of which it could not be judged
	Whole   string `json:"whole"`             // the digest of the plan that stands
	Plan    string `json:"plan"`              // the digest of the part's
}

// Purged says when what of a change was removed.
type Purged struct {
	Inputs *time.Time `json:"inputs,omitempty"` // its files
	Values *time.Time `json:"values,omitempty"` // the rows of its plans, and what was stored
	Texts  *time.Time `json:"texts,omitempty"`  // who decided, reasons, comments
}

// Purge tells what was removed, or would be.
type Purge struct {
	Changes   int64 `json:"changes"`
	Artefacts int64 `json:"artefacts"` // files and plans
	Texts     int64 `json:"texts"`     // changes of which names, reasons and comments were erased
	Notices   int64 `json:"notices"`
	DryRun    bool  `json:"dry_run,omitempty"`
}

// ByRule is a change without a file, in the guardrail language over a row's columns.
type ByRule struct {
	Where string   `json:"where"`
	Set   []Assign `json:"set"`
}

// Assign is what one column becomes.
type Assign struct {
	Column string `json:"column"`
	To     string `json:"to"` // an expression, or null
}

// Trial is how the system took a plan that was written in a transaction and rolled
// back.
type Trial struct {
	Outcome string     `json:"outcome"`      // passed, refused, moved, unknown; none while it was not tried
	By      string     `json:"by,omitempty"` // who asked for it
	At      *time.Time `json:"at,omitempty"`
	Why     string     `json:"why,omitempty"` // of any outcome but passed; of none: what a trial does
}

// RecipeUse names the version of a recipe that a change was made by.
type RecipeUse struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version int    `json:"version"`
}

// Input is the file that was proposed.
type Input struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	Rows   int64  `json:"rows"`
	Mended int64  `json:"mended,omitempty"` // cells that were mended since
}

// Mends are corrected cells of a change's file.
type Mends struct {
	Cells []Mend `json:"cells"`
}

// Mend is one corrected cell.
type Mend struct {
	Row    int64   `json:"row"`    // of the file, as findings name it
	Column string  `json:"column"` // as in the file's header
	Value  *string `json:"value"`  // the text that counts now; null for an empty cell
}

// Plan names the frozen plan and counts its rows.
type Plan struct {
	Digest    string   `json:"digest"`
	Counts    Counts   `json:"counts"`
	Columns   []string `json:"columns,omitempty"`    // judged columns, key first
	Updated   []string `json:"updated,omitempty"`    // those of them that any update writes; for those who see every value
	LeftOut   bool     `json:"left_out,omitempty"`   // invalid rows are left out by choice
	TableRows int64    `json:"table_rows,omitempty"` // rows of the live table when it was planned
	Mapping   []Mapped `json:"mapping,omitempty"`    // every column of the file, in its order; for those who may see values
}

// Mapped says what became of one column of the file.
type Mapped struct {
	File       string      `json:"file"`
	Column     string      `json:"column,omitempty"`     // the dataset's; absent where it was left out
	How        string      `json:"how,omitempty"`        // map, recipe, name, label, also, similar name, memory, synonym, near name, content; absent where nothing fits
	Confidence int         `json:"confidence,omitempty"` // 1 to 100
	Why        string      `json:"why,omitempty"`
	Format     string      `json:"format,omitempty"`      // how its cells are written, where that is not the standard way; may be given to --format
	FormatFrom string      `json:"format_from,omitempty"` // the earlier change in which the format was chosen, where only that decided
	Candidates []Candidate `json:"candidates,omitempty"`  // what it may be, where somebody must say
}

// Candidate is a column of the dataset that a column of the file may be.
type Candidate struct {
	Column     string `json:"column"`
	Confidence int    `json:"confidence"`
	Why        string `json:"why"`
}

// Submittable tells whether a planned change would be taken, rights aside: nothing
// blocks it, and it would write something.
func (c Change) Submittable() bool {
	return c.Plan != nil && !finding.Blocks(c.Findings) && c.Plan.Counts.Insert+c.Plan.Counts.Update+c.Plan.Counts.Delete > 0
}

// Counts counts a plan's rows by what happens to them.
type Counts struct {
	Insert     int64  `json:"insert"`
	Update     int64  `json:"update"`
	Delete     int64  `json:"delete"`
	Unchanged  int64  `json:"unchanged"`
	Invalid    int64  `json:"invalid"`
	Kept       *int64 `json:"kept,omitempty"`       // reversals: changed by others since, left as they are
	Impossible *int64 `json:"impossible,omitempty"` // reversals: cannot be reversed
}

// Plus adds two counts.
func (c Counts) Plus(o Counts) Counts {
	add := func(a, b *int64) *int64 {
		if a == nil || b == nil {
			return cmp.Or(a, b)
		}
		sum := *a + *b
		return &sum
	}
	return Counts{c.Insert + o.Insert, c.Update + o.Update, c.Delete + o.Delete, c.Unchanged + o.Unchanged, c.Invalid + o.Invalid,
		add(c.Kept, o.Kept), add(c.Impossible, o.Impossible)}
}

// Risk is a score with its reasons.
type Risk struct {
	Score   int      `json:"score"`
	Factors []Factor `json:"factors"`
}

// Factor is one reason of a risk score.
type Factor struct {
	Name   string `json:"name"`
	Points int    `json:"points"`
	Why    string `json:"why"`
}

// Impact is one line of what a change touches elsewhere.
type Impact struct {
	Label   string   `json:"label"`
	Rows    int64    `json:"rows"`
	Measure *float64 `json:"measure,omitempty"`
	Unknown bool     `json:"unknown,omitempty"` // it could not be found out; then why says the reason, and rows is 0
	Why     string   `json:"why,omitempty"`
}

// Step is one requirement of a route.
type Step struct {
	Role    string `json:"role"`
	Needs   int    `json:"needs"`
	Why     string `json:"why"`
	Dataset string `json:"dataset,omitempty"` // that they decide for, in a change over several
}

// Decision is one approval or rejection.
type Decision struct {
	By       string    `json:"by"`
	For      string    `json:"for,omitempty"` // in whose place; absent in their own right
	Role     string    `json:"role"`
	Decision string    `json:"decision"` // approve | reject
	Digest   string    `json:"digest"`
	Means    string    `json:"means"`
	At       time.Time `json:"at"`
	Comment  string    `json:"comment"`
	Void     string    `json:"void,omitempty"`     // why it no longer counts
	Datasets []string  `json:"datasets,omitempty"` // that it counts for, in a change over several
}

// Since is what a change would write otherwise than the plan of its last decision on
// another one.
type Since struct {
	Decision *Decision     `json:"decision"` // null: nobody has decided on another plan
	Datasets []Differences `json:"datasets"` // one for each of the change's
}

// Differences counts rows by key: what would be written is compared, not what stands
// there.
type Differences struct {
	Dataset string `json:"dataset"`
	Added   int64  `json:"added"`         // written now, not then
	Gone    int64  `json:"gone"`          // written then, not now
	Other   int64  `json:"other"`         // written both times, with other values or otherwise
	Same    int64  `json:"same"`          // written alike
	Why     string `json:"why,omitempty"` // it cannot be told
	Says    string `json:"says"`          // all of this in a sentence
}

// Result tells what an apply did.
type Result struct {
	Applied      int64   `json:"applied"`
	Already      int64   `json:"already"`
	Conflicts    int64   `json:"conflicts"`
	Failed       int64   `json:"failed"`
	ConflictRows []int64 `json:"conflict_rows,omitempty"` // file rows, at most 1,000
	Message      string  `json:"message,omitempty"`
	Given        *Given  `json:"given,omitempty"` // the system gave new rows their keys; null where all had one
}

// Given tells that the system gave so many new rows a column of their key. Which ones
// stands in the rows of the change.
type Given struct {
	Column string `json:"column"`
	Rows   int64  `json:"rows"`
}

// Undo tells whether a change can be reversed, until when, and why (not).
type Undo struct {
	Possible bool       `json:"possible"`
	Until    *time.Time `json:"until,omitempty"`
	Why      string     `json:"why"`
}

// Progress says how far a plan or an apply is.
type Progress struct {
	Step string `json:"step"` // in words
	Done int64  `json:"done"`
	Of   int64  `json:"of"` // 0 where it is not known
}

// Row is one row of a plan.
type Row struct {
	Op      string                     `json:"op"`
	Row     *int64                     `json:"row"` // the file's physical line; null where no file row stands behind it
	Key     map[string]json.RawMessage `json:"key"`
	Before  map[string]json.RawMessage `json:"before"`
	After   map[string]json.RawMessage `json:"after"`
	Changed []string                   `json:"changed"`
	Why     string                     `json:"why,omitempty"` // reversals: why a row is kept or impossible
}

// Rows is a page of a plan.
type Rows struct {
	Rows   []Row `json:"rows"`
	Total  int64 `json:"total"` // of those asked for
	Offset int64 `json:"offset"`
}

// Dataset is what there is to change.
type Dataset struct {
	Name       string     `json:"name"`
	Label      string     `json:"label"`
	System     string     `json:"system"`
	Table      string     `json:"table"`
	Key        []string   `json:"key"`
	OtherKeys  [][]string `json:"other_keys,omitempty"` // what else rows of a file can be found by: unique in the system; of one dataset
	Department string     `json:"department"`
	Process    *Process   `json:"process,omitempty"` // null: it belongs to none
	Owners     []string   `json:"owners"`
	Needs      int        `json:"needs,omitempty"` // how many owners decide, where more than one
	Allow      []string   `json:"allow"`
	May        []string   `json:"may"` // what the asker may do: "propose", "export"…
	Columns    []Column   `json:"columns,omitempty"`
	Guardrails []Rule     `json:"guardrails,omitempty"`
	Freedom    []Freedom  `json:"freedom,omitempty"` // which changes go ahead without the owner
	Rows       *int64     `json:"rows,omitempty"`
	SomeRows   bool       `json:"some_rows,omitempty"` // the asker sees some of its rows only
	Frozen     *Frozen    `json:"frozen,omitempty"`    // null: changes may be applied
}

// Process is a group of datasets with one owner of the process.
type Process struct {
	Name  string `json:"name"`
	Label string `json:"label"`
}

// Freedom lets makers of a level go ahead without the owner where when holds.
type Freedom struct {
	Level string `json:"level"` // at least
	When  string `json:"when"`
	Yours bool   `json:"yours,omitempty"` // the asker's level reaches it
}

// Access is somebody's asking to see a dataset, or columns of it, for a time.
type Access struct {
	ID      string     `json:"id"`
	Person  string     `json:"person"`
	Dataset string     `json:"dataset"`
	Columns []string   `json:"columns,omitempty"`
	Days    int        `json:"days"` // asked for
	Reason  string     `json:"reason"`
	State   string     `json:"state"` // asked | granted | denied | ended | lapsed
	Asked   time.Time  `json:"asked"`
	By      string     `json:"by,omitempty"` // who granted, denied or ended it
	Comment string     `json:"comment,omitempty"`
	Until   *time.Time `json:"until,omitempty"` // of a grant
	May     []string   `json:"may"`             // what the asker may do with it: "grant", "deny", "end"
}

// Frozen says that nothing is applied to a dataset now.
type Frozen struct {
	By  string    `json:"by"`
	At  time.Time `json:"at"`
	Say string    `json:"say"`
}

// Column is a column with its rules.
type Column struct {
	Name     string   `json:"name"`
	Label    string   `json:"label,omitempty"`
	Type     string   `json:"type"`           // as the system calls it
	Kind     string   `json:"kind,omitempty"` // what it is to Sutor: text, integer, decimal, float, boolean, date…
	Nullable bool     `json:"nullable"`
	Writable bool     `json:"writable"`
	OneOf    []string `json:"one_of,omitempty"`
	Min      string   `json:"min,omitempty"`
	Max      string   `json:"max,omitempty"`
	Pattern  string   `json:"pattern,omitempty"`
	Say      string   `json:"say,omitempty"` // the pattern in words
	Required bool     `json:"required,omitempty"`
	Also     []string `json:"also,omitempty"`
	Masked   bool     `json:"masked,omitempty"` // its values are not for the asker, who sees •••; then it has no rules here
}

// Rule is a guardrail in plain words.
type Rule struct {
	Name  string `json:"name"`
	Each  string `json:"each"`
	When  string `json:"when"`
	Then  string `json:"then"`
	By    string `json:"by,omitempty"`
	Needs int    `json:"needs,omitempty"` // how many of them, where more than one
	Say   string `json:"say"`

	Process string `json:"process,omitempty"` // whose rule it is; absent: the dataset's own
}

// Recipe is a saved way to read files of a dataset. In a list it is without what
// the version says.
type Recipe struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Dataset   string    `json:"dataset"`
	Author    string    `json:"author"`
	Shared    bool      `json:"shared"` // with the makers of the dataset's department
	Removed   bool      `json:"removed,omitempty"`
	Version   int       `json:"version"`  // this one
	Versions  int       `json:"versions"` // the latest
	At        time.Time `json:"at"`       // of the version
	MayChange bool      `json:"may_change"`

	SavedBy         string            `json:"saved_by,omitempty"`
	From            string            `json:"from,omitempty"` // the change that it was saved from
	Mode            string            `json:"mode,omitempty"`
	ClearEmpty      bool              `json:"clear_empty,omitempty"`
	LeaveOutInvalid bool              `json:"leave_out_invalid,omitempty"`
	Columns         []string          `json:"columns,omitempty"` // the file's header
	Map             map[string]string `json:"map,omitempty"`     // each of them → column; "" leaves it out
	File            json.RawMessage   `json:"file,omitempty"`    // how the file is read, where that was chosen
	Formats         map[string]string `json:"formats,omitempty"` // column → how it is written, where that was chosen
	Normalize       string            `json:"normalize,omitempty"`
	Key             []string          `json:"key,omitempty"` // columns that rows are found by; none: the dataset's key
}

// Person is who is signed in.
type Person struct {
	Email       string    `json:"email"`
	Name        string    `json:"name"`
	Roles       []string  `json:"roles"`
	Departments []string  `json:"departments"`
	Level       string    `json:"level,omitempty"` // in force, of makers
	Means       string    `json:"means"`
	Limits      Limits    `json:"limits"`             // of the server
	Standing    *Standing `json:"standing,omitempty"` // of makers: their record, and the level that it gives
	Deputies    []Deputy  `json:"deputies,omitempty"` // the person's own, and those whose deputy they are
}

// Limits are what a server takes and gives; sizes are bytes.
type Limits struct {
	Upload    int64 `json:"upload"`            // one file as it is sent
	Rows      int64 `json:"rows"`              // of one file
	Staging   int64 `json:"staging"`           // all cells of one file, as read
	Spill     int64 `json:"spill"`             // disk of one plan
	Plan      int64 `json:"plan_milliseconds"` // time of one plan; 0 for no limit
	Slots     int   `json:"slots"`             // plans and applies worked on at once by one server
	Artifacts int64 `json:"artifacts"`         // all files and plans that are kept; 0 for no limit
}

// Compact is the Compact in force.
type Compact struct {
	Digest string `json:"digest"`
	Text   string `json:"text"` // the file, byte for byte
	// Excerpt: Text lacks what is not for the asker; Digest is the whole file's.
	Excerpt bool `json:"excerpt,omitempty"`
}

// Checkpoint is the evidence log's signed head.
type Checkpoint struct {
	Checkpoint string `json:"checkpoint"` // a signed note
	Key        string `json:"key"`        // the verifier's key
	Size       int64  `json:"size"`
}

// Problem is an error (RFC 9457) with Sutor's own members.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"`
	Exit   int    `json:"exit"`             // the command line's exit code
	Report string `json:"report,omitempty"` // of a check of the evidence that found a fault: the whole report
}

// Fsck is the result of a check of the whole evidence log that found no fault;
// with a fault the answer is a Problem.
type Fsck struct {
	OK     bool   `json:"ok"`
	Report string `json:"report"` // text for people
}

// Health is the state of what is configured.
type Health struct {
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
	Limits Limits  `json:"limits"`
	// Rights are the least that the accounts of the systems need; for stewards.
	Rights []SystemRights `json:"rights,omitempty"`
}

// SystemRights are the least rights that Sutor's account in a system needs.
type SystemRights struct {
	System string   `json:"system"`
	Kind   string   `json:"kind"`
	Needs  []string `json:"needs"` // statements by which an administrator gives them, or sentences
}

// Check is the state of one thing that is configured.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"` // why not, in a sentence
}
