package app_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"sutor/internal/api/routetest"
	"sutor/internal/app"
	"sutor/internal/cli"
	"sutor/internal/mail"
	"sutor/internal/mail/mailtest"
	"sutor/internal/web"
	"sutor/internal/wire"
)

// The company of the planted secrets: of customers, zqnote and zqcode are hidden but
// from their owners, auditors and max, credit is masked, and maria sees the rows with NET30
// only. Parts are another department's.
const plantedDatasets = `
datasets:
  customers:
    system: erp
    table: customer
    key: [id]
    department: sales
    owner: olaf@example.test
    allow: [insert, update, delete]
    columns:
      terms:  {one_of: [NET30, NET45, NET60]}
      credit: {visible_to: [owner, auditor, max@example.test], mask: all, critical: true, max: 9000000000}
      zqnote: {visible_to: [owner, auditor, max@example.test], label: ZQLABEL, also: [ZQALSO], pattern: "^ZQ"}
      zqcode: {visible_to: [owner, auditor, max@example.test], one_of: [ZQC1, ZQC2, ZQC3, ZQC4, ZQC9]}
    rows:
      - {for: [maria@example.test], where: "terms == 'NET30'"}
    guardrails:
      - {name: secretive, each: row, when: 'before.zqnote == "ZQRULE" || after.zqcode == "ZQC9"', then: warn, say: Look twice.}
      - {name: raise, each: row, when: '"credit" in changed && after.credit > 7000000', then: approve, by: manager, say: Much.}
    impact:
      - {label: purchases, table: purchase, match: {code: zqcode}, where: "zqkind == 'ZQKIND'", measure: amount}
  parts:
    label: ZQPARTS
    system: erp
    table: zqpart
    key: [number]
    department: stock
    owner: petra@example.test
    allow: [insert, update]
`

// openDatasets keep nothing from anybody: somebody may rehearse them.
const openDatasets = `
datasets:
  customers:
    {system: erp, table: customer, key: [id], department: sales, owner: olaf@example.test, allow: [insert, update, delete]}
`

const plantedSQL = `
	CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, terms TEXT, credit DECIMAL(12,2), zqnote TEXT, zqcode TEXT UNIQUE DEFAULT 'ZQC3');
	INSERT INTO customer VALUES (1, 'Ada', 'NET30', 717170717.25, 'ZQRULE', 'ZQC1'), (2, 'Bob', 'NET30', 717170718.5, 'ZQNOTE2', 'ZQC2'),
		(3, 'ZQROW3', 'NET60', 100, 'ZQNOTE3', 'ZQC3'), (4, 'ZQROW4', 'NET45', 717170719, NULL, NULL);
	CREATE TABLE purchase (code TEXT, zqkind TEXT, amount DECIMAL(12,2));
	INSERT INTO purchase VALUES ('ZQC1', 'ZQKIND', 717170720);
	CREATE TABLE zqpart (number TEXT PRIMARY KEY, name TEXT);
	INSERT INTO zqpart VALUES ('ZQP1', 'ZQBOLT'), ('ZQP2', 'ZQNUT')`

// What the connected system says for itself: a text of its own, and a row's value.
const plantedTriggers = `
	CREATE TRIGGER told BEFORE UPDATE ON customer WHEN new.name = 'trip' BEGIN SELECT RAISE(ABORT, 'it stands in zqnote'); END;
	CREATE TRIGGER quoted BEFORE UPDATE ON customer WHEN new.name = 'fall' BEGIN SELECT RAISE(ABORT, 'not beside ' || new.zqnote); END`

// planted says what may be seen by whom.
func planted() (all []routetest.Secret) {
	see := func(where string, seers []routetest.Who, texts ...string) {
		for _, text := range texts {
			all = append(all, routetest.Secret{Text: text, Where: where, Seers: seers})
		}
	}
	values := []routetest.Who{routetest.Maker, routetest.Owner, routetest.Auditor}
	see("a value of a hidden column", values, "ZQNOTE", "717170720")
	see("a value that the Compact names", append(values, routetest.Steward), "ZQC1", "ZQC2", "ZQC3", "ZQC4", "ZQC9", "ZQKIND", "ZQRULE")
	see("a hidden column's name", append(values, routetest.Steward), "zqnote", "zqcode", "ZQLABEL", "ZQALSO")
	see("a masked value", values, "7171707")
	see("a row that is not theirs", append(values, routetest.Manager), "ZQROW")
	see("another department's dataset", []routetest.Who{routetest.Stranger, routetest.OtherOwner, routetest.Steward, routetest.Auditor}, "ZQPARTS", "zqpart")
	see("a value of another department's", []routetest.Who{routetest.Stranger, routetest.OtherOwner, routetest.Auditor}, "ZQP1", "ZQP2", "ZQBOLT", "ZQNUT")
	return all
}

