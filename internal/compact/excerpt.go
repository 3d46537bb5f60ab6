package compact

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Reader says what of a Compact somebody may know.
type Reader interface {
	SeesDataset(name string) bool
	// NamesColumn tells whether they may know that there is such a column, and
	// SeesColumn whether its values, and so what is said of them, are for them.
	NamesColumn(dataset, name string) bool
	SeesColumn(dataset, name string) bool
	// SeesText tells whether an expression about a dataset says nothing of columns
	// that are not for them; "" for one about several.
	SeesText(dataset, text string) bool
}

// Excerpt gives the file as somebody may read it who may not know all of it: without
// datasets and columns that are not for them, without rules that speak of those, and
// without comments, which may speak of anything. Where nothing is taken out it gives
// the text as it is.
func Excerpt(c *Compact, text []byte, r Reader) ([]byte, bool, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 {
		return nil, false, fmt.Errorf("compact: a version that was in force cannot be read: %w", err)
	}
	e := &excerpt{Reader: r}
	root := doc.Content[0]
	e.entries(valueOf(root, "datasets"), e.dataset)
	e.entries(valueOf(root, "processes"), func(_ string, n *yaml.Node) bool {
		e.items(valueOf(n, "guardrails"), func(g *yaml.Node) bool { return e.withoutText("", g, "when") })
		return true
	})
	e.items(valueOf(root, "freeze"), func(n *yaml.Node) bool {
		of := valueOf(n, "datasets")
		before := of != nil && len(of.Content) > 0
		e.items(of, func(name *yaml.Node) bool { return r.SeesDataset(name.Value) })
		return !before || len(of.Content) > 0
	})
	if !e.cut {
		return text, false, nil
	}
	uncommented(&doc)
	var out bytes.Buffer
	fmt.Fprintf(&out, "# An excerpt: what is not for you to see is left out. The whole file is %s.\n", c.Digest)
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, false, err
	}
	return out.Bytes(), true, enc.Close()
}

type excerpt struct {
	Reader
	cut bool
}

// dataset cuts one dataset; false takes it out.
func (e *excerpt) dataset(name string, d *yaml.Node) bool {
	if !e.SeesDataset(name) {
		return false
	}
	e.entries(valueOf(d, "columns"), func(column string, c *yaml.Node) bool {
		if e.NamesColumn(name, column) && !e.SeesColumn(name, column) {
			e.entries(c, func(key string, _ *yaml.Node) bool {
				return slices.Contains([]string{"label", "also", "visible_to", "mask"}, key)
			})
		}
		return e.NamesColumn(name, column)
	})
	e.items(valueOf(d, "guardrails"), func(g *yaml.Node) bool { return e.withoutText(name, g, "when") })
	e.items(valueOf(d, "rows"), func(r *yaml.Node) bool { return e.withoutText(name, r, "where") })
	e.items(valueOf(d, "impact"), func(i *yaml.Node) bool {
		seen := true
		if match := valueOf(i, "match"); match != nil {
			for _, ours := range match.Content {
				seen = seen && e.NamesColumn(name, ours.Value)
			}
		}
		return seen
	})
	return true
}

// withoutText takes an expression out that says more than may be known.
func (e *excerpt) withoutText(dataset string, n *yaml.Node, key string) bool {
	e.entries(n, func(k string, v *yaml.Node) bool { return k != key || e.SeesText(dataset, v.Value) })
	return true
}

// entries keeps those entries of a mapping of which keep holds.
func (e *excerpt) entries(n *yaml.Node, keep func(string, *yaml.Node) bool) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	var kept []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if keep(n.Content[i].Value, n.Content[i+1]) {
			kept = append(kept, n.Content[i], n.Content[i+1])
		} else {
			e.cut = true
		}
	}
	n.Content = kept
}

// items keeps those items of a list of which keep holds.
func (e *excerpt) items(n *yaml.Node, keep func(*yaml.Node) bool) {
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	before := len(n.Content)
	n.Content = slices.DeleteFunc(n.Content, func(item *yaml.Node) bool { return !keep(item) })
	e.cut = e.cut || len(n.Content) < before
}

// valueOf gives what stands under a key; nil without one.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func uncommented(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, part := range n.Content {
		uncommented(part)
	}
}
