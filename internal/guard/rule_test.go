package guard_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/guard"
	"sutor/internal/record"
)

var schema = record.Schema{
	{Name: "id", Type: record.Type{Kind: record.Int, Bits: 64}},
	{Name: "terms", Type: record.Type{Kind: record.Text}, Nullable: true},
	{Name: "Straße", Type: record.Type{Kind: record.Decimal, Precision: 12, Scale: 2}, Nullable: true},
	{Name: "born", Type: record.Type{Kind: record.Date}, Nullable: true},
}

func TestRowFinding(t *testing.T) {
	t.Parallel()
	rule, err := guard.CompileRow(guard.Rule{Name: "big", Each: guard.EachRow, When: "after.id > 5",
		Then: finding.Approve, By: access.Manager, Say: "Needs a manager."}, schema)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		hits guard.Hits
		want finding.Finding
	}{
		"certain": {guard.Hits{Rows: 3, Ranges: []string{"2-4"}},
			finding.Finding{Guardrail: "big", Severity: finding.Approve, By: "manager", Rows: 3, Message: "Needs a manager.", Ranges: []string{"2-4"},
				Mend: "Nothing needs to be mended: somebody with the role manager looks at the rows and decides.", Who: "manager"}},
		"unknown": {guard.Hits{Rows: 2, Unknown: 2},
			finding.Finding{Guardrail: "big", Severity: finding.Approve, By: "manager", Rows: 2, Unknown: 2, Message: "could not be judged: Needs a manager.",
				Mend: "Give the rule the values it reads; what cannot be judged counts as hit.", Who: "maker"}},
		"both": {guard.Hits{Rows: 3, Unknown: 2},
			finding.Finding{Guardrail: "big", Severity: finding.Approve, By: "manager", Rows: 3, Unknown: 2, Message: "Needs a manager. (2 of 3 rows could not be judged.)",
				Mend: "Nothing needs to be mended: somebody with the role manager looks at the rows and decides.", Who: "manager"}},
	} {
		if diff := cmp.Diff(c.want, rule.Finding(c.hits)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestChangeFinding(t *testing.T) {
	t.Parallel()
	rule, err := guard.CompileChange(guard.Rule{Name: "share", When: "share > 0.5", Then: finding.Approve, Say: "Half the table."})
	if err != nil {
		t.Fatal(err)
	}
	for answer, want := range map[expr.Truth]string{expr.True: "Half the table.", expr.Unknown: "could not be judged: Half the table.", expr.False: ""} {
		f, hit := rule.Finding(answer)
		if hit != (want != "") || f.Message != want {
			t.Errorf("%s gives %v %q, want %q", answer, hit, f.Message, want)
		}
		if hit && f.By != "owner" {
			t.Errorf("%s asks %q, want the owner where the rule names nobody", answer, f.By)
		}
	}
}

func TestRuleOfTheOtherKind(t *testing.T) {
	t.Parallel()
	_, err := guard.CompileRow(guard.Rule{Name: "x", Each: guard.EachChange, When: "true"}, schema)
	if errs.KindOf(err) != errs.Invalid {
		t.Errorf("a rule for changes compiled for rows: %v", err)
	}
	_, err = guard.CompileChange(guard.Rule{Name: "x", When: "true", Then: "explode"})
	if errs.KindOf(err) != errs.Invalid {
		t.Errorf("an unknown consequence: %v", err)
	}
}

func TestErrorHasPlaceAndPublicFace(t *testing.T) {
	t.Parallel()
	_, err := guard.CompileRow(guard.Rule{Name: "x", When: "after.id > 5 &&\n  after.nope > 5"}, schema)
	var at *guard.Error
	if !errors.As(err, &at) || at.Line != 2 || at.Column != 3 || at.Rule != "x" {
		t.Fatalf("got %#v", err)
	}
	if public := errs.As(err); public == nil || public.Kind != errs.Invalid || public.Message != at.Message() || public.Mend != at.Mend() {
		t.Errorf("public face %+v", public)
	}
}

// FuzzCompileRow: any text is refused with a place inside it, or compiles to a
// rule that can be judged, printed, and read again from its own text.
func FuzzCompileRow(f *testing.F) {
	for _, seed := range []string{
		`op == "update" && after.id > before.id * 1.5`, `col(after, "Straße") / (before.id - 1) != null`, `after.terms.matches("(?i)^a\\d") ? true : 1 in [2.5, -3]`,
		`"id" in changed || size(changed) > -(-1)`, `!(after.born < date("2026-01-31")) || after.terms in ["\"", 'b']`, "abs(-after.id) + 1e3 >= .5", "after.", "\"", "\n=",
	} {
		f.Add(seed)
	}
	row := expr.Row{Operation: expr.Update, Values: map[expr.Ref]string{{Side: expr.After, Name: "id"}: "5", {Side: expr.After, Name: "terms"}: "a1"}}
	binding := expr.Binding{Column: func(side expr.Side, name string) string { return `"` + name + `"` }, Op: "op", Changed: "changed"}
	f.Fuzz(func(t *testing.T, when string) {
		rule, err := guard.CompileRow(guard.Rule{Name: "x", When: when}, schema)
		if err != nil {
			var at *guard.Error
			if !errors.As(err, &at) || at.Line < 1 || at.Column < 1 || at.Message() == "" || at.Mend() == "" {
				t.Fatalf("%q: %#v", when, err)
			}
			return
		}
		answer := rule.Judge(row)
		rule.Unknowns()
		_ = rule.Condition().SQL(expr.DuckDB(), binding)
		text := rule.Condition().String()
		again, err := guard.CompileRow(guard.Rule{Name: "x", When: text}, schema)
		if err != nil {
			t.Fatalf("%q prints as %q: %v", when, text, err)
		}
		if got := again.Condition().String(); got != text || again.Judge(row) != answer {
			t.Fatalf("%q prints as %q, then as %q", when, text, got)
		}
	})
}
