package sqlite

import (
	"database/sql"
	"encoding/json"
	"time"

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
	if err := t.row(`INSERT INTO mails (person, due, doc) VALUES (?, ?, ?) RETURNING number`, m.To, store.TimeText(m.Due), string(doc)).Scan(&m.Number); err != nil {
		return fault(err)
	}
	for _, id := range m.Notices {
		if _, err := t.exec(`UPDATE notices SET mail = ? WHERE number = ?`, m.Number, id); err != nil {
			return err
		}
	}
	return nil
}

// DueMails implements workflow.Mails.
func (t *tx) DueMails(now time.Time, limit int) ([]*notice.Mail, error) {
	return t.mails(`done IS NULL AND due <= ? ORDER BY due, number LIMIT ?`, store.TimeText(now), limit)
}

// Mails implements workflow.Mails.
func (t *tx) Mails(undone bool, limit int) ([]*notice.Mail, error) {
	where := `true`
	if undone {
		where = `done IS NULL`
	}
	return t.mails(where+` ORDER BY number DESC LIMIT ?`, limit)
}

func (t *tx) mails(where string, args ...any) (list []*notice.Mail, err error) {
	err = t.each(func(rows *sql.Rows) error {
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
	_, err = t.exec(`UPDATE mails SET due = ?, done = ?, doc = ? WHERE number = ?`, store.TimeText(m.Due), store.OptionalTime(m.Done), string(doc), m.Number)
	return err
}

var _ workflow.Mails = (*tx)(nil)