// names of those who walk; max makes the changes, since he sees all that they write.
var walkers = map[routetest.Who]string{routetest.Maker: "max", routetest.Colleague: "maria", routetest.Stranger: "lea", routetest.Owner: "olaf",
	routetest.OtherOwner: "petra", routetest.Manager: "mona", routetest.Steward: "ivan", routetest.Auditor: "aud"}

// planting is the company with its changes.
type planting struct {
	*house
	tokens  map[routetest.Who]string
	changes []wire.Change
	recipe  string
	asked   string
	log     safeBuffer
	mails   *mailtest.Server
}

func newPlanting(t *testing.T) *planting {
	t.Helper()
	p := &planting{house: &house{t: t, dir: t.TempDir()}, tokens: map[routetest.Who]string{}, mails: mailtest.Start(t)}
	p.write("compact.yaml", systems+people+plantedDatasets)
	p.write("open.yaml", systems+people+openDatasets)
	p.exec(plantedSQL)
	post, err := mail.New(mail.Config{Server: p.mails.Address, From: "sutor@example.test", TLS: mail.NoTLS})
	if err != nil {
		t.Fatal(err)
	}
	c := p.config()
	c.Log, c.Post, c.URL = slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{Level: slog.LevelDebug})), post, "http://sutor.example.test"
	p.openWith(c)
	t.Cleanup(p.close)
	for who, name := range walkers {
		p.tokens[who] = p.token(name)
	}
	return p
}

// plant makes changes in every state: what they write, find, break and undo is not
// for everybody.
func (p *planting) plant() {
	p.t.Helper()
	boss, maria, olaf := p.tokens[routetest.Maker], p.tokens[routetest.Colleague], p.tokens[routetest.Owner]
	bad := p.plan(boss, "customers", "", "id,name,terms,credit,ZQLABEL,zqcode\n1,Ada,NET30,717170799.123,no,ZQC9\n3,ZQROW3,nothing,717170701,ZQNOTE7,ZQC2\n2,Bob,NET30,717170702,ZQNOTE8,nothing\n,x,NET30,7171707x,ZQNOTE5,\n")
	waits := p.plan(boss, "customers", "", "id,name,credit,zqnote,zqcode\n1,Ada,717170711,ZQNOTE4,ZQC1\n3,ZQROW3B,717170712,ZQNOTE5,ZQC3\n9,ZQROW9,717170713,ZQNOTE6,ZQC9\n")
	p.act(boss, "submit", waits)
	applied := p.apply(boss, olaf, p.plan(boss, "customers", "", "id,name,zqnote\n2,Bobby,ZQNOTE22\n3,ZQROW33,ZQNOTE33\n"))
	undo := p.change(call{method: http.MethodPost, path: "/api/v1/changes/" + applied.ID + "/undo", token: olaf})
	undo = p.change(call{path: "/api/v1/changes/" + undo.ID + "?wait=30s", token: olaf})
	taken := p.plan(maria, "customers", "", "id,name,terms\n99,New,NET30\n")
	p.do(call{method: http.MethodPost, path: "/api/v1/changes/" + taken.ID + "/submit", token: maria}) // is refused: its trial meets zqcode
	own := p.approved(maria, "id,name\n1,trip\n")
	fallen := p.approved(boss, "id,name,zqnote\n4,fall,ZQNOTE44\n")
	p.exec(plantedTriggers)
	for _, c := range []*wire.Change{&own, &fallen} {
		p.act(olaf, "apply", *c)
		*c = p.change(call{path: "/api/v1/changes/" + c.ID + "?wait=30s", token: olaf})
	}
	rule := p.json(call{method: http.MethodPost, path: "/api/v1/datasets/customers/rule", token: boss,
		body: `{"where":"zqnote == \"ZQNOTE22\"","set":[{"column":"zqnote","to":"\"ZQNOTE23\""},{"column":"credit","to":"717170730.00"}]}`})
	sync := p.plan(boss, "customers", `&mode=sync&within=zqcode+%3D%3D+%22ZQC1%22`, "id,name,terms,zqcode\n7,ZQROW7,NET60,ZQC1\n8,ZQROW8,NET60,ZQC4\n")
	refused := p.plan(boss, "customers", `&mode=sync&within=zqnote+%3D%3D+ZQNOTE1`, "id,name\n1,Ada\n")
	if bad.State != "planned" || applied.State != "applied" || own.State != "failed" || fallen.State != "failed" || refused.State != "failed" || sync.State != "planned" {
		p.t.Fatalf("%+v\n%+v\n%+v\n%+v\n%+v\n%+v\n%+v", bad, applied, own, taken, fallen, sync, refused)
	}
	parts := p.plan(p.tokens[routetest.Stranger], "parts", "", "number,name\nZQP1,ZQBOLT2\nZQP9,ZQNUT\n")
	p.changes = []wire.Change{bad, waits, applied, undo, own, taken, fallen, rule, sync, refused, parts}
	p.recipe = p.id(call{method: http.MethodPost, path: "/api/v1/recipes", token: boss, body: `{"name":"shared","share":true,"from":"` + bad.ID + `"}`})
	p.asked = p.id(call{method: http.MethodPost, path: "/api/v1/access", token: p.tokens[routetest.OtherOwner], body: `{"dataset":"customers","days":1,"reason":"walk"}`})
}

