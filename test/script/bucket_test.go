package script

import (
	"context"
	"strings"
	"testing"

	"sutor/internal/artifact/s3test"
	"sutor/internal/client"
	"sutor/internal/errs"
)

// The server of the bucket goes away: nothing can be proposed, in words; a plan that
// was being made fails in words; what is approved stays so; nobody hears of a credential or a place. When it is
// back, all goes on.
func TestBucketIsAway(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	bucket := server.Bucket(t, "sutor-files")
	c := &cluster{flags: []string{"--artifacts", bucket.URL("")}, env: s3test.Environment(), key: newKey(t)}
	c.begin(t, 1)
	ivan := c.as("ivan")
	well := func(want bool) string { // within seconds, for the server does not ask each time
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for {
			h, err := ivan.Health(ctx)
			c.must(err)
			for _, check := range h.Checks {
				if check.Name == "artefacts" && check.OK == want {
					return check.Why
				}
			}
		}
	}
	well(true)
	applied, approved := c.propose(6), c.propose(7)
	c.life(6, applied)
	c.approve(7, approved)

	// While a plan is made, which waits for the table.
	h, err := hold(c.erp, `BEGIN; LOCK TABLE part0 IN ACCESS EXCLUSIVE MODE`)
	c.must(err)
	id := c.propose(0)
	c.waiting()
	server.Stop()
	c.must(h.close())
	maria := c.as("maria")
	now, err := maria.Change(t.Context(), id, patience)
	c.must(err)
	if now.State != "failed" || !strings.Contains(now.Why, "bucket") || strings.Contains(now.Why, bucket.Name) {
		t.Errorf("the change is %s: %s", now.State, now.Why)
	}

	file := "id,terms\n1,new\n"
	_, err = maria.Propose(t.Context(), client.Proposal{Dataset: "part1", Title: "without a bucket"}, client.File{Name: "terms.csv", Size: int64(len(file)), From: strings.NewReader(file)})
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "bucket") {
		t.Errorf("proposed without a bucket: %v", err)
	}

	// What is approved waits, and nobody waits to be shown it.
	_, err = c.as(maker(7)).Apply(t.Context(), approved, "", "")
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "bucket") {
		t.Errorf("applied without a bucket: %v", err)
	}
	for change, state := range map[string]string{approved: "approved", applied: "applied"} {
		now, err := c.as("aud").Change(t.Context(), change, 0)
		c.must(err)
		if now.State != state || state == "applied" && !now.Undo.Possible {
			t.Errorf("change %s is %s without a bucket, undo: %+v", change, now.State, now.Undo)
		}
	}
	_, err = c.as("olaf").Undo(t.Context(), applied, "without a bucket")
	if errs.KindOf(err) != errs.Unavailable {
		t.Errorf("taken back without a bucket: %v", err)
	}

	if why := well(false); !strings.Contains(why, "bucket") {
		t.Errorf("not well, because %q", why)
	}

	c.must(server.Begin())
	well(true)
	ids := make([]string, changes)
	for n := range 3 {
		ids[n] = c.propose(n)
	}
	c.live(ids, 0, 3)
	c.life(7, approved)
	for _, said := range c.servers[0].lines() {
		for _, secret := range []string{s3test.OwnerKey, s3test.OwnerSecret} {
			if strings.Contains(said, secret) {
				t.Errorf("the log tells a secret: %s", said)
			}
		}
	}
}
