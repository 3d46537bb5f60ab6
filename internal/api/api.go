package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// Prefix is where the API lives.
const Prefix = "/api/v1"

// Authenticator finds out who holds a token. An unknown, expired or revoked
// token is errs.Unsigned.
type Authenticator interface {
	Authenticate(ctx context.Context, bearer string) (access.Email, access.Means, error)
}

// Options are the server's settings; the zero value is fit for use.
type Options struct {
	MaxUpload int64         // the largest file in bytes; 0 for 1 GiB
	Limits    wire.Limits   // what people are told of the server's limits; the largest file is added
	Stall     time.Duration // an upload or a download ends when nothing moves for so long; 0 for a minute
	// Session tells whose browser session a request belongs to; nil if there
	// are no sessions. A token in the request counts before it.
	Session func(*http.Request) (access.Email, bool)
	Log     *slog.Logger // nil for none
	Version string       // stands in the OpenAPI document
}

func (o Options) withDefaults() Options {
	if o.MaxUpload == 0 {
		o.MaxUpload = 1 << 30
	}
	o.Limits.Upload = o.MaxUpload
	if o.Stall == 0 {
		o.Stall = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	return o
}

// server holds what handlers need.
type server struct {
	uc   workflow.UseCases
	auth Authenticator
	o    Options
	api  huma.API
	mux  *http.ServeMux

	pulse pulse
}

// Handler gives the API and /healthz. The http.Server around it must not have a
// WriteTimeout or a ReadTimeout: answers wait (long poll) and files are large;
// a ReadHeaderTimeout is what it needs.
func Handler(uc workflow.UseCases, auth Authenticator, o Options) http.Handler {
	s := &server{uc: uc, auth: auth, o: o.withDefaults(), mux: http.NewServeMux()}
	s.api = humago.NewWithPrefix(s.mux, Prefix, s.config())
	s.api.UseMiddleware(s.signIn)
	s.routes()
	for _, own := range []string{"ErrorModel", "ErrorDetail"} { // huma's form of errors, replaced by Problem
		delete(s.api.OpenAPI().Components.Schemas.Map(), own)
	}
	s.mux.HandleFunc("GET "+Prefix+"/openapi.json", s.openAPI())
	s.mux.HandleFunc("GET /healthz", s.healthz)
	s.mux.HandleFunc(Prefix+"/", s.noRoute)

	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, otherSite())
	}))
	return s.guard(origin.Handler(s.mux))
}

