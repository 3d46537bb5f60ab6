package workflow

import (
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/notice"
)

// Notices keeps what people were told.
type Notices interface {
	// AddNotice stores a notice that nobody has read, and gives it its ID.
	AddNotice(n *notice.Notice) error
	// Notices lists newest first.
	Notices(f NoticeFilter) ([]*notice.Notice, error)
	// ReadNotices marks notices of a person as read: those with these ids, or, with
	// ids nil, all up to and with the last; it leaves those that are read already.
	ReadNotices(person access.Email, ids []notice.ID, last notice.ID, at time.Time) error
}

// NoticeFilter picks notices; zero fields pick all.
type NoticeFilter struct {
	To       access.Email
	Change   change.ID
	Unread   bool
	Unmailed bool
	Before   notice.ID // those older than this one, for the next page
	Limit    int       // 0 for 100
}
