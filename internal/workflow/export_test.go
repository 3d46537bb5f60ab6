package workflow

// Expire ends the changes that waited too long, as Watch does every few seconds.
var Expire = (*Workflow).expire
