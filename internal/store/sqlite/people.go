package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// SaveStanding implements workflow.People.
func (t *tx) SaveStanding(s change.Standing) error {
	doc, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO standings (person, doc) VALUES (?, ?) ON CONFLICT (person) DO UPDATE SET doc = excluded.doc`, s.Person, string(doc))
	return err
}

// Standing implements workflow.People.
func (t *tx) Standing(person access.Email) (*change.Standing, error) {
	var doc []byte
	err := t.row(`SELECT doc FROM standings WHERE person = ?`, person).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fault(err)
	}
	return store.Read[change.Standing](doc)
}

// SaveDeputy implements workflow.People.
func (t *tx) SaveDeputy(d access.Deputy) error {
	doc, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO deputies (id, doc) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`, d.ID, string(doc))
	return err
}

// EndDeputy implements workflow.People.
func (t *tx) EndDeputy(id string) error {
	_, err := t.exec(`DELETE FROM deputies WHERE id = ?`, id)
	return err
}

// Deputies implements workflow.People.
func (t *tx) Deputies() (list []access.Deputy, err error) {
	err = t.each(func(rows *sql.Rows) error {
		var doc []byte
		if err := rows.Scan(&doc); err != nil {
			return fault(err)
		}
		d, err := store.Read[access.Deputy](doc)
		if err == nil {
			list = append(list, *d)
		}
		return err
	}, `SELECT doc FROM deputies ORDER BY id`)
	return list, err
}

var _ workflow.People = (*tx)(nil)