// approved plans a file of somebody's and has it approved.
func (p *planting) approved(token, file string) wire.Change {
	p.t.Helper()
	c := p.plan(token, "customers", "", file)
	p.act(token, "submit", c)
	p.act(p.tokens[routetest.Owner], "approve", c)
	return c
}

// exec changes the connected database behind Sutor's back.
func (p *planting) exec(statements string) {
	p.t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(p.dir, "erp.db"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(p.t.Context(), statements); err != nil {
		p.t.Fatal(err)
	}
}

func (p *planting) act(token, act string, c wire.Change) {
	p.t.Helper()
	p.change(call{method: http.MethodPost, path: "/api/v1/changes/" + c.ID + "/" + act, token: token, match: c.Plan.Digest})
}

// json makes a call with a JSON body that gives a change, and waits for its plan.
func (p *planting) json(c call) wire.Change {
	p.t.Helper()
	c.header = map[string]string{"Content-Type": "application/json"}
	made := p.change(c)
	return p.change(call{path: "/api/v1/changes/" + made.ID + "?wait=30s", token: c.token})
}

// id makes a call with a JSON body that gives something with an id.
func (p *planting) id(c call) string {
	p.t.Helper()
	c.header = map[string]string{"Content-Type": "application/json"}
	return p.change(c).ID
}

// Threat: what is hidden, masked, in rows outside or in another department's dataset
// gets out by a path that nobody thought of. Unmistakable values are planted there, and
// every route, every page and every command is walked as everybody who may not see
// them; no answer, mail or line of the log may have one.
func TestPlantedSecretsStay(t *testing.T) {
	t.Parallel()
	p := newPlanting(t)
	p.plant()
	s := routetest.Server{URL: p.url, Tokens: p.tokens, Dataset: "customers", Recipe: p.recipe, Request: p.asked, Compact: p.changes[0].Compact}
	for _, c := range []wire.Change{p.changes[0], p.changes[2]} {
		s.Change = c.ID
		s.AsAbsent(t, "zqnote", []routetest.Who{routetest.Colleague, routetest.Manager, routetest.Stranger})
	}
	p.walkCommands()
	s.Keeps(t, p.changes, planted())
	p.walkPages()
	p.looksIntoMails()
	for _, secret := range planted() {
		if strings.HasPrefix(secret.Where, "a value") || strings.HasPrefix(secret.Where, "a masked") || strings.HasPrefix(secret.Where, "a row") {
			if text := p.log.String(); strings.Contains(text, secret.Text) {
				t.Errorf("the log tells %s: %s", secret.Where, around(text, secret.Text))
			}
		}
	}
}

// looksIntoMails wants at least one, and no secret in any.
func (p *planting) looksIntoMails() {
	p.t.Helper()
	if err := p.app.Workflow().MailDue(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	got, bodies := p.mails.Got()
	if len(got) == 0 {
		p.t.Error("nobody got a mail")
	}
	for i, m := range got {
		for who, name := range walkers {
			if strings.Contains(m.Header.Get("To"), name+"@") {
				text := fmt.Sprint(m.Header) + strings.ReplaceAll(bodies[i], "=\r\n", "")
				p.nothingIn("a mail", who, []byte(text))
			}
		}
	}
}

func (p *planting) nothingIn(where string, who routetest.Who, got []byte) {
	p.t.Helper()
	for _, told := range routetest.Told(got, routetest.HiddenFrom(who, planted())) {
		p.t.Errorf("%s tells %s: %s", where, who, told)
	}
}

// walkPages looks at every page, and at those that they lead to, as everybody.
func (p *planting) walkPages() {
	p.t.Helper()
	seen := map[string]bool{} // patterns
	for who, name := range walkers {
		cookie := p.signIn(name)
		todo := p.pages()
		done := map[string]bool{}
		for len(todo) > 0 {
			path := todo[0]
			todo = todo[1:]
			if kind := kindOf(path); done[kind] || strings.HasPrefix(path, "/assets/") || strings.HasPrefix(path, "/api/") {
				continue
			} else {
				done[kind] = true
			}
			res, body := p.do(withCookie(path, cookie))
			p.nothingIn("page "+path, who, []byte(fmt.Sprint(res.Header)+body))
			if res.StatusCode == http.StatusOK {
				seen[p.patternOf(path)] = true
				todo = append(todo, links(p.t, body)...)
			}
		}
	}
	for _, pattern := range web.Patterns() {
		if pattern == "GET /outbox" { // the demo's alone; what mails hold is looked into below
			continue
		}
		if strings.HasPrefix(pattern, "GET ") && !seen[pattern] {
			p.t.Errorf("nobody saw a page %s: the walk needs a way to it", pattern)
		}
	}
}

var numbers = regexp.MustCompile(`[0-9]+`)

var holes = regexp.MustCompile(`\{[a-z]+\}`)

// pages fills the patterns of pages with what there is.
func (p *planting) pages() (all []string) {
	for _, pattern := range web.Patterns() {
		path, get := strings.CutPrefix(pattern, "GET ")
		path = strings.TrimSuffix(path, "{$}")
		switch {
		case !get:
		case strings.Contains(path, "{id}"):
			for _, c := range p.changes {
				for _, tab := range []string{"rows", "findings", "discussion", "history", "evidence"} {
					all = append(all, strings.NewReplacer("{id}", c.ID, "{tab}", tab).Replace(path))
				}
			}
		case strings.Contains(path, "{name}"):
			all = append(all, strings.ReplaceAll(path, "{name}", "customers"), strings.ReplaceAll(path, "{name}", "parts"))
		default:
			all = append(all, path)
		}
	}
	return all
}

// kindOf is a page without the values of its query: one of a kind is looked at.
func kindOf(path string) string {
	at, query, more := strings.Cut(path, "?")
	if more {
		at = numbers.ReplaceAllString(at, "N")
	}
	var names []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return at + "?" + strings.Join(names, "&")
}

func (p *planting) patternOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	for _, pattern := range web.Patterns() {
		of, get := strings.CutPrefix(pattern, "GET ")
		of = regexp.QuoteMeta(strings.TrimSuffix(of, "{$}"))
		of = strings.ReplaceAll(strings.ReplaceAll(of, `\{`, "{"), `\}`, "}")
		if get && regexp.MustCompile("^"+holes.ReplaceAllString(of, "[^/]+")+"$").MatchString(path) {
			return pattern
		}
	}
	return ""
}

// links are the paths of this server that a page leads to or loads.
func links(t *testing.T, page string) (all []string) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			if slices.Contains([]string{"href", "src", "hx-get"}, a.Key) && strings.HasPrefix(a.Val, "/") {
				path, _, _ := strings.Cut(a.Val, "#")
				all = append(all, path)
			}
		}
	}
	return all
}

