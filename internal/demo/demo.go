package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"sutor/internal/access"
	"sutor/internal/compact"
	"sutor/internal/errs"
)

// DefaultDir is where the demo lives where nobody says otherwise.
const DefaultDir = ".sutor-demo"

// Password is everybody's password in the demo. It is no secret, and is printed.
const Password = "sutor-demo"

// Names of what is made in the demo's folder.
const (
	databaseFile   = "erp.db"
	compactFile    = "compact.yaml"
	examplesFolder = "examples"
	tokensFolder   = "tokens"
	makingPrefix   = ".making-" // of the folder in which things are made
)

//go:embed compact.yaml
var compactText []byte

// Company is the demo company as it stands in its folder.
type Company struct {
	Dir      string // as given to Prepare
	Compact  string // path of its Compact
	People   []Person
	Examples []Example
}

// Person is one of the people of the company's Compact, with what they need to
// sign in.
type Person struct {
	Email    access.Email
	Name     string
	Role     string // in words: "maker in sales, newcomer"
	Password string
}

// Example is a file to try.
type Example struct {
	File    string // path
	Dataset string
	What    string // what it shows, in one sentence
}

// Prepare makes the company in dir, which is made if absent: whatever of its
// files is absent. What is there is kept, also where it was changed. On a cancelled
// ctx it stops and leaves nothing half.
//
// Two processes must not prepare the same folder at once; the one that loses
// fails or makes the same files again.
func Prepare(ctx context.Context, dir string) (*Company, error) {
	c := &Company{Dir: dir, Compact: filepath.Join(dir, compactFile)}
	for _, e := range examples {
		c.Examples = append(c.Examples, Example{File: filepath.Join(dir, examplesFolder, e.name), Dataset: e.dataset, What: e.what})
	}
	if err := makeAbsent(ctx, dir); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, errs.New(errs.Unavailable, "The demo company could not be made in the folder %s.", dir).
			WithMend("Check that you may write there and that the disk has 50 MB of room, or choose another folder with --dir.").Because(err)
	}
	var err error
	c.People, err = people(c.Compact)
	return c, err
}

// Token is the path of the file in which a person's access token stands once the
// server has issued it.
func (c *Company) Token(p Person) string {
	return filepath.Join(c.Dir, tokensFolder, string(p.Email))
}

// people reads the people of the Compact as it stands: it may have been changed.
func people(file string) ([]Person, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, errs.New(errs.Unavailable, "The demo's Compact %s cannot be read.", file).
			WithMend("Check the file's rights, or delete it to get the original back.").Because(err)
	}
	comp, problems := compact.Parse(file, text)
	if comp == nil {
		return nil, errs.New(errs.Invalid, "The demo's Compact is not valid: %s", problems[0]).
			WithMend("Mend it, or delete it to get the original back.")
	}
	var all []Person
	for _, p := range comp.People {
		all = append(all, Person{Email: p.Email, Name: p.Name, Role: roleWords(p), Password: Password})
	}
	return all, nil
}

// roleWords says what somebody is: "maker in sales and purchasing, practitioner".
func roleWords(p compact.Person) string {
	roles, departments := make([]string, len(p.Roles)), make([]string, len(p.Departments))
	for i, r := range p.Roles {
		roles[i] = string(r)
	}
	for i, d := range p.Departments {
		departments[i] = string(d)
	}
	words := strings.Join(roles, " and ")
	if len(departments) > 0 {
		words += " in " + strings.Join(departments, " and ")
	}
	if p.Is(access.Maker) {
		words += ", " + string(p.Level)
	}
	return words
}

// model is what the files are made from.
type model struct {
	customers []customer
	products  []product
}

func newModel() (m *model, err error) {
	m = &model{}
	if m.customers, err = customers(); err == nil {
		m.products, err = products()
	}
	if err == nil && len(m.customers) != customerCount {
		err = fmt.Errorf("demo.newModel: there are %d companies, not %d", len(m.customers), customerCount)
	}
	return m, err
}

// makeAbsent makes the files that are not there.
func makeAbsent(ctx context.Context, dir string) (err error) {
	wanted := []string{databaseFile, compactFile}
	for _, e := range examples {
		wanted = append(wanted, filepath.Join(examplesFolder, e.name))
	}
	absent, err := missing(dir, wanted)
	if err != nil || len(absent) == 0 {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, examplesFolder), 0o700); err != nil {
		return err
	}
	if err := removeLeftovers(dir); err != nil {
		return err
	}
	making, err := os.MkdirTemp(dir, makingPrefix)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(making)) }()
	source := sync.OnceValues(newModel)
	go source() // while the database takes in what does not need it
	for _, name := range absent {
		made := filepath.Join(making, filepath.Base(name))
		if err := makeFile(ctx, made, source); err != nil {
			return fmt.Errorf("demo.makeFile(%s): %w", name, err)
		}
		if err := place(ctx, made, filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("demo.place(%s): %w", name, err)
		}
	}
	return nil
}

// missing gives those of the names that are not in the folder.
func missing(dir string, names []string) (absent []string, err error) {
	for _, name := range names {
		switch _, err := os.Stat(filepath.Join(dir, name)); {
		case errors.Is(err, fs.ErrNotExist):
			absent = append(absent, name)
		case err != nil:
			return nil, err
		}
	}
	return absent, nil
}

// removeLeftovers removes what a crash has left.
func removeLeftovers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), makingPrefix) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// makeFile makes one of the files at path.
func makeFile(ctx context.Context, path string, source func() (*model, error)) error {
	name := filepath.Base(path)
	switch name {
	case databaseFile:
		return build(ctx, path, source)
	case compactFile:
		return os.WriteFile(path, compactText, 0o600)
	}
	m, err := source()
	if err != nil {
		return err
	}
	for _, e := range examples {
		if e.name == name {
			return os.WriteFile(path, e.make(m), 0o600)
		}
	}
	return fmt.Errorf("nobody knows how to make %s", name)
}

// place moves a finished file to where it belongs, if nothing is there yet, such
// that after a crash it is there whole or not at all.
func place(ctx context.Context, made, at string) error {
	if err := flush(made); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(made, at); err != nil {
		return err
	}
	return flush(filepath.Dir(at))
}

// flush waits until a file or a folder is on the disk.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
