package artifact

import (
	"context"
	"errors"

	"github.com/aws/smithy-go"
	"gocloud.dev/gcerrors"

	"sutor/internal/errs"
)

// refusals are the codes by which servers say that it is about who asks, beside
// those that gocloud.dev knows for that.
var refusals = map[string]bool{"InvalidAccessKeyId": true, "SignatureDoesNotMatch": true, "ExpiredToken": true, "InvalidToken": true,
	"RequestTimeTooSkewed": true, "AuthorizationHeaderMalformed": true, "AccountProblem": true, "AllAccessDisabled": true, "KMS.AccessDeniedException": true}

// bucketError gives an error of the bucket its public face; doing is what could not be
// done ("written"). What is not the bucket's (a cancelled context, a file of ours)
// stays as it is.
func bucketError(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil || errs.As(err) != nil:
		return err
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), err)
	}
	var api smithy.APIError
	code := ""
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	e := errs.New(errs.Unavailable, "The bucket of the server for files and plans (artefacts) cannot be %s just now, and nothing was changed.", doing).
		WithMend("Try again. If it stays so, tell the steward; the server's log has the cause.")
	switch {
	case code == "NoSuchBucket":
		e = errs.New(errs.Unavailable, "The bucket of the server for files and plans (artefacts) is not there, and nothing was changed.").
			WithMend("Tell the steward, who makes the bucket, or names the right one (serve --artifacts).")
	case code == "PermanentRedirect":
		e = errs.New(errs.Unavailable, "The bucket of the server for files and plans (artefacts) is in another region, and nothing was changed.").
			WithMend("Tell the steward, who names its region (serve --artifacts s3://BUCKET?region=REGION).")
	case gcerrors.Code(err) == gcerrors.PermissionDenied || refusals[code]:
		e = errs.New(errs.Unavailable, "The server may not have its bucket for files and plans (artefacts) %s: the bucket refuses it, and nothing was changed.", doing).
			WithMend("Tell the steward, who looks at the server's credentials, its clock, and what they allow (docs/operations.md has the least).")
	}
	return e.Because(err)
}

func noCredentials() *errs.Error {
	return errs.New(errs.Unavailable, "There are no credentials for the bucket of artefacts.").
		WithMend("Give them in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), in AWS's files (AWS_PROFILE), or by the role of the machine or of the workload.")
}
