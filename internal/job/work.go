package job

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/workflow"
)

// args is a job as River stores it: fields are added, never renamed.
type args interface {
	river.JobArgs
	river.JobArgsWithInsertOpts
	change() change.ID
}

type planArgs struct {
	Change change.ID `json:"change"`
}

type applyArgs struct {
	Change change.ID `json:"change"`
}

func (planArgs) Kind() string  { return string(workflow.JobPlan) }
func (applyArgs) Kind() string { return string(workflow.JobApply) }

func (planArgs) InsertOpts() river.InsertOpts  { return river.InsertOpts{Queue: planQueue} }
func (applyArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: applyQueue} }

func (a planArgs) change() change.ID  { return a.Change }
func (a applyArgs) change() change.ID { return a.Change }

func argsOf(j workflow.Job) (args, error) {
	switch j.Kind {
	case workflow.JobPlan:
		return planArgs{j.Change}, nil
	case workflow.JobApply:
		return applyArgs{j.Change}, nil
	}
	return nil, fmt.Errorf("no worker does %q", j.Kind)
}

// logged makes a worker of work. This is where an error of background work ends:
// the change tells its people, the log tells the steward, and River has delivered
// its wake-up.
func logged[T args](log *slog.Logger, work func(context.Context, change.ID) error) func(context.Context, *river.Job[T]) error {
	return func(ctx context.Context, j *river.Job[T]) error {
		err := work(ctx, j.Args.change())
		about := []any{"job", j.Args.Kind(), "change", string(j.Args.change())}
		switch {
		case err != nil && ctx.Err() != nil:
			log.WarnContext(ctx, "background work was stopped; it will be taken over", append(about, "error", errs.Detail(err))...)
		case err != nil:
			log.ErrorContext(ctx, "background work failed", append(about, "error", errs.Detail(err))...)
		}
		return nil
	}
}

// atLeast lets only records of a level pass: River tells much at info.
type atLeast struct {
	slog.Handler
	level slog.Level
}

// Enabled implements slog.Handler.
func (h atLeast) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.level && h.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h atLeast) WithAttrs(attrs []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(attrs), h.level}
}

// WithGroup implements slog.Handler.
func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.level}
}
