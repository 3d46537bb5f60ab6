package cli

import (
	"strings"

	"sutor/internal/client"
	"sutor/internal/errs"
)

// together tells whether the change is over several datasets.
func (k *changePlanCmd) together() bool {
	return len(k.With)+len(k.Sheets) > 0 || strings.Contains(k.Dataset, ",")
}

// proposeTogether proposes one change over several datasets: a workbook with a sheet
// for each of some, and files for others.
func (k *changePlanCmd) proposeTogether(c *console, cl *client.Client, choices client.Choices) error {
	t := client.Together{Title: k.Title, Reason: k.Reason, Choices: choices, Sheets: k.sheets()}
	names := []string{k.Dataset + "=" + k.File}
	if len(t.Sheets) > 0 {
		names[0] = "=" + k.File
	}
	var files []client.DatasetFile
	for _, text := range append(names, k.With...) {
		dataset, file, named := strings.Cut(text, "=")
		if !named || file == "" {
			return errs.New(errs.Usage, "--with must be DATASET=FILE, but is %q.", text)
		}
		f, closeFile, err := c.open(file)
		if err != nil {
			return err
		}
		defer closeFile()
		files = append(files, client.DatasetFile{Dataset: dataset, File: f})
	}
	ch, err := cl.ProposeTogether(c.ctx, t, files)
	return c.planned(cl, ch, err)
}

// sheets gives the datasets that the sheets of a workbook are for: those that are
// listed, and those of which the sheet is named. None where the file is for one.
func (k *changePlanCmd) sheets() (all []string) {
	listed := strings.Split(k.Dataset, ",")
	if len(listed) == 1 && len(k.Sheets) == 0 {
		return nil
	}
	named := map[string]bool{}
	for _, text := range k.Sheets {
		dataset, _, _ := strings.Cut(text, "=")
		named[dataset] = true
	}
	for _, dataset := range listed {
		if dataset = strings.TrimSpace(dataset); !named[dataset] {
			all = append(all, dataset)
		}
	}
	return append(all, k.Sheets...)
}
