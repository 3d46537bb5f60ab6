package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sutor/internal/notice"
	"sutor/internal/workflow"
)

// WhereNotices gives a filter's condition with its order and limit, out of fixed
// texts only, and the arguments; place writes the n-th of them, from 1.
func WhereNotices(f workflow.NoticeFilter, place func(n int) string) (string, []any) {
	parts, args := []string{"true"}, []any{}
	add := func(part string, arg any) {
		args = append(args, arg)
		parts = append(parts, part+place(len(args)))
	}
	if f.To != "" {
		add("person = ", f.To)
	}
	if f.Change != "" {
		add("change = ", f.Change)
	}
	if f.Unread {
		parts = append(parts, "read IS NULL")
	}
	if f.Unmailed {
		parts = append(parts, "mail = 0")
	}
	if f.Before > 0 {
		add("number < ", f.Before)
	}
	if f.After > 0 {
		add("number > ", f.After)
	}
	order := "DESC"
	if f.Oldest {
		order = "ASC"
	}
	limit := f.Limit
	if limit <= 0 {
		limit = Page
	}
	args = append(args, limit)
	return strings.Join(parts, " AND ") + " ORDER BY number " + order + " LIMIT " + place(len(args)), args
}

// ScanNotice reads a row of number, read, mail and doc.
func ScanNotice(row interface{ Scan(...any) error }) (*notice.Notice, error) {
	n, doc, read := new(notice.Notice), []byte(nil), Time{}
	var id notice.ID
	var mail int64
	if err := row.Scan(&id, &read, &mail, &doc); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, n); err != nil {
		return nil, fmt.Errorf("stored notice %d: %w", id, err)
	}
	n.ID, n.Mail = id, mail
	if !read.IsZero() {
		n.Read = &read.Time
	}
	return n, nil
}

// ScanMail reads a row of number, due, done and doc.
func ScanMail(row interface{ Scan(...any) error }) (*notice.Mail, error) {
	m, doc, due, done := new(notice.Mail), []byte(nil), Time{}, Time{}
	var number int64
	if err := row.Scan(&number, &due, &done, &doc); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(doc, m); err != nil {
		return nil, fmt.Errorf("stored mail %d: %w", number, err)
	}
	m.Number, m.Due = number, due.Time
	if !done.IsZero() {
		m.Done = &done.Time
	}
	return m, nil
}

// MailsOf gives the mails that carry notices, each once.
func MailsOf(list []*notice.Notice) (numbers []int64) {
	for _, n := range list {
		if n.Mail > 0 && !slices.Contains(numbers, n.Mail) {
			numbers = append(numbers, n.Mail)
		}
	}
	return numbers
}

// OptionalTime gives a time as it is stored, nil as NULL.
func OptionalTime(t *time.Time) sql.NullString {
	if t == nil {
		return sql.NullString{}
	}
	return TimeOrNull(*t)
}
