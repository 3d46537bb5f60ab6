package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed axe/axe-4.14.1.min.js
var axe string

// unlike leaves of rows and list items that are built alike three on the page: axe
// looks at each element, and a hundred rows of one template have one fault.
const unlike = `(() => {
	const shape = (e) => e.tagName + "." + e.className + "(" + [...e.attributes].map((a) => a.name) + [...e.children].map(shape) + ")";
	for (const list of document.querySelectorAll("main tbody, main ul, main ol")) {
		const seen = {};
		for (const one of [...list.children]) {
			const s = shape(one);
			seen[s] = (seen[s] ?? 0) + 1;
			if (seen[s] > 3) one.remove();
		}
	}
	return 0;
})()`

// Violations gives what axe-core finds wrong with the page that is open, light and
// dark. In the dark only rules about colours can find something else.
func (w *Window) Violations() ([]string, error) {
	if _, err := chromedp.Run(w.ctx, chromedp.Evaluate[any](unlike+";"+axe+"; 0")); err != nil {
		return nil, err
	}
	var out []string
	for _, at := range []struct{ colours, only string }{{"light", ""}, {"dark", `, runOnly: ["color-contrast", "link-in-text-block"]`}} {
		if err := w.Colours(at.colours); err != nil {
			return nil, err
		}
		found, err := w.axe(at.only)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			out = append(out, at.colours+" "+v)
		}
	}
	return out, nil
}

func (w *Window) axe(only string) ([]string, error) {
	answer, err := chromedp.Run(w.ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]`+only+`}).then(r => JSON.stringify(r.violations.map(v =>
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
