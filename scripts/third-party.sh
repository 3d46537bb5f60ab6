#!/bin/sh
# Writes THIRD_PARTY.md: every Go module that go.mod requires, with its licence as
# told by the licence file in the module cache, and what else is not ours.
# A licence that is not recognised ends the script: a person must look.
#
#   scripts/third-party.sh > THIRD_PARTY.md
#   scripts/third-party.sh --texts       the licence texts themselves, for a release
set -eu
cd "$(dirname "$0")/.."

modules() {
	paths=$(go mod edit -print | awk '$1 == "require" && $2 != "(" { print $2 } /^require \(/ { on = 1; next } /^\)/ { on = 0 } on { print $1 }')
	# shellcheck disable=SC2086 # a word for each module
	go list -m -f '{{.Path}} {{.Version}} {{.Dir}}' $paths | LC_ALL=C sort
}

licence_file() {
	for f in "$1"/LICENSE "$1"/LICENSE.txt "$1"/LICENSE.md "$1"/LICENCE "$1"/COPYING; do
		[ -f "$f" ] && { echo "$f"; return; }
	done
	echo "$1 has no licence file" >&2
	return 1
}

# licence names every licence whose words are in the file: some hold several.
licence() {
	text=$(tr -s '[:space:]' ' ' <"$1")
	names=
	add() { names="${names:+$names, }$1"; }
	case $text in *"Mozilla Public License"*) add MPL-2.0 ;; esac
	case $text in *"Apache License"*"Version 2.0"*) add Apache-2.0 ;; esac
	case $text in *"Permission is hereby granted, free of charge"*) add MIT ;; esac
	case $text in *"Permission to use, copy, modify, and"*) add ISC ;; esac
	case $text in
	*"Redistribution and use"*"either the name"* | *"Redistribution and use"*[Nn]"ame"*"be used to endorse"*) add BSD-3-Clause ;;
	*"Redistribution and use"*) add BSD-2-Clause ;;
	esac
	[ -n "$names" ] || { echo "$1 is not recognised" >&2; return 1; }
	echo "$names"
}

go mod download
if [ "${1:-}" = --texts ]; then
	modules | while read -r path version dir; do
		printf '\n======== %s %s\n\n' "$path" "$version"
		cat "$(licence_file "$dir")"
		for f in "$dir"/NOTICE "$dir"/NOTICE.txt; do
			if [ -f "$f" ]; then printf '\n'; cat "$f"; fi
		done
	done
	exit
fi

cat <<'END'
# What is not ours

Written by `scripts/third-party.sh`; do not edit. `scripts/third-party.sh --texts` prints the licence texts, which go
with every binary that is given to others.

## Data and code within this repository or its binaries

| What | Where | Licence |
|---|---|---|
| Companies of the demo: JerBouma/FinanceDatabase | `internal/demo/data` | MIT |
| Products of the demo: microsoft/sql-server-samples, AdventureWorks | `internal/demo/data` | MIT |
| DuckDB, compiled into its Go bindings | `github.com/duckdb/duckdb-go-bindings` | MIT |
| SQLite, compiled into its Go driver | `github.com/mattn/go-sqlite3` | public domain |
| htmx 4.0.1 (npm `htmx.org`), as published | `internal/web/ui/assets/vendor` | 0BSD |
| axe-core 4.14.1 (npm `axe-core`), as published; for tests, in no binary that is given to others | `test/browser/axe` | MPL-2.0 |
| versitygw and what it requires, the S3 server of the tests; in no binary that is given to others | `test/s3server/go.mod` | Apache-2.0 |

Test data has its licence beside it, in the `testdata` folders.

## Go modules

All that `go.mod` requires, those that only tests need included.

| Module | Version | Licence |
|---|---|---|
END
modules | while read -r path version dir; do
	file=$(licence_file "$dir")
	name=$(licence "$file")
	printf '| `%s` | %s | %s |\n' "$path" "$version" "$name"
done
