package text

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// Encoding is one way to write text in bytes.
type Encoding struct {
	Label string // "windows-1252"
	Name  string // for people: "Windows-1252"
	enc   encoding.Encoding
	prior float64 // how common it is, beside the evidence
}

// UTF8 is the label of UTF-8.
const UTF8 = "utf-8"

// utf are the encodings of Unicode.
var utf = []Encoding{
	{Label: UTF8, Name: "UTF-8"},
	{Label: "utf-16le", Name: "UTF-16LE", enc: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{Label: "utf-16be", Name: "UTF-16BE", enc: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
	{Label: "utf-32le", Name: "UTF-32LE", enc: utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)},
	{Label: "utf-32be", Name: "UTF-32BE", enc: utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)},
}

// multi are the encodings of several bytes a character, the narrower first.
var multi = []Encoding{
	{Label: "euc-kr", Name: "EUC-KR", enc: korean.EUCKR},
	{Label: "euc-jp", Name: "EUC-JP", enc: japanese.EUCJP},
	{Label: "shift_jis", Name: "Shift-JIS", enc: japanese.ShiftJIS},
	{Label: "gb18030", Name: "GB18030", enc: simplifiedchinese.GB18030},
	{Label: "big5", Name: "Big5", enc: traditionalchinese.Big5},
	{Label: "iso-2022-jp", Name: "ISO-2022-JP", enc: japanese.ISO2022JP},
}

// single are the encodings of one byte a character, the commoner first.
var single = []Encoding{
	{"windows-1252", "Windows-1252", charmap.Windows1252, 0.06},
	{"windows-1250", "Windows-1250", charmap.Windows1250, 0.02},
	{"windows-1251", "Windows-1251", charmap.Windows1251, 0.02},
	{"windows-1254", "Windows-1254", charmap.Windows1254, 0.02},
	{"windows-1253", "Windows-1253", charmap.Windows1253, 0.02},
	{"windows-1257", "Windows-1257", charmap.Windows1257, 0.01},
	{"windows-1255", "Windows-1255", charmap.Windows1255, 0.01},
	{"windows-1256", "Windows-1256", charmap.Windows1256, 0.01},
	{"iso-8859-15", "ISO-8859-15", charmap.ISO8859_15, 0},
	{"iso-8859-2", "ISO-8859-2", charmap.ISO8859_2, 0},
	{"iso-8859-5", "ISO-8859-5", charmap.ISO8859_5, -0.02},
	{"iso-8859-7", "ISO-8859-7", charmap.ISO8859_7, -0.01},
	{"iso-8859-6", "ISO-8859-6", charmap.ISO8859_6, -0.02},
	{"iso-8859-8", "ISO-8859-8", charmap.ISO8859_8, -0.02},
	{"iso-8859-13", "ISO-8859-13", charmap.ISO8859_13, -0.02},
	{"iso-8859-4", "ISO-8859-4", charmap.ISO8859_4, -0.03},
	{"koi8-r", "KOI8-R", charmap.KOI8R, 0},
	{"koi8-u", "KOI8-U", charmap.KOI8U, -0.01},
	{"macintosh", "Mac Roman", charmap.Macintosh, 0},
	{"x-mac-cyrillic", "Mac Cyrillic", charmap.MacintoshCyrillic, -0.01},
	{"cp850", "CP850", charmap.CodePage850, 0},
	{"cp437", "CP437", charmap.CodePage437, -0.005},
	{"cp852", "CP852", charmap.CodePage852, -0.01},
	{"ibm866", "CP866", charmap.CodePage866, 0},
	{"windows-874", "Windows-874", charmap.Windows874, -0.02},
}

// aliases are labels that the Encoding Standard lacks or reads differently.
var aliases = map[string]string{"cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251", "ansi": "windows-1252",
	"ibm437": "cp437", "ibm850": "cp850", "ibm852": "cp852", "cp866": "ibm866", "utf-16": "utf-16le", "utf-32": "utf-32le",
	"gbk": "gb18030", "gb2312": "gb18030", "cp932": "shift_jis", "cp949": "euc-kr", "cp936": "gb18030", "utf8": UTF8}

// Lookup gives the encoding of a label, in any case.
func Lookup(label string) (Encoding, bool) {
	label = strings.ToLower(strings.TrimSpace(label))
	if a, ok := aliases[label]; ok {
		label = a
	}
	if e, ok := known(label); ok {
		return e, true
	}
	enc, err := htmlindex.Get(label)
	if err != nil {
		return Encoding{}, false
	}
	name, err := htmlindex.Name(enc)
	if err != nil || name == "replacement" || name == "x-user-defined" {
		return Encoding{}, false
	}
	if e, ok := known(name); ok {
		return e, true
	}
	return Encoding{Label: name, Name: strings.ToUpper(name), enc: enc}, true
}

func known(label string) (Encoding, bool) {
	for _, list := range [][]Encoding{utf, multi, single} {
		for _, e := range list {
			if e.Label == label {
				return e, true
			}
		}
	}
	return Encoding{}, false
}

// table gives what the bytes from 0x80 to 0xFF mean.
func (e Encoding) table() (t [128]rune) {
	cm := e.enc.(*charmap.Charmap)
	for i := range t {
		t[i] = cm.DecodeByte(byte(0x80 + i))
	}
	return t
}
