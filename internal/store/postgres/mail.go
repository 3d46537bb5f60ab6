package postgres

import (
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"sutor/internal/notice"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// AddMail implements workflow.Mails.
func (t *tx) AddMail(m *notice.Mail) error {
	doc, err := json.Marshal(m)
	if err != nil {
		return err
	}
	t.wrote = true
	if err := t.row(`INSERT INTO mails (person, due, doc) VALUES ($1, $2, $3) RETURNING number`, m.To, store.TimeText(m.Due), string(doc)).Scan(&m.Number); err != nil {
		return fault(err)
	}
	for _, id := range m.Notices {
		if _, err := t.exec(`UPDATE notices SET mail = $1 WHERE number = $2`, m.Number, id); err != nil {
			return err
		}
	}
	return nil
}

// DueMails implements workflow.Mails.
func (t *tx) DueMails(now time.Time, limit int) ([]*notice.Mail, error) {
	return t.mails(`done IS NULL AND due <= $1 ORDER BY due, number LIMIT $2`+t.skipping()+``, store.TimeText(now), limit)
}

// skipping leaves out what another server is about to send.
func (t *tx) skipping() string {
	if t.locks {
		return ` FOR UPDATE SKIP LOCKED`
	}
	return ``
}

// Mails implements workflow.Mails.
func (t *tx) Mails(undone bool, limit int) ([]*notice.Mail, error) {
	where := `true`
	if undone {
		where = `done IS NULL`
	}
	return t.mails(where+` ORDER BY number DESC LIMIT $1`, limit)
}

func (t *tx) mails(where string, args ...any) (list []*notice.Mail, err error) {
	err = t.each(func(rows pgx.Row) error {
		m, err := store.ScanMail(rows)
		list = append(list, m)
		return fault(err)
	}, `SELECT number, due, done, doc FROM mails WHERE `+where, args...)
	return list, err
}

// SaveMail implements workflow.Mails.
func (t *tx) SaveMail(m *notice.Mail) error {
	doc, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE mails SET due = $1, done = $2, doc = $3 WHERE number = $4`, store.TimeText(m.Due), store.OptionalTime(m.Done), string(doc), m.Number)
	return err
}

var _ workflow.Mails = (*tx)(nil)