// commands are how those that read are called; the others act, by the same routes
// that are walked already, or need no server.
var commands = map[string][]string{
	"compact show": {""}, "compact versions": {""}, "compact rehearse": {"OPEN"}, "dataset list": {""}, "dataset show": {"DATASET"}, "dataset rows": {"DATASET", "DATASET --desc"},
	"dataset export": {"DATASET -o FILE.csv", "DATASET -o FILE.xlsx"}, "change list": {""}, "change show": {"ID"}, "change reading": {"ID"},
	"change rows": {"ID", "ID --finding secretive"}, "change findings": {"ID", "ID -o FILE.csv", "ID -o FILE.xlsx"}, "change comment": {"ID"}, "change history": {"ID"}, "change since": {"ID"},
	"inbox list": {""}, "recipe list": {""}, "recipe show": {"RECIPE"}, "evidence export": {"ID -o FILE.zip"}, "evidence checkpoint": {""},
	"evidence search": {"", "--key 3"}, "evidence fsck": {""}, "me": {""}, "deputy list": {""}, "access list": {""}, "doctor": {""}, "purge": {"--dry-run"},
}

// acting commands, and those without a server.
var unread = strings.Fields(`demo serve compact-check compact-schema token-issue token-revoke change-plan change-set change-replan change-mend change-submit change-withdraw
	change-approve change-reject change-apply change-stop change-try change-hold change-undo inbox-read recipe-save recipe-remove evidence-verify deputy-set deputy-end
	access-ask access-grant access-deny access-end freeze unfreeze file-inspect file-convert version`)

