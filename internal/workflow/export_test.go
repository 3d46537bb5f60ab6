package workflow

// Expire ends the changes that waited too long, as Watch does every few seconds.
var Expire = (*Workflow).expire

// Remind reminds people, as Watch does every few seconds.
var Remind = (*Workflow).remind

// Due and ApplyAtItsTime are the two halves of ApplyDue, between which others act.
var (
	Due            = (*Workflow).due
	ApplyAtItsTime = (*Workflow).applyAtItsTime
)

// ApplyDue applies the changes whose time has come, as Watch does every few seconds.
var ApplyDue = (*Workflow).applyDue

// PipeRows gives each row that is produced, and LookAfter is what Watch does at each look.
var (
	PipeRows  = pipeRows
	LookAfter = (*Workflow).each
)
