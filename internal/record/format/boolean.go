package format

// booleans gives the pairs of words for yes and no, which may be cut to their
// first letter: a column of o alone is yes in French and no in Dutch, and asked
// about.
func booleans() (out []Format) {
	for _, p := range []struct{ name, yes, no string }{
		{"ja/nein", `ja?`, `n(?:ein)?`},
		{"ja/nee", `ja?`, `n(?:ee)?`},
		{"oui/non", `o(?:ui)?`, `n(?:on)?`},
		{"wahr/falsch", `w(?:ahr)?`, `f(?:alsch)?`},
		{"vrai/faux", `v(?:rai)?`, `f(?:aux)?`},
		{"waar/onwaar", `w(?:aar)?`, `o(?:nwaar)?`},
		{"on/off", `on`, `off`},
	} {
		out = append(out, Format{Name: p.name, Says: "yes or no in the words " + p.name, grammar: blanks + `(?i:` + p.yes + `|` + p.no + `)` + blanks,
			stages: truth(p.yes, p.no)})
	}
	x := `x|\x{2713}|\x{2714}`
	return append(out, Format{Name: "x/", Says: "x for yes, an empty cell for no", Empty: "false", chosen: true,
		grammar: blanks + `(?i:` + x + `)` + blanks, stages: truth(x, `-`)})
}

func truth(yes, no string) []Stage {
	return []Stage{{Steps: []Step{
		{`(?i)^` + blanks + `(?:` + yes + `)` + blanks + `$`, `true`},
		{`(?i)^` + blanks + `(?:` + no + `)` + blanks + `$`, `false`},
	}}}
}