// walkCommands runs every command that reads as everybody, for people and programs.
func (p *planting) walkCommands() {
	p.t.Helper()
	all, err := cli.Commands()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, name := range all {
		if _, reads := commands[name]; !reads && !slices.Contains(unread, strings.ReplaceAll(name, " ", "-")) {
			p.t.Errorf("the command %s is in no list of this test: say there how it reads, or that it does not", name)
		}
	}
	for name, ways := range commands {
		for _, way := range ways {
			for _, line := range p.filled(name + " " + way) {
				for who := range walkers {
					p.command(who, line)
				}
			}
		}
	}
}

// filled puts in what a command is about.
func (p *planting) filled(line string) (all []string) {
	switch {
	case strings.Contains(line, " ID"):
		for _, c := range []wire.Change{p.changes[0], p.changes[4]} {
			all = append(all, strings.Replace(line, " ID", " "+c.ID, 1))
		}
	case strings.Contains(line, " DATASET"):
		return []string{strings.Replace(line, "DATASET", "customers", 1), strings.Replace(line, "DATASET", "parts", 1)}
	default:
		return []string{strings.Replace(line, "RECIPE", p.recipe, 1)}
	}
	return all
}

// command runs one, for people and for programs, and looks at all that it gives.
func (p *planting) command(who routetest.Who, line string) {
	p.t.Helper()
	file := filepath.Join(p.dir, "taken")
	line = strings.NewReplacer("FILE", file, "OPEN", filepath.Join(p.dir, "open.yaml")).Replace(line)
	for _, how := range [][]string{nil, {"--json"}} {
		if how != nil && strings.Contains(line, file) || how == nil && strings.HasPrefix(line, "compact rehearse") {
			continue // it gives the same file; JSON tells all, and it is slow
		}
		var out bytes.Buffer
		code := cli.Main(p.t.Context(), slices.Concat(strings.Fields(line), how), strings.NewReader(""), &out, &out, func(name string) string {
			return map[string]string{"SUTOR_SERVER": p.url, "SUTOR_TOKEN": p.tokens[who]}[name]
		}, app.Local())
		if code == 1 {
			p.t.Errorf("%s as %s: exit %d %s", line, who, code, out.String())
		}
		p.nothingIn("sutor "+line, who, out.Bytes())
		taken, err := filepath.Glob(file + "*")
		if err != nil {
			p.t.Fatal(err)
		}
		for _, name := range taken {
			b, err := os.ReadFile(name)
			if err = errors.Join(err, os.Remove(name)); err != nil {
				p.t.Fatal(err)
			}
			p.nothingIn("the file of sutor "+line, who, b)
		}
	}
}
