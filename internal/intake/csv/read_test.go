package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/errs"
)

var asRow = cmp.AllowUnexported(row{})

func TestRead(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, want string // want: the staging file
		columns          []string
		dialect          string
	}{
		{"plain", "id,name\n1,a\n2,b\n", "2,,\"1\",\"a\"\n3,,\"2\",\"b\"\n", []string{"id", "name"}, "UTF-8, separated by commas, lines ended by LF"},
		{"no line end at the end", "id,name\n1,a", "2,,\"1\",\"a\"\n", nil, ""},
		{"CRLF", "id,name\r\n1,a\r\n", "2,,\"1\",\"a\"\n", nil, "UTF-8, separated by commas, lines ended by CRLF"},
		{"CR", "id,name\r1,a\r2,b", "2,,\"1\",\"a\"\n3,,\"2\",\"b\"\n", nil, "UTF-8, separated by commas, lines ended by CR"},
		{"mixed", "id,name\r\n1,a\n2,b\r3,c\r\n", "2,,\"1\",\"a\"\n3,,\"2\",\"b\"\n4,,\"3\",\"c\"\n", nil, "UTF-8, separated by commas, lines ended in mixed ways"},
		{"mark", "\uFEFFid;name\n1;a\n", "2,,\"1\",\"a\"\n", []string{"id", "name"}, "UTF-8 with byte order mark, separated by semicolons, lines ended by LF"},
		{"two marks", "\uFEFF\uFEFFid\tname\n1\ta\n", "2,,\"1\",\"a\"\n", []string{"id", "name"}, "UTF-8 with byte order mark, separated by tabs, lines ended by LF"},
		{"mark before a quote", "\uFEFF\"id\",name\n1,a\n", "2,,\"1\",\"a\"\n", []string{"id", "name"}, ""},
		{"NULL and empty text", "a,b,c\n,\"\", \n", "2,,,\"\",\" \"\n", nil, ""},
		{"all NULL", "a,b\n,\n", "2,,,\n", nil, ""},
		{"separator at the end of the file", "a,b\nx,", "2,,\"x\",\n", nil, ""},
		{"no trimming", "a,b\n 1 ,\t2\u00A0\n", "2,,\" 1 \",\"\t2\u00A0\"\n", nil, ""},
		{"quoted", "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "2,,\"x,y\",\"say \"\"hi\"\"\"\n", nil, ""},
		{"lines in quotes count", "a,b\n\"1\n2\r\n3\r4\",x\n5,y\n", "2,,\"1\n2\r\n3\r4\",\"x\"\n6,,\"5\",\"y\"\n", nil, ""},
		{"lines in the header count", "\"a\nb\",c\n1,2\n", "3,,\"1\",\"2\"\n", []string{"a\nb", "c"}, ""},
		{"quote in text", "a,b\n5\" pipe,x\"\"y\n", "2,,\"5\"\" pipe\",\"x\"\"\"\"y\"\n", nil, ""},
		{"quote after a blank is text", "a,b\n1, \"x\"\n", "2,,\"1\",\" \"\"x\"\"\"\n", nil, ""},
		{"text after a quote", "a,b\n1,\"x\"y\n2,z\n", "2,\"quote:2\",\"1\",\"\"\"x\"\"y\"\n3,,\"2\",\"z\"\n", nil, ""},
		{"blank after a quote", "a,b\n\"x\" ,1\n", "2,\"~quote:1\",\"x\",\"1\"\n", nil, ""},
		{"broken outranks ragged", "a,b\n\"x\"y\n", "2,\"quote:1\",\"\"\"x\"\"y\",\n", nil, ""},
		{"too few", "a,b,c\n1\n1,2\n", "2,\"cells:1\",\"1\",,\n3,\"cells:2\",\"1\",\"2\",\n", nil, ""},
		{"too many", "a,b\n1,2,3\n1,2,,\"\"\n1,2, \n", "2,\"cells:3\",\"1\",\"2\"\n3,\"cells:4\",\"1\",\"2\"\n4,\"cells:3\",\"1\",\"2\"\n", nil, ""},
		{"too many but empty", "a,b\n1,2,,,\n,,\n3,4\n", "2,,\"1\",\"2\"\n3,,,\n4,,\"3\",\"4\"\n", nil, ""},
		{"blank lines", "\n\r\na,b\n\n1,2\n\r\r\n3,4\n\n", "5,,\"1\",\"2\"\n8,,\"3\",\"4\"\n", []string{"a", "b"}, ""},
		{"a line of blanks is a record", "a,b\n \n", "2,\"cells:1\",\" \",\n", nil, ""},
		{"one column", "id\n1\n\"\"\n\n2", "2,,\"1\"\n3,,\"\"\n5,,\"2\"\n", []string{"id"}, "UTF-8, one column, lines ended by LF"},
		{"names trimmed", " id ,\"name \"\n1,2\n", "2,,\"1\",\"2\"\n", []string{"id", "name"}, ""},
		{"names differ in case and form", "a,A,Caf\u00e9,Cafe\u0301\n1,2,3,4\n", "2,,\"1\",\"2\",\"3\",\"4\"\n", nil, ""},
		{"not line ends", "a,b\n1\u2028\v\f\u0085,2\n3,4", "2,,\"1\u2028\v\f\u0085\",\"2\"\n3,,\"3\",\"4\"\n", nil, ""},
		{"the end of a COPY is text", "a,b\n\\.,\\N\n", "2,,\"\\.\",\"\\N\"\n", nil, ""},
		{"formulas and SQL are text", "\"'; DROP TABLE x; --\",b\n=cmd|' /C calc'!A0,'; DROP TABLE x; --\n1,2\n", "2,,\"=cmd|' /C calc'!A0\",\"'; DROP TABLE x; --\"\n3,,\"1\",\"2\"\n", []string{"'; DROP TABLE x; --", "b"}, ""},
		{"long text", "a,b\n" + strings.Repeat("x", 1000) + ",\"" + strings.Repeat("y\n", 500) + "\"\nz,", "2,,\"" + strings.Repeat("x", 1000) + "\",\"" + strings.Repeat("y\n", 500) + "\"\n503,,\"z\",\n", nil, ""},
	}
	for _, tt := range tests {
		for _, window := range []int{8, 64, windowSize} {
			t.Run(fmt.Sprint(tt.name, "/", window), func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				res, err := read(context.Background(), strings.NewReader(tt.file), &out, Options{}, window)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(tt.want, out.String()); d != "" {
					t.Errorf("staging (-want +got):\n%s", d)
				}
				if d := cmp.Diff(tt.columns, res.Columns); tt.columns != nil && d != "" {
					t.Errorf("columns (-want +got):\n%s", d)
				}
				if tt.dialect != "" && res.Dialect != tt.dialect {
					t.Errorf("dialect %q, want %q", res.Dialect, tt.dialect)
				}
				if res.Bytes != int64(len(tt.file)) || res.Rows != int64(len(staged(t, out.Bytes()))) {
					t.Errorf("%d bytes, %d rows", res.Bytes, res.Rows)
				}
			})
		}
	}
}

