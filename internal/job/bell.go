package job

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/riverqueue/river/riverdriver"
)

// belled is River's driver for SQLite, which has no notifications, with a bell inside
// the process: its one process both enqueues and works.
type belled struct {
	riverdriver.Driver[*sql.Tx]
	bell bell
}

// SupportsListener implements riverdriver.Driver.
func (belled) SupportsListener() bool { return true }

// GetListener implements riverdriver.Driver.
func (d belled) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener { return d.bell }

// bell has a channel for each queue: rung once or many times, its fetcher looks once.
type bell map[string]chan struct{}

func newBell() bell {
	return bell{planQueue: make(chan struct{}, 1), applyQueue: make(chan struct{}, 1)}
}

// ring has the fetcher of a queue look for work.
func (b bell) ring(queue string) {
	select {
	case b[queue] <- struct{}{}:
	default: // it has not looked since the last time
	}
}

// inserted is the topic on which River's fetchers are told of a queue's new jobs.
const inserted = "river_insert"

// WaitForNotification implements riverdriver.Listener.
func (b bell) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	queue := planQueue
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-b[planQueue]:
	case <-b[applyQueue]:
		queue = applyQueue
	}
	return &riverdriver.Notification{Topic: inserted, Payload: fmt.Sprintf(`{"queue": %q}`, queue)}, nil
}

// Of a line that cannot break there is nothing to open, to close or to choose.

func (bell) Connect(context.Context) error          { return nil }
func (bell) Close(context.Context) error            { return nil }
func (bell) Ping(context.Context) error             { return nil }
func (bell) Listen(context.Context, string) error   { return nil }
func (bell) Unlisten(context.Context, string) error { return nil }
func (bell) Schema() string                         { return "" }
func (bell) SetAfterConnectExec(string)             {}
