package api

import (
	"context"

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
		LeaveOutInvalid bool          `json:"leave_out_invalid,omitempty" doc:"Leave rows out whose values cannot be taken"`
	}
}

func (s *server) rule(ctx context.Context, p access.Principal, in *ruleInput) (*changeDoc, error) {
	r := workflow.RuleProposal{Dataset: in.Name, Title: in.Body.Title, Reason: in.Body.Reason, LeaveOut: in.Body.LeaveOutInvalid, Rule: change.Rule{Where: in.Body.Where}}
	for _, set := range in.Body.Set {
		r.Rule.Set = append(r.Rule.Set, change.Assign{Column: set.Column, To: set.To})
	}
	return answerChange(s.uc.ProposeRule(ctx, p, r))
}
