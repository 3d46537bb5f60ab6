package evidence_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/errs"
	"sutor/internal/evidence"
)

func TestPackVerifies(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	report, err := verify(t, pack, testVerifier)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Verified || report.State != "applied" || report.Applied == "" || !report.KeyKnown || len(report.Notes) != 0 {
		t.Errorf("report: %+v", report)
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"VERIFIED: change c-1", "the one you gave", "By olaf@example.test as owner (session).",
		"The plan was approved.", "Zahlungsziele für März", "agreed <2026>", "[approved → applying]", "applied 1"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, text.String())
		}
	}
}

// The formats never change: this pack was written once and must verify for ever,
// and the same steps must give the same bytes.
func TestGoldenPack(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	path := filepath.Join("testdata", "pack-v1.zip")
	golden, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && os.Getenv("WRITE_GOLDEN") != "" {
		if err := os.WriteFile(path, pack, 0o644); err != nil {
			t.Fatal(err)
		}
		golden = pack
	} else if err != nil {
		t.Fatal(err)
	}
	if _, err := verify(t, golden, testVerifier); err != nil {
		t.Error(err)
	}
	if bytes.Equal(golden, pack) {
		return
	}
	want, err := evidence.Unpack(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, err := evidence.Unpack(pack)
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("a stored format has changed (golden -, now +):\n%s", cmp.Diff(want, got))
}

func TestKeyOfThePack(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	other, err := evidence.ParseKey(otherSecret)
	if err != nil {
		t.Fatal(err)
	}
	report, err := verify(t, pack, "")
	if err != nil || report.KeyKnown || report.Key != testVerifier {
		t.Errorf("without a key: %+v, %v", report, err)
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil || !strings.Contains(text.String(), "claims to be: sutor/example-trading+7180a716") {
		t.Errorf("%v:\n%s", err, text.String())
	}
	if _, err := verify(t, pack, other.Verifier()); errs.KindOf(err) != errs.Invalid {
		t.Errorf("another log's key: %v", err)
	}
	if _, err := verify(t, pack, "nonsense"); errs.KindOf(err) != errs.Usage {
		t.Errorf("no key at all: %v", err)
	}
}

// refuses checks that a pack does not verify, and says so in a sentence.
func refuses(t *testing.T, what string, pack []byte) {
	t.Helper()
	report, err := verify(t, pack, testVerifier)
	if err == nil || report.Verified {
		t.Errorf("%s: verified", what)
		return
	}
	if errs.KindOf(err) != errs.Invalid {
		t.Errorf("%s: kind %v: %v", what, errs.KindOf(err), err)
	}
}

// Every single byte of the file, the zip's own included.
func TestAnyByteChanged(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	every := 3 // from one of the first three on; with SUTOR_LONG=1 each byte
	if os.Getenv("SUTOR_LONG") != "" {
		every = 1
	}
	for i := rand.IntN(every); i < len(pack); i += every {
		bad := slices.Clone(pack)
		bad[i] ^= 1 << (i % 8)
		refuses(t, fmt.Sprintf("a bit of byte %d changed", i), bad)
	}
}

// A forger who also mends pack.json, sizes and CRCs.
func TestAnyByteChangedAndRelisted(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	members := unpack(t, pack)
	total := 0
	for _, m := range members {
		total += len(m.Data)
	}
	rapid.Check(t, func(r *rapid.T) {
		for range 20 {
			at := rapid.IntRange(0, total-1).Draw(r, "at")
			bad, i := slices.Clone(members), 0
			for ; at >= len(bad[i].Data); i++ {
				at -= len(bad[i].Data)
			}
			bad[i].Data = slices.Clone(bad[i].Data)
			bad[i].Data[at] ^= byte(rapid.IntRange(1, 255).Draw(r, "xor"))
			for _, relist := range []bool{false, i > 0} {
				refuses(t, bad[i].Name, repack(t, bad, relist))
			}
		}
	})
}

func TestMembersAddedRemovedRenamedMoved(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	members := unpack(t, pack)
	for _, relist := range []bool{false, true} {
		for i := 1; i < len(members); i++ {
			name := members[i].Name
			refuses(t, name+" removed", repack(t, slices.Delete(slices.Clone(members), i, i+1), relist))
			refuses(t, name+" doubled", repack(t, slices.Insert(slices.Clone(members), i, members[i]), relist))
			renamed := slices.Clone(members)
			renamed[i].Name += "x"
			refuses(t, name+" renamed", repack(t, renamed, relist))
			emptied := slices.Clone(members)
			emptied[i].Data = nil
			refuses(t, name+" emptied", repack(t, emptied, relist))
			added := evidence.RawMember{Name: "plans/1/note.txt", Data: []byte("hello")}
			refuses(t, "a member added", repack(t, slices.Insert(slices.Clone(members), i+1, added), relist))
			if i+1 < len(members) {
				moved := slices.Clone(members)
				moved[i], moved[i+1] = moved[i+1], moved[i]
				refuses(t, name+" moved", repack(t, moved, relist))
			}
		}
	}
	refuses(t, "pack.json removed", repack(t, members[1:], false))
}

// Lines of the two line files left out, doubled or swapped.
func TestLinesEdited(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	members := unpack(t, pack)
	for m := range members {
		if !strings.HasSuffix(members[m].Name, ".jsonl") {
			continue
		}
		all := bytes.SplitAfter(members[m].Data, []byte("\n"))
		all = all[:len(all)-1]
		edit := func(what string, lines [][]byte) {
			bad := slices.Clone(members)
			bad[m].Data = bytes.Join(lines, nil)
			refuses(t, members[m].Name+" "+what, repack(t, bad, true))
		}
		for i := range all {
			edit("line left out", slices.Delete(slices.Clone(all), i, i+1))
			edit("line doubled", slices.Insert(slices.Clone(all), i, all[i]))
			if i > 0 {
				swapped := slices.Clone(all)
				swapped[i], swapped[i-1] = swapped[i-1], swapped[i]
				edit("lines swapped", swapped)
				edit("cut", all[:i])
			}
		}
	}
}

// An envelope cannot be withheld as if it had been erased.
func TestErasureCannotBePretended(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	members := unpack(t, pack)
	for m := range members {
		if members[m].Name != "envelopes.jsonl" {
			continue
		}
		all := bytes.SplitAfter(members[m].Data, []byte("\n"))
		for i := range all[:len(all)-1] {
			digest := string(all[i][len(`{"digest":"`) : len(`{"digest":"`)+71])
			bad, lines := slices.Clone(members), slices.Clone(all)
			lines[i] = []byte(`{"digest":"` + digest + `","erased":true}` + "\n")
			bad[m].Data = bytes.Join(lines, nil)
			refuses(t, "envelope pretended to be erased", repack(t, bad, true))
		}
	}
}

func TestFilesThatAreNoPacks(t *testing.T) {
	t.Parallel()
	_, pack := appliedPack(t)
	for _, n := range []int{0, 1, 29, 30, 31, len(pack) / 2, len(pack) - 1} {
		refuses(t, "cut off", pack[:n])
	}
	refuses(t, "with something behind", append(slices.Clone(pack), 0))
	refuses(t, "with something before", append([]byte{0}, pack...))
	refuses(t, "twice", append(slices.Clone(pack), pack...))
	var b bytes.Buffer
	zw := zip.NewWriter(&b) // packed again by another program, contents untouched
	for _, m := range unpack(t, pack) {
		w, err := zw.Create(m.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(m.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	refuses(t, "zipped again", b.Bytes())
}

// A pack proves a change up to its own export: an older, shorter chain does not
// verify under a newer checkpoint.
func TestOlderLeavesUnderNewerCheckpoint(t *testing.T) {
	t.Parallel()
	w, old := appliedPack(t)
	w.add(evidence.Entry{Kind: evidence.ChangeUndone, Change: "c-1", From: "applied", To: "undone", IDs: map[string]string{"reversed_by": "c-2"}})
	newer := unpack(t, w.export("c-1"))
	older := unpack(t, old)
	for i := range older {
		if older[i].Name == "checkpoint" {
			older[i] = newer[i]
		}
	}
	refuses(t, "older leaves, newer checkpoint", repack(t, older, true))

	// With proofs for the newer checkpoint, too: the newer pack cut at the old end.
	for i := range newer {
		lines := bytes.SplitAfter(newer[i].Data, []byte("\n"))
		switch newer[i].Name {
		case "leaves.jsonl": // undone, exported
			newer[i].Data = bytes.Join(lines[:len(lines)-3], nil)
		case "envelopes.jsonl": // exported
			newer[i].Data = bytes.Join(lines[:len(lines)-2], nil)
		}
	}
	cut := repack(t, newer, true)
	if _, err := verify(t, cut, testVerifier); err == nil || !strings.Contains(err.Error(), "later leaves may have been left out") {
		t.Errorf("cut chain: %v", err)
	}
}

func TestDamagedArtefactStopsExportBeforeTheFirstByte(t *testing.T) {
	t.Parallel()
	w, _ := appliedPack(t)
	for d, text := range w.artefacts {
		w.artefacts[d] = append([]byte("x"), text...)
		pack, err := w.tryExport("c-1")
		if strings.HasPrefix(string(text), "PAR1 other") || strings.Contains(string(text), `"change":"other"`) {
			if err != nil {
				t.Errorf("another change's artefact: %v", err)
			}
		} else if err == nil || len(pack) != 0 {
			t.Errorf("%q damaged: %d bytes written, %v", text, len(pack), err)
		}
		w.artefacts[d] = text
	}
}

func TestExportStopsWhenTheReaderGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tell(w.story("c-1"))
	gone := errors.New("gone")
	in := w.gather("c-1")
	for _, after := range []int{0, 10, 5000} {
		if err := evidence.Export(&limited{left: after, err: gone}, in, w.open); !errors.Is(err, gone) {
			t.Errorf("after %d bytes: %v", after, err)
		}
	}
}

type limited struct {
	left int
	err  error
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, l.err
	}
	return len(p), nil
}

// A pack's texts must not steer the terminal of its reader.
func TestReportIsHarmless(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	steps := w.story("c-1")
	steps[1].Body.Title = "\x1b[2J\rVERIFIED\u202e\nfake line"
	w.tell(steps)
	report, err := verify(t, w.export("c-1"), testVerifier)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text.String(), "\x1b\r\u202e") || strings.Contains(text.String(), "\nfake line") {
		t.Errorf("the report passes on controls: %q", text.String())
	}
}

func unpack(t testing.TB, pack []byte) []evidence.RawMember {
	t.Helper()
	members, err := evidence.Unpack(pack)
	if err != nil {
		t.Fatal(err)
	}
	return members
}

func repack(t testing.TB, members []evidence.RawMember, relist bool) []byte {
	t.Helper()
	pack, err := evidence.Repack(members, relist)
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

// Law: whatever verifies under a known key is, byte for byte, a pack that was
// exported. And no input makes Verify panic.
func FuzzVerify(f *testing.F) {
	_, pack := appliedPack(f)
	f.Add(pack)
	f.Add(pack[:len(pack)-1])
	f.Add([]byte("PK\x03\x04"))
	members := unpack(f, pack)
	f.Add(repack(f, members[:len(members)-1], true))
	f.Add(repack(f, slices.Insert(slices.Clone(members), 3, members[2]), true))
	f.Fuzz(func(t *testing.T, file []byte) {
		report, err := verify(t, file, testVerifier)
		if err == nil && !bytes.Equal(file, pack) {
			t.Error("another file than the pack verified")
		}
		if werr := report.WriteText(io.Discard); werr != nil {
			t.Error(werr)
		}
		if report, err = verify(t, file, ""); (err == nil) != report.Verified {
			t.Error("report and error do not agree")
		}
	})
}
