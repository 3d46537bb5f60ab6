// Package storetest is the conformance suite of metadata stores: what every
// implementation of workflow.Store and of identity's ports must do. A store's
// own test is a few lines that call [Run]; what belongs to one database only
// (files, migrations, pools) is tested beside it.
//
// Each test is small, named for one promise, and gets a fresh and empty store.
package storetest
