package postgres_test

import (
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
