//go:build !unix

package duck

import "errors"

func newPipe(string) (*Pipe, error) { return nil, errors.ErrUnsupported }
