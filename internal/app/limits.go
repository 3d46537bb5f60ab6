package app

import (
	"runtime"

	"sutor/internal/errs"
	"sutor/internal/wire"
)

// defaultSlots is how many plans and applies are worked on at once: each may use
// two threads.
func defaultSlots() int { return max(1, runtime.NumCPU()/2) }

// limits are those that people are told.
func (a *App) limits() wire.Limits {
	c := a.config
	return wire.Limits{Upload: c.MaxUpload, Rows: c.MaxRows, Staging: c.MaxStaging, Spill: c.MaxSpill,
		Plan: c.MaxPlan.Milliseconds(), Slots: c.Slots, Artifacts: c.MaxArtifacts}
}

// tellLimits writes one line to the log, for the steward.
func (a *App) tellLimits() {
	c := a.config
	plan, artifacts := "none", "none"
	if c.MaxPlan > 0 {
		plan = c.MaxPlan.String()
	}
	if c.MaxArtifacts > 0 {
		artifacts = errs.Size(c.MaxArtifacts)
	}
	copies := "none"
	if c.place.Bucket != "" {
		copies = errs.Size(c.MaxCache)
	}
	c.Log.Info("limits", "upload", errs.Size(c.MaxUpload), "rows", c.MaxRows, "staging", errs.Size(c.MaxStaging),
		"spill", errs.Size(c.MaxSpill), "plan", plan, "slots", c.Slots, "artifacts", artifacts, "copies", copies)
}
