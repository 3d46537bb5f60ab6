package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// Act is the input of what people do to a change.
type Act struct {
	ChangeID
	Body *struct {
		Comment string `json:"comment,omitempty" maxLength:"4000"`
		Reason  string `json:"reason,omitempty" maxLength:"4000" doc:"The same as comment"`
	}
}

// Resolve (huma.Resolver) takes back the deadline under which huma has read the
// body: left on the connection, it would end requests that take longer.
func (a *Act) Resolve(ctx huma.Context) []error {
	_, w := humago.Unwrap(ctx)
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // a connection without deadlines has none to take back
	return nil
}

func (a *Act) id() change.ID { return change.ID(a.ID) }

func (a *Act) comment() string {
	if a.Body == nil {
		return ""
	}
	if a.Body.Comment != "" {
		return a.Body.Comment
	}
	return a.Body.Reason
}

// decision is the input of approve and reject.
type decision struct {
	Act
	IfMatch string `header:"If-Match" doc:"The digest of the plan that was looked at, as the change's ETag has it"`
}

const mendMatch = "Look at the change first, and send its plan's digest: its ETag. The command line does so by itself."

// digest reads If-Match, which a decision must have.
func (d *decision) digest() (record.Digest, error) {
	digest, err := matched(d.IfMatch)
	if err == nil && digest == "" {
		err = &exact{http.StatusPreconditionRequired,
			errs.New(errs.Usage, "A decision must say on which plan, but there is no If-Match.").WithMend(mendMatch)}
	}
	return digest, err
}

// onPlan is the input of acts that may say which plan they mean.
type onPlan struct {
	Act
	IfMatch string `header:"If-Match" doc:"The digest of the plan that is meant, as the change's ETag has it; without it the one that stands"`
}

// act calls the use case with the plan that is meant.
func (in *onPlan) act(ctx context.Context, p access.Principal, do func(context.Context, access.Principal, change.ID, record.Digest, string) (wire.Change, error)) (*changeDoc, error) {
	digest, err := matched(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return answerChange(do(ctx, p, in.id(), digest, in.comment()))
}

// matched reads If-Match, in quotes or bare; "" where there is none.
func matched(header string) (record.Digest, error) {
	text := strings.TrimSpace(header)
	if text == "" {
		return "", nil
	}
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	digest := record.Digest(text)
	if !digest.Valid() {
		return "", errs.New(errs.Usage, "If-Match is not the digest of one plan.").WithMend(mendMatch)
	}
	return digest, nil
}

// answerDecision keeps the order of refusal where If-Match names no plan: who
// may not see the change, or has no right to decide on it, hears that first, and
// the attempt is evidence. The use case itself takes no decision without a
// digest.
func answerDecision(c wire.Change, err, unnamed error) (*changeDoc, error) {
	if unnamed != nil && (err == nil || errs.KindOf(err) == errs.Usage) {
		err = unnamed
	}
	return answerChange(c, err)
}

func (s *server) try(ctx context.Context, p access.Principal, in *Act) (*changeDoc, error) {
	return answerChange(s.uc.Try(ctx, p, in.id()))
}

func (s *server) submit(ctx context.Context, p access.Principal, in *onPlan) (*changeDoc, error) {
	return in.act(ctx, p, s.uc.Submit)
}

func (s *server) withdraw(ctx context.Context, p access.Principal, in *onPlan) (*changeDoc, error) {
	return in.act(ctx, p, s.uc.Withdraw)
}

func (s *server) approve(ctx context.Context, p access.Principal, in *decision) (*changeDoc, error) {
	digest, unnamed := in.digest()
	c, err := s.uc.Approve(ctx, p, in.id(), digest, in.comment())
	return answerDecision(c, err, unnamed)
}

// PartOf is the part of an input that names a part of a plan, in one of three ways.
type PartOf struct {
	Only    string `json:"only,omitempty" maxLength:"4000" doc:"The rows of which a condition of the guardrail language holds for certain"`
	Finding string `json:"finding,omitempty" maxLength:"400" doc:"The rows of a finding: its guardrail's name, or NAME:COLUMN"`
	Without string `json:"without,omitempty" maxLength:"400" doc:"All rows but those of a finding"`
}

func (o PartOf) part() workflow.Part {
	return workflow.Part{Only: o.Only, Finding: o.Finding, Without: o.Without}
}

// partDecision is the input of approve-part. The part stands in the body: a
// condition may hold values, which a URL would leave in logs.
type partDecision struct {
	ChangeID
	IfMatch string `header:"If-Match" doc:"The digest of the plan that was looked at, as the change's ETag has it"`
	Body    struct {
		PartOf
		Comment string `json:"comment,omitempty" maxLength:"4000"`
	}
}

// Resolve is that of [Act].
func (in *partDecision) Resolve(ctx huma.Context) []error { return (&Act{}).Resolve(ctx) }

func (s *server) approvePart(ctx context.Context, p access.Principal, in *partDecision) (*changeDoc, error) {
	digest, unnamed := (&decision{IfMatch: in.IfMatch}).digest()
	c, err := s.uc.ApprovePart(ctx, p, change.ID(in.ID), digest, in.Body.part(), in.Body.Comment)
	return answerDecision(c, err, unnamed)
}

// partLook is the input of part.
type partLook struct {
	ChangeID
	IfMatch string `header:"If-Match" doc:"The digest of the plan that is looked at, as the change's ETag has it"`
	Body    PartOf
}

// Resolve is that of [Act].
func (in *partLook) Resolve(ctx huma.Context) []error { return (&Act{}).Resolve(ctx) }

func (s *server) lookPart(ctx context.Context, p access.Principal, in *partLook) (*doc[wire.PartLook], error) {
	digest, unnamed := (&decision{IfMatch: in.IfMatch}).digest()
	look, err := s.uc.LookPart(ctx, p, change.ID(in.ID), digest, in.Body.part())
	if unnamed != nil && (err == nil || errs.KindOf(err) == errs.Usage) {
		err = unnamed
	}
	return &doc[wire.PartLook]{look}, err
}

func (s *server) reject(ctx context.Context, p access.Principal, in *decision) (*changeDoc, error) {
	digest, unnamed := in.digest()
	c, err := s.uc.Reject(ctx, p, in.id(), digest, in.comment())
	return answerDecision(c, err, unnamed)
}

func (s *server) apply(ctx context.Context, p access.Principal, in *onPlan) (*changeDoc, error) {
	return in.act(ctx, p, s.uc.Apply)
}

func (s *server) hold(ctx context.Context, p access.Principal, in *Act) (*changeDoc, error) {
	return answerChange(s.uc.Hold(ctx, p, in.id(), in.comment()))
}

func (s *server) undo(ctx context.Context, p access.Principal, in *Act) (*changeDoc, error) {
	return answerChange(s.uc.Undo(ctx, p, in.id(), in.comment()))
}
