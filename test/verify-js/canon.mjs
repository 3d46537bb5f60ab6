// Canonical JSON (docs/evidence-format.md, "Canonical JSON"), by hand: JSON.parse
// forgets the order of fields, doubled names and the digits of large numbers, all
// of which count here.

// Refused is thrown, with a sentence, by whatever does not prove what it should.
export class Refused extends Error {}

export function refuse(condition, why) {
  if (condition) throw new Refused(why);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// text decodes bytes as UTF-8, strictly.
export function text(bytes) {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Refused("it is not UTF-8");
  }
}

// lines splits JSON lines; each ends in LF, the last too.
export function lines(bytes) {
  const all = text(bytes);
  if (all === "") return [];
  refuse(!all.endsWith("\n"), "its last line is cut off");
  return all.slice(0, -1).split("\n");
}

// parse reads one JSON text: objects as Map, integers as BigInt, any other number
// as NaN. With loose, names may stand twice inside of what is read, where no rule
// asks about them; in the object itself not even in another case.
export function parse(source, loose = false) {
  const p = new Parser(source, loose);
  const value = p.value();
  p.space();
  refuse(p.at < source.length, "something follows the JSON");
  return value;
}

// canonical reads a text and refuses every spelling of it but the one.
export function canonical(source) {
  const value = parse(source);
  refuse(print(value) !== source, "it is not written in the one canonical way");
  return value;
}

class Parser {
  constructor(source, loose) {
    Object.assign(this, { source, loose, at: 0, depth: 0 });
  }

  space() {
    while (" \t\r\n".includes(this.source[this.at] ?? "x")) this.at++;
  }

  // match takes what the sticky expression matches here.
  match(expression) {
    expression.lastIndex = this.at;
    const found = expression.exec(this.source);
    refuse(!found, "it is not the JSON it should be");
    this.at = expression.lastIndex;
    return found[0];
  }

  peek() {
    this.space();
    return this.source[this.at];
  }

  skip(character) {
    const there = this.peek() === character;
    if (there) this.at++;
    return there;
  }

  value() {
    refuse(++this.depth > 1000, "its JSON is nested too deep");
    const value = this.any(this.peek());
    this.depth--;
    return value;
  }

  any(first) {
    switch (first) {
      case "{": return this.object();
      case "[": return this.list();
      case '"': return this.string();
      case "t": this.match(/true/y); return true;
      case "f": this.match(/false/y); return false;
      case "n": this.match(/null/y); return null;
    }
    const number = this.match(/-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y);
    return /^-?[0-9]+$/.test(number) ? BigInt(number) : NaN;
  }

  object() {
    const fields = new Map();
    this.at++;
    if (this.skip("}")) return fields;
    const seen = new Set();
    do {
      this.space();
      const name = this.string(), once = this.loose ? name.toLowerCase() : name;
      refuse(seen.has(once) && !(this.loose && this.depth > 1), `the name ${name} stands twice`);
      seen.add(once);
      refuse(!this.skip(":"), "it is not the JSON it should be");
      fields.set(name, this.value());
    } while (this.skip(","));
    refuse(!this.skip("}"), "it is not the JSON it should be");
    return fields;
  }

  list() {
    const items = [];
    this.at++;
    if (this.skip("]")) return items;
    do items.push(this.value());
    while (this.skip(","));
    refuse(!this.skip("]"), "it is not the JSON it should be");
    return items;
  }

  string() {
    const quoted = this.match(/"(?:[^"\\\u0000-\u001f]|\\(?:["\\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y);
    return JSON.parse(quoted); // the expression is the grammar of RFC 8259, section 7
  }
}

const escapes = { '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quote(string) {
  refuse(!string.isWellFormed?.() && /\p{Surrogate}/u.test(string), "a text of it is no Unicode");
  const hex = (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0");
  return '"' + string.replace(/["\\\u0000-\u001f\u2028\u2029]/g, (c) => escapes[c] ?? hex(c)) + '"';
}

// print writes a value in its one form; with an indent (a number of spaces) as
// pack.json is written.
export function print(value, indent = 0, inside = "") {
  if (typeof value === "string") return quote(value);
  if (value === null || typeof value !== "object") return String(value);
  const deeper = inside + " ".repeat(indent);
  const [open, close] = value instanceof Map ? "{}" : "[]";
  const parts = value instanceof Map
    ? [...value].map(([name, v]) => quote(name) + (indent ? ": " : ":") + print(v, indent, deeper))
    : value.map((v) => print(v, indent, deeper));
  if (!indent || parts.length === 0) return open + parts.join(",") + close;
  return `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${inside}${close}`;
}

// fields checks an object against its form and gives it as a plain object. form
// names the fields in their order; a name that ends in "?" may be absent, and is
// then never empty. kinds are functions that tell whether a value is of the kind.
export function fields(value, form, what) {
  refuse(!(value instanceof Map), `${what} is not an object`);
  const out = {};
  let known = 0;
  for (const [written, kind] of Object.entries(form)) {
    const name = written.replace("?", "");
    const there = value.has(name);
    refuse(!there && !written.endsWith("?"), `${what} lacks ${name}`);
    if (!there) continue;
    out[name] = value.get(name);
    refuse(!kind(out[name]) || written.endsWith("?") && empty(out[name]), `${what}: ${name} is not what it should be`);
    refuse([...value.keys()][known++] !== name, `${what}: ${name} stands at another place`);
  }
  refuse(known < value.size, `${what} has fields that are not known`);
  return out;
}

const empty = (v) => v === "" || v === 0n || v === false || v.size === 0 || v.length === 0;

const limit = 1n << 63n;

export const is = {
  any: () => true,
  text: (v) => typeof v === "string",
  flag: (v) => typeof v === "boolean",
  number: (v) => typeof v === "bigint" && v >= -limit && v < limit,
  list: (v) => Array.isArray(v),
  // map: names sorted by bytes.
  map: (of) => (v) => v instanceof Map && [...v.values()].every(of) &&
    [...v.keys()].every((name, i, all) => i === 0 || Buffer.compare(Buffer.from(all[i - 1]), Buffer.from(name)) < 0),
};

// base64 gives the bytes of their one spelling (RFC 4648, section 4), of this length.
export function base64(string, length) {
  const bytes = Buffer.from(string, "base64");
  refuse(bytes.toString("base64") !== string || bytes.length !== length, `it is not ${length} bytes in base64`);
  return bytes;
}
