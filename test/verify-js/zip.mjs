// The one form of the zip around a pack (docs/evidence-format.md, "The zip";
// PKWARE APPNOTE 6.3): every byte follows from names, sizes, CRCs and order.

const table = Int32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n;
});

// crc32 goes on from the sum so far (0 at the beginning).
export function crc32(bytes, sum) {
  let c = ~sum;
  for (const byte of bytes) c = table[(c ^ byte) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}

const most = 0xffffffff;
const big = (n) => n >= most;
const capped = (n) => Math.min(n, most);

// numbers writes pairs of width in bytes and value, little-endian.
function numbers(...pairs) {
  const out = [];
  for (const [width, value] of pairs) {
    const piece = Buffer.alloc(8);
    piece.writeBigUInt64LE(BigInt(value));
    out.push(piece.subarray(0, width));
  }
  return Buffer.concat(out);
}

const u16 = (n) => [2, n], u32 = (n) => [4, n], u64 = (n) => [8, n];

// extra is the ZIP64 field with the numbers that are too large for their place.
const extra = (...values) => (values.length ? numbers(u16(1), u16(8 * values.length), ...values.map(u64)) : Buffer.alloc(0));

const version = (large) => (large ? 45 : 20);
const unix = 3 << 8; // made by
const date = (1 << 5) | 1; // 1980-01-01

// localHeader stands before a member's content.
export function localHeader({ name, size, crc }) {
  const x = big(size) ? extra(size, size) : extra();
  const text = Buffer.from(name);
  return Buffer.concat([
    numbers(u32(0x04034b50), u16(version(big(size))), u16(0), u16(0), u16(0), u16(date), u32(crc), u32(capped(size)), u32(capped(size)),
      u16(text.length), u16(x.length)),
    text, x,
  ]);
}

// centralHeader is the member's line in the directory.
function centralHeader({ name, size, crc, offset }) {
  const large = [...(big(size) ? [size, size] : []), ...(big(offset) ? [offset] : [])];
  const x = extra(...large), needs = version(large.length > 0);
  const text = Buffer.from(name);
  return Buffer.concat([
    numbers(u32(0x02014b50), u16(unix | needs), u16(needs), u16(0), u16(0), u16(0), u16(date), u32(crc), u32(capped(size)), u32(capped(size)),
      u16(text.length), u16(x.length), u16(0), u16(0), u16(0), u32(0o100644 * 65536), u32(capped(offset))),
    text, x,
  ]);
}

// directory is all that follows the last member, which ends at offset.
export function directory(entries, offset) {
  const lines = Buffer.concat(entries.map(centralHeader));
  const count = entries.length, size = lines.length;
  const zip64 = big(offset) ? numbers(
    u32(0x06064b50), u64(44), u16(unix | 45), u16(45), u32(0), u32(0), u64(count), u64(count), u64(size), u64(offset),
    u32(0x07064b50), u32(0), u64(offset + size), u32(1)) : Buffer.alloc(0);
  const end = numbers(u32(0x06054b50), u16(0), u16(0), u16(count), u16(count), u32(size), u32(capped(offset)), u16(0));
  return Buffer.concat([lines, zip64, end]);
}
