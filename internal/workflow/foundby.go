package workflow

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// foundBy completes the spec by the columns that the rows of a file are found by, in
// place of the dataset's key. They are unique together in the system, and their maker
// sees their values: who could match by a column that is kept from them would learn
// from what is found what stands in it.
func (s *Spec) foundBy(o change.Options, maker sight) error {
	names := o.Key
	if len(names) == 0 {
		s.onlyNew(o.Mode)
		return nil
	}
	if err := s.mayMatch(names, maker); err != nil {
		return err
	}
	if alike(names, s.Key.Names()) {
		s.onlyNew(o.Mode)
		return nil
	}
	keys := s.otherKeys(maker)
	if !slices.ContainsFunc(keys, func(k []string) bool { return alike(k, names) }) {
		return errs.New(errs.Usage, "%s is not unique in %s: the system has no primary key or unique constraint over exactly %s, so rows cannot be found by it.",
			strings.Join(names, ", "), s.Table.Table, map[bool]string{true: "this column", false: "these columns"}[len(names) == 1]).
			WithMend("%s", wouldDo(append([][]string{s.Key.Names()}, keys...)))
	}
	for _, c := range s.Table.Columns {
		if slices.Contains(names, c.Name) {
			s.Match = append(s.Match, c)
		}
	}
	for i := range s.targets {
		t := &s.targets[i]
		if s.Key.Index(t.Name) >= 0 {
			t.ReadOnly = false // it may be in the file, as a check
		}
		t.Key = slices.Contains(names, t.Name)
	}
	return nil
}

// onlyNew lets a file that only adds rows do without the column that the system gives
// them.
func (s *Spec) onlyNew(mode change.Mode) {
	for i := range s.targets {
		s.targets[i].Given = mode == change.Insert && s.targets[i].Name == s.Given
	}
}

// given: a column of the key that the Compact leaves to the system is one that the
// system can tell beforehand. Nothing that the Compact says of values holds for it,
// since the plan does not know them.
func (k *compiler) given() {
	for _, name := range sortedKeys(k.d.Columns) {
		rule := k.d.Columns[name]
		at := rule.Path.To("given")
		switch {
		case !rule.Given || k.t.Columns.Index(name) < 0:
		case !slices.Contains(k.d.Key, name):
			k.problem(at, fmt.Sprintf("%s is not part of the key, and `given` is about new rows without one.", name), "Remove it: a column that a file does not have is left to the system anyway.")
		case !k.d.Allows(compact.Insert):
			k.warn(at, fmt.Sprintf("The dataset does not allow insert: `given` of %s has no effect.", name), "Remove it, or add insert to `allow`.")
		case k.spec.Given != "":
			k.problem(at, fmt.Sprintf("Two columns of the key are `given`: %s and %s.", k.spec.Given, name), "Leave it at one; new rows give the others.")
		case !slices.Contains(k.t.Given, name):
			k.problem(at, fmt.Sprintf("The system does not give new rows of %s a %s that could be told before they are written.", k.t.Table, name),
				"Remove `given`. On PostgreSQL it takes an identity column, a default of nextval(…) or of gen_random_uuid(), and the right to the sequence: GRANT USAGE ON SEQUENCE …; on MariaDB and MySQL an AUTO_INCREMENT or a default of uuid(); on SQLite an INTEGER PRIMARY KEY.")
		case len(rule.OneOf) > 0 || rule.Min != nil || rule.Max != nil || rule.Pattern != "":
			k.problem(at, fmt.Sprintf("The Compact limits the values of %s, and the system gives them: whether they keep to that could not be judged.", name), "Remove `given`, or the limits.")
		default:
			k.spec.Given = name
		}
	}
}

// mayMatch refuses columns that are not there, or not for the maker: of one that is
// hidden from them in the words for one that is not there.
func (s *Spec) mayMatch(names []string, maker sight) error {
	for i, name := range names {
		at := s.Table.Columns.Index(name)
		switch {
		case slices.Contains(names[:i], name):
			return errs.New(errs.Usage, "--key names %s twice.", name).WithMend("Name each column of the key once.")
		case at >= 0 && maker.Names(name) && !maker.Sees(name):
			return ofFile{errs.New(errs.Usage, "--key names %s, whose values you see masked.", name).
				WithMend("Find the rows by something else: by what you may not see nothing is found. %s", maker.ask())}
		case at < 0 || !maker.Sees(name):
			return ofFile{errs.New(errs.Usage, "There is no column %q in %s, which --key names.", name, s.Table.Table).
				WithMend("Names are exact. %s", wouldDo(append([][]string{s.Key.Names()}, s.otherKeys(maker)...)))}
		}
	}
	return nil
}

// otherKeys lists what rows can be found by besides the dataset's key: what is unique
// in the system, over columns that can be read and whose values the person sees; those of few columns first.
func (s *Spec) otherKeys(see sight) [][]string { return otherKeys(s.Table, s.Key.Names(), see) }

func otherKeys(t driver.Table, key []string, see sight) (keys [][]string) {
	all := t.Uniques
	if len(t.PrimaryKey) > 0 {
		all = append([][]string{t.PrimaryKey}, all...)
	}
	for _, u := range all {
		columns := t.Columns.Pick(u)
		kept := slices.ContainsFunc(columns, func(c record.Column) bool { return c.Type.Kind == record.Unsupported || !see.Sees(c.Name) })
		twice := slices.ContainsFunc(keys, func(k []string) bool { return alike(k, u) })
		if len(columns) == len(u) && !kept && !twice && !alike(u, key) {
			keys = append(keys, u)
		}
	}
	slices.SortStableFunc(keys, func(a, b []string) int { return cmp.Or(len(a)-len(b), slices.Compare(a, b)) })
	return keys
}

// alike tells whether two lists have the same names, in any order.
func alike(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// wouldDo says by what rows can be found, as it is given on the command line.
func wouldDo(keys [][]string) string {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = "--key " + strings.Join(k, " --key ")
	}
	return fmt.Sprintf("Rows can be found by: %s.", strings.Join(texts, "; "))
}
