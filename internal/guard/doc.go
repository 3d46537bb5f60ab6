// Package guard compiles the guardrails of a Compact: the text of a rule
// becomes a condition of package expr, and a hit becomes a finding. It is the
// only home of the CEL library, and uses its parser alone: types, functions and
// meanings are this package's, see docs/guardrail-language.md.
//
// # Two kinds of rules
//
// [CompileRow] makes a rule that is judged row by row (each: row). It knows op,
// before, after and changed. The plan prints its condition as SQL over all
// rows; [RowRule.Judge] is the reference for one row. [RowRule.Columns] are the
// columns that must be among the judged set of a change.
//
// [CompileChange] makes a rule that is judged once, on the figures of a whole
// change (each: change, and the freedom of a dataset). It knows rows, inserts,
// updates, deletes, share, risk and maker.
//
// # Refusals
//
// A rule that cannot be compiled gives an [*Error]: where in the text, what is
// wrong, how to mend it. Only the first mistake is told. Everything that
// compiles can be judged on any row: nothing in this language fails at run time,
// it becomes unknown.
//
// # Unknown
//
// An unknown answer is a hit, and the finding says "could not be judged".
// [RowRule.Unknowns] tells beforehand why a rule may come out unknown, so that
// the Compact's check can warn. A freedom must hold for certain: its caller asks
// for expr.True, not for a hit.
//
// The built-in checks (one_of, min, pattern…) are not rules of this language
// and are not here.
package guard
