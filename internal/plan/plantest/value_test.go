package plantest_test

import (
	"strings"

	"sutor/internal/record"
)

var types = []record.Type{
	{Kind: record.Bool}, {Kind: record.Int, Bits: 16}, {Kind: record.Int, Bits: 32}, {Kind: record.Int, Bits: 64},
	{Kind: record.Int, Bits: 8}, {Kind: record.Int, Bits: 24}, {Kind: record.Int, Bits: 8, Unsigned: true}, {Kind: record.Int, Bits: 24, Unsigned: true}, {Kind: record.Int, Bits: 64, Unsigned: true},
	{Kind: record.Decimal, Precision: 12, Scale: 2}, {Kind: record.Decimal, Precision: 3, Scale: 5}, {Kind: record.Decimal, Precision: 40},
	{Kind: record.Decimal, Precision: -1, Scale: -1}, {Kind: record.Float, Bits: 64}, {Kind: record.Float, Bits: 32},
	{Kind: record.Text}, {Kind: record.Text}, {Kind: record.Text, MaxLen: 3}, {Kind: record.Text, MaxLen: 3, Fixed: true},
	{Kind: record.Date}, {Kind: record.Timestamp, Fraction: 6}, {Kind: record.Timestamp}, {Kind: record.TimestampTZ, Fraction: 6}, {Kind: record.UUID},
	{Kind: record.Time, Fraction: 6}, {Kind: record.Bytes}, {Kind: record.Enum, Labels: []string{"new", "New", "it's", " on hold", "done", "b", "c"}},
	{Kind: record.Native, Native: "words"},
	{Kind: record.Decimal, Precision: 12, Scale: 2, Unsigned: true}, {Kind: record.Float, Bits: 64, Unsigned: true}, {Kind: record.Text, MaxBytes: 3}, {Kind: record.Bytes, MaxBytes: 1},
	{Kind: record.TimestampTZ, Fraction: 6, First: "1970-01-01 00:00:01+00", Last: "2038-01-19 03:14:07.999999+00"},
}

var keyTypes = []record.Type{
	{Kind: record.Int, Bits: 32}, {Kind: record.Int, Bits: 64}, {Kind: record.Text}, {Kind: record.Text, MaxLen: 3, Fixed: true}, {Kind: record.Date},
	{Kind: record.Decimal, Precision: 12, Scale: 2}, {Kind: record.UUID}, {Kind: record.Float, Bits: 64}, {Kind: record.TimestampTZ, Fraction: 6},
	{Kind: record.Enum, Labels: []string{"new", "New", "it's", " on hold", "done", "b", "c"}}, {Kind: record.Native, Native: "words"},
}

// usual holds cells of each kind that are mostly values, several of them
// spellings of one value.
var usual = map[record.Kind][]string{
	record.Bool:        {"true", "false", "yes", "NO", " 1", "0\t", "t", "F"},
	record.Int:         {"1", "2", "+1", "007", "7", "-0", "0", " 12 ", "32767", "-32768", "5", "6", "8", "9", "10"},
	record.Decimal:     {"1", "1.0", "+01.00", "0.01", ".01", "-0", "0", "0.00100", "0.001", "-0.005", "12.5", "2", "3.50", "4", "6.1", "99.99"},
	record.Float:       {"1", "1.0", "1e0", "0.1", "-0", "1e16", "1e-5", "0.00001", "123456.75", "1e22", "-2.5", "0", "3", "4.25", "-7"},
	record.Text:        {"a", "A", "ab", "AB", "a ", " a", "", "é", "e\u0301", "ß", "NET", "\u212a", "k", "a\nb", `"`, "0", "\u0430b", "a\u200b", "a\u00a0b", "a  b", "e"},
	record.Date:        {"2024-01-31", "2024-02-29", " 2024-02-29", "0001-01-01", "9999-12-31", "1969-12-31", "2024-12-31", "2025-01-01", "2000-02-29"},
	record.Timestamp:   {"2024-01-31 10:00", "2024-01-31T10:00:00", "2024-01-31 10:00:00.000", "2024-03-31 02:30:00", "2024-01-31 10:00:00.5", "2024-01-31 10:00:01"},
	record.TimestampTZ: {"2024-01-31 10:00Z", "2024-01-31T11:00:00+01:00", "2024-01-31 10:00:00", "2024-06-01 00:00:00+0200", "2024-05-31T22:00Z", "1969-12-31 23:59:59.999999+00", "2024-12-31T00:00:00Z", "2001-01-01 00:00:00.5Z", "2022-02-02 22:22+05:30"},
	record.UUID: {"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000", "00000000-0000-0000-0000-000000000000",
		"ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-00000000000A"},
	record.Time:   {"10:00", "10:00:00", " 10:00:00.000", "10:00:00.5", "23:59:59.999999", "00:00", "02:30", "24:00", "10:00:01", "11:00"},
	record.Bytes:  {`\x`, `\x00`, `\xAB`, `\xab`, ` \xab `, `\x0a0d`, `\x01`, `\x02`, `\x03`, `\xabc`},
	record.Enum:   {"new", "New", " new", "it's", " on hold", "on hold", "done", "done\t", "NEW", "b", "c"},
	record.Native: {"a", "a b", "b a", " a", "a a", "B a", "c?", "c~", "ä\nö", "ö ä", `"`, "b", "c", "d e f", "f e d"},
}

// certain is a value of every type of its kind.
var certain = map[record.Kind]string{record.Bool: "true", record.Int: "3", record.Decimal: "0", record.Float: "2", record.Text: "b",
	record.Date: "2020-05-05", record.Timestamp: "2020-05-05 05:05:05", record.TimestampTZ: "2020-05-05 05:05:05Z",
	record.UUID: "11111111-2222-3333-4444-555555555555", record.Time: "05:05:05", record.Bytes: `\x05`, record.Enum: "b", record.Native: "z y"}

// nasty holds texts that engines read in their own ways, many of them from known
// bugs, whatever the column.
var nasty = append(strings.Split(`12.7|0x10|1e3|10.005|13,75|NaN|Infinity|-inf|--7|1_000|1 000|1.|.|5e|1e400|1e-400|0.10|123456789012345678901234567890
|9223372036854775807|9223372036854775808|-9223372036854775809|32768|2147483648|0.1000000000000000055511151231257827|16777217|3.5e38|4.9e-324|99999.99999|10000000000.00
|on|off|2023-02-29|2024-02-30|0000-01-01|20000-01-01|2024-1-1|01.02.2024|2024-01-31 24:00:00|2024-01-31 23:59:60|2024-01-31 10:00:00.1234567|2024-03-31 02:30:00|2024-10-27 02:30:00
|2024-10-27 02:30:00+02|0001-01-01 00:00:00+01|9999-12-31 23:30:00-01:00|1937-05-19 00:10:00|{123e4567-e89b-12d3-a456-426614174000}|abcd|ab  |äöüß|👍👍👍|👩‍👩‍👧|'; DROP TABLE x; --|\.|NULL|\N|, |", "|"",`, "|"),
	"a\x00b", "\x00", "\t", "   ", "\r\n", "\r", "\n", "\ufeff", strings.Repeat("x", 81), strings.Repeat("ü", 201), strings.Repeat("x", 200)+"y", strings.Repeat("9", 1001), "a\u0300\u0301", "'", `\`, "\u2028")

var patterns = []string{"^a", "b$", "^[A-Z]+$", "(?i)k", `^\w+$`, `\s`, "^.$", "a.b", `^$`, `\pL`, "é|ß", `^[^"]*$`}
