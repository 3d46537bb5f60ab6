// Package s3test gives tests an S3 server of their own: versitygw, over a folder.
//
// It is built from the module test/s3server, so that nothing of it is in the program's
// own; the Go tool keeps what it built, and make test builds it beforehand. The server
// listens on a free port of 127.0.0.1, checks signatures and rights as S3 does, and
// ends with the test, also when the process that started it is killed.
//
// An object is a file of the same name below the bucket's folder ([Bucket.Dir]): so
// tests damage one behind the server's back.
package s3test
