package api

import (
	"context"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

type ruleInput struct {
	DatasetName
	Body struct {
		Title           string        `json:"title,omitempty" maxLength:"200"`
		Reason          string        `json:"reason,omitempty" maxLength:"4000"`
		Where           string        `json:"where" maxLength:"10000" doc:"Which rows, in the guardrail language over their columns; true for all"`
		Set             []wire.Assign `json:"set" minItems:"1" maxItems:"200" doc:"What columns become: expressions in the same language, or null"`
		ApplyAt         *time.Time    `json:"apply_at,omitempty" doc:"When it is to be applied, once approved"`
		LeaveOutInvalid bool          `json:"leave_out_invalid,omitempty" doc:"Leave rows out whose values cannot be taken"`
	}
}

func (s *server) rule(ctx context.Context, p access.Principal, in *ruleInput) (*changeDoc, error) {
	r := workflow.RuleProposal{Dataset: in.Name, Title: in.Body.Title, Reason: in.Body.Reason, LeaveOut: in.Body.LeaveOutInvalid, ApplyAt: inSeconds(in.Body.ApplyAt), Rule: change.Rule{Where: in.Body.Where}}
	for _, set := range in.Body.Set {
		r.Rule.Set = append(r.Rule.Set, change.Assign{Column: set.Column, To: set.To})
	}
	return answerChange(s.uc.ProposeRule(ctx, p, r))
}

// inSeconds gives a time as it stands in plans.
func inSeconds(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	utc := at.UTC().Truncate(time.Second)
	return &utc
}

type purgeInput struct {
	DryRun bool `query:"dry_run" doc:"Only count what would be removed"`
}

func (s *server) purge(ctx context.Context, p access.Principal, in *purgeInput) (*doc[wire.Purge], error) {
	out, err := s.uc.Purge(ctx, p, in.DryRun)
	return &doc[wire.Purge]{out}, err
}
