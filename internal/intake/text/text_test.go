package text

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"sutor/internal/errs"
)

// texts are what business files hold, by the encodings that write them.
var texts = []struct {
	text      string
	encodings []string
}{
	{"id;Name;Straße\n1;Müller & Söhne GmbH;Königsallee 12\n2;Größe Bäckerei;Dörfliweg\n3;Jäger;Über den Höfen\n", []string{"windows-1252", "macintosh", "cp850"}},
	{"id,nom,ville\n1,Société Générale,Orléans\n2,Hélène Lefèvre,Besançon\n3,Crédit à l'économie,Évreux\n4,Boulangerie Noël,Nîmes\n", []string{"windows-1252", "macintosh", "cp850"}},
	{"id,nombre\n1,Señor Muñoz\n2,Peña y Compañía\n3,José Martínez\n4,Año Común\n", []string{"windows-1252", "macintosh", "cp850"}},
	{"id;navn\n1;Søren Sørensen\n2;Åse Håkonsen\n3;Bjørn Ærø\n4;København\n", []string{"windows-1252"}},
	{"id;nazwa\n1;Spółka Żółta Łąka\n2;Dąbrowski i Wójcik\n3;Łódź, ul. Święty Krzyż\n4;Przedsiębiorstwo Źródło\n", []string{"windows-1250", "iso-8859-2", "cp852"}},
	{"id;název\n1;Dvořák a syn\n2;Příbram, Náměstí Míru\n3;Žižkov, třída\n4;Čeněk Růžička\n", []string{"windows-1250", "iso-8859-2", "cp852"}},
	{"id;adı\n1;Şükrü Yılmaz\n2;Çağrı Öztürk\n3;İstanbul Şişli\n4;Gülşah Işık\n", []string{"windows-1254"}},
	{"ид;имя\n1;Общество с ограниченной ответственностью\n2;Иванов и сыновья\n3;Москва, улица Ленина\n4;Санкт-Петербург\n", []string{"windows-1251", "koi8-r", "ibm866", "iso-8859-5", "x-mac-cyrillic"}},
	{"κωδ;όνομα\n1;Παπαδόπουλος και Υιοί\n2;Αθήνα, οδός Ερμού\n3;Θεσσαλονίκη\n4;Γεώργιος Νικολάου\n", []string{"windows-1253"}},
	{"id,名前\n1,株式会社山田製作所\n2,東京都千代田区のお客様\n3,カタカナとひらがな\n", []string{"shift_jis", "euc-jp"}},
	{"id,이름\n1,주식회사 한국무역\n2,서울특별시 강남구 고객\n3,부산광역시 해운대\n", []string{"euc-kr"}},
	{"id,名称\n1,上海国际贸易有限公司\n2,北京市朝阳区的客户\n3,广州的产品和服务是最好的\n", []string{"gb18030"}},
	{"id,名稱\n1,台灣國際貿易股份有限公司\n2,台北市信義區的客戶\n3,這是我們最好的產品\n", []string{"big5"}},
	{"id,name\n1,Müller €\n2,日本 Żółć\n3,x\n", []string{"utf-16le", "utf-16be", "utf-32le", "utf-32be"}},
	{"id,name\n1,price € 12 – “net”\n2,it’s 5 °C\n", []string{"windows-1252"}},
	{"Bank\u00a0,City\u00a0,Since\u00a0\nFirst State Bank,Rome,2001\nFirst–Citizens,Oslo,2002\n", []string{"windows-1252"}},
	{"id;prix\n1;12 €\n2;Cœur de Lion\n3;café crème\n", []string{"iso-8859-15"}},
}

// Every text is read as it was written, by its bytes alone.
func TestEncodingsAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range texts {
		for _, label := range tt.encodings {
			t.Run(label, func(t *testing.T) {
				t.Parallel()
				e, ok := Lookup(label)
				if !ok {
					t.Fatal("unknown")
				}
				b, err := e.enc.NewEncoder().Bytes([]byte(tt.text))
				if err != nil {
					t.Fatal(err)
				}
				r, err := Open(bytes.NewReader(b), "")
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if err != nil || string(got) != tt.text {
					t.Errorf("read as %s (%.2f):\n%s\nwant\n%s (%v)", r.Label, r.Certain, got, tt.text, err)
				}
				if r.Bytes() != int64(len(b)) {
					t.Errorf("%d bytes of %d", r.Bytes(), len(b))
				}
				told, err := Open(iotest.OneByteReader(bytes.NewReader(b)), label)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(told); err != nil || string(got) != tt.text {
					t.Errorf("told: %q, %v", got, err)
				}
			})
		}
	}
}

