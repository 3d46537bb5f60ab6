package api

import (
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sutor/internal/finding"
	"sutor/internal/wire"
)

// describe gives the schemas of the documents, and their members, the descriptions
// that stand beside them as comments in the code: there is one place to write them.
func describe(schemas map[string]*huma.Schema) error {
	for _, source := range []embed.FS{wire.Source, finding.Source} {
		all, err := commentsIn(source)
		if err != nil {
			return err
		}
		for name, c := range all {
			schema := schemas[name]
			if schema == nil {
				continue
			}
			if schema.Description == "" {
				schema.Description = c.says
			}
			for member, says := range c.withEmbedded(all) {
				if p := schema.Properties[member]; p != nil && p.Description == "" && p.Ref == "" {
					p.Description = says
				}
			}
		}
	}
	return nil
}

// comments are what the code says of a struct and of its members, by their JSON names.
type comments struct {
	says     string
	members  map[string]string
	embedded []string
}

// withEmbedded adds the members of structs that are part of it.
func (c comments) withEmbedded(all map[string]comments) map[string]string {
	out := map[string]string{}
	for _, name := range c.embedded {
		for member, says := range all[name].withEmbedded(all) {
			out[member] = says
		}
	}
	for member, says := range c.members {
		out[member] = says
	}
	return out
}

// commentsIn reads the comments of the structs in Go files.
func commentsIn(source embed.FS) (map[string]comments, error) {
	names, err := fs.Glob(source, "*.go")
	if err != nil {
		return nil, err
	}
	out := map[string]comments{}
	for _, name := range names {
		text, err := source.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok {
				structsIn(g, out)
			}
		}
	}
	return out, nil
}

func structsIn(g *ast.GenDecl, out map[string]comments) {
	for _, spec := range g.Specs {
		t, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		s, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		c := comments{says: oneLine(g.Doc), members: map[string]string{}}
		for _, f := range s.Fields.List {
			c.field(f)
		}
		out[t.Name.Name] = c
	}
}

func (c *comments) field(f *ast.Field) {
	says := oneLine(f.Doc)
	if says == "" {
		says = oneLine(f.Comment)
	}
	switch id, is := f.Type.(*ast.Ident); {
	case len(f.Names) == 0 && is:
		c.embedded = append(c.embedded, id.Name)
	case says != "" && f.Tag != nil:
		name, _, _ := strings.Cut(reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("json"), ",")
		c.members[name] = says
	}
}

// oneLine gives a comment as running text.
func oneLine(g *ast.CommentGroup) string {
	if g == nil {
		return ""
	}
	return strings.Join(strings.Fields(g.Text()), " ")
}
