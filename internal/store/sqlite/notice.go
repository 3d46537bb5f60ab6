package sqlite

import (
	"database/sql"
	"encoding/json"
	"time"

	"sutor/internal/access"
	"sutor/internal/notice"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// AddNotice implements workflow.Notices.
func (t *tx) AddNotice(n *notice.Notice) error {
	doc, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return fault(t.row(`INSERT INTO notices (person, change, mail, doc) VALUES (?, ?, 0, ?) RETURNING number`, n.To, n.Change, string(doc)).Scan(&n.ID))
}

// Notices implements workflow.Notices.
func (t *tx) Notices(f workflow.NoticeFilter) (list []*notice.Notice, err error) {
	where, args := store.WhereNotices(f, func(int) string { return "?" })
	err = t.each(func(rows *sql.Rows) error {
		n, err := store.ScanNotice(rows)
		list = append(list, n)
		return fault(err)
	}, `SELECT number, read, mail, doc FROM notices WHERE `+where, args...)
	return list, err
}

// ReadNotices implements workflow.Notices.
func (t *tx) ReadNotices(person access.Email, ids []notice.ID, last notice.ID, at time.Time) error {
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE notices SET read = ? WHERE person = ? AND read IS NULL AND (number IN (SELECT value FROM json_each(?)) OR ? AND number <= ?)`,
		store.TimeText(at), person, string(list), ids == nil, last)
	return err
}

// RemoveNotices implements workflow.Notices.
func (t *tx) RemoveNotices(list []*notice.Notice) error {
	for _, n := range list {
		if _, err := t.exec(`DELETE FROM notices WHERE number = ?`, n.ID); err != nil {
			return err
		}
	}
	for _, mail := range store.MailsOf(list) {
		_, err := t.exec(`DELETE FROM mails WHERE number = ? AND done IS NOT NULL
			AND NOT EXISTS (SELECT 1 FROM json_each(mails.doc, '$.notices') AS carried JOIN notices ON notices.number = carried.value)`, mail)
		if err != nil {
			return err
		}
	}
	return nil
}

var _ workflow.Notices = (*tx)(nil)
