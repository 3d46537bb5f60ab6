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
	{"change-part", "olaf@example.test", "/changes/{risky}/part"},
	{"change-findings", "maria@example.test", "/changes/{mistakes}/findings"},
	{"change-impact", "olaf@example.test", "/changes/{risky}/impact"},
	{"change-discussion", "olaf@example.test", "/changes/{risky}/discussion"},
	{"change-history", "aud@example.test", "/changes/{clean}/history"},
	{"change-rows-filtered", "olaf@example.test", "/changes/{risky}?changed=credit_limit"},
	{"inbox", "olaf@example.test", "/inbox"},
	{"inbox-all", "maria@example.test", "/inbox?all=1"},
	{"change-applied", "olaf@example.test", "/changes/{clean}"},
	{"change-steward", "ivan@example.test", "/changes/{clean}"},
	{"datasets", "maria@example.test", "/datasets"},
	{"dataset", "maria@example.test", "/datasets/customers"},
	{"dataset-filtered", "maria@example.test", "/datasets/customers?where=country+%3D+Germany&by=credit_limit&desc=1"},
	{"dataset-rules", "maria@example.test", "/datasets/customers/rules"},
	{"dataset-history", "olaf@example.test", "/datasets/customers/history"},
	{"dataset-steward", "ivan@example.test", "/datasets/customers"},
	{"propose", "maria@example.test", "/datasets/customers/propose"},
	{"rule", "maria@example.test", "/datasets/customers/rule"},
	{"rehearse", "ivan@example.test", "/compact/rehearse"},
	{"outbox", "olaf@example.test", "/outbox"},
	{"reading", "maria@example.test", "/changes/{mistakes}/reading"},
	{"compact", "maria@example.test", "/compact"},
	{"compact-versions", "ivan@example.test", "/compact/versions"},
	{"system", "ivan@example.test", "/system"},
	{"evidence", "aud@example.test", "/evidence?key=10086"},
	{"evidence-steward", "ivan@example.test", "/evidence"},
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
