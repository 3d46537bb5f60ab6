package postgres

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

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
	t.wrote = true
	return fault(t.row(`INSERT INTO notices (person, change, mail, doc) VALUES ($1, $2, 0, $3) RETURNING number`, n.To, n.Change, string(doc)).Scan(&n.ID))
}

// Notices implements workflow.Notices.
func (t *tx) Notices(f workflow.NoticeFilter) (list []*notice.Notice, err error) {
	where, args := store.WhereNotices(f, func(n int) string { return "$" + strconv.Itoa(n) })
	err = t.each(func(row pgx.Row) error {
		n, err := store.ScanNotice(row)
		list = append(list, n)
		return fault(err)
	}, `SELECT number, read, mail, doc FROM notices WHERE `+where, args...)
	return list, err
}

// ReadNotices implements workflow.Notices.
func (t *tx) ReadNotices(person access.Email, ids []notice.ID, last notice.ID, at time.Time) error {
	numbers := []int64{}
	for _, id := range ids {
		numbers = append(numbers, int64(id))
	}
	_, err := t.exec(`UPDATE notices SET read = $1 WHERE person = $2 AND read IS NULL AND (number = ANY($3) OR $4 AND number <= $5)`,
		store.TimeText(at), person, numbers, ids == nil, last)
	return err
}

// RemoveNotices implements workflow.Notices.
func (t *tx) RemoveNotices(list []*notice.Notice) error {
	numbers := []int64{}
	for _, n := range list {
		numbers = append(numbers, int64(n.ID))
	}
	if _, err := t.exec(`DELETE FROM notices WHERE number = ANY($1)`, numbers); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM mails WHERE number = ANY($1) AND done IS NOT NULL
		AND NOT EXISTS (SELECT FROM jsonb_array_elements_text(mails.doc::jsonb -> 'notices') AS carried JOIN notices ON notices.number = carried::bigint)`, store.MailsOf(list))
	return err
}

var _ workflow.Notices = (*tx)(nil)
