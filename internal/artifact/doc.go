// Package artifact keeps files by what is in them: the proposed inputs, the
// frozen plans, the rows as really stored. A file's name is the SHA-256 of its
// content, so it never changes, storing it twice keeps one copy, and whoever
// holds a digest (a plan's manifest, a leaf of the evidence) holds the file.
//
// [Folder] keeps them on disk, [Bucket] in a bucket of S3; both pass one suite
// (suite_test.go), and [ParsePlace] reads which it is. The port is workflow.Artifacts.
//
// # On disk
//
//	DIR/sha256/ab/cdef…   content, mode 0400; "abcdef…" are the 64 hex digits
//	DIR/tmp/put-*         being written; a crash leaves them, Open removes them
//	                      once they are a day old, Sweep at once
//
// [Folder.Put] streams into tmp and hashes on the way, then: fsync of the file,
// rename to its name, fsync of the folder. A few bytes that are there already, and
// whole, only get a new time. After Put has returned, the content survives a power cut;
// before, nothing can be seen under its name. A full disk (ENOSPC, EDQUOT, EFBIG) is
// errs.Unavailable with a sentence, and what was half written is removed.
//
// # Room
//
// A limit of the folder counts everything in it, temporary files too. It is
// counted when the folder is opened, and kept by what this process writes; what
// others add to the folder or remove from it is seen by the next count, which comes
// before anybody is refused and at the latest with the first Put after ten minutes.
// So several servers on one folder may be beyond the limit by what they wrote
// meanwhile. Content that is there already needs room while it is written again.
//
// # Removing
//
// [Folder.Remove] puts a file aside (DIR/tmp/aside-DIGEST-RANDOM) and removes it unless
// it was stored since; storing content that is there already makes its time new, and it
// whole if it was damaged. Open puts back what a crash left aside.
//
// # In a bucket
//
//	PREFIX sha256/ab/cdef…          content, named as in a folder
//	PREFIX removing/DIGEST/RANDOM   somebody is about to remove it (removing.go)
//	PREFIX check/RANDOM             the bucket is being looked at
//
// Through gocloud.dev/blob. An object is written by one request, or by parts that one
// request puts together: before, nothing is there under its name. Content that is there
// already is written once more, which makes its time new, and it whole if it was
// damaged. Requests are tried three times; connections end when the server is silent
// for a minute, and a download that breaks off is gone on with.
//
// DuckDB needs paths, and a name is known at the end of the content only. So everything
// passes through a cache (cache.go), a folder of this process alone: what is stored goes
// there first and then into the bucket, what is read is fetched whole and held against
// its digest before anybody sees a byte of it. Copies in use stay; the others go when
// room is needed, the longest unused first, and after an hour. Whether an artefact is
// still there is asked of the bucket each time ([Bucket.Has] asks that alone).
//
// Its bounds count objects as a folder's count files. Errors are errs.Unavailable, in
// words without the bucket's name; the causes hold codes and addresses, no credentials.
//
// # What it does not do
//
// It does not know what an artefact means, who may read it or when it may be
// purged; it does not encrypt, beyond asking a bucket to. A folder does not check
// content while reading: [Folder.Verify] reads one artefact whole and compares it with
// its name, as [Bucket.Verify] does with the object itself. Before an apply or an undo is
// made of a file, package workflow holds it against its digest, a copy of a bucket's too. Versions that a bucket keeps
// of what was removed, and parts of uploads that a crash left, are for the rules of the
// bucket (docs/operations.md).
//
// Why a folder is not gocloud.dev's fileblob: that asks for the name before the content
// is known, so every file would be copied a second time to its digest's name, and it
// syncs neither file nor folder.
package artifact
