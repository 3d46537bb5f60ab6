package text

// A character of several bytes: its length (0 where the bytes are none), and how
// much a text's being in the encoding is supported by it, from 0 to 1.
type judge func(b []byte) (n int, weight float64)

var judges = map[string]judge{"euc-kr": judgeEUCKR, "euc-jp": judgeEUCJP, "shift_jis": judgeShiftJIS, "gb18030": judgeGB, "big5": judgeBig5}

func in(c, from, to byte) bool { return c >= from && c <= to }

// pair gives the two bytes of a character, if there are two.
func pair(b []byte) (lead, trail byte, ok bool) {
	if len(b) < 2 {
		return 0, 0, false
	}
	return b[0], b[1], true
}

func judgeEUCKR(b []byte) (int, float64) {
	l, t, ok := pair(b)
	switch {
	case !ok:
		return 0, 0
	case in(l, 0xB0, 0xC8) && in(t, 0xA1, 0xFE):
		return 2, 1 // Hangul
	case in(l, 0xA1, 0xA3) && in(t, 0xA1, 0xFE):
		return 2, 0.7
	case in(l, 0xA4, 0xFD) && in(t, 0xA1, 0xFE):
		return 2, 0.15
	case in(l, 0x81, 0xC6) && (in(t, 0x41, 0x5A) || in(t, 0x61, 0x7A) || in(t, 0x81, 0xFE)):
		return 2, 0.1
	}
	return 0, 0
}

func judgeEUCJP(b []byte) (int, float64) {
	l, t, ok := pair(b)
	switch {
	case !ok:
		return 0, 0
	case (l == 0xA4 || l == 0xA5) && in(t, 0xA1, 0xF6):
		return 2, 1 // kana
	case in(l, 0xB0, 0xCF) && in(t, 0xA1, 0xFE):
		return 2, 0.95
	case in(l, 0xA1, 0xA3) && in(t, 0xA1, 0xFE):
		return 2, 0.7
	case in(l, 0xD0, 0xF4) && in(t, 0xA1, 0xFE):
		return 2, 0.25
	case l == 0x8E && in(t, 0xA1, 0xDF):
		return 2, 0.2
	case l == 0x8F && len(b) > 2 && t >= 0xA1 && b[2] >= 0xA1:
		return 3, 0.1
	}
	return 0, 0
}

func judgeShiftJIS(b []byte) (int, float64) {
	if in(b[0], 0xA1, 0xDF) {
		return 1, 0.2 // half-width kana
	}
	l, t, ok := pair(b)
	switch {
	case !ok || !in(t, 0x40, 0x7E) && !in(t, 0x80, 0xFC):
		return 0, 0
	case l == 0x82 && in(t, 0x9F, 0xF1), l == 0x83 && in(t, 0x40, 0x96):
		return 2, 1
	case in(l, 0x88, 0x97), l == 0x98 && t <= 0x72:
		return 2, 0.9
	case l == 0x81, l == 0x82:
		return 2, 0.7
	case in(l, 0x98, 0x9F), in(l, 0xE0, 0xEA), in(l, 0xED, 0xEE), in(l, 0xFA, 0xFC), in(l, 0x84, 0x87):
		return 2, 0.2
	}
	return 0, 0
}

func judgeGB(b []byte) (int, float64) {
	l, t, ok := pair(b)
	switch {
	case !ok || !in(l, 0x81, 0xFE):
		return 0, 0
	case in(t, 0x30, 0x39) && len(b) > 3 && in(b[2], 0x81, 0xFE) && in(b[3], 0x30, 0x39):
		return 4, 0.2
	case in(l, 0xB0, 0xD7) && t >= 0xA1 && t <= 0xFE:
		return 2, 0.94 // the hanzi of the first level
	case in(l, 0xA1, 0xA3) && t >= 0xA1 && t <= 0xFE:
		return 2, 0.7
	case in(l, 0xD8, 0xF7) && t >= 0xA1 && t <= 0xFE:
		return 2, 0.3
	case in(t, 0x40, 0x7E) || in(t, 0x80, 0xFE):
		return 2, 0.1
	}
	return 0, 0
}

func judgeBig5(b []byte) (int, float64) {
	l, t, ok := pair(b)
	switch {
	case !ok || !in(t, 0x40, 0x7E) && !in(t, 0xA1, 0xFE):
		return 0, 0
	case in(l, 0xA4, 0xC6):
		return 2, 0.93
	case in(l, 0xA1, 0xA3):
		return 2, 0.7
	case in(l, 0xC9, 0xF9):
		return 2, 0.25
	case in(l, 0x87, 0xFE):
		return 2, 0.05
	}
	return 0, 0
}

// detectMulti finds an encoding of several bytes a character; false where none
// is plausible.
func detectMulti(b []byte) (Guess, bool) {
	var best, second Encoding
	top, next := 0.0, 0.0
	for _, e := range multi {
		j, ok := judges[e.Label]
		if !ok {
			continue
		}
		if w := plausible(b, j); w > top {
			second, next = best, top
			best, top = e, w
		} else if w > next {
			second, next = e, w
		}
	}
	if top < 0.5 {
		return Guess{}, false
	}
	g := Guess{Encoding: best, Certain: surely(0.5+2*(top-next), b)}
	if next > 0.4 {
		g.Others = others(b, best, []Encoding{second})
	}
	return g, true
}

// plausible weighs the characters of a text in one encoding: 0 where it is not
// valid, or its characters do not stand beside each other.
func plausible(b []byte, j judge) float64 {
	n, wrong, beside := 0, 0, 0
	sum, before := 0.0, false
	for i := 0; i < len(b); {
		if b[i] < 0x80 {
			before = false
			i++
			continue
		}
		size, w := j(b[i:])
		if size == 0 {
			if len(b)-i < 4 {
				break // cut off by the end of the sample
			}
			wrong++
			before = false
			i++
			continue
		}
		n++
		sum += w
		if before || i+size < len(b) && b[i+size] >= 0x80 {
			beside++
		}
		before = true
		i += size
	}
	if n < 2 || wrong*50 > n || beside*2 < n || n < 10 && sum < 0.7*float64(n) {
		return 0
	}
	return sum / float64(n)
}
