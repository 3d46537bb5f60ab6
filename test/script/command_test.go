package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	verifyjs "sutor/test/verify-js"
)

// run runs a command line, with a person's token where it begins with "as
// PERSON", and gives its exit code.
func run(ts *testscript.TestScript, words []string) int {
	if len(words) > 2 && words[0] == "as" {
		ts.Setenv("SUTOR_TOKEN", token(ts, words[1]))
		defer ts.Setenv("SUTOR_TOKEN", "")
		words = words[2:]
	}
	err := ts.Exec(words[0], words[1:]...)
	if len(words) > 3 && slices.Equal(words[:3], []string{"sutor", "evidence", "verify"}) {
		agree(ts, words[3], words[4:], err)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

// agree wants the second verifier to say the same of a pack.
func agree(ts *testscript.TestScript, pack string, flags []string, err error) {
	text, unreadable := os.ReadFile(ts.MkAbs(pack))
	if unreadable != nil {
		return // the first one was told so
	}
	key := ""
	if i := slices.Index(flags, "--key"); i >= 0 {
		key = flags[i+1]
	}
	verifyjs.Agree(of(ts).t, text, key, err)
}

func token(ts *testscript.TestScript, person string) string {
	t := ts.Getenv(strings.ToUpper(person))
	if t == "" {
		ts.Fatalf("%s has no token", person)
	}
	return t
}

func as(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2, "as PERSON command…, or: exits N as PERSON command…")
	if code := run(ts, append([]string{"as"}, args...)); code != 0 {
		ts.Fatalf("exit %d", code)
	}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2, "exits N [as PERSON] command…")
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := run(ts, args[1:]); got != want {
		ts.Fatalf("exit %d, want %d", got, want)
	}
}

// becomes asks until something has come about: servers look after what waits by the
// clock.
func becomes(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 3, "becomes PATTERN as PERSON command…")
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for late := time.Now().Add(patience / 3); ; {
		as(ts, false, args[2:])
		said := ts.ReadFile("stdout")
		if want.MatchString(said) {
			return
		}
		if time.Now().After(late) {
			ts.Fatalf("it does not say %q, but: %s", args[0], said)
		}
	}
}

// call is a raw call of the API, as an attacker's program makes it.
func call(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 3, "http STATUS METHOD PATH [as PERSON] [header NAME VALUE]… [body TEXT | file NAME]")
	var body io.Reader
	header := http.Header{}
	for rest := args[3:]; len(rest) > 1; {
		used := 2
		switch rest[0] {
		case "as":
			header.Set("Authorization", "Bearer "+token(ts, rest[1]))
		case "header":
			header.Set(rest[1], rest[2])
			used = 3
		case "body":
			body = strings.NewReader(rest[1])
			if header.Get("Content-Type") == "" {
				header.Set("Content-Type", "application/json")
			}
		case "file":
			body = strings.NewReader(ts.ReadFile(rest[1]))
		default:
			ts.Fatalf("what is %s?", rest[0])
		}
		rest = rest[used:]
	}
	req, err := http.NewRequest(args[1], ts.Getenv("SUTOR_SERVER")+args[2], body)
	ts.Check(err)
	req.Header = header
	client := http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	_, err = ts.Stdout().Write(text)
	ts.Check(err)
	if got := strconv.Itoa(resp.StatusCode); got != args[0] {
		ts.Fatalf("status %s, want %s\n%s", got, args[0], text)
	}
}

// hangup begins an upload of a million bytes, sends a thousand and goes away:
// "politely" waits for the answer to half a file, "rudely" resets the line.
func hangup(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 3, "hangup PATH PERSON politely|rudely")
	conn, err := net.Dial("tcp", strings.TrimPrefix(ts.Getenv("SUTOR_SERVER"), "http://"))
	ts.Check(err)
	defer conn.Close()
	tcp := conn.(*net.TCPConn)
	ts.Check(tcp.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: sutor\r\nAuthorization: Bearer %s\r\nContent-Length: 1000000\r\n\r\nid,name\n%s",
		args[0], token(ts, args[1]), strings.Repeat("1,x\n", 250))
	ts.Check(err)
	if args[2] == "rudely" {
		ts.Check(tcp.SetLinger(0))
		return
	}
	ts.Check(tcp.CloseWrite())
	answer, err := io.ReadAll(conn)
	ts.Check(err)
	_, err = ts.Stdout().Write(answer)
	ts.Check(err)
}

