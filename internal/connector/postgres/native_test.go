package postgres_test

import (
	"maps"
	"slices"
	"strings"

	"sutor/internal/record"
	"sutor/internal/system/drivertest"
)

func nativeTypes() (types []record.Type) {
	for _, name := range slices.Sorted(maps.Keys(natives)) {
		types = append(types, record.Type{Kind: record.Native, Native: name})
	}
	return types
}

// refused lists texts by what is wrong with them.
func refused(notOfType, tooExact string) map[string]record.Problem {
	all := map[string]record.Problem{}
	for p, texts := range map[record.Problem]string{record.NotOfType: notOfType, record.TooExact: tooExact} {
		for _, text := range strings.Split(texts, "|") {
			if text != "" {
				all[text] = p
			}
		}
	}
	return all
}

// natives are the types whose values only the server writes.
var natives = map[string]drivertest.Native{
	"interval": {
		Values: []string{"00:00:00", "1 mon", "31 days", "1 year 2 mons 3 days 04:05:06.789", "-1 years -2 mons +3 days -04:05:06", "100:00:00", "178000000 years"},
		Spelled: map[string]string{"P1M": "1 mon", "31 d": "31 days", "100 hours": "100:00:00", "  1 month ": "1 mon", "1.5 hours": "01:30:00", "1 week": "7 days", "PT1.5S": "00:00:01.5",
			"1 year 2 months 3 days 4 hours 5 minutes 6.789 seconds": "1 year 2 mons 3 days 04:05:06.789", "1 day ago": "-1 days"},
		Refused: refused("one day|1.5 months|0.5 years|P0.5Y|P1.5M|1 fortnight|1.5 centuries|2026-01-01|1 month 1.5 years|P1.04|P1-1.5|P1.04T|P0001.04-01-01|1.04,years|1.04;years|1.04/y|1.04&mons|1.04 @ y|1-1.5|+P1.5M", "00:00:00.1234567|1.0000001 s"),
	},
	"interval(0)": {
		Values:  []string{"00:00:01", "1 mon"},
		Spelled: map[string]string{"1.0 s": "00:00:01"},
		Refused: refused("x", "1.5 s"),
	},
	"jsonb": {
		Values:  []string{`null`, `true`, `0`, `1.5`, `"x"`, `""`, `[]`, `{}`, `{"a": 2, "b": 1}`, `{"": null}`, `[1, [2, {"ä\n": "\""}]]`, `123456789012345678901234567890.123456789`},
		Spelled: map[string]string{` {"b":1, "a":2}`: `{"a": 2, "b": 1}`, `1.50`: `1.50`, "[ 1,[2,{\"\\u00e4\\n\":\"\\u0022\"}]]": `[1, [2, {"ä\n": "\""}]]`, `1e2`: `100`, `{"a":{"a":1},"b":{"a":1}}`: `{"a": {"a": 1}, "b": {"a": 1}}`},
		Refused: refused(`{|x|{a:1}|'x'|1 2|"\u0000"|NaN|`+strings.Repeat("[", 100_000), `{"a":1,"a":2}|{"a":1,"b":{"c":1,"d":[{"x":1,"x":1}]}}`),
	},
	"inet": {
		Values:  []string{"10.0.0.1", "10.0.0.1/8", "10.0.0.0/8", "0.0.0.0/0", "::1", "2001:db8::/32", "::ffff:10.0.0.1"},
		Spelled: map[string]string{"10.0.0.1/32": "10.0.0.1", "2001:DB8:0::/32": "2001:db8::/32", " ::1/128": "::1"},
		Refused: refused("10.0.0.256|10.0.0.1/33|localhost|10.0.0.1 x", ""),
	},
	"cidr": {
		Values:  []string{"10.0.0.0/8", "10.0.0.1/32", "2001:db8::/32"},
		Spelled: map[string]string{"10.0.0.1": "10.0.0.1/32", "10": "10.0.0.0/8"},
		Refused: refused("10.0.0.1/8|x", ""),
	},
	"macaddr":  {Values: []string{"08:00:2b:01:02:03"}, Spelled: map[string]string{"08002B-010203": "08:00:2b:01:02:03"}, Refused: refused("08:00|x", "")},
	"macaddr8": {Values: []string{"08:00:2b:01:02:03:04:05"}, Spelled: map[string]string{"08-00-2b-01-02-03": "08:00:2b:ff:fe:01:02:03"}, Refused: refused("x", "")},
	"bit(3)":   {Values: []string{"000", "101"}, Spelled: map[string]string{"B101": "101"}, Refused: refused("102", "1|1010|x")},
	"bit varying(5)": {
		Values:  []string{"", "0", "00", "10101"},
		Spelled: map[string]string{"xF": "1111"},
		Refused: refused("2", "101011|xFF"),
	},
	"int4range": {
		Values:  []string{"empty", "[1,6)", "(,)", "(,5)", "[5,)", "[-2147483648,2147483647)"},
		Spelled: map[string]string{"[1,5]": "[1,6)", "(0,6)": "[1,6)", "[3,3)": "empty", " [ 1 , 5 ] ": "[1,6)"},
		Refused: refused("[5,1]|[1.5,2]|[1|1,2|[1,2147483648]|[a,b]", ""),
	},
	"numrange": {Values: []string{"[1.5,2.50]", "(0,1)", "empty"}, Spelled: map[string]string{"[ 1.5 , 2.50 ]": "[1.5,2.50]"}, Refused: refused("[2,1]|[x,]", "")},
	"daterange": {
		Values:  []string{"[2026-01-01,2026-02-01)", "(,)", "empty", "[2026-01-01,infinity)"},
		Spelled: map[string]string{"[2026-01-01,2026-01-31]": "[2026-01-01,2026-02-01)", `["2026-01-01","2026-02-01")`: "[2026-01-01,2026-02-01)"},
		Refused: refused("[2026-01-01 10:00,2026-02-01]|[today,tomorrow]|[01/02/2026,01/03/2026]|[2026-02-30,]|[2026-02-01,2026-01-01]|[20260101,]|[2026-01-01,2026-02-01", ""),
	},
	"tsrange": {
		Values:  []string{`["2026-01-01 10:00:00","2026-01-01 12:00:00.5"]`, `["2026-01-01 10:00:00",)`},
		Spelled: map[string]string{`[2026-01-01T10:00, 2026-01-01 12:00:00.5]`: `["2026-01-01 10:00:00","2026-01-01 12:00:00.5"]`},
		Refused: refused("[2026-01-01,)|[2026-01-01 10:00:00.1234567,)|[now,)|[2026-01-01 10:00+02,)|[2026-01-01 24:00,)", ""),
	},
	"tstzrange": {
		Values:  []string{`["2026-01-01 10:00:00+00","2026-01-01 12:00:00+00")`},
		Spelled: map[string]string{`[2026-01-01 11:00+01:00,2026-01-01T12:00:00Z)`: `["2026-01-01 10:00:00+00","2026-01-01 12:00:00+00")`},
		Refused: refused("[2026-01-01 10:00,)|[2026-01-01,)", ""),
	},
	"int8range": {Values: []string{"empty", "[1,6)", "[-9223372036854775808,9223372036854775807)"}, Spelled: map[string]string{"(0,5]": "[1,6)"}, Refused: refused("[1,9223372036854775808]|[1.5,2]", "")},
	"int4multirange": {
		Values:  []string{"{}", "{[1,6)}", "{[1,3),[5,7)}", "{(,)}"},
		Spelled: map[string]string{"{[1,2],[3,5]}": "{[1,6)}", " { [5,6] , [1,2] } ": "{[1,3),[5,7)}", "{empty}": "{}"},
		Refused: refused("[1,6)|{[5,1]}|{[1.5,2]}|{1,2}|{[1,2]", ""),
	},
	"int8multirange": {Values: []string{"{}", "{[1,6)}"}, Spelled: map[string]string{"{(0,5]}": "{[1,6)}"}, Refused: refused("{[1,9223372036854775808]}", "")},
	"nummultirange":  {Values: []string{"{}", "{[1.5,2.50]}", "{(0,1),(1,2)}"}, Spelled: map[string]string{"{[0,1],[1,2]}": "{[0,2]}"}, Refused: refused("{[2,1]}|{[x,]}", "")},
	"datemultirange": {
		Values:  []string{"{}", "{[2026-01-01,2026-02-01)}", "{[2026-01-01,2026-01-02),[2026-03-01,infinity)}"},
		Spelled: map[string]string{"{[2026-01-01,2026-01-15],[2026-01-16,2026-01-31]}": "{[2026-01-01,2026-02-01)}", "{ empty }": "{}"},
		Refused: refused("{[2026-01-01 10:00,2026-02-01]}|{[today,tomorrow]}|{[2026-02-30,]}|[2026-01-01,2026-02-01)", ""),
	},
	"tsmultirange": {
		Values:  []string{"{}", `{["2026-01-01 10:00:00","2026-01-01 12:00:00.5"]}`},
		Spelled: map[string]string{"{[2026-01-01T10:00, 2026-01-01 12:00:00.5]}": `{["2026-01-01 10:00:00","2026-01-01 12:00:00.5"]}`},
		Refused: refused("{[2026-01-01,)}|{[2026-01-01 10:00:00.1234567,)}|{[now,)}|{[2026-01-01 10:00+02,)}", ""),
	},
	"tstzmultirange": {
		Values:  []string{"{}", `{["2026-01-01 10:00:00+00","2026-01-01 12:00:00+00")}`},
		Spelled: map[string]string{"{[2026-01-01 11:00+01:00,2026-01-01T12:00:00Z)}": `{["2026-01-01 10:00:00+00","2026-01-01 12:00:00+00")}`},
		Refused: refused("{[2026-01-01 10:00,)}|{[2026-01-01,)}", ""),
	},
	"integer[]": {
		Values:  []string{"{}", "{1,2,3}", "{NULL}", "{{1,2},{3,4}}", "[0:1]={1,2}"},
		Spelled: map[string]string{"{ 1, 2 ,3}": "{1,2,3}", "{null}": "{NULL}", "[1:3]={1,2,3}": "{1,2,3}", "{+1,002,3}": "{1,2,3}"},
		Refused: refused("1,2|{1,2|{1.5}|{a}|{2147483648}|{{1},{2,3}}", ""),
	},
	"text[]": {
		Values:  []string{"{}", "{a,b}", `{"a b","",NULL,"NULL","\"\\"}`, "{ä,日本}", "{\"line\nline\"}", `{"a,b","{}"}`},
		Spelled: map[string]string{"{a, b}": "{a,b}", ` { "a" , "b" } `: "{a,b}", "{a b,\"\",NULL,\"NULL\",\"\\\"\\\\\"}": `{"a b","",NULL,"NULL","\"\\"}`},
		Refused: refused(`a,b|{a,b|{"a}|{a}b`, ""),
	},
	"character varying(3)[]": {Values: []string{"{abc,d}"}, Spelled: map[string]string{"{ abc , d}": "{abc,d}"}, Refused: refused("{", "{abcd}|{a,bcde}")},
	"numeric(6,2)[]":         {Values: []string{"{1.50,-0.01}"}, Spelled: map[string]string{"{1.5,-.01}": "{1.50,-0.01}"}, Refused: refused("{x}|{1.234.5}|{12345}", "{1.234}|{1,2.999}")},
	"numeric[]":              {Values: []string{"{1.50,123456789012345678901234567890123456789012345678.5}"}, Refused: refused("{x}", "")},
	"double precision[]":     {Values: []string{"{0.1,-2.5e-07,NaN,NULL}", "{1e+300}"}, Spelled: map[string]string{"{0.10, -0.00000025 ,nan,null}": "{0.1,-2.5e-07,NaN,NULL}"}, Refused: refused("{x}|{1e400}", "{0.12345678901234567890}")},
	"real[]":                 {Values: []string{"{0.1,1.6777216e+07}"}, Spelled: map[string]string{"{0.1,16777216.0}": "{0.1,1.6777216e+07}"}, Refused: refused("{x}", "{16777217}")},
	"boolean[]":              {Values: []string{"{t,f}"}, Spelled: map[string]string{"{true,no}": "{t,f}"}, Refused: refused("{2}", "")},
	"date[]":                 {Values: []string{"{2026-01-01,NULL,infinity}", "{}"}, Spelled: map[string]string{"{ 2026-01-01 , null,infinity}": "{2026-01-01,NULL,infinity}"}, Refused: refused("{2026-01-01 10:00}|{today}|{01/02/03}|{2026-02-30}", "")},
	"timestamp without time zone[]": {
		Values:  []string{`{"2026-01-01 10:00:00","2026-01-01 10:00:00.123456"}`},
		Spelled: map[string]string{"{2026-01-01T10:00,2026-01-01 10:00:00.123456}": `{"2026-01-01 10:00:00","2026-01-01 10:00:00.123456"}`},
		Refused: refused("{2026-01-01}|{now}|{2026-01-01 10:00:00.1234567}|{2026-01-01 10:00+02}", ""),
	},
	"time(0) without time zone[]": {Values: []string{"{10:00:00}"}, Spelled: map[string]string{"{10:00}": "{10:00:00}"}, Refused: refused("{24:00}|{10:00+02}", "{10:00:00.5}")},
	"uuid[]":                      {Values: []string{"{123e4567-e89b-12d3-a456-426614174000}"}, Spelled: map[string]string{"{123E4567E89B12D3A456426614174000}": "{123e4567-e89b-12d3-a456-426614174000}"}, Refused: refused("{1}", "")},
	"public.stage[]":              {Values: []string{"{new,It's}"}, Spelled: map[string]string{`{new,"It's"}`: "{new,It's}"}, Refused: refused("{New}", "")},
	"inet[]":                      {Values: []string{"{10.0.0.1,10.0.0.0/8}"}, Spelled: map[string]string{"{10.0.0.1/32,10.0.0.0/8}": "{10.0.0.1,10.0.0.0/8}"}, Refused: refused("{x}", "")},
	"interval[]":                  {Values: []string{`{"1 mon","30 days"}`}, Spelled: map[string]string{"{1 month, 30 d}": `{"1 mon","30 days"}`}, Refused: refused("{1.5 mons}", "")},
}
