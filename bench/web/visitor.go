package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	"sutor/test/browser"
)

// visitor is somebody who is signed in.
type visitor struct {
	base string
	http *http.Client
}

func signIn(ctx context.Context, base, email string) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64} // so that what comes is counted as it comes
	v := &visitor{base, &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute}}
	res, err := v.http.PostForm(base+"/sign-in", url.Values{"email": {email}, "password": {browser.Password}})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if len(jar.Cookies(res.Request.URL)) == 0 {
		return nil, fmt.Errorf("%s was not let in: %s", email, res.Status)
	}
	return v, ctx.Err()
}

// get fetches a page, packed as a browser has it, and gives its bytes and how long it
// took.
func (v *visitor) get(ctx context.Context, path string) (body []byte, took time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		return nil, 0, err
	}
	r.Header.Set("Accept-Encoding", "gzip")
	began := time.Now()
	res, err := v.http.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	if body, err = io.ReadAll(res.Body); err == nil && (res.StatusCode != http.StatusOK || res.Request.URL.Path == "/sign-in") {
		err = fmt.Errorf("%s: %s at %s", path, res.Status, res.Request.URL.Path)
	}
	return body, time.Since(began), err
}

// times are how long the answers took, sorted.
type times []time.Duration

// at gives a percentile: the time that a share of the answers did not take longer than.
func (t times) at(share float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	return t[min(len(t)-1, int(share*float64(len(t))))]
}

// often fetches pages one after the other; path gives that of each.
func (v *visitor) often(ctx context.Context, n int, path func(i int) string) (all times, err error) {
	for i := range n {
		_, took, err := v.get(ctx, path(i))
		if err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	return all, nil
}

// steadily fetches pages at a rate, whether the answers before have come or not: what
// waits for its turn counts with its wait (no coordinated omission).
func (v *visitor) steadily(ctx context.Context, rate int, during time.Duration, paths []string) (map[string]times, error) {
	out := map[string]times{}
	var mu sync.Mutex
	var failed error
	var all sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	for i := range int(during.Seconds() * float64(rate)) {
		<-tick.C
		all.Go(func() {
			path := paths[i%len(paths)]
			_, took, err := v.get(ctx, path)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
			}
			out[path] = append(out[path], took)
		})
	}
	all.Wait()
	for _, t := range out {
		slices.Sort(t)
	}
	return out, failed
}

var asset = regexp.MustCompile(`/assets/[^"]+`)
