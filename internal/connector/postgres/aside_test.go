package postgres_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/connector/postgres"
	"sutor/internal/system/driver"
)

// TestStoredAfterTriggers: what an AFTER trigger makes of a row is given back,
// though RETURNING does not see it, and one row of two that cannot be written is
// still a conflict.
func TestStoredAfterTriggers(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b');
		CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			UPDATE t SET v = v || '!' WHERE id = NEW.id AND v NOT LIKE '%!'; RETURN NULL; END $$;
		CREATE TRIGGER late AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION late()`)
	w := writeOf(driver.Update, describe(t, d, "t"))
	o := write(t, d, w, "1,\"1\",\"1\",\"a\",\"x\"\n2,\"1\",\"2\",\"other\",\"x\"\n")
	if want := []driver.Conflict{{Number: 2}}; o.err != nil || !cmp.Equal(want, o.conflicts) {
		t.Errorf("conflicts %v, error %v; want %v", o.conflicts, o.err, want)
	}
	if o := write(t, d, w, "1,\"1\",\"1\",\"a\",\"x\"\n"); o.err != nil || o.stored != "\"1\",\"1\",\"x!\"\n" {
		t.Errorf("updated: %q, %v", o.stored, o.err)
	}
	w.Op = driver.Insert
	if o := write(t, d, w, "1,\"1\",\"3\",,\"y\"\n"); o.err != nil || o.stored != "\"1\",\"3\",\"y!\"\n" {
		t.Errorf("inserted: %q, %v", o.stored, o.err)
	}
}

// TestStepsAsideOnlyWhereItMust: a row whose value nobody takes is written once,
// as its trigger sees; the judgement stands in the first write.
func TestStepsAsideOnlyWhereItMust(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY, v text UNIQUE); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');
		CREATE TABLE seen (id int, v text);
		CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (NEW.id, NEW.v); RETURN NEW; END $$;
		CREATE TRIGGER see BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION see()`)
	w := writeOf(driver.Update, describe(t, d, "t"))
	chain := "1,\"1\",\"1\",\"a\",\"b\"\n2,\"1\",\"2\",\"b\",\"c\"\n3,\"1\",\"3\",\"c\",\"d\"\n"
	if o := write(t, d, w, chain); o.err != nil || o.written != 3 {
		t.Fatalf("%+v", o)
	}
	var twice int
	if err := s.pool.QueryRow(ctx, `SELECT count(*) FROM seen WHERE v IS NULL`).Scan(&twice); err != nil || twice != 2 {
		t.Errorf("%d rows stepped aside (%v), want the two whose value is taken", twice, err)
	}
	s.Exec(t, `UPDATE t SET v = 'theirs' WHERE id = 2`)
	back := "1,\"1\",\"1\",\"b\",\"a\"\n2,\"1\",\"2\",\"c\",\"b\"\n3,\"1\",\"3\",\"d\",\"c\"\n"
	if o := write(t, d, w, back); o.err != nil || !cmp.Equal([]driver.Conflict{{Number: 2}}, o.conflicts) {
		t.Errorf("conflicts %v, error %v; want row 2", o.conflicts, o.err)
	}
	if got := fetch(t, d, describe(t, d, "t"), []string{"id"}, "1,\"1\"\n"); got != `"1","1","b"`+"\n" {
		t.Errorf("after the conflict row 1 is %q", got)
	}
}

func TestDescribeRowSecurity(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	role := "clerk_" + s.database(t)
	s.Exec(t, "CREATE ROLE "+role+" LOGIN")
	t.Cleanup(func() { s.Exec(t, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	s.Exec(t, `CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t ENABLE ROW LEVEL SECURITY; GRANT ALL ON t TO `+role)
	if got := describe(t, d, "t").Hidden; got != "" {
		t.Errorf("a superuser sees every row, but: %s", got)
	}
	clerk, err := postgres.Open(ctx, strings.Replace(s.dsn, "postgres@", role+"@", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer clerk.Close()
	if got := describe(t, clerk, "t").Hidden; got == "" {
		t.Error("it is not said that row security hides rows")
	}
}

func TestDescribeReferences(t *testing.T) {
	t.Parallel()
	s, d := open(t)
	s.Exec(t, `CREATE SCHEMA "Other"; CREATE TABLE t (id int PRIMARY KEY, code text UNIQUE, boss int REFERENCES t ON DELETE SET NULL);
		CREATE TABLE "Other".child (at timestamp, "t id" bigint REFERENCES t (id) ON DELETE CASCADE, code varchar(9) REFERENCES t (code)) PARTITION BY RANGE (at);
		CREATE TABLE "Other".part PARTITION OF "Other".child DEFAULT`)
	var got []string
	for _, r := range describe(t, d, "t").ReferencedBy {
		got = append(got, r.Table.String()+" "+r.Columns[0].Name+" "+r.Columns[0].Type.Native+" → "+r.RefColumns[0]+" "+r.OnDelete)
	}
	want := []string{"Other.child code character varying(9) → code ", "Other.child t id bigint → id cascade", "public.t boss integer → id set null"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	s.Exec(t, `CREATE TABLE whole (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE low PARTITION OF whole FOR VALUES FROM (0) TO (9);
		CREATE TABLE high PARTITION OF whole DEFAULT; CREATE TABLE of_whole (id int REFERENCES whole ON UPDATE CASCADE); CREATE TABLE of_low (id int REFERENCES low ON UPDATE SET NULL)`)
	for table, want := range map[string]string{"whole": "of_low set null, of_whole cascade, ", "low": "of_low set null, of_whole cascade, ", "high": "of_whole cascade, "} {
		got := ""
		for _, r := range describe(t, d, table).ReferencedBy {
			got += r.Table.Name + " " + r.OnUpdate + ", "
		}
		if got != want {
			t.Errorf("%s is referred to by %q, want %q", table, got, want)
		}
	}
	if u := describe(t, d, "t"); u.Defers(u.PrimaryKey) {
		t.Error("the primary key is not deferrable")
	}
	s.Exec(t, `CREATE TABLE late (id int PRIMARY KEY DEFERRABLE, v text UNIQUE)`)
	if u := describe(t, d, "late"); !u.Defers([]string{"id"}) || u.Defers([]string{"v"}) {
		t.Errorf("deferrable: %v, want id", u.Deferrable)
	}
}
