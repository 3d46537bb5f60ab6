// Package artifact keeps files by what is in them: the proposed inputs, the
// frozen plans, the rows as really stored. A file's name is the SHA-256 of its
// content, so it never changes, storing it twice keeps one copy, and whoever
// holds a digest (a plan's manifest, a leaf of the evidence) holds the file.
//
// # On disk
//
//	DIR/sha256/ab/cdef…   content, mode 0400; "abcdef…" are the 64 hex digits
//	DIR/tmp/put-*         being written; a crash leaves them, Open removes them
//	                      once they are a day old, Sweep at once
//
// [Folder.Put] streams into tmp and hashes on the way, then: fsync of the file,
// rename to its name, fsync of the folder. After Put has returned, the content
// survives a power cut; before, nothing can be seen under its name. A full disk
// (ENOSPC, EDQUOT, EFBIG) is errs.Unavailable with a sentence, and what was
// half written is removed.
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
// [Folder.Remove] puts a file aside (DIR/tmp/aside-*) and removes it unless it was
// stored since; storing content that is there already makes its time new. Open puts
// back what a crash left aside.
//
// # What it does not do
//
// It does not know what an artefact means, who may read it or when it may be
// purged; it does not encrypt. It does not check content while reading:
// [Folder.Verify] reads one artefact whole and compares it with its name.
//
// Why the standard library and not a portable bucket: gocloud.dev's fileblob
// asks for the name before the content is known, so every file would be copied
// a second time to its digest's name; it syncs neither file nor folder; and
// DuckDB needs plain local paths. A bucket in S3 will be a second type beside
// [Folder] with the same methods (the port is workflow.Artifacts).
package artifact
