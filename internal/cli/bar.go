package cli

import (
	"io"

	"github.com/schollz/progressbar/v3"

	"sutor/internal/wire"
)

// bar shows on a terminal how far the server is.
type bar struct{ b *progressbar.ProgressBar }

func newBar(w io.Writer) *bar {
	return &bar{progressbar.NewOptions64(-1, progressbar.OptionSetWriter(w), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionSetElapsedTime(true))}
}

// show takes the progress of an answer. What the bar cannot draw is not worth an
// error.
func (b *bar) show(ch wire.Change) {
	p := ch.Progress
	if p == nil {
		b.b.Describe(stateWords(ch.State))
		return
	}
	b.b.Describe(p.Step)
	if p.Of > 0 {
		b.b.ChangeMax64(p.Of)
	}
	_ = b.b.Set64(p.Done)
}

func (b *bar) end() { _ = b.b.Clear() }
