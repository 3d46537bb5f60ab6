// Package recipe holds what is known of how files are read, from one file to the
// next: recipes, which people save by a name, and memory, which is kept without
// being asked for. Plain data and pure functions; package workflow asks for
// rights and stores it.
//
// # Recipes
//
// A [Recipe] is a name under which somebody keeps how a change read its file: the
// mode, what empty cells and invalid rows do, how the text was to be read, and
// which column was which. It belongs to one dataset and to its author; a shared one
// is there for all makers of the dataset's department. Every saving is a new
// [Version]; versions never change and are never taken away, and removing a recipe
// only takes it out of the lists. The plan's manifest holds the recipe's name, its
// version and all that it says of columns, so that evidence does not depend on it.
//
// Names are those of the person first: who has a recipe "monthly" of their own and
// sees a shared one of that name means their own. A person has one recipe of a name
// for a dataset, and a dataset one shared recipe of a name.
//
// A recipe says what each column of the file that it was saved from is, by name. A
// later file with other columns is still read, but [Difference] says exactly what
// is missing and what is new; new columns are left out until somebody says what
// they are. So a recipe never writes a column that nobody chose. The formats of a
// recipe are a person's choice like any other.
//
// # Memory
//
// A [Memory] is what a submitted change decided, kept for its maker, dataset and
// header; a later one for the same takes its place. Matching uses it where names say
// nothing (package intake), first the person's own, then the department's; and a
// format that was chosen for a column ([Formats]) decides where a later file can be
// read in several ways and nothing else does (package plan). The change in which it
// was chosen is kept with it, however often it counts, so that people are sent to the
// choice itself.
package recipe
