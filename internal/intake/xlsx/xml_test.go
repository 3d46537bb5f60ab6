package xlsx

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// scan reads XML in blocks of a size, and writes down what it was told.
func scan(document string, block int) (told string, err error) {
	a := &archive{file: &disk{}, cell: 1 << 20}
	x := newScanner(newFeed(context.Background(), io.NopCloser(strings.NewReader(document)), 1<<30, block), a, "part")
	defer x.close()
	var b strings.Builder
	for {
		k, err := x.next()
		if err != nil || k == eof {
			return b.String(), err
		}
		switch k {
		case start:
			fmt.Fprintf(&b, "<%s", x.name)
			for _, a := range x.attrs {
				fmt.Fprintf(&b, " %s=%q", a.name, a.value)
			}
			b.WriteString(">")
		case end:
			fmt.Fprintf(&b, "</%s>", x.name)
		case text:
			v := x.text
			if !x.cdata {
				if v, err = x.unescape(nil, x.text); err != nil {
					return b.String(), err
				}
			}
			fmt.Fprintf(&b, "%q", v)
		}
	}
}

func TestScanner(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		`<a/>`: `<a></a>`,
		"\uFEFF<?xml version='1.0'?>\n<a b='1' c = \"2>\" ><!-- <x> --><d/>t</a>\n": `<a b="1" c="2>"><d></d>"t"</a>`,
		`<x:a xmlns:x="u" x:b="1" x:id="2" xmlns="v"><x:c/></x:a>`:                  `<a id="2"><c></c></a>`,
		`<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;</a>`:                            `<a>"<>&\"'A😀"</a>`,
		"<a>1\r\n2\r3\n</a >":              `<a>"1\n2\n3\n"</a>`,
		`<a><![CDATA[<&amp;]]]]></a>`:      `<a>"<&amp;]]"</a>`,
		`<a`:                               "!",
		`<a>`:                              `<a>!`,
		`<a></b>`:                          `<a>!`,
		`<a></a></a>`:                      `<a></a>!`,
		`<a/><b/>`:                         `<a></a>!`,
		`<a/>text`:                         `<a></a>!`,
		`<a b="1"c="2"/>`:                  "!",
		`<a b="1" b="2"/>`:                 "!",
		`<a b=1/>`:                         "!",
		`<a b="<"/>`:                       "!",
		`<a><!x></a>`:                      "<a>!",
		`<!DOCTYPE a><a/>`:                 "!",
		`<a>&nope;</a>`:                    "<a>!",
		`<a>&</a>`:                         "<a>!",
		`<a>&#xD800;</a>`:                  "<a>!",
		`<a>&#1114112;</a>`:                "<a>!",
		"<a>\xff</a>":                      "<a>!",
		"":                                 "!",
		"text":                             "!",
		strings.Repeat("<a>", 201):         strings.Repeat("<a>", 200) + "!",
		"<a>" + strings.Repeat("x", 2<<20): "<a>!",
	} {
		for _, block := range []int{1, 7, 64 << 10} {
			if len(document) > 1<<20 && block < 1000 {
				continue
			}
			got, err := scan(document, block)
			if err != nil {
				got += "!"
			}
			if got != want {
				t.Errorf("%.80q in blocks of %d: %.200s (%v), want %.200s", document, block, got, err, want)
			}
		}
	}
}

// Wherever a part is cut into blocks, the tokens are the same.
func TestScannerInBlocks(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{"<c r=\"A1\" t='s'>", "</c>", "<v>", "</v>", "<e/>", "text", "&amp;", "<!-- c -->", "<![CDATA[x]]>", "\r\n", "é", "<?p?>", strings.Repeat("long ", 7_000)})
	rapid.Check(t, func(t *rapid.T) {
		document := "<a>" + strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "") + "</a>"
		want, err1 := scan(document, 1<<20)
		block := rapid.SampledFrom([]int{1, 2, 3, 7, 64}).Draw(t, "block")
		if len(document) > headroom {
			block *= 1000
		}
		got, err2 := scan(document, block)
		if got != want || (err1 == nil) != (err2 == nil) {
			t.Fatalf("%.300s (%v), want %.300s (%v)", got, err2, want, err1)
		}
	})
}

func TestUTF16(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := "<" + rapid.String().Draw(t, "text")
		order := rapid.SampledFrom([]binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}).Draw(t, "order")
		var raw []byte
		if rapid.Bool().Draw(t, "mark") {
			raw = order.AppendUint16(raw, 0xFEFF)
		}
		at := len(raw)
		for _, unit := range utf16.Encode([]rune(s)) {
			raw = order.AppendUint16(raw, unit)
		}
		read := asUTF8(io.NopCloser(iotest.OneByteReader(bytes.NewReader(raw))))
		if rapid.Bool().Draw(t, "whole") {
			read = asUTF8(io.NopCloser(bytes.NewReader(raw)))
		}
		got, err := io.ReadAll(read)
		if want := strings.Repeat("\uFEFF", at/2) + s; err != nil || string(got) != want {
			t.Fatalf("%q, %v; want %q", got, err, want)
		}
	})
	if _, err := io.ReadAll(asUTF8(io.NopCloser(strings.NewReader("<\x00a")))); err != io.ErrUnexpectedEOF {
		t.Errorf("half a character: %v", err)
	}
}

func TestEscapes(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"a_x000D_b": "a\rb", "_x005F_x000D_": "_x000D_", "_x0000_": "_x0000_", "_xD83D__xDE00_": "😀", "_xD83D_": "_xD83D_", "_x00_": "_x00_", "_X000D_": "_X000D_", "__x0041__": "_A_", "": "",
	} {
		if got := decoded([]byte(raw)); string(got) != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

// Strings come back wherever they lie: in memory, in the temporary file, across.
func TestPoolSpills(t *testing.T) {
	t.Parallel()
	p := &pool{temp: t.TempDir()}
	defer p.close()
	of := func(i int) []byte { return bytes.Repeat([]byte{byte('a' + i%26)}, 1+i*7919%300_000) }
	n := 0
	for ; p.size < inMemory+5*chunkSize; n++ {
		if err := p.add(of(n)); err != nil {
			t.Fatal(err)
		}
	}
	if p.file == nil || len(p.chunks) > inMemory/chunkSize+1 {
		t.Fatal("all of it stayed in memory")
	}
	for i := range n {
		i = i * 31 % n
		if got, ok, err := p.at(i); err != nil || !ok || !bytes.Equal(got, of(i)) {
			t.Fatalf("string %d of %d: %v %v", i, n, ok, err)
		}
	}
	if _, ok, _ := p.at(n); ok {
		t.Error("a string too many")
	}
}
