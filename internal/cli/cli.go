package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"sutor/internal/errs"
)

// grammar is the whole command line.
type grammar struct {
	ServerURL   string `name:"server" placeholder:"URL" help:"The server's address (SUTOR_SERVER; default http://127.0.0.1:8080)."`
	AccessToken string `name:"token" placeholder:"TOKEN" help:"Your access token (SUTOR_TOKEN)."`
	JSON        bool   `name:"json" help:"Print JSON for programs."`

	Demo  demoCmd  `cmd:"" help:"Start a demo company on embedded databases."`
	Serve serveCmd `cmd:"" help:"Start the server."`

	Compact struct {
		Check  compactCheckCmd  `cmd:"" help:"Check a Compact, and the systems it names."`
		Schema compactSchemaCmd `cmd:"" help:"Print the JSON schema of the Compact."`
		Show   compactShowCmd   `cmd:"" help:"Print the Compact in force."`

		Rehearse compactRehearseCmd `cmd:"" help:"Try a Compact on past and waiting changes; nothing is put in force."`
		Versions compactVersionsCmd `cmd:"" help:"Which versions were in force, newest first."`
	} `cmd:"" help:"The agreement between makers, owners and IT."`
	Token struct {
		Issue  tokenIssueCmd  `cmd:"" help:"Issue an access token for a person of the Compact in force."`
		Revoke tokenRevokeCmd `cmd:"" help:"Revoke an access token, or all of a person's."`
	} `cmd:"" help:"Access tokens."`
	Dataset struct {
		List   datasetListCmd   `cmd:"" help:"The datasets you may see."`
		Show   datasetShowCmd   `cmd:"" help:"One dataset with its columns and guardrails."`
		Rows   datasetRowsCmd   `cmd:"" help:"Rows as they are now: ordered, filtered, a page at a time."`
		Export datasetExportCmd `cmd:"" help:"Take all rows out as a file."`
	} `cmd:"" help:"What there is to change."`
	Change struct {
		Plan     changePlanCmd     `cmd:"" help:"Propose a file as a change, and wait for its plan."`
		Set      changeSetCmd      `cmd:"" help:"Propose a change by rule, without a file, and wait for its plan."`
		Replan   changeReplanCmd   `cmd:"" help:"Plan again with today's data, or with another file."`
		Mend     changeMendCmd     `cmd:"" help:"Put mended rows back, and plan again."`
		List     changeListCmd     `cmd:"" help:"The changes you may see, newest first."`
		Show     changeShowCmd     `cmd:"" help:"One change."`
		Reading  changeReadingCmd  `cmd:"" help:"How the file is read: which column is which, with samples."`
		Rows     changeRowsCmd     `cmd:"" help:"The plan's rows, before and after."`
		Findings changeFindingsCmd `cmd:"" help:"What the checks found, and how to mend it."`
		Since    changeSinceCmd    `cmd:"" help:"What it would write otherwise than the plan that was last decided on."`
		Try      changeTryCmd      `cmd:"" help:"Write the plan in a transaction of the system that is rolled back, and see what the system says."`
		Submit   changeSubmitCmd   `cmd:"" help:"Ask for the decision."`
		Withdraw changeWithdrawCmd `cmd:"" help:"Take a change back."`
		Approve  changeApproveCmd  `cmd:"" help:"Approve exactly one plan."`
		Reject   changeRejectCmd   `cmd:"" help:"Send a change back, with a comment."`
		Apply    changeApplyCmd    `cmd:"" help:"Write the plan, and wait for the end."`
		Stop     changeStopCmd     `cmd:"" help:"Give an apply up before its commit."`
		Comment  changeCommentCmd  `cmd:"" help:"Say something about a change, or read what was said."`
		History  changeHistoryCmd  `cmd:"" help:"The change's evidence in words, each entry with its proof."`
		Hold     changeHoldCmd     `cmd:"" help:"Take back what was approved: nothing is applied."`
		Undo     changeUndoCmd     `cmd:"" help:"Propose the reversal of an applied change."`
	} `cmd:"" help:"Governed mass changes."`
	Inbox struct {
		List inboxListCmd `cmd:"" default:"withargs" help:"What you were told, newest first, and what waits for you."`
		Read inboxReadCmd `cmd:"" help:"Mark notices as read."`
	} `cmd:"" help:"What you were told, and what waits for you."`
	Recipe struct {
		List   recipeListCmd   `cmd:"" help:"The recipes you may use."`
		Show   recipeShowCmd   `cmd:"" help:"What a recipe says, in one of its versions."`
		Save   recipeSaveCmd   `cmd:"" help:"Save how a change read its file, under a name."`
		Remove recipeRemoveCmd `cmd:"" help:"Take a recipe out of the lists."`
	} `cmd:"" help:"Saved ways to read files."`
	Evidence struct {
		Export     evidenceExportCmd     `cmd:"" help:"Save a change's evidence as a pack."`
		Verify     evidenceVerifyCmd     `cmd:"" help:"Verify a pack, without server and network."`
		Checkpoint evidenceCheckpointCmd `cmd:"" help:"Print the evidence log's signed head."`
		Search     evidenceSearchCmd     `cmd:"" help:"Find changes by person, dataset, time and the rows that they touch."`
		Fsck       evidenceFsckCmd       `cmd:"" help:"Check the whole evidence log."`
	} `cmd:"" help:"The verifiable record."`

	Me     meCmd `cmd:"" help:"Who you are: your rights, your level and record, and deputies."`
	Deputy struct {
		Set  deputySetCmd  `cmd:"" help:"Have somebody decide in your place for a time."`
		List deputyListCmd `cmd:"" help:"Who decides in your place, and in whose place you decide."`
		End  deputyEndCmd  `cmd:"" help:"End that."`
	} `cmd:"" help:"Who decides in whose place."`

	Access struct {
		Ask   accessAskCmd   `cmd:"" help:"Ask to see a dataset, or columns of it, for a time."`
		List  accessListCmd  `cmd:"" help:"Who asked for access, and what came of it."`
		Grant accessGrantCmd `cmd:"" help:"Give what was asked for."`
		Deny  accessDenyCmd  `cmd:"" help:"Say no, and why."`
		End   accessEndCmd   `cmd:"" help:"End access before its time."`
	} `cmd:"" help:"Access for a time."`

	Freeze   freezeCmd   `cmd:"" help:"Stop a dataset at once: nothing is applied to it, not even what is approved."`
	Unfreeze unfreezeCmd `cmd:"" help:"Lift the freeze of a dataset."`

	File struct {
		Inspect fileInspectCmd `cmd:"" help:"What is understood of a file; without a server."`
		Convert fileConvertCmd `cmd:"" help:"The same file as CSV (RFC 4180, UTF-8); without a server."`
	} `cmd:"" help:"Files before they become changes."`

	Purge   purgeCmd   `cmd:"" help:"Remove old values and files whose time is over; done by itself every day."`
	Doctor  doctorCmd  `cmd:"" help:"The health of what is configured."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// Main runs one command line (without the program's name) and gives the exit
// code. It reads nothing of the process but what it is handed.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string, local Local) int {
	c := &console{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr, local: local, version: local.version()}
	var g grammar
	run, err := parse(&g, args, c)
	if run == nil && err == nil {
		return 0 // help was asked for and printed
	}
	c.configure(&g, env)
	if err == nil {
		err = run()
	}
	c.close()
	if err == nil {
		return 0
	}
	c.fail(err)
	return errs.KindOf(err).ExitCode()
}

// Commands lists all commands, as they are typed, so that a walk over them misses none.
func Commands() (all []string, err error) {
	k, err := parser(&grammar{}, io.Discard, io.Discard)
	if err != nil {
		return nil, err
	}
	for _, leaf := range k.Model.Leaves(false) {
		all = append(all, strings.TrimPrefix(leaf.FullPath(), "sutor "))
	}
	return all, nil
}

func parser(g *grammar, stdout, stderr io.Writer) (*kong.Kong, error) {
	k, err := kong.New(g, kong.Name("sutor"),
		kong.Description("Sutor: spreadsheets change databases, with the owner's approval, undo and evidence."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { panic(helped{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
	if err != nil {
		return nil, fmt.Errorf("cli.parser: %w", err) // a fault in the grammar
	}
	return k, nil
}

// helped is how kong's wish to end the process (after --help) leaves parse.
type helped struct{}

// parse gives the command to run; nil without error after --help.
func parse(g *grammar, args []string, c *console) (run func() error, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			if _, ok := fault.(helped); !ok {
				panic(fault)
			}
			run, err = nil, nil
		}
	}()
	k, err := parser(g, c.stdout, c.stderr)
	if err != nil {
		return nil, err
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help": // as people type it elsewhere
		args = append(slices.Clone(args[1:]), "--help")
	}
	parsed, err := k.Parse(args)
	if err != nil {
		c.json = slices.Contains(args, "--json") // kong fills nothing where the line is wrong
		text := capital(err.Error())
		if !strings.HasSuffix(text, "?") {
			text += "."
		}
		return nil, errs.New(errs.Usage, "%s", text).WithMend("See: sutor --help")
	}
	return func() error { return parsed.Run(c) }, nil
}
