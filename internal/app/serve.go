package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"sutor/internal/access"
	"sutor/internal/api"
	"sutor/internal/cli"
	"sutor/internal/demo"
	"sutor/internal/errs"
	"sutor/internal/mail"
	"sutor/internal/web"
	"sutor/internal/workflow"
)

// Serve runs a server until ctx ends. SIGHUP puts the Compact's file in force
// again.
func Serve(ctx context.Context, c cli.ServeConfig, out io.Writer) error {
	keepFreed()
	post, err := postman(c.SMTP, os.Getenv)
	if err != nil {
		return err
	}
	a, err := Open(ctx, Config{Compact: c.Compact, Data: c.Data, Database: c.Database, Artifacts: c.Artifacts, KeyFile: c.LogKey, Key: os.Getenv("SUTOR_LOG_KEY"), Post: post, URL: cmp.Or(c.URL, "http://"+c.Listen),
		MaxUpload: c.MaxUpload, MaxRows: c.MaxRows, MaxStaging: c.MaxStaging, MaxSpill: c.MaxSpill, MaxArtifacts: c.MaxArtifacts, MaxCache: c.MaxCache, MaxPlan: c.MaxPlan, Slots: c.Slots, Log: logger()})
	if err != nil {
		return err
	}
	return a.listen(ctx, c.Listen, c.HTTPS, func(address string) error {
		_, err := fmt.Fprintf(out, "Sutor serves %s at http://%s\n", a.workflow.Compact().Name, address)
		return err
	})
}

// postman carries mails, where there is a server for them.
func postman(c cli.SMTPConfig, env func(string) string) (workflow.Post, error) {
	if c.Server == "" {
		return nil, nil
	}
	post, err := mail.New(mail.Config{Server: c.Server, From: c.From, Name: "Sutor", User: c.User, Password: env("SUTOR_SMTP_PASSWORD"), TLS: mail.TLS(c.TLS)})
	if err != nil {
		return nil, err // not the nil of a type
	}
	return post, nil
}

// Demo runs the demo company until ctx ends.
func Demo(ctx context.Context, c cli.DemoConfig, out io.Writer) error {
	keepFreed()
	company, err := demo.Prepare(ctx, c.Dir)
	if err != nil {
		return err
	}
	data := filepath.Join(c.Dir, "data")
	a, err := Open(ctx, Config{Compact: company.Compact, Data: data, Post: mail.Outbox{}, Outbox: true, URL: "http://" + c.Listen, Log: logger()})
	if err != nil {
		return err
	}
	if err := a.furnish(ctx, company); err != nil {
		return errors.Join(err, a.Close(ctx))
	}
	return a.listen(ctx, c.Listen, false, func(address string) error {
		return company.Welcome(out, address, program())
	})
}

// program is what people type to start this program again from where they are.
func program() string {
	path, err := os.Executable()
	if err != nil {
		return "sutor"
	}
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if near, err := filepath.Rel(here, path); err == nil && !strings.HasPrefix(near, "..") {
		return "./" + near
	}
	return path
}

// furnish gives the demo's people their passwords and tokens, once. Passwords are
// slow to hash by intention, so all are hashed at once.
func (a *App) furnish(ctx context.Context, company *demo.Company) error {
	var work errgroup.Group
	for _, p := range company.People {
		file := company.Token(p)
		if _, err := os.Stat(file); err == nil {
			continue
		}
		work.Go(func() error {
			if err := a.gate.SetPassword(ctx, p.Email, p.Password); err != nil {
				return err
			}
			secret, err := workflow.IssueToken(ctx, a.store, p.Email, 365*24*time.Hour, time.Now())
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				return err
			}
			return os.WriteFile(file, []byte(secret+"\n"), 0o600)
		})
	}
	return work.Wait()
}

// Bounds of a connection. There is none on the whole of a request: answers wait,
// and files are large; package api bounds the pause between two pieces of one.
const (
	headerTime  = 10 * time.Second
	headerBytes = 64 << 10
	idleTime    = 2 * time.Minute
	stopTime    = 5 * time.Second // for what is under way when the server ends
)

// garbage is how much may be left to collect, in percent of what is used. That is some
// ten megabytes, rows are elsewhere, so twice what is usual costs little, and saves half
// of the collecting.
const garbage = 200

// listen serves until ctx ends. Then requests that wait are answered at once,
// what is under way may finish, and everything is closed. ready is told the
// address once connections are accepted.
func (a *App) listen(ctx context.Context, address string, https bool, ready func(string) error) (err error) {
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	l, err := net.Listen("tcp", address)
	if err != nil {
		return errs.New(errs.Unavailable, "The address %s cannot be listened on.", address).
			WithMend("Something else may use it; choose another with --listen.").Because(err)
	}
	requests, endWaiting := context.WithCancel(context.WithoutCancel(ctx))
	defer endWaiting()
	server := &http.Server{Handler: a.Handler(https), ReadHeaderTimeout: headerTime, MaxHeaderBytes: headerBytes, IdleTimeout: idleTime,
		BaseContext: func(net.Listener) context.Context { return requests }}
	defer server.Close() // ends what Shutdown had no patience for
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	if err := ready(l.Addr().String()); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	go debug.FreeOSMemory() // what only the start needed: many servers idle most of the day
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case err := <-failed:
			return err
		case <-hup:
			a.reloaded(ctx)
		case <-ctx.Done():
			endWaiting()
			patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
			defer cancel()
			if err := server.Shutdown(patient); err != nil {
				a.config.Log.Warn("requests were cut off at the end", "error", err)
			}
			return nil
		}
	}
}

func (a *App) reloaded(ctx context.Context) {
	if err := a.Reload(ctx); err != nil {
		a.config.Log.Error("the old Compact stays in force", "error", errs.Public(err).Error())
		return
	}
	a.config.Log.Info("the Compact is in force", "digest", a.workflow.Compact().Digest)
}

// Handler serves the API and the pages.
func (a *App) Handler(https bool) http.Handler {
	sessions := web.NewSessions(a.store.Sessions(time.Now), https)
	pages := web.Handler(a.workflow, sessions, a.gate, web.Options{Company: a.workflow.Compact().Name, Outbox: a.config.Outbox, Log: a.config.Log, MaxUpload: a.config.MaxUpload, Stall: a.config.Stall})
	rest := api.Handler(a.workflow, a.gate, api.Options{MaxUpload: a.config.MaxUpload, Limits: a.limits(), Stall: a.config.Stall, Log: a.config.Log,
		Session: func(r *http.Request) (access.Email, bool) { return sessions.Who(r) }})
	mux := http.NewServeMux()
	mux.Handle(api.Prefix+"/", rest)
	mux.Handle("/healthz", rest)
	mux.Handle("/", pages)
	return a.bounded(mux)
}

// bounded gives the body of a request so much time, whether a handler reads it or
// not: what is left of it, the server reads before it sends the answer. Handlers
// that take files, which may need longer, set the deadline anew with each piece.
func (a *App) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(a.config.Stall)) // a connection without deadlines has no stalled clients
		}
		next.ServeHTTP(w, r)
	})
}
