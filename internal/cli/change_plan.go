package cli

import (
	"time"

	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

type changePlanCmd struct {
	Dataset string   `arg:"" help:"The dataset to change; several, separated by commas, for a workbook with a sheet for each."`
	File    string   `arg:"" help:"The file with the rows; - for standard input."`
	With    []string `sep:"none" placeholder:"DATASET=FILE" help:"The rows of another dataset of the same system, which are one change with these; several times. Map and format then have their dataset in front: 'orders:File column=column'."`
	Sheets  []string `sep:"none" placeholder:"DATASET=SHEET" help:"Of a workbook for several datasets: which sheet is for which, where it has not the dataset's name or label; several times."`
	choiceFlags
	Title  string `placeholder:"T" help:"What the change is, for those who decide."`
	Reason string `placeholder:"R" help:"Why."`
}

// choiceFlags are what a maker may choose. Without one the usual, or in a replan
// what was chosen before.
type choiceFlags struct {
	Recipe          string   `placeholder:"NAME" help:"A recipe: its choices count, and yours on top."`
	Mode            string   `enum:",upsert,update,insert,sync" default:"" help:"How rows are taken: upsert (the usual), update, insert, or sync: what is not in the file is deleted."`
	Key             []string `sep:"none" placeholder:"COLUMN" help:"By which column the rows are found, where that is not the dataset's key; several times for several. It must be unique in the system."`
	Within          string   `placeholder:"EXPR" help:"With sync: the part of the table that the file stands for, as in \"country == 'DE'\"."`
	ApplyAt         string   `placeholder:"TIME" help:"When it is to be applied, once approved: '2026-12-31 18:00' here, or with an offset, or +2h; none: when somebody asks."`
	Empty           string   `enum:",keep,clear" default:"" help:"What an empty cell does to its column: keep (the usual) or clear."`
	LeaveOutInvalid bool     `help:"Leave invalid rows out of the plan; the owner sees it."`
	Map             []string `sep:"none" placeholder:"'File column=column'" help:"Which column of the file is which; several times. Without a column it is left out."`
	Format          []string `sep:"none" placeholder:"column=FORMAT" help:"How a column is written: dmy, mdy, ymd, 1.234,50, 1,234.50, '1.234,50 €', ja/nein, standard …; several times. auto to have it found again."`
	Normalize       string   `enum:",nfc,none" default:"" help:"Take texts in a form of Unicode: nfc, or none (the usual): as they are."`
	dialectFlags
}

// dialectFlags say how a file is read; without them it is found out.
type dialectFlags struct {
	Sheet       string `placeholder:"NAME" help:"Of a workbook: the sheet, table or named range. Of an archive: the file."`
	Table       string `placeholder:"N" help:"Of several tables in one sheet or text, which; from 1."`
	Encoding    string `placeholder:"E" help:"The encoding of a text, such as utf-8 or windows-1252."`
	Delimiter   string `placeholder:"D" help:"What separates cells."`
	Quote       string `placeholder:"Q" help:"The quote around cells, or none."`
	Escape      string `placeholder:"E" help:"What stands before a quote inside quotes, or none."`
	SkipLines   string `placeholder:"N" help:"Lines above the header."`
	HeaderLines string `placeholder:"N" help:"Lines of the header; 0 where there is none."`
}

func (k choiceFlags) choices() (client.Choices, error) {
	at, err := moment(k.ApplyAt)
	return client.Choices{ApplyAt: at, Recipe: k.Recipe, Mode: k.Mode, Empty: k.Empty, Key: k.Key, Within: k.Within, LeaveOutInvalid: k.LeaveOutInvalid, Map: k.Map, Formats: k.Format, Normalize: k.Normalize,
		Sheet: k.Sheet, Table: k.Table, Encoding: k.Encoding, Delimiter: k.Delimiter, Quote: k.Quote, Escape: k.Escape,
		SkipLines: k.SkipLines, HeaderLines: k.HeaderLines}, err
}

func (k *changePlanCmd) Run(c *console) error {
	choices, err := k.choices()
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	if k.together() {
		return k.proposeTogether(c, cl, choices)
	}
	f, closeFile, err := c.open(k.File)
	if err != nil {
		return err
	}
	defer closeFile()
	ch, err := cl.Propose(c.ctx, client.Proposal{Dataset: k.Dataset, Title: k.Title, Reason: k.Reason, Choices: choices}, f)
	return c.planned(cl, ch, err)
}

type changeReplanCmd struct {
	ID   string `arg:"" help:"The change."`
	File string `arg:"" optional:"" help:"Another file; without one the same again, with today's data."`
	ofDataset
	choiceFlags
}

func (k *changeReplanCmd) Run(c *console) error {
	choices, err := k.choices()
	if err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	if k.File == "" {
		ch, err := cl.Replan(c.ctx, k.ID, k.Dataset, choices, nil)
		return c.planned(cl, ch, err)
	}
	f, closeFile, err := c.open(k.File)
	if err != nil {
		return err
	}
	defer closeFile()
	ch, err := cl.Replan(c.ctx, k.ID, k.Dataset, choices, &f)
	return c.planned(cl, ch, err)
}

type changeMendCmd struct {
	ID   string `arg:"" help:"The change."`
	File string `arg:"" help:"The rows that were taken out, mended: a workbook or CSV; or FILE.json with cells."`
	ofDataset
}

func (k *changeMendCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	f, closeFile, err := c.open(k.File)
	if err != nil {
		return err
	}
	defer closeFile()
	ch, err := cl.Mend(c.ctx, k.ID, k.Dataset, f)
	return c.planned(cl, ch, err)
}

// planned waits for the plan of a change that has just been accepted and shows
// it. Once a plan stands that is a success, whatever was found.
func (c *console) planned(cl *client.Client, ch wire.Change, err error) error {
	if err != nil {
		return err
	}
	if ch, err = c.settle(cl, ch); err != nil {
		return err
	}
	if err := c.show(ch, func(p *page) { showPlanned(p, ch) }); err != nil {
		return err
	}
	return planOutcome(ch)
}

// planOutcome tells whether a plan stands.
func planOutcome(ch wire.Change) error {
	switch {
	case ch.State == "failed":
		return problemError(ch)
	case ch.Plan == nil:
		return errs.New(errs.Blocked, "Change %s has no plan: it is %s.", ch.ID, stateWords(ch.State))
	}
	return nil
}

// settle waits until nobody works on the change any more, with a bar on a
// terminal.
func (c *console) settle(cl *client.Client, ch wire.Change) (wire.Change, error) {
	if c.json || !terminal(c.stderr) {
		return cl.Settle(c.ctx, ch, 30*time.Second, func(wire.Change) {})
	}
	bar := newBar(c.stderr)
	defer bar.end()
	return cl.Settle(c.ctx, ch, time.Second, bar.show)
}

type changeUndoCmd struct {
	ID      string `arg:"" help:"The applied change."`
	Comment string `placeholder:"C" help:"Why it is undone."`
}

func (k *changeUndoCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	ch, err := cl.Undo(c.ctx, k.ID, k.Comment)
	if err != nil {
		return err
	}
	if ch, err = c.settle(cl, ch); err != nil {
		return err
	}
	err = c.show(ch, func(p *page) {
		p.line("Change %s would undo change %s.", ch.ID, k.ID)
		showPlanned(p, ch)
		p.line("%s", ch.ID) // alone on the last line, for scripts
	})
	if err != nil {
		return err
	}
	return planOutcome(ch)
}
