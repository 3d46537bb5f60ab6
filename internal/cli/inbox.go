package cli

import (
	"strconv"

	"sutor/internal/wire"
)

type inboxListCmd struct {
	All    bool  `help:"What is read, too."`
	Limit  int   `default:"100" placeholder:"N" help:"At most so many."`
	Before int64 `placeholder:"ID" help:"Those before this one: the next page."`
}

func (k *inboxListCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	in, err := cl.Notices(c.ctx, !k.All, k.Limit, k.Before)
	if err != nil {
		return err
	}
	return c.show(in, func(p *page) { showInbox(p, in) })
}

func showInbox(p *page, in wire.Inbox) {
	if len(in.Notices) == 0 {
		p.line("Nothing waits for you. See what you have read: sutor inbox --all")
		return
	}
	t := table{head: []string{"", "ID", "WHEN", "WHAT", "TITLE"}, right: map[int]bool{1: true}}
	last := int64(0)
	for _, n := range in.Notices {
		says := n.Says
		if n.Quote != "" {
			says += " " + strconv.Quote(n.Quote)
		}
		t.row(noticeSign(n), strconv.FormatInt(n.ID, 10), when(n.At), says, n.Title)
		last = max(last, n.ID)
	}
	t.write(p)
	more := ""
	if in.Waiting.More {
		more = " or more"
	}
	p.line("%s%s unread, %s to decide.", count(in.Waiting.Unread, "notice", "notices"), more, count(in.Waiting.Decide, "change", "changes"))
	if in.Waiting.Unread > 0 {
		p.line("Next:")
		p.line("  sutor inbox read --up-to %d", last)
	}
}

// noticeSign says what is to be done with a notice.
func noticeSign(n wire.Notice) string {
	switch {
	case n.Waits:
		return "decide"
	case n.Read:
		return ""
	case n.Urgent:
		return "look"
	}
	return "new"
}

type inboxReadCmd struct {
	IDs  []int64 `arg:"" optional:"" name:"id" help:"These notices."`
	UpTo int64   `name:"up-to" placeholder:"ID" help:"All up to and with this one."`
}

func (k *inboxReadCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	left, err := cl.ReadNotices(c.ctx, k.IDs, k.UpTo)
	if err != nil {
		return err
	}
	return c.show(left, func(p *page) {
		p.line("%s left unread, %s to decide.", count(left.Unread, "notice", "notices"), count(left.Decide, "change", "changes"))
	})
}
