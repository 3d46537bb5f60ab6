// Package identity answers one question: who is this? It proves persons by a
// password of a local account (for the pages) or by an access token (for the API
// and the command line, and for the pages too), and gives their e-mail and the means of the proof. What
// the person may do is not its matter: workflow.Person looks the e-mail up in the
// Compact in force, and somebody whom the Compact no longer names gets nowhere,
// whatever they can prove here.
//
// # Passwords
//
// Only the demo sets any so far: everywhere else people sign in to the pages with
// an access token in the password's place. Kept as argon2id in the PHC string format (RFC 9106; parameters in one place,
// [current]). A hash made with older parameters is renewed at the next sign-in.
// An unknown person costs the same time and gets the same answer as a wrong
// password, so that nobody learns who has an account. At most a few hashes are
// computed at once, because each takes 19 MiB.
//
// Guessing is slowed down by two leaky buckets, taken from before the password is
// looked at: one for the account, one for the address the attempt comes from. A
// bucket refills with time, so an account can be slowed down by a stranger but
// never locked. The buckets live in memory: a restart empties them.
//
// # Tokens
//
//	sutor_ID_SECRET_CHECK
//
// ID (10 letters and digits) is public and stands in evidence as "token:ID".
// SECRET is 32 random bytes as 43 digits of base 62. CHECK is the CRC-32 of what
// stands before it as 6 digits of base 62: a cut or mistyped token is told from a
// wrong one without asking the store, and scanners that look for leaked secrets
// can tell one from chance. Only the SHA-256 of the whole text is kept; with 256
// random bits it needs neither salt nor a slow hash.
//
// # What it does not do
//
// It keeps nothing itself: [Tokens] and [Accounts] are its ports, package store
// implements them. Browser sessions are scs's, with a store in package store;
// package web makes a new session at every sign-in. Issuing a token is a use case
// (package workflow), since it is evidence.
package identity
