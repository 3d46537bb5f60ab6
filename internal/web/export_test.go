package web

import "sutor/internal/wire"

// SentenceOf shows the sentence of a change to a test.
func SentenceOf(c wire.Change) string { return sentenceOf(c) }
