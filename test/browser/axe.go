package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed axe/axe-4.14.1.min.js
var axe string

// Violations gives what axe-core finds wrong with the page that is open.
func (w *Window) Violations() ([]string, error) {
	if err := w.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[any](axe+"; 0")(ctx, t)
		return err
	})); err != nil {
		return nil, err
	}
	answer, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v =>
		({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 200) + " — " + n.failureSummary)}))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		return nil, err
	}
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		return nil, err
	}
	var out []string
	for _, v := range found {
		out = append(out, fmt.Sprintf("%s: %s\n\t%s", v.ID, v.Help, strings.Join(v.Nodes, "\n\t")))
	}
	return out, nil
}
