// A second verifier of Sutor's evidence packs, for whoever would rather not trust
// Sutor to check itself: written from docs/evidence-format.md, sharing no line
// with the Go code, needing nothing but Node 18.
//
//	node verify.mjs PACK.zip [--key NAME+HASH+KEY]
//	node verify.mjs --stream
//
// The first prints what the pack proves and exits 0, or says what is wrong with it
// and exits 1; 2 if there is no such file or no such option. The second reads
// packs from standard input, each as a key and a file with their lengths in front
// (4 bytes, big-endian), and answers each with a line: "proves" or "refused: …".
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { Refused } from "./canon.mjs";
import { verifyPack } from "./pack.mjs";

// readFrom fills length bytes from a file's offset, or from where a pipe is (null).
function readFrom(fd, offset, length) {
  const out = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const n = readSync(fd, out, at, length - at, offset === null ? null : offset + at);
    if (n === 0) return out.subarray(0, at);
    at += n;
  }
  return out;
}

// verdict gives a report, or the sentence of a refusal.
function verdict(source, key) {
  try {
    return { report: verifyPack(source, key) };
  } catch (e) {
    if (e instanceof Refused) return { why: e.message };
    throw e;
  }
}

// harmless keeps a pack's texts from steering the reader's terminal.
const harmless = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");

function stream() {
  const word = () => {
    const length = readFrom(0, null, 4);
    return length.length < 4 ? null : readFrom(0, null, length.readUInt32BE(0));
  };
  for (let key = word(); key !== null; key = word()) {
    const pack = word();
    const { why } = verdict({ size: pack.length, read: (at, n) => pack.subarray(at, at + n) }, key.toString());
    writeSync(1, why === undefined ? "proves\n" : `refused: ${harmless(why)}\n`);
  }
  return 0;
}

function file(path, key) {
  const fd = openSync(path, "r");
  const { report, why } = verdict({ size: fstatSync(fd).size, read: (at, n) => readFrom(fd, at, n) }, key);
  closeSync(fd);
  if (why !== undefined) {
    console.log(harmless(`NOT VERIFIED: ${why}.`));
    return 1;
  }
  console.log(`VERIFIED: change ${report.change} is ${report.state}, up to its export at ${report.exported}.`);
  console.log(`Log: ${report.head.size} leaves, root ${report.head.root.toString("base64")}`);
  console.log(report.known ? `Key: ${report.key}, the one you gave.` : `Key: this claims to be ${report.key}; compare it with what its owner publishes.`);
  if (report.applied) console.log(`Applied: ${report.applied}, exactly the plan that was approved.`);
  for (const leaf of report.leaves) {
    const by = report.bodies.get(leaf)?.who;
    console.log(harmless(`${leaf.index} ${leaf.at} ${leaf.kind}${leaf.to ? ` → ${leaf.to}` : ""}${by ? ` by ${by}` : ""}`));
  }
  for (const note of report.notes) console.log(`Note: ${note}`);
  return 0;
}

function main(args) {
  if (args[0] === "--stream" && args.length === 1) return stream();
  if (args.length === 1) return file(args[0], "");
  if (args.length === 3 && args[1] === "--key") return file(args[0], args[2]);
  console.error("usage: node verify.mjs PACK.zip [--key NAME+HASH+KEY]");
  return 2;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (e) {
  console.error(`The pack cannot be read: ${e.message}`);
  process.exitCode = 2;
}