// bytesCmd writes a file of pieces: Go's escapes are read, and 3*ab is ababab.
func bytesCmd(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1, "bytes FILE PIECE…")
	var b bytes.Buffer
	for _, piece := range args[1:] {
		times := 1
		if n, rest, ok := strings.Cut(piece, "*"); ok {
			if i, err := strconv.Atoi(n); err == nil {
				times, piece = i, rest
			}
		}
		text, err := strconv.Unquote(`"` + piece + `"`)
		if err != nil {
			ts.Fatalf("%s: %v", piece, err)
		}
		b.WriteString(strings.Repeat(text, times))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

func jsonIs(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2, "json PATH WANT")
	if got := valueAt(ts, args[0]); got != args[1] {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
	}
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2, "keep NAME PATH")
	ts.Setenv(args[0], valueAt(ts, args[1]))
}

func documents(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1, "documents N")
	text := ts.ReadFile("stdout")
	n := len(decode(ts, text))
	if strconv.Itoa(n) != args[0] || strings.Count(text, "\n") != n && n != 1 {
		ts.Fatalf("%d documents on %d lines, want %s", n, strings.Count(text, "\n"), args[0])
	}
}

// problem wants a command to fail with one problem and no result.
func problem(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2, "problem N [as PERSON] command…")
	exits(ts, neg, args)
	if text := ts.ReadFile("stdout"); text != "" {
		ts.Fatalf("there is something on standard output")
	}
	all := decode(ts, ts.ReadFile("stderr"))
	if len(all) != 1 {
		ts.Fatalf("%d documents on standard error, want one problem", len(all))
	}
	for name, want := range map[string]string{"exit": args[0], "type": "", "title": "", "detail": "", "status": ""} {
		if got := fmt.Sprint(child(ts, all[0], name)); got == "" || want != "" && got != want {
			ts.Fatalf("the problem's %s is %q, want %q", name, got, want)
		}
	}
}

func edit(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 3, "edit FILE OLD NEW")
	text := ts.ReadFile(args[0])
	if n := strings.Count(text, args[1]); n != 1 {
		ts.Fatalf("%s stands %d times in %s", args[1], n, args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// decode reads all JSON documents of a text.
func decode(ts *testscript.TestScript, text string) (all []any) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	for {
		var doc any
		err := dec.Decode(&doc)
		if err == io.EOF {
			return all
		}
		ts.Check(err)
		all = append(all, doc)
	}
}

// valueAt gives a value of the last standard output: texts bare, all else as
// JSON. Several documents are one list, which a path that begins with docs means
// even of one; count is how many a list has.
func valueAt(ts *testscript.TestScript, path string) string {
	all := decode(ts, ts.ReadFile("stdout"))
	var at any = all
	if len(all) == 1 && !strings.HasPrefix(path, "docs") {
		at = all[0]
	}
	for _, name := range strings.Split(strings.TrimPrefix(path, "docs."), ".") {
		at = child(ts, at, name)
	}
	if text, ok := at.(string); ok {
		return text
	}
	text, err := json.Marshal(at)
	ts.Check(err)
	return string(text)
}

// child gives a member of an object or a list.
func child(ts *testscript.TestScript, of any, name string) any {
	switch x := of.(type) {
	case map[string]any:
		v, ok := x[name]
		if !ok {
			ts.Fatalf("there is no %s in %v", name, x)
		}
		return v
	case []any:
		if name == "count" {
			return len(x)
		}
		if i, err := strconv.Atoi(name); err == nil && i < len(x) {
			return x[i]
		}
	}
	ts.Fatalf("there is no %s in %v", name, of)
	return nil
}
