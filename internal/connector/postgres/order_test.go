package postgres_test

import (
	"strings"
	"testing"

	"sutor/internal/system/driver"
)

// TestToldOrder: an update of a table that lies in the order of its key is planned for
// its index; an insert, a table in no order, and one whose triggers have queries of
// their own are planned as ever. A check of the table's tells which.
func TestToldOrder(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE seen (hash text);
		CREATE FUNCTION see() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (current_setting('enable_hashjoin')); RETURN true; END $$;
		CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
		CREATE TABLE ordered (id int PRIMARY KEY, v text CHECK (see())); CREATE TABLE mixed (LIKE ordered INCLUDING ALL); CREATE TABLE triggered (LIKE ordered INCLUDING ALL);
		CREATE TRIGGER nothing BEFORE UPDATE ON triggered FOR EACH ROW EXECUTE FUNCTION nothing();
		CREATE TABLE parted (id int PRIMARY KEY, v text CHECK (see())) PARTITION BY RANGE (id); CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (0) TO (100000);
		CREATE TRIGGER nothing BEFORE UPDATE ON part1 FOR EACH ROW EXECUTE FUNCTION nothing();
		CREATE TABLE ranges (id int, v text CHECK (see())); CREATE INDEX ON ranges USING brin (id);
		INSERT INTO ordered SELECT i, 'a' FROM generate_series(1, 1000) AS i; INSERT INTO triggered SELECT * FROM ordered; INSERT INTO part1 SELECT * FROM ordered; INSERT INTO ranges SELECT * FROM ordered;
		INSERT INTO mixed SELECT * FROM ordered ORDER BY md5(id::text); ANALYZE ordered, mixed, triggered, part1, ranges; ANALYZE parted`)
	const update, insert = "1,\"1\",\"7\",\"a\",\"b\"\n", "1,\"1\",\"2000\",,\"b\"\n"
	for _, c := range []struct {
		table   string
		op      driver.Op
		records string
		want    string
	}{
		{"ordered", driver.Update, update, "off"}, {"ordered", driver.Insert, insert, "on"},
		{"mixed", driver.Update, update, "on"}, {"triggered", driver.Update, update, "on"},
		{"parted", driver.Update, update, "on"}, {"ranges", driver.Update, update, "on"},
	} {
		s.Exec(t, `TRUNCATE seen`)
		table := describe(t, d, c.table)
		table.PrimaryKey = []string{"id"}
		if o := write(t, d, writeOf(c.op, table), c.records); o.err != nil || o.written != 1 {
			t.Fatalf("%s of %s: %+v", c.op, c.table, o)
		}
		var got string
		if err := s.pool.QueryRow(ctx, `SELECT string_agg(hash, ' ') FROM seen`).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s of %s: hash joins were %q (%v), want %q", c.op, c.table, got, err, c.want)
		}
	}
}

// TestFewKeysAreLookedUpInOrder: keys that are few beside the table's rows go through
// its index in the order of the key, whatever order they came up in; not where no unique
// index has the key, where many rows would be gone through for each of them.
func TestFewKeysAreLookedUpInOrder(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE DOMAIN number AS int; CREATE EXTENSION citext SCHEMA public;
		CREATE TABLE numbers (id int PRIMARY KEY, v text); CREATE TABLE texts (id varchar(9) UNIQUE, v text); CREATE TABLE domains (id number PRIMARY KEY, v text);
		CREATE TABLE pairs (v text, id int, PRIMARY KEY (id, v)); CREATE TABLE wider (LIKE pairs INCLUDING ALL); CREATE TABLE indexed (id int, v text); CREATE INDEX ON indexed (id);
		CREATE TABLE folded (id public.citext PRIMARY KEY, v text);
		INSERT INTO numbers SELECT i, 'x' FROM generate_series(1, 1000) AS i; INSERT INTO texts SELECT to_char(id, 'FM0000'), v FROM numbers;
		INSERT INTO domains SELECT * FROM numbers; INSERT INTO pairs SELECT v, id FROM numbers; INSERT INTO wider SELECT v, id FROM numbers; INSERT INTO indexed SELECT * FROM numbers;
		INSERT INTO folded SELECT * FROM texts;
		ANALYZE`)
	for _, c := range []struct {
		table, asked string
		by           []string
		ordered      bool
	}{
		{"numbers", "1,\"900\"\n2,\"20\"\n3,\"100\"\n", []string{"id"}, true},
		{"texts", "1,\"0900\"\n2,\"0020\"\n3,\"0100\"\n", []string{"id"}, true},
		{"domains", "1,\"900\"\n2,\"20\"\n3,\"100\"\n", []string{"id"}, true},
		{"pairs", "1,\"900\",\"x\"\n2,\"20\",\"x\"\n3,\"100\",\"x\"\n", []string{"id", "v"}, true},
		{"wider", "1,\"900\"\n2,\"20\"\n3,\"100\"\n", []string{"id"}, false},
		{"indexed", "1,\"900\"\n2,\"20\"\n3,\"100\"\n", []string{"id"}, false},
		{"folded", "1,\"0900\"\n2,\"0020\"\n3,\"0100\"\n", []string{"id"}, false},
	} {
		came := ""
		for line := range strings.Lines(fetch(t, d, describe(t, d, c.table), c.by, c.asked)) {
			came += strings.Trim(line, `"`)[:1]
		}
		if len(came) != 3 || (came == "231") != c.ordered {
			t.Errorf("%s: lines came in the order %s", c.table, came)
		}
	}
}
