package finding

import (
	"fmt"
	"regexp"
	"strings"
)

// Invisible is a set of characters as a regular expression (RE2): those that are
// in a text and that nobody sees, or that look like a plain blank or like nothing:
// soft hyphen, blanks that do not break, zero width, byte order mark, marks of
// direction, fillers. The joiners U+200C and U+200D are not in it: several scripts
// are not written without them.
const Invisible = `[\x{ad}\x{a0}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180e}\x{200b}\x{200e}\x{200f}\x{2028}-\x{202f}\x{2060}-\x{206f}\x{3164}\x{feff}\x{ffa0}\x{fff9}-\x{fffb}]`

var invisible = regexp.MustCompile(Invisible)

// Visible shows what cannot be seen: an invisible character as its number, as in
// "A‹U+200B›B", and blanks at both ends as ␣.
func Visible(text string) string {
	shown := invisible.ReplaceAllStringFunc(text, func(s string) string { return fmt.Sprintf("‹U+%04X›", []rune(s)[0]) })
	middle := strings.TrimLeft(shown, " ")
	before := len(shown) - len(middle)
	middle = strings.TrimRight(middle, " ")
	behind := len(shown) - before - len(middle)
	return strings.Repeat("␣", before) + middle + strings.Repeat("␣", behind)
}
