package browser

import "strings"

// Page is a page to look at: who opens it, and where. {name} in its path is the id
// of a change of Busy.
type Page struct{ Name, Person, Path string }

// Pages are all pages.
var Pages = []Page{
	{"sign-in", "", "/sign-in"},
	{"home-maker", "maria@example.test", "/"},
	{"home-owner", "olaf@example.test", "/"},
	{"home-newcomer", "max@example.test", "/"},
	{"changes", "maria@example.test", "/changes"},
	{"change-planned", "maria@example.test", "/changes/{prices}"},
	{"change-mistakes", "maria@example.test", "/changes/{mistakes}"},
	{"change-decide", "olaf@example.test", "/changes/{risky}"},
	{"change-findings", "maria@example.test", "/changes/{mistakes}/findings"},
	{"change-impact", "olaf@example.test", "/changes/{risky}/impact"},
	{"change-discussion", "olaf@example.test", "/changes/{risky}/discussion"},
	{"change-history", "aud@example.test", "/changes/{clean}/history"},
	{"change-rows-filtered", "olaf@example.test", "/changes/{risky}?changed=payment_terms"},
	{"inbox", "olaf@example.test", "/inbox"},
	{"inbox-all", "maria@example.test", "/inbox?all=1"},
	{"change-applied", "olaf@example.test", "/changes/{clean}"},
	{"change-steward", "ivan@example.test", "/changes/{clean}"},
	{"find", "maria@example.test", "/search?q=terms"},
	{"help", "ivan@example.test", "/help"},
	{"missing", "maria@example.test", "/changes/none"},
}

// At gives the page's address.
func (p Page) At(ids map[string]string) string {
	path := p.Path
	for name, id := range ids {
		path = strings.ReplaceAll(path, "{"+name+"}", id)
	}
	return path
}
