# Everything a fresh Debian machine needs besides Go, gcc, g++ and make is
# installed here: PostgreSQL, MariaDB, sqlite3, Node, Chromium and mold for the tests. Nothing is left running.

SHELL   := /bin/bash
BUILD   := .build
GOFLAGS := -buildvcs=false
export GOFLAGS

# Seventeen test programs hold DuckDB: mold links them three times as fast as GNU ld.
FASTLINK := -ldflags='-w -extldflags=-fuse-ld=mold'

# Tests make thousands of small files and hundreds of databases, which take longer on
# some disks than what is tested: they are made in memory where there is plenty for them.
# What Go builds stays on the disk.
SHM     := $(shell [ "$$(df --output=avail -B1G /dev/shm 2>/dev/null | tail -1)" -ge 6 ] 2>/dev/null && ! grep -q ' /dev/shm .*noexec' /proc/mounts && echo TMPDIR=/dev/shm GOTMPDIR=$${TMPDIR:-/tmp})

.PHONY: mold demo build test test-long screenshots lint generate bench bench-small bench-intake faults postgres mariadb node chromium libreoffice clean

build: ; go build -o $(BUILD)/sutor ./cmd/sutor

## demo: the demo company on embedded databases; prints what to type next
demo: build
	$(BUILD)/sutor demo

## test: every kind of test once, against a PostgreSQL and a MariaDB of its own
test: lint postgres mariadb sqlite node chromium mold s3server
	go build -o $(BUILD)/ ./internal/connector/postgres/pgtest/cmd/withpg ./internal/connector/mysql/mysqltest/cmd/withmysql
	$(SHM) $(BUILD)/withpg -- $(BUILD)/withmysql -- go test $(FASTLINK) -parallel 4 -timeout 45m ./...

## test-long: the same with full counts, and workbooks that LibreOffice saved;
## prints what failed and how much was tried, and keeps the rest in $(BUILD)/test-long.log
test-long: lint postgres mariadb sqlite node chromium libreoffice mold s3server
	go build -o $(BUILD)/ ./internal/connector/postgres/pgtest/cmd/withpg ./internal/connector/mysql/mysqltest/cmd/withmysql
	set -o pipefail; $(SHM) SUTOR_LONG=1 $(BUILD)/withpg -- $(BUILD)/withmysql -- go test -v $(FASTLINK) -count=1 -parallel 4 -timeout 150m ./... 2>&1 \
	  | tee $(BUILD)/test-long.log | grep -E --line-buffered '^(ok|FAIL|panic)|^ *--- FAIL|faults: [0-9]|[0-9] cases: |[0-9] taken back: '

## faults: servers killed at every commit and at random moments, lines cut at
## every message, databases restarted, disks full; prints how many
faults: postgres node
	@mkdir -p $(BUILD)
	set -o pipefail; SUTOR_LONG=1 go test -count=1 -timeout 60m -v ./test/fault | tee $(BUILD)/faults.log
	@grep -o 'faults: .*' $(BUILD)/faults.log

## screenshots: every page at 360, 1024 and 1600 pixels, light and dark
screenshots: chromium
	go run ./test/browser/cmd/screenshots -out $(BUILD)/screenshots

## lint: gofmt, vet and staticcheck
lint:
	@unformatted=$$(git ls-files '*.go' | grep -v _templ.go | xargs -r gofmt -l); \
	  if [ -n "$$unformatted" ]; then echo "not formatted (gofmt -w): $$unformatted"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...

## generate: the pages' Go code from templ files
generate:
	go tool templ generate

## bench-small: 100,000 rows of CSV against 1,000,000 in PostgreSQL, beside psql
bench-small: postgres build
	go build -o $(BUILD)/withpg ./internal/connector/postgres/pgtest/cmd/withpg
	$(BUILD)/withpg -- go run ./bench -rows 1000000 -file 100000 -rounds 5

