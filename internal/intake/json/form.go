package json

import (
	"fmt"
	"slices"
)

// shape finds the form: the first pass.
func (r *reader) shape() error {
	s := newScanner(r.ctx, r.open(), r.o.MaxRecord)
	first, err := s.blank()
	switch {
	case err != nil:
		return err
	case first == '[':
		r.res.Form = Array
	case first != '{':
		return s.refuse(fmt.Sprintf("%s where an array or an object must begin", shown(first)))
	default:
		if err := r.object(s); err != nil {
			return err
		}
	}
	if r.o.Member != "" && r.res.Form != Object {
		return noMember(r.o.Member, nil)
	}
	return nil
}

// object looks through a file that begins with an object: the first of many, or
// one that holds the rows.
func (r *reader) object(s *scanner) error {
	err := eachMember(s, func(name string) error {
		next, err := s.blank()
		if err != nil {
			return err
		}
		table := false
		if next == '[' {
			if table, err = arrayOfObjects(s); err != nil {
				return err
			}
		} else if _, _, err = s.cut(false); err != nil {
			return err
		}
		if table {
			r.res.Tables = append(r.res.Tables, name)
		} else {
			r.res.LeftOut = append(r.res.LeftOut, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	after, err := s.blank()
	if err != nil {
		return err
	}
	if after != 0 || len(r.res.Tables) == 0 {
		r.res = Result{Form: Lines}
		return nil
	}
	return r.choose()
}

// choose settles which member of an object is read.
func (r *reader) choose() error {
	switch {
	case r.o.Member != "" && !slices.Contains(r.res.Tables, r.o.Member):
		return noMember(r.o.Member, r.res.Tables)
	case r.o.Member != "":
		r.res.Member = r.o.Member
	case len(r.res.Tables) > 1:
		return several(r.res.Tables)
	default:
		r.res.Member = r.res.Tables[0]
	}
	r.res.Form = Object
	for _, t := range r.res.Tables {
		if t != r.res.Member {
			r.res.LeftOut = append(r.res.LeftOut, t)
		}
	}
	return nil
}

// eachMember passes an object's brackets, names and separators; value must pass
// what stands behind a name.
func eachMember(s *scanner, value func(name string) error) error {
	if err := s.take('{'); err != nil {
		return err
	}
	if next, err := s.blank(); err != nil {
		return err
	} else if next == '}' {
		return s.take('}')
	}
	for {
		raw, at, err := s.cut(true)
		if err != nil {
			return err
		}
		p := parser{text: raw, begin: at}
		if !p.sees('"') {
			return p.missing("a name in double quotes")
		}
		name, err := p.string()
		if err != nil {
			return err
		}
		key := string(name)
		if err := s.take(':'); err != nil {
			return err
		}
		if err := value(key); err != nil {
			return err
		}
		if next, err := s.blank(); err != nil {
			return err
		} else if next != ',' {
			return s.take('}')
		}
		if err := s.take(','); err != nil {
			return err
		}
	}
}

// arrayOfObjects passes an array, and tells whether it holds objects and nothing
// else.
func arrayOfObjects(s *scanner) (bool, error) {
	if err := s.take('['); err != nil {
		return false, err
	}
	if next, err := s.blank(); err != nil {
		return false, err
	} else if next == ']' {
		return false, s.take(']')
	}
	all := true
	for {
		next, err := s.blank()
		if err != nil {
			return false, err
		}
		all = all && next == '{'
		if _, _, err := s.cut(false); err != nil {
			return false, err
		}
		if next, err = s.blank(); err != nil {
			return false, err
		}
		if next != ',' {
			return all, s.take(']')
		}
		if err := s.take(','); err != nil {
			return false, err
		}
	}
}
