package artifact

import (
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/errs"
)

// Place is where artefacts are kept: in the folder Dir, or in a bucket.
type Place struct {
	Dir string

	Bucket    string // "" for a folder
	Prefix    string // of all keys, "" or ending in a slash
	Region    string // "" for that of the environment
	Endpoint  string // URL of the server, "" for AWS's own
	PathStyle bool   // the bucket's name stands in the path, not in the host
	SSE       string // "" for the bucket's own, "AES256", "aws:kms"
	KMSKey    string // with aws:kms
}

// parameters of a bucket's URL.
var parameters = []string{"region", "endpoint", "path_style", "sse", "kms_key"}

// ParsePlace reads a folder's path, file:///path, or
// s3://BUCKET/PREFIX?region=…&endpoint=…&path_style=…&sse=…&kms_key=…; "" is no place.
// Credentials are no part of it, and never told again where somebody wrote them there.
func ParsePlace(text string) (Place, error) {
	if strings.HasPrefix(text, "s3://") {
		return parseBucket(text)
	}
	dir, isURL := strings.CutPrefix(text, "file://")
	var err error
	if isURL {
		dir, err = url.PathUnescape(dir)
	}
	if err != nil || strings.Contains(dir, "://") || isURL && !filepath.IsAbs(dir) {
		return Place{}, errs.New(errs.Usage, "Artefacts (--artifacts) can be kept in a folder or in a bucket of S3, and this is neither.").
			WithMend("Write the folder's path, file:///path, or s3://BUCKET?region=REGION.")
	}
	return Place{Dir: dir}, nil
}

func parseBucket(text string) (p Place, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return p, noBucket("it is no URL") // the parser's error would repeat it
	}
	q, err := url.ParseQuery(u.RawQuery)
	switch {
	case u.User != nil || q.Has("access_key") || q.Has("secret_key"):
		return p, errs.New(errs.Usage, "Credentials are no part of the URL of a bucket (--artifacts): others see the command line.").
			WithMend("Give them in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), in AWS's files, or by the role of the machine. If they were real, take new ones.")
	case err != nil:
		return p, noBucket("what follows the question mark cannot be read")
	case u.Host == "" || u.Port() != "" || u.Fragment != "":
		return p, noBucket("it names no bucket, or more than one")
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.Contains(parameters, name) || len(q[name]) != 1 {
			return p, noBucket("%.40q is not known there, or stands there twice", name)
		}
	}
	p = Place{Bucket: u.Host, Region: q.Get("region"), Endpoint: q.Get("endpoint"), SSE: q.Get("sse"), KMSKey: q.Get("kms_key")}
	if p.Prefix = strings.Trim(path.Clean("/"+u.Path), "/"); p.Prefix != "" {
		p.Prefix += "/"
	}
	if p.Endpoint != "" {
		at, err := url.Parse(p.Endpoint)
		if err != nil || at.User != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" || at.RawQuery != "" {
			return p, noBucket("the endpoint must be the URL of a server, as https://s3.example.test")
		}
	}
	// AWS gives each bucket a host of its own; hardly another server does.
	p.PathStyle = p.Endpoint != ""
	if q.Has("path_style") {
		if p.PathStyle, err = strconv.ParseBool(q.Get("path_style")); err != nil {
			return p, noBucket("path_style is true or false")
		}
	}
	if !slices.Contains([]string{"", "AES256", "aws:kms"}, p.SSE) || p.KMSKey != "" && p.SSE != "aws:kms" {
		return p, noBucket("sse is AES256 or aws:kms, and kms_key goes with the latter")
	}
	return p, nil
}

func noBucket(why string, args ...any) error {
	return errs.New(errs.Usage, "The URL of the bucket for artefacts (--artifacts) cannot be used: "+why+".", args...).
		WithMend("Write s3://BUCKET?region=REGION, or s3://BUCKET/PREFIX?endpoint=https://HOST for a server other than AWS's; in it region, endpoint, path_style, sse and kms_key may stand.")
}
