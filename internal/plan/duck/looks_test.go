package duck_test

import (
	"strings"
	"testing"

	"sutor/internal/change"
)

// What cannot be seen is pointed out and kept.
func TestLooks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s, out := b.plan("id,name,note\n1,A\u200bnn,\" padded\"\n2,B\u043eb,x\n3,Cid,plain\n", change.Options{Mode: change.Upsert})
	if want := "update,11,1,Ann,,A\u200bnn, padded\nupdate,11,2,Bob,,B\u043eb,x\nupdate,01,3,Cid,old,Cid,plain\n"; rows(t, s, out) != want {
		t.Errorf("rows %q", rows(t, s, out))
	}
	want := "unseen name 2: Texts of name have characters that cannot be seen. | They are kept as they are. If they are not meant, remove them in the file; the samples show where they stand. | A‹U+200B›nn\n" +
		"look-alike name 3: Words of name mix Latin letters with Cyrillic or Greek ones that look the same. | They are kept as they are, and will not be found by those who type them. If that is not meant, type them anew. | B\u043eb\n" +
		"padded note 2: Texts of note begin or end with blanks. | They are kept as they are. If they are not meant, remove them in the file. | ␣padded\n"
	if got := samples(out.Findings); got != want {
		t.Errorf("findings:\n%s", strings.ReplaceAll(got, "\n", "\n  "))
	}
}