## bench: ten times as large, in PostgreSQL, SQLite and MariaDB; into docs/performance.md
.PHONY: bench-postgres bench-sqlite bench-mysql bench-ten sqlite
BESIDE := -out docs/performance.md
bench: bench-postgres bench-sqlite bench-mysql
bench-postgres: postgres build
	go build -o $(BUILD)/withpg ./internal/connector/postgres/pgtest/cmd/withpg
	$(BUILD)/withpg -- go run ./bench -rows 10000000 -file 1000000 -rounds 5 $(BESIDE)
	$(BUILD)/withpg -- go run ./bench -rows 10000000 -file 1000000 -rounds 3 -tuned $(BESIDE) -place tuned
bench-sqlite: sqlite build
	go run ./bench -kind sqlite -rows 10000000 -file 1000000 -rounds 3 $(BESIDE)
bench-mysql: mariadb build
	go run ./bench -kind mysql -rows 10000000 -file 1000000 -rounds 3 $(BESIDE)

## bench-ten: ten million rows in the file, and pages of a change of so many; into docs/performance.md
bench-ten: postgres chromium build
	go build -o $(BUILD)/withpg ./internal/connector/postgres/pgtest/cmd/withpg
	$(BUILD)/withpg -- go run ./bench -rows 10000000 -file 10000000 -rounds 1 $(BESIDE) -place ten
	go run ./bench/web -rows 10000000 $(BESIDE) -place ten-pages

## bench-intake: a workbook and a CSV of a million rows beside excelize and DuckDB; into docs/workbooks.md
bench-intake:
	go run ./bench/intake -out docs/workbooks.md

## bench-web: how fast the pages are with a change of a million rows, and what they weigh; into docs/performance.md
.PHONY: bench-web
bench-web: chromium
	go run ./bench/web -out docs/performance.md

## bench-many: a day of small changes: how soon a server is ready, what it holds, how long plans take ten at once; into docs/performance.md
.PHONY: bench-many
bench-many:
	go run ./bench/many -out docs/performance.md

## bench-messy: the score on polluted files, and every file of the folder CORPORA; into docs/intake.md
.PHONY: bench-messy
bench-messy:
	go run ./bench/messy -score -duckdb $(if $(CORPORA),-corpora $(CORPORA)) -out docs/intake.md

# The tests need PostgreSQL's server programs, from Debian's package where they
# are missing. They need not be on PATH.
postgres:
	@if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null; then \
	  echo "installing PostgreSQL for the tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql postgresql-client >/dev/null; fi

# The S3 server of the tests is built from a module of its own; Go keeps what it built.
.PHONY: s3server
s3server: ; @cd test/s3server && GOFLAGS= go tool -n versitygw >/dev/null

# And MariaDB's, in the same way.
mariadb:
	@if ! command -v mariadbd >/dev/null && ! ls /usr/sbin/mariadbd >/dev/null 2>&1; then \
	  echo "installing MariaDB for the tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mariadb-server >/dev/null; fi

# The long run has LibreOffice save workbooks; without a screen, so the smallest
# of Debian's packages will do.
libreoffice:
	@if ! command -v soffice >/dev/null; then \
	  echo "installing LibreOffice for the tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libreoffice-calc-nogui >/dev/null; fi

sqlite:
	@if ! command -v sqlite3 >/dev/null; then \
	  echo "installing sqlite3 for the tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq sqlite3 >/dev/null; fi

mold:
	@if ! command -v mold >/dev/null; then \
	  echo "installing mold to link the tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mold >/dev/null; fi

# The second verifier of evidence packs (test/verify-js) runs in Node, without packages.
node:
	@if ! command -v node >/dev/null; then \
	  echo "installing Node for the tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs >/dev/null; fi

# The stories of the pages are told in Chromium.
chromium:
	@if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then \
	  echo "installing Chromium for the tests"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; fi

clean: ; rm -rf $(BUILD)