func TestResultCounts(t *testing.T) {
	t.Parallel()
	res, err := Read(context.Background(), strings.NewReader("\na,b\n1\n\n\"x\"y,2\n3,4\n\n"), io.Discard, Options{})
	if err != nil || !cmp.Equal(res.Columns, []string{"a", "b"}) || res.Rows != 3 || res.Bytes != 20 || res.Defects != 2 || res.BlankLines != 3 {
		t.Errorf("%+v, %v", res, err)
	}
	if res.Found.Delimiter != "," || res.Found.Quote != `"` || *res.Found.SkipLines != 1 || *res.Found.HeaderLines != 1 || res.Dialect != "UTF-8, separated by commas, lines ended by LF" {
		t.Errorf("%+v", res)
	}
}

func TestDelimiter(t *testing.T) {
	t.Parallel()
	tests := []struct{ file, want string }{
		{"a,b\n1,2\n", ","},
		{"a;b\n1;2\n", ";"},
		{"a\tb\n1\t2\n", "\t"},
		{"a\n1\n", ""},
		{"a;b;c\n1;1,5;2,5\n", ";"},
		{"id;price, net\n1;10\n", ";"},
		{"id,\"a;b;c;d\"\n1,2\n", ","},
		{"\"a\"\"x;y\",b\n1,2\n", ","},
		{"id;name;price, net\n1;x;1,5\n2;y;2,5\n", ";"},
		{"id;name, first, second\n1;a,b,c\n2;d,e\n", ";"},
		{"\n\na;b\n1;2\n", ";"},
		{"\"a\n;\";b\n1;2\n", ";"},
	}
	for _, tt := range tests {
		res, err := Read(context.Background(), strings.NewReader(tt.file), io.Discard, Options{})
		if err != nil || res.Found.Delimiter != tt.want {
			t.Errorf("%q: %q, want %q (%v)", tt.file, res.Found.Delimiter, tt.want, err)
		}
	}
	res, err := Read(context.Background(), strings.NewReader("a,b;c\n1,2;3\n"), io.Discard, Options{Delimiter: ";"})
	if err != nil || !cmp.Equal(res.Columns, []string{"a,b", "c"}) {
		t.Errorf("told: %+v, %v", res, err)
	}
	for _, o := range []Options{{Delimiter: "\n"}, {Quote: "ab"}, {SkipLines: new(-1)}, {HeaderLines: new(1000)}, {Table: 2}} {
		if _, err := Read(context.Background(), strings.NewReader("a,b\n1,2\n"), io.Discard, o); errs.KindOf(err) != errs.Usage {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200)
	tests := []struct {
		name, file string
		limits     Limits
		say        []string // what the sentence must hold
	}{
		{"empty", "", Limits{}, []string{"empty", "no bytes"}},
		{"only a mark", "\uFEFF", Limits{}, []string{"empty"}},
		{"only blank lines", "\n\r\n\n", Limits{}, []string{"empty"}},
		{"NUL", "a,b\n1,2\nx\x00,y\n", Limits{}, []string{"Line 3", "byte 2", "NUL"}},
		{"NUL in a cut character", "a,b\n1,M\xc3\x00\n", Limits{}, []string{"Line 2", "NUL"}},
		{"columns", "a,b,c,d\n1,2,3,4\n", Limits{MaxColumns: 3}, []string{"4 columns", "at most 3", "steward"}},
		{"rows", "a\n1\n2\n3\n", Limits{MaxRows: 2}, []string{"2 rows", "steward"}},
		{"bytes", "a,b\n1,2\n3,4\n", Limits{MaxBytes: 9}, []string{"9 bytes", "steward"}},
		{"cell", "a,b\n1," + long + "\n", Limits{MaxCell: 100}, []string{"Cell 2", "line 2", "100 bytes", "steward"}},
		{"cell at the end", "a,b\n1," + long, Limits{MaxCell: 100}, []string{"Cell 2", "line 2", "100 bytes", "steward"}},
		{"quoted cell", "a,b\n1,2\n\"\n\",\"" + long + "\"\n", Limits{MaxCell: 100}, []string{"Cell 2", "line 3", "in line 4", "quote is closed"}},
		{"quoted cell never closed", "a,b\n1,\"" + long, Limits{MaxCell: 100}, []string{"Cell 2", "line 2", "quote is closed"}},
		{"record", "a,b\n1,2\n" + strings.Repeat("x,", 150) + "\n", Limits{MaxRecord: 200}, []string{"line 3", "200 bytes"}},
	}
	for _, tt := range tests {
		for _, window := range []int{8, windowSize} {
			t.Run(fmt.Sprint(tt.name, "/", window), func(t *testing.T) {
				t.Parallel()
				_, err := read(context.Background(), strings.NewReader(tt.file), io.Discard, Options{Limits: tt.limits, Delimiter: ","}, window)
				e := errs.As(err)
				if e == nil || e.Kind != errs.Invalid || e.Mend == "" {
					t.Fatalf("%#v", err)
				}
				for _, say := range tt.say {
					if !strings.Contains(e.Error(), say) {
						t.Errorf("%q does not say %q", e.Error(), say)
					}
				}
			})
		}
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	file := "a,b\n1,2\n3,\"4\"\n"
	_, err := Read(context.Background(), strings.NewReader(file), io.Discard,
		Options{Limits: Limits{MaxBytes: int64(len(file)), MaxRows: 2, MaxColumns: 2, MaxCell: 3, MaxRecord: 6}})
	if err != nil {
		t.Error(err)
	}
}

// The limit is on the file's bytes, however few characters they are.
func TestLimitCountsTheFile(t *testing.T) {
	t.Parallel()
	file := "\xff\xfea\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x00"
	for max, refused := range map[int64]bool{int64(len(file)): false, int64(len(file)) - 1: true} {
		res, err := Read(context.Background(), strings.NewReader(file), io.Discard, Options{Limits: Limits{MaxBytes: max}})
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "bytes, the most that are taken") {
			t.Errorf("%d: %+v, %v", max, res, err)
		}
	}
}

func TestPaddingIsBounded(t *testing.T) {
	t.Parallel()
	var header []string
	for i := range 16_384 {
		header = append(header, fmt.Sprint("c", i))
	}
	file := strings.Join(header, ",") + "\n" + strings.Repeat("1\n", 20_000)
	_, err := Read(context.Background(), strings.NewReader(file), io.Discard, Options{Delimiter: ","})
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "shorter than the header") {
		t.Error(err)
	}
}