func TestReadUTF8(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("plain ASCII for a while\n", 40_000)
	tests := []struct {
		name, in, want, label string
		marks                 []Mark
	}{
		{"UTF-8", "a,ä,€,😀\n", "a,ä,€,😀\n", UTF8, nil},
		{"mark", "\uFEFFa\n", "\uFEFFa\n", UTF8, nil},
		{"a wrong byte among right ones", "ä,M\xfcller\n", "ä,Müller\n", UTF8, []Mark{{At: 4}}},
		{"a byte that means nothing", "ä,ö,\x81\n", "ä,ö,\uFFFD\n", UTF8, []Mark{{At: 6, Lost: true}}},
		{"cut at the end", "ä,ö,\xc3", "ä,ö,Ã", UTF8, []Mark{{At: 6}}},
		{"overlong", "ä,ö,é,\xc0\xaf\n", "ä,ö,é,À¯\n", UTF8, []Mark{{At: 9}, {At: 11}}},
		{"late umlauts", long + "Stra\xdfe, M\xfcller, K\xf6ln, Gr\xf6\xdfe\n", long + "Straße, Müller, Köln, Größe\n", "windows-1252", nil},
		{"late and mixed", long + "ä\n" + "M\xfcller\n", long + "ä\nMüller\n", UTF8, []Mark{{At: int64(len(long)) + 4}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for name, in := range map[string]io.Reader{"whole": strings.NewReader(tt.in), "bytes": iotest.OneByteReader(strings.NewReader(tt.in)), "halves": iotest.HalfReader(strings.NewReader(tt.in))} {
				r, err := Open(in, "")
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if err != nil || string(got) != tt.want || r.Label != tt.label {
					t.Errorf("%s: %s, %.80q, %v", name, r.Label, got, err)
				}
				marks := r.Marks(int64(len(got)))
				if len(marks) != len(tt.marks) {
					t.Fatalf("%s: %v", name, marks)
				}
				for i := range marks {
					if marks[i] != tt.marks[i] {
						t.Errorf("%s: %v, want %v", name, marks, tt.marks)
					}
				}
			}
		})
	}
}

func TestAlternativesAreShown(t *testing.T) {
	t.Parallel()
	g := Detect([]byte("id;name\n1;Béjaïa\n2;Søren\n"), true)
	if g.Label != UTF8 {
		t.Fatal(g.Label)
	}
	g = Detect([]byte("id;name\n1;B\xe9ja\xefa\n"), true)
	if g.Label != "windows-1252" || len(g.Others) == 0 || g.Others[0].Cells[0].Line != 2 || g.Others[0].Cells[0].Here != "Béjaïa" {
		t.Errorf("%+v", g)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{"UTF8": UTF8, "latin1": "windows-1252", "ISO-8859-1": "windows-1252", "cp1252": "windows-1252", "sjis": "shift_jis",
		"gbk": "gb18030", "IBM850": "cp850", "mac": "macintosh", "iso-8859-10": "iso-8859-10", "utf-16": "utf-16le"} {
		if e, ok := Lookup(label); !ok || e.Label != want {
			t.Errorf("%s: %s, %v", label, e.Label, ok)
		}
	}
	if _, err := Open(strings.NewReader("a"), "klingon"); errs.KindOf(err) != errs.Usage {
		t.Error(err)
	}
}

func TestErrorsOfTheInputComeThrough(t *testing.T) {
	t.Parallel()
	gone := errors.New("connection reset")
	for _, start := range []string{"", "abc", "ä\xff", "\xff\xfea\x00", "x\xc3"} {
		r, err := Open(io.MultiReader(strings.NewReader(start), iotest.ErrReader(gone)), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(r); !errors.Is(err, gone) {
			t.Errorf("%q: %v", start, err)
		}
	}
}

// UTF-8 is always read as it is, however it arrives.
func TestPropertyUTF8IsKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if strings.Contains(text, "\x1b$") || len(text) > 0 && wide([]byte(text)) != "" {
			return // it looks like another encoding
		}
		for _, m := range marks {
			if strings.HasPrefix(text, m.bom) {
				return
			}
		}
		r, err := Open(iotest.OneByteReader(strings.NewReader(text)), "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != text || r.Marked() {
			t.Fatalf("%q, %v, %v", got, r.marks, err)
		}
	})
}

// Whatever the bytes, what comes is UTF-8, and the same however they arrive.
func FuzzOpen(f *testing.F) {
	for _, tt := range texts {
		f.Add([]byte(tt.text), uint8(7))
	}
	for _, s := range []string{"\xff\xfe", "M\xfcller", "ä\x81", "\x1b$B", "\x82\xa0\x82", strings.Repeat("\xe9t\xe9 ", 50)} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		r, err := Open(bytes.NewReader(b), "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(bytes.ToValidUTF8(got, nil), got) {
			t.Fatalf("%q: %q, %v", b, got, err)
		}
		again, _ := Open(iotest.OneByteReader(bytes.NewReader(b)), "")
		twice, err := io.ReadAll(again)
		if err != nil || !bytes.Equal(twice, got) || again.Label != r.Label {
			t.Fatalf("%q: %q and %q, %v", b, got, twice, err)
		}
	})
}
