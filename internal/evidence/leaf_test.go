package evidence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/evidence"
	"sutor/internal/record"
)

// The one text of a leaf, written out: it never changes.
func TestLeafText(t *testing.T) {
	t.Parallel()
	d := record.DigestOf([]byte("x"))
	l := evidence.Leaf{
		V: 1, Kind: evidence.DecisionApproved, Change: "01J9-abc", Seq: 4, Prev: strings.Repeat("ab", 32), At: "2026-03-01T09:00:00.000Z",
		From: "submitted", To: "approved", Means: "token:t1", IDs: map[string]string{"role": "owner"},
		Digests: map[string]record.Digest{"plan": d, "compact": d}, Counts: map[string]int64{"b": 2, "a": 1}, Envelope: d,
	}
	got, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"v":1,"kind":"decision.approved","change":"01J9-abc","seq":4,"prev":"` + l.Prev + `","at":"2026-03-01T09:00:00.000Z",` +
		`"from":"submitted","to":"approved","means":"token:t1","ids":{"role":"owner"},"digests":{"compact":"` + string(d) + `","plan":"` +
		string(d) + `"},"counts":{"a":1,"b":2},"envelope":"` + string(d) + `"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	back, err := evidence.ParseLeaf(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, back); diff != "" {
		t.Error(diff)
	}
}

func TestLeafRefused(t *testing.T) {
	t.Parallel()
	const plain = `{"v":1,"kind":"refused","at":"2026-03-01T09:00:00.000Z"}`
	if _, err := evidence.ParseLeaf([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string { return strings.Replace(plain, old, new, 1) }
	for name, text := range map[string]string{
		"empty":              ``,
		"a space":            replace(`,"kind"`, `, "kind"`),
		"a line end":         plain + "\n",
		"another order":      `{"kind":"refused","v":1,"at":"2026-03-01T09:00:00.000Z"}`,
		"an unknown field":   replace(`}`, `,"who":"x"}`),
		"a field twice":      replace(`"v":1`, `"v":1,"v":1`),
		"another case":       replace(`"kind"`, `"Kind"`),
		"an escape":          replace(`refused`, `ref\u0075sed`),
		"an empty map":       replace(`}`, `,"ids":{}}`),
		"version 2":          replace(`1`, `2`),
		"an unknown kind":    replace(`refused`, `deleted`),
		"no milliseconds":    replace(`.000Z`, `Z`),
		"an offset":          replace(`Z"`, `+00:00"`),
		"no such day":        replace(`03-01`, `02-30`),
		"an address":         replace(`}`, `,"ids":{"by":"maria@example.test"}}`),
		"a name with spaces": replace(`}`, `,"ids":{"by":"Maria Muster"}}`),
		"a negative count":   replace(`}`, `,"counts":{"rows":-1}}`),
		"a huge count":       replace(`}`, `,"counts":{"rows":9007199254740992}}`),
		"no digest":          replace(`}`, `,"digests":{"plan":"sha256:12"}}`),
		"seq, no change":     replace(`"at"`, `"seq":1,"at"`),
		"first is no birth":  replace(`"at"`, `"change":"c","seq":1,"at"`),
		"no prev":            replace(`"at"`, `"change":"c","seq":2,"at"`),
		"a state":            replace(`}`, `,"from":"planned","to":"approved"}`),
		"means by name":      replace(`}`, `,"means":"Maria"}`),
	} {
		if _, err := evidence.ParseLeaf([]byte(text)); err == nil {
			t.Errorf("%s: taken: %s", name, text)
		}
	}
}

// The log refuses a step that breaks a rule of its kind before it is stored.
func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	d := record.DigestOf(nil)
	who := evidence.Body{Who: "maria@example.test"}
	for name, e := range map[string]evidence.Entry{
		"an unknown kind":           {Kind: "change.deleted", Change: "c"},
		"nobody proposes":           {Kind: evidence.ChangeProposed, Change: "c", To: "draft"},
		"a proposal without change": {Kind: evidence.ChangeProposed, To: "draft", Body: who},
		"a first leaf in the life":  {Kind: evidence.PlanAsked, Change: "c", From: "draft", To: "planning"},
		"a Compact of a change":     {Kind: evidence.CompactInForce, Change: "c", Digests: digests{"compact": d}},
		"a Compact without digest":  {Kind: evidence.CompactInForce},
		"an erasure of nothing":     {Kind: evidence.Erased},
		"an id that is a path up":   {Kind: evidence.ChangeProposed, Change: "../c", To: "draft", Body: who},
		"a decision by no means": {Kind: evidence.DecisionApproved, Change: "c", From: "submitted", To: "approved", Body: who,
			Digests: digests{"plan": d}, IDs: map[string]string{"role": "owner"}},
		"no move":      {Kind: evidence.ChangeProposed, Change: "c", Body: who},
		"a wrong move": {Kind: evidence.ChangeProposed, Change: "c", To: "approved", Body: who},
	} {
		var mem evidence.Mem
		err := mem.Update(func(s evidence.Store) error {
			_, err := evidence.Log{}.Append(s, e)
			return err
		})
		if err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// The verifier's copy of the state machine is the domain's.
func TestMovesAreTheDomains(t *testing.T) {
	t.Parallel()
	moves := evidence.Moves()
	for _, from := range change.States() {
		var want []evidence.State
		for _, to := range change.Moves(from) {
			want = append(want, evidence.State(to))
		}
		if diff := cmp.Diff(want, moves[evidence.State(from)]); diff != "" {
			t.Errorf("from %s (domain -, evidence +):\n%s", from, diff)
		}
	}
}

func TestKindsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, k := range evidence.Kinds() {
		if !strings.HasSuffix(k.Sentence(), ".") {
			t.Errorf("%s: %q is no sentence", k, k.Sentence())
		}
	}
}

// Law: what Encode writes ParseLeaf reads back, and nothing else has that text.
func TestLeafRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		digest := rapid.Custom(func(r *rapid.T) record.Digest { return record.DigestOf(rapid.SliceOf(rapid.Byte()).Draw(r, "bytes")) })
		name := rapid.StringMatching(`[a-z][a-z0-9._-]{0,10}`)
		l := evidence.Leaf{
			V: 1, Kind: evidence.Refused, At: time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(r, "ms")).UTC().Format("2006-01-02T15:04:05.000Z"),
			IDs:     rapid.MapOfN(name, rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._:/-]{0,10}`), 0, 3).Draw(r, "ids"),
			Digests: rapid.MapOfN(name, digest, 0, 3).Draw(r, "digests"),
			Counts:  rapid.MapOfN(name, rapid.Int64Range(0, 1<<53-1), 0, 3).Draw(r, "counts"),
		}
		if rapid.Bool().Draw(r, "in a change") {
			l.Change, l.Seq, l.Prev = "c-1", rapid.Int64Range(2, 1000).Draw(r, "seq"), digest.Draw(r, "prev").Hex()
		}
		text, err := l.Encode()
		if err != nil {
			r.Fatal(err)
		}
		back, err := evidence.ParseLeaf(text)
		if err != nil {
			r.Fatal(err)
		}
		if again, err := back.Encode(); err != nil || string(again) != string(text) {
			r.Fatalf("%s became %s, %v", text, again, err)
		}
	})
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	body := evidence.Body{Who: "maria@example.test", Reason: "a <b> & \"c\"\n\u2028 – ü", Details: map[string]string{"z": "1", "a": "2"}}
	e, err := evidence.Seal(body, strings.NewReader(strings.Repeat("s", 32)))
	if err != nil {
		t.Fatal(err)
	}
	want := "{\"who\":\"maria@example.test\",\"reason\":\"a <b> & \\\"c\\\"\\n\\u2028 – ü\",\"details\":{\"a\":\"2\",\"z\":\"1\"}}"
	if string(e.Body) != want {
		t.Errorf("body %s\nwant %s", e.Body, want)
	}
	if d := record.DigestOf([]byte("sutor envelope v1\n" + strings.Repeat("s", 32) + want)); e.Digest() != d {
		t.Errorf("digest %s, want %s", e.Digest(), d)
	}
	back, err := e.Open()
	if err != nil || !cmp.Equal(back, body) {
		t.Errorf("%+v, %v", back, err)
	}
	if _, err := evidence.Seal(body, strings.NewReader("short")); err == nil {
		t.Error("sealed with too little salt")
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add([]byte(`{"v":1,"kind":"refused","at":"2026-03-01T09:00:00.000Z"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := evidence.ParseLeaf(text)
		if err != nil {
			return
		}
		if again, err := l.Encode(); err != nil || string(again) != string(text) {
			t.Errorf("%s became %s, %v", text, again, err)
		}
	})
}