func TestBrokenInput(t *testing.T) {
	t.Parallel()
	gone := errors.New("connection reset")
	for _, file := range []string{"", "a,", "a,b\n1,2\n", "a,b\n1,2\n3,\"4", "a,b\n1,\xc3"} {
		in := io.MultiReader(strings.NewReader(file), iotest.ErrReader(gone))
		_, err := Read(context.Background(), in, io.Discard, Options{})
		if !errors.Is(err, gone) || errs.As(err) != nil {
			t.Errorf("%q: %v", file, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, strings.NewReader("a\n1\n"), io.Discard, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write(p []byte) (int, error) { return len(p) / 2, w.err }

func TestBrokenOutput(t *testing.T) {
	t.Parallel()
	full := &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	_, err := Read(context.Background(), strings.NewReader("a\n1\n"), brokenWriter{full}, Options{})
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "disk of the server is full") {
		t.Errorf("full disk: %v", err)
	}
	if _, err := Read(context.Background(), strings.NewReader("a\n1\n"), brokenWriter{}, Options{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("short write: %v", err)
	}
}

func TestCellsCostNoAllocation(t *testing.T) {
	file := "a,b,c\n" + strings.Repeat("1,\"two\",three and some more\n", 20_000)
	allocs := testing.AllocsPerRun(5, func() {
		if _, err := Read(context.Background(), strings.NewReader(file), io.Discard, Options{}); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 2000 {
		t.Errorf("%.0f allocations for 60,000 cells", allocs)
	}
}

// repeated is a long file that is never in memory.
type repeated struct {
	header, row string
	rows        int
	rest        string
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.rows == 0 {
			return 0, io.EOF
		}
		r.rows--
		r.rest, r.header = r.header+r.row, ""
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestMemoryIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in := &repeated{header: "a,b,c\n", row: strings.Repeat("1,\"two\r\nlines\",three and some more\n", 1000), rows: 1000}
	res, err := Read(context.Background(), in, io.Discard, Options{})
	runtime.ReadMemStats(&after)
	if err != nil || res.Rows != 1_000_000 {
		t.Fatalf("%+v, %v", res, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d bytes allocated for a file of %d", used, res.Bytes)
	}
}
