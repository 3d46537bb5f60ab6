// Package evidence keeps the append-only record of everything that matters, and
// lets an outsider verify it alone, offline, without trusting us.
//
// It knows bytes, not business: what a change is, who may do what and how data
// gets written is for others. Two exceptions, both closed lists that stand here
// because an auditor's program must know them: the kinds of leaves ([Kinds]) and
// the moves of a change's state, which [Verify] judges. Every stored format is
// described, drawn and verifiable by hand in docs/evidence-format.md. Formats
// never change; they carry a version, and a new version is read beside the old.
//
// # From a step to a leaf
//
// Every step of a change appends one leaf, in the same metadata transaction that
// changes the state ([Log.Append] on a [Tree]). A [Leaf] is one line of canonical
// JSON with ids, digests, counts, states and times only. What is personal or
// free text (who, comment, title, reason, file name, the route's reasons) stands
// in an [Envelope] beside it: 32 random bytes of salt and a [Body]. The leaf
// holds the envelope's digest, so the envelope is bound to the log, and can still
// be erased by law without breaking it: the salt goes too, so the digest tells
// nothing. An erasure is a step itself, with a leaf of kind [Erased]: only
// therefore can a verifier tell what was erased from what somebody left out.
//
// The leaves of one change are a chain: seq counts 1, 2, 3 … and prev is the
// hash of the change's leaf before. Leaving one out in the middle shows offline.
//
// # The log
//
// All leaves, of all changes, are the records of one Merkle tree (RFC 6962, by
// golang.org/x/mod/sumdb/tlog). A [Checkpoint] is the tree's size and root, in
// the form of C2SP tlog-checkpoint, signed with the log's Ed25519 [Key]. Whoever
// keeps a checkpoint elsewhere can prove later that nothing before it was
// changed, and that nothing at the end was taken away ([Fsck] takes such anchors).
//
// # The pack
//
// [Gather] collects what proves one change, inside the transaction that appended
// its [EvidenceExported] leaf and made a checkpoint right after it: so the pack
// is the whole chain up to that checkpoint, and leaving leaves out at its end
// shows too. [Export] then streams the zip, outside of any transaction.
//
// A pack is canonical down to the last byte. Members are stored, not deflated,
// in a fixed order, with fixed times, and the zip's own headers follow from names,
// sizes and contents. [Verify] therefore reads no zip directory: it derives every
// byte of the file from pack.json and the members and compares. There is no
// second way to read a pack, and no room for a hidden member. Which members there
// must be follows from the leaves, and every member's content is bound to the
// signed checkpoint: leaves by their inclusion proofs, envelopes, plans and
// Compacts by digests in leaves, the README by being a constant.
//
// # What it does not do
//
// It does not decide who may export or erase, does not store (see [Store], which
// package store implements and package logtest checks), does not know the plan's
// manifest beyond three digests, and does not read the Compact: whether the
// decider was an owner as of then, the auditor reads in the pack's Compact.
package evidence