// routes is the whole API at a glance.
func (s *server) routes() {
	get := func(path, id, does string) huma.Operation { return s.operation(http.MethodGet, path, id, does) }
	post := func(path, id, does string) huma.Operation { return s.operation(http.MethodPost, path, id, does) }

	handle(s, get("/me", "me", "Who is signed in, with the rights of the Compact in force"), s.me)
	handle(s, get("/access", "accesses", "Who asked for access, and what came of it: yours, and of your datasets"), s.accesses)
	handle(s, post("/access", "askAccess", "Ask to see a dataset, or columns of it, for a time"), s.askAccess)
	handle(s, post("/access/{request}/grant", "grantAccess", "Give what was asked for, for a time"), s.grantAccess)
	handle(s, post("/access/{request}/deny", "denyAccess", "Say no, and why"), s.denyAccess)
	handle(s, post("/access/{request}/end", "endAccess", "End access before its time, or take a request back"), s.endAccess)

	handle(s, get("/deputies", "deputies", "Who decides in whose place: of you, and you for others"), s.deputies)
	handle(s, post("/deputies", "nameDeputy", "Have somebody decide in your place for a time"), s.nameDeputy)
	handle(s, post("/deputies/end", "endDeputy", "End a deputy of yours, or that you are one"), s.endDeputy)
	handle(s, get("/health", "health", "The state of everything that is configured"), s.health)

	handle(s, get("/datasets", "datasets", "The datasets you may see"), s.datasets)
	handle(s, get("/datasets/{name}", "dataset", "One dataset with its columns, read from the live system"), s.dataset)
	handle(s, get("/datasets/{name}/rows", "live", "A page of a dataset's rows as they are now"), s.live)
	handle(s, get("/datasets/{name}/fitting", "fitting", "How many rows the condition of a rule is for, and the first of them"), s.fitting)
	handle(s, fileOut(get("/datasets/{name}/export", "export", "All rows of a dataset, as a file"), csvType, xlsxType), s.export)
	handle(s, post("/datasets/{name}/freeze", "freeze", "Stop a dataset at once: nothing is applied to it"), s.freeze)
	handle(s, post("/datasets/{name}/unfreeze", "unfreeze", "Lift the freeze of a dataset"), s.unfreeze)

	handle(s, get("/changes", "changes", "The changes you may see, newest first"), s.changes)
	handle(s, fileIn(accepted(post("/changes", "propose", "Propose a change; the body is the file")), true), s.propose)
	handle(s, filesIn(accepted(post("/changes/together", "together", "Propose one change over several datasets of one system, parents and children: one plan, one transaction, one undo"))), s.together)
	handle(s, accepted(post("/datasets/{name}/rule", "rule", "Propose a change by rule, without a file")), s.rule)
	handle(s, get("/changes/{id}", "change", "One change; with wait, as soon as it is neither planning nor applying"), s.change)
	handle(s, get("/changes/{id}/rows", "rows", "A page of the plan's rows"), s.rows)
	handle(s, get("/changes/{id}/since", "since", "What it would write otherwise than when it was last decided on"), s.since)
	handle(s, get("/changes/{id}/spreads", "spreads", "How the values of changed number columns lie, before and after"), s.spreads)
	handle(s, get("/changes/{id}/conflicts", "conflicts", "The first rows that stood in the way of the last apply: before, after, and as they are now"), s.conflicts)
	handle(s, get("/changes/{id}/reading", "reading", "How the change's file is read: its columns with samples, and what became of each"), s.reading)
	handle(s, get("/changes/{id}/findings", "findings", "What the checks found"), s.findings)
	handle(s, fileOut(get("/changes/{id}/bad-rows", "bad-rows", "The rows of the file that cannot be taken, to be mended"), csvType, xlsxType), s.badRows)
	handle(s, fileIn(accepted(post("/changes/{id}/mends", "mend", "Mend cells of the file and plan again; the body is the mended rows as a file, or JSON: {\"cells\":[{\"row\":7,\"column\":\"terms\",\"value\":\"NET30\"}]}")), true), s.mend)
	handle(s, fileIn(accepted(post("/changes/{id}/replan", "replan", "Plan again with today's data, or with the file in the body")), false), s.replan)
	handle(s, post("/changes/{id}/try", "try", "Write the plan in a transaction of the system that is rolled back, and tell what the system says; sequences advance"), s.try)
	handle(s, post("/changes/{id}/submit", "submit", "Ask for the decision"), s.submit)
	handle(s, post("/changes/{id}/withdraw", "withdraw", "Take the change back"), s.withdraw)
	handle(s, post("/changes/{id}/approve", "approve", "Approve exactly the plan named by If-Match"), s.approve)
	handle(s, post("/changes/{id}/approve-part", "approvePart", "Approve some rows of the plan named by If-Match: the change goes on with them, the others go back to the maker as a change of their own"), s.approvePart)
	handle(s, post("/changes/{id}/part", "lookPart", "What the approval of a part of the plan named by If-Match would do; nothing is decided by it"), s.lookPart)
	handle(s, post("/changes/{id}/reject", "reject", "Send the change back, with a comment"), s.reject)
	handle(s, accepted(post("/changes/{id}/apply", "apply", "Write the plan")), s.apply)
	handle(s, accepted(post("/changes/{id}/stop", "stop", "Give an apply up before its commit")), s.stop)
	handle(s, post("/changes/{id}/hold", "hold", "Take back what was approved: nothing is applied"), s.hold)
	handle(s, accepted(post("/changes/{id}/undo", "undo", "Propose the reversal: a new change")), s.undo)
	handle(s, fileOut(get("/changes/{id}/events", "events", "The change as server-sent events: the whole document whenever it looks different"), eventsType), s.events)
	handle(s, get("/changes/{id}/comments", "discussion", "What was said about the change, oldest first"), s.discussion)
	handle(s, post("/changes/{id}/comments", "comment", "Say something about the change"), s.comment)
	handle(s, get("/changes/{id}/history", "history", "The change's evidence in words, each entry with its proof"), s.history)
	handle(s, fileOut(get("/changes/{id}/evidence", "evidence", "The change's evidence as a pack"), zipType), s.evidence)

	handle(s, get("/recipes", "recipes", "The recipes you may use"), s.recipes)
	handle(s, post("/recipes", "saveRecipe", "Save how a change read its file: a new recipe, or its next version"), s.saveRecipe)
	handle(s, get("/recipes/{recipe}", "recipe", "One recipe by its name or id, in one of its versions"), s.recipe)
	handle(s, post("/recipes/{recipe}/remove", "removeRecipe", "Take a recipe out of the lists"), s.removeRecipe)

	handle(s, get("/notices", "notices", "What you were told, newest first, and how much of it waits"), s.notices)
	handle(s, get("/notices/waiting", "waiting", "How much waits for you"), s.waiting)
	handle(s, post("/notices/read", "readNotices", "Mark notices as read"), s.readNotices)

	handle(s, get("/compact", "compact", "The Compact in force"), s.compact)
	handle(s, rehearsing(post("/compact/rehearsal", "rehearse", "Try a Compact on the changes you may see; nothing is put in force")), s.rehearse)
	handle(s, get("/compact/versions", "compactVersions", "Which versions of the Compact were in force, newest first"), s.compactVersions)
	handle(s, get("/compact/versions/{digest}", "compactVersion", "One version of the Compact"), s.compactVersion)
	handle(s, get("/operations", "operations", "How the server is: what answers, what is worked on, how much there is"), s.operations)
	handle(s, get("/evidence/changes", "searchEvidence", "Changes by person, dataset, time and the key of a row that they touch"), s.searched)
	handle(s, get("/evidence/checkpoint", "checkpoint", "The evidence log's signed head"), s.checkpoint)
	handle(s, post("/purge", "purge", "Remove old values and files whose time is over"), s.purge)
	handle(s, post("/evidence/fsck", "fsck", "Check the whole evidence log"), s.fsck)
}

