package cli

import (
	"io"
	"os"
	"path/filepath"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/intake"
)

type fileInspectCmd struct {
	File string `arg:"" help:"The file; - for standard input."`
	dialectFlags
}

func (k *fileInspectCmd) Run(c *console) error {
	return c.reading(k.File, k.dialectFlags, func(f intake.File, o intake.Options) error {
		r, err := intake.Inspect(c.ctx, f, o)
		if err != nil {
			return err
		}
		return c.show(inspected(f.Name, r), func(p *page) { showReport(p, f.Name, r) })
	})
}

type fileConvertCmd struct {
	File string `arg:"" help:"The file; - for standard input."`
	Out  string `short:"o" placeholder:"OUT.csv" default:"-" help:"Where to; standard output unless given."`
	dialectFlags
}

func (k *fileConvertCmd) Run(c *console) error {
	if k.Out == "-" && c.json {
		return errs.New(errs.Usage, "Standard output cannot hold both the file and a JSON document.").WithMend("Give a file with -o.")
	}
	return c.reading(k.File, k.dialectFlags, func(f intake.File, o intake.Options) error {
		var bad defects
		var res intake.Result
		write := func(out io.Writer) (_ int64, err error) {
			sized := &counted{to: out}
			res, err = intake.Convert(c.ctx, f, sized, o, bad.add)
			return sized.size, err
		}
		if k.Out == "-" {
			if _, err := write(c.stdout); err != nil {
				return err
			}
		} else if _, err := saveFile(k.Out, write); err != nil {
			return err
		}
		if c.json {
			return c.document(converted(k.Out, res, bad))
		}
		var p page
		showConverted(&p, k.Out, res, bad)
		_, err := io.WriteString(clean{c.stderr}, p.String())
		return outputError(err)
	})
}

// counted counts what it passes on.
type counted struct {
	to   io.Writer
	size int64
}

func (w *counted) Write(b []byte) (int, error) {
	n, err := w.to.Write(b)
	w.size += int64(n)
	return n, err
}

// reading opens a file of this machine for use.
func (c *console) reading(name string, flags dialectFlags, use func(intake.File, intake.Options) error) error {
	choice, err := flags.choice()
	if err != nil {
		return err
	}
	f, err := c.whole(name)
	if err != nil {
		return err
	}
	defer f.Close() // only read from
	info, err := f.Stat()
	if err != nil {
		return fileError(name, err)
	}
	return use(intake.File{ReaderAt: f, Size: info.Size(), Name: filepath.Base(name)}, intake.Options{Choice: choice})
}

// whole opens a file with random access. What comes through a pipe is kept in a
// working file.
func (c *console) whole(name string) (*os.File, error) {
	from := c.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fileError(name, err)
		}
		info, err := f.Stat()
		switch {
		case err == nil && info.Mode().IsRegular():
			return f, nil
		case err == nil && info.IsDir():
			err = errs.New(errs.Usage, "%s is a folder, not a file.", name)
		}
		if err != nil {
			_ = f.Close() // only opened
			return nil, fileError(name, err)
		}
		defer f.Close() // only read from
		from = f
	}
	f, err := os.CreateTemp("", "sutor-*")
	if err != nil {
		return nil, fileError(os.TempDir(), err)
	}
	if err = os.Remove(f.Name()); err == nil {
		_, err = io.Copy(f, from)
	}
	if err != nil {
		_ = f.Close() // the error that counts is known
		return nil, fileError(name, err)
	}
	return f, nil
}

// choice reads the flags as the server would.
func (k dialectFlags) choice() (intake.Choice, error) {
	out := intake.Choice{Sheet: k.Sheet, Encoding: found(k.Encoding), Delimiter: found(k.Delimiter), Quote: found(k.Quote), Escape: found(k.Escape)}
	for _, n := range []struct {
		flag, text string
		take       func(int)
		least      int
	}{
		{"--table", k.Table, func(n int) { out.Table = n }, 1},
		{"--skip-lines", k.SkipLines, func(n int) { out.SkipLines = &n }, 0},
		{"--header-lines", k.HeaderLines, func(n int) { out.HeaderLines = &n }, 0},
	} {
		text := found(n.text)
		if text == "" {
			continue
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < n.least {
			return intake.Choice{}, errs.New(errs.Usage, "%s takes a number from %d, not %q.", n.flag, n.least, text)
		}
		n.take(v)
	}
	return out, nil
}

// found gives what was chosen; auto, and nothing, is to be found out.
func found(text string) string {
	if text == "auto" {
		return ""
	}
	return text
}
