package workflow

import (
	"context"
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
	// RemoveNotices removes notices, and each mail that is done and carries none that
	// is left.
	RemoveNotices(list []*notice.Notice) error
}

// NoticeFilter picks notices; zero fields pick all.
type NoticeFilter struct {
	To       access.Email
	Change   change.ID
	Unread   bool
	Unmailed bool
	Before   notice.ID // those older than this one, for the next page
	After    notice.ID // those younger than this one
	Oldest   bool      // the oldest first
	Limit    int       // 0 for 100
}

// Mails keeps the mails that carry notices.
type Mails interface {
	// AddMail stores a mail that is due and gives it its number; the notices that it
	// names are its own from then on.
	AddMail(m *notice.Mail) error
	// DueMails gives mails that are not done and due by now, the longest due first.
	// Inside Do nobody else gets them until it has ended.
	DueMails(now time.Time, limit int) ([]*notice.Mail, error)
	SaveMail(m *notice.Mail) error
	// Mails lists newest first, at most so many; with undone only those not done.
	Mails(undone bool, limit int) ([]*notice.Mail, error)
}

// Post carries letters. An error that may pass is tried again.
type Post interface {
	Send(ctx context.Context, l notice.Letter) error
}