// handle registers one route: f gets who asks and the parsed input, and its
// error becomes a problem.
func handle[I, O any](s *server, op huma.Operation, f func(context.Context, access.Principal, *I) (*O, error)) {
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, principal(ctx), in)
		if err != nil {
			return nil, s.failure(ctx, op.Method+" "+op.Path, err)
		}
		return out, nil
	})
}

// operation is what all routes share.
func (s *server) operation(method, path, id, does string) huma.Operation {
	problem := s.api.OpenAPI().Components.Schemas.Schema(typeOf[wire.Problem](), true, "Problem")
	return huma.Operation{
		Method: method, Path: path, OperationID: id, Summary: does,
		Security:     []map[string][]string{{"token": {}}, {"session": {}}},
		MaxBodyBytes: 1 << 20, BodyReadTimeout: s.o.Stall,
		Responses: map[string]*huma.Response{"default": {
			Description: "A problem (RFC 9457)",
			Content:     map[string]*huma.MediaType{problemType: {Schema: problem}},
		}},
	}
}

// accepted marks a route whose work goes on after the answer.
func accepted(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusAccepted
	return op
}

func (s *server) config() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Sutor", Version: s.o.Version,
				Description: "Governed mass changes: a file becomes an exact plan, the owner decides on exactly that plan, it is applied, can be undone, and leaves evidence."},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token":   {Type: "http", Scheme: "bearer"},
					"session": {Type: "apiKey", In: "cookie", Name: "sutor_session"},
				},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{ownForm},
	}
}

// openAPI serves the document, written once.
func (s *server) openAPI() http.HandlerFunc {
	var doc []byte
	err := describe(s.api.OpenAPI().Components.Schemas.Map())
	if err == nil {
		doc, err = json.Marshal(s.api.OpenAPI())
	}
	if err != nil {
		panic(fmt.Sprintf("the OpenAPI document cannot be written: %v", err)) // only a fault of this package can cause it
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(doc) // a client that has gone needs no answer
	}
}

// noRoute answers what matches no route: 405 where the path is known.
func (s *server) noRoute(w http.ResponseWriter, r *http.Request) {
	var allow []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); pattern != "" && pattern != Prefix+"/" {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 || slices.Contains(allow, r.Method) {
		s.refuse(w, r, errs.New(errs.NotFound, "There is no %s.", r.URL.Path).
			WithMend("The routes are listed in %s/openapi.json.", Prefix))
		return
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	s.refuse(w, r, &exact{http.StatusMethodNotAllowed,
		errs.New(errs.Usage, "%s is not possible on %s.", r.Method, r.URL.Path).WithMend("Use %s.", strings.Join(allow, " or "))})
}
