package workflow

// Expire ends the changes that waited too long, as Watch does every few seconds.
var Expire = (*Workflow).expire

// Remind reminds people, as Watch does every few seconds.
var Remind = (*Workflow).remind
