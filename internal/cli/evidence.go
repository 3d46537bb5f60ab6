package cli

import (
	"io"
	"os"

	"sutor/internal/evidence"
)

type evidenceExportCmd struct {
	ID  string `arg:"" help:"The change."`
	Out string `short:"o" required:"" placeholder:"PACK.zip" help:"The file to write; - for standard output."`
}

func (e *evidenceExportCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	return c.save(e.Out, func(w io.Writer) (int64, error) { return cl.Evidence(c.ctx, e.ID, w) })
}

type evidenceVerifyCmd struct {
	Pack string `arg:"" help:"The pack."`
	Key  string `placeholder:"KEY" help:"The log's public key, known from elsewhere; without it the pack only says whose log it claims to be."`
}

func (v *evidenceVerifyCmd) Run(c *console) error {
	f, err := os.Open(v.Pack)
	if err != nil {
		return fileError(v.Pack, err)
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err != nil {
		return fileError(v.Pack, err)
	}
	report, verdict := evidence.Verify(f, info.Size(), v.Key)
	if c.json {
		err = c.document(report)
	} else {
		err = outputError(report.WriteText(clean{c.stdout}))
	}
	if verdict != nil {
		return verdict
	}
	return err
}

type evidenceCheckpointCmd struct{}

func (evidenceCheckpointCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	head, err := cl.Checkpoint(c.ctx)
	if err != nil {
		return err
	}
	if c.json {
		return c.document(head)
	}
	c.say("The log has %s. Its key: %s", count(head.Size, "leaf", "leaves"), head.Key)
	c.say("Keep this note outside of Sutor: later it proves that nothing was taken from the log.")
	return c.raw(head.Checkpoint)
}

type evidenceFsckCmd struct{}

func (evidenceFsckCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	result, verdict := cl.Fsck(c.ctx)
	if verdict != nil && result.Report == "" {
		return verdict
	}
	err = c.show(result, func(p *page) { p.WriteString(result.Report) })
	if verdict != nil {
		return verdict
	}
	return err
}
