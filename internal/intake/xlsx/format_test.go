package xlsx

import "testing"

func TestFormats(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]format{
		"General":                       general,
		"@":                             general,
		"0":                             {},
		"0.00":                          {decimals: 2},
		"#,##0.00":                      {decimals: 2},
		"#,##0.00_);[Red](#,##0.00)":    {decimals: 2},
		"00000":                         {pad: 5},
		"00000;-00000":                  {pad: 5},
		"000-00-0000":                   {},
		"#000":                          {},
		"0%":                            {percent: true},
		"0.0%":                          {percent: true, decimals: 1},
		"0.00E+00":                      {decimals: -1},
		"# ?/?":                         {decimals: -1},
		"#,##0,":                        {thousand: 1},
		"0.0,,":                         {thousand: 2, decimals: 1},
		`#,##0.00 "€"`:                  {decimals: 2, sign: "€"},
		"#,##0.00 [$€-407]":             {decimals: 2, sign: "€"},
		"[$-409]0.00":                   {decimals: 2},
		"$#,##0":                        {sign: "$"},
		`0 "kg"`:                        {sign: "kg"},
		`0" d"`:                         {sign: "d"},
		`\K\D-0000`:                     {sign: "K D"},
		"yyyy-mm-dd":                    {look: date},
		"[$-F800]dddd, mmmm dd, yyyy":   {look: date},
		"dd/mm/yyyy hh:mm":              {look: moment},
		"yyyy\\-mm\\-dd\\Thh:mm:ss.000": {look: moment},
		"h:mm AM/PM":                    {look: clock},
		"mm:ss":                         {look: clock},
		"mmm yyyy":                      {look: date},
		"mmm":                           {look: date},
		"[h]:mm":                        {look: elapsed},
		"[mm]:ss":                       {look: elapsed},
		"[Red]0.0":                      {decimals: 1},
		"[>100]0.0;0":                   {decimals: 1},
		`"yes"`:                         {decimals: -1, sign: "yes"},
		"":                              general,
		`"open`:                         {decimals: -1, sign: "open"},
	} {
		if got := parseFormat(code); got != want {
			t.Errorf("%q: %+v, want %+v", code, got, want)
		}
	}
}

func FuzzFormat(f *testing.F) {
	for _, code := range []string{"General", "#,##0.00 [$€-407]", `0" d"`, "[h]:mm", `\`, "[", `"`, "_", "*"} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) { parseFormat(code) })
}
