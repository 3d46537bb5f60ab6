// Package job wakes workers up: River, in the metadata database, enqueued in the
// transaction that changes the state. A job is nothing but "look at this change
// now"; each worker is one call into workflow.
//
// # What River is not asked for
//
// River carries no truth. Who works on a change is decided by the lease in the
// change itself (node, epoch, heartbeat), and what came of it stands in the
// change and its evidence. So River's own safety nets, which would run a job a
// second time behind the lease's back, are off: one attempt, no time-out, no
// rescue of stuck jobs. A worker's error is logged here and the wake-up counts as
// delivered; after a crash it is workflow that takes overdue leases over and
// enqueues again. The row that a crash left as running is discarded by the next
// start of the same home ([Options]), or by any start a week later, and removed
// when River removes what has ended. A wake-up that comes twice, or for a change
// that moved on, must do no harm: workflow sees to that.
//
// What River logs is passed on from warnings up, and each message once in half a
// minute: with a full disk it would say the same many times a second.
//
// # On SQLite
//
// River uses the store's single writer connection (sqlite.DB.Writer), so its
// writes queue with units of work instead of failing as busy, and it holds the
// connection for single statements only, never while a worker runs. SQLite has no
// notifications, so the store tells [Client.Wake] when a transaction that enqueued has
// committed, and a bell inside the process stands in for them: its one process both
// enqueues and works. What nobody told of is looked for every second, there as on
// PostgreSQL.
//
// # On PostgreSQL
//
// River uses the store's pool (postgres.DB.Pool), one connection of it to listen:
// an insert notifies the workers of every server on the database when it commits,
// and whoever is free takes the job. They look for what nobody told of every
// second. Completed jobs are removed by one of them, whom they elect.
//
// # On both
//
// River's tables are migrated by [New] in the same database, and refused where a
// newer River made them; on PostgreSQL call it
// inside postgres.DB.Alone. Plans and applies have a queue each, so that a flood
// of plans never keeps an approved change waiting. [Client] has the transaction's
// type as its parameter, and [Database] is all that differs.
package job
