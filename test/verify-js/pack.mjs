// A pack (docs/evidence-format.md, "Pack, version 1"): read once, from front to
// back. pack.json says what comes next, the leaves say what must; the zip around it
// has one form, so that its headers are made here and compared.
import { createHash } from "node:crypto";
import { Refused, base64, fields, is, lines, parse, print, refuse, text } from "./canon.mjs";
import { judge } from "./judge.mjs";
import { changeForm, isDigest, readBody, readLeaf, readLine } from "./leaf.mjs";
import { included, leafHash, openCheckpoint, openKey } from "./log.mjs";
import { crc32, directory, localHeader } from "./zip.mjs";

// README.txt is the same in every pack of version 1.
const readme = "84f81be4deec9b2bd12ec6e5e45d60eec8bb8bcfb7c7b57d275a691f4e79a766";

const small = 16 << 20, large = 32 << 20; // bytes of what is read as a whole

// verifyPack checks the pack that source reads: read(offset, length) gives bytes,
// size is the file's. key is the log's key if it is known, else "". It gives a
// report, or throws Refused.
export function verifyPack(source, key) {
  const pack = new Pack(source);
  const report = { key };
  pack.begin();
  report.change = pack.index.change;
  report.known = key !== "";
  refuse(report.known && key !== pack.index.key, "pack.json: it comes from another log than that of the key given");
  const opened = openKey(pack.index.key);
  refuse(!opened, "pack.json: the key it claims is none");
  pack.take("README.txt", { hex: readme, limit: small });
  report.head = named("checkpoint", () => openCheckpoint(pack.take("checkpoint", { limit: 64 << 10 }), opened));
  refuse(report.head.origin !== pack.index.origin, "pack.json: its origin is not the checkpoint's");
  report.leaves = named("leaves.jsonl", () => readLeaves(pack, report));
  report.notes = [];
  report.bodies = named("envelopes.jsonl", () => readLetters(pack, report));
  readContent(pack, report);
  pack.end();
  const own = report.leaves.filter((leaf) => leaf.change);
  const life = named("leaves.jsonl", () => judge(own, own.map((leaf) => fold(report.bodies.get(leaf)?.who ?? "")),
    own.map((leaf) => fold(report.bodies.get(leaf)?.for ?? "")), naming(report)));
  report.notes.push(...life.notes);
  return Object.assign(report, { state: life.state, applied: life.applied, key: pack.index.key, exported: own.at(-1).at });
}

// naming gives, by the id of a deputy, who named them and whom.
const naming = ({ leaves, bodies }) => new Map(leaves.filter((leaf) => leaf.kind === "deputy.named" && bodies.has(leaf))
  .map((leaf) => [leaf.ids.get("deputy"), { who: fold(bodies.get(leaf).who ?? ""), for: fold(bodies.get(leaf).for ?? "") }]));

// named says in which member something is wrong.
function named(name, work) {
  try {
    return work();
  } catch (e) {
    throw e instanceof Refused && !/^[\w./]+: /.test(e.message) ? new Refused(`${name}: ${e.message}`) : e;
  }
}

// fold compares addresses: trimmed, each character in lower case by Unicode's
// simple mapping, in which only U+0130 differs from the full one.
const fold = (address) => [...address.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "")].map((c) => (c === "\u0130" ? "i" : c.toLowerCase())).join("");

const indexForm = { sutor_pack: is.number, change: is.text, origin: is.text, key: is.text, members: is.list };
const memberForm = { name: is.text, size: is.number, sha256: is.text };

class Pack {
  constructor(source) {
    Object.assign(this, { source, offset: 0, entries: [], next: 0 });
  }

  // begin reads pack.json, whose size only its own header tells.
  begin() {
    refuse(this.source.size < 30, "pack.json: the file is too short to be a pack");
    const size = this.source.read(0, 30).readUInt32LE(22);
    const content = text(this.read({ name: "pack.json", size }, { limit: small }));
    const value = parse(content);
    refuse(print(value, 2) + "\n" !== content, "pack.json: it is not written in the one way");
    this.index = named("pack.json", () => {
      const index = fields(value, indexForm, "it");
      refuse(index.sutor_pack !== 1n, "its version is not known");
      refuse(index.members.length > 4096, "it lists too many members");
      refuse(!changeForm.test(index.change), "its change is none");
      index.members = index.members.map((m) => fields(m, memberForm, "a member"));
      return index;
    });
  }

  // take reads the next member, which must have this name and, if told, digest.
  take(name, { hex, limit }) {
    const member = this.index.members[this.next++];
    refuse(member?.name !== name, `pack.json: ${name} should come here`);
    refuse(hex && member.sha256 !== hex, `${name}: its digest is not the one it must have`);
    return this.read({ name, size: Number(member.size) }, { hex: member.sha256, limit });
  }

  // read reads a member; its content is given where there is a limit.
  read({ name, size }, { hex, limit }) {
    const entry = { name, size, offset: this.offset };
    const begin = this.offset + localHeader({ ...entry, crc: 0 }).length;
    refuse(size < 0 || begin + size > this.source.size, `${name}: the file ends before it does`);
    refuse(limit !== undefined && size > limit, `${name}: it is too large`);
    const hash = createHash("sha256"), kept = [];
    let crc = 0;
    for (let at = 0; at < size; at += 1 << 20) {
      const piece = this.source.read(begin + at, Math.min(1 << 20, size - at));
      hash.update(piece);
      crc = crc32(piece, crc);
      if (limit !== undefined) kept.push(piece);
    }
    refuse(hex !== undefined && hash.digest("hex") !== hex, `${name}: its content is not what pack.json says`);
    const header = localHeader({ ...entry, crc });
    refuse(!this.source.read(this.offset, header.length).equals(header), `${name}: the zip's header before it is another`);
    this.entries.push({ ...entry, crc });
    this.offset = begin + size;
    return Buffer.concat(kept);
  }

  // end checks that nothing follows: no member, no byte.
  end() {
    refuse(this.next < this.index.members.length, "pack.json: it lists what nothing in the leaves names");
    const rest = directory(this.entries, this.offset);
    refuse(this.source.size - this.offset !== rest.length, "pack.json: the file holds more or less than its members");
    refuse(!this.source.read(this.offset, rest.length).equals(rest), "pack.json: the zip's directory is another");
  }
}

const leafLine = { index: is.number, proof: is.list, leaf: is.any };

// readLeaves reads the leaves and checks that each stands in the log, that those
// of the change are all there, and that no others are.
function readLeaves(pack, { head, change }) {
  const all = [];
  let before = -1n, last = { seq: 0n, hash: "" };
  lines(pack.take("leaves.jsonl", { limit: large })).forEach((line, i) => {
    const { index, proof, leaf: value } = readLine(line, leafLine, `line ${i + 1}`);
    const hash = leafHash(print(value)), leaf = Object.assign(readLeaf(value), { index });
    refuse(index <= before, `line ${i + 1} does not come after the one before`);
    refuse(!included(hash, index, head.size, head.root, proof.map((p) => base64(String(p), 32))), `line ${i + 1}: the log does not contain this leaf`);
    before = index;
    all.push(leaf);
    if (!leaf.change) return;
    refuse(leaf.change !== change, `leaf ${index} belongs to another change`);
    refuse(leaf.seq !== last.seq + 1n || (leaf.prev ?? "") !== last.hash, `leaf ${index} does not follow number ${last.seq}`);
    last = { seq: leaf.seq, hash: hash.toString("hex"), leaf };
  });
  refuse(last.leaf?.kind !== "evidence.exported" || last.leaf.index !== head.size - 1n, "the last leaf is not the export that the checkpoint was made for");
  checkOutside(all);
  return all;
}

// contentOf derives from the leaves what the pack must hold. A plan over several
// datasets binds one for each: its members.
function contentOf(leaves) {
  const compacts = new Set(), plans = new Map(), stood = new Map(); // by the plan's digest
  const deputies = new Map(); // id of a deputy who decided → index of their first decision
  for (const leaf of leaves.filter((l) => l.change && l.kind !== "erased" && l.kind !== "refused")) {
    const { plan, compact } = Object.fromEntries(leaf.digests);
    if (compact) compacts.add(compact);
    const deputy = leaf.kind.startsWith("decision.") && leaf.ids.get("deputy");
    if (deputy && !deputies.has(deputy)) deputies.set(deputy, leaf.index);
    if (["plan.stood", "plans.stood", "change.split"].includes(leaf.kind)) stood.set(plan, leaf);
    if (["change.submitted", "change.split"].includes(leaf.kind) && !plans.has(plan)) plans.set(plan, planOf(plan, stood.get(plan)));
    if (leaf.kind === "apply.result" && plans.has(plan)) keepStored(plans.get(plan), leaf.digests);
  }
  return { compacts: [...compacts].sort(), plans: [...plans.values()], deputies, erased: erasedBy(leaves) };
}

// planOf gives what the leaf says of a plan when it stood.
function planOf(plan, leaf) {
  const of = (digest, suffix) => ({ digest, stored: "", members: [], said: leaf && ["file", "rows", "findings"].map((name) => leaf.digests.get(name + suffix)) });
  const whole = of(plan, "");
  for (let n = 1; leaf?.kind === "plans.stood" && leaf.digests.has(`plan.${n}`); n++) whole.members.push(of(leaf.digests.get(`plan.${n}`), `.${n}`));
  return whole;
}

function keepStored(plan, digests) {
  plan.stored = digests.get("stored") ?? plan.stored;
  plan.members.forEach((m, i) => { m.stored = digests.get(`stored.${i + 1}`) ?? m.stored; });
}

const erasedBy = (leaves) => {
  const erased = new Set(), stands = ["plan.stood", "plans.stood", "change.split"];
  for (const leaf of leaves)
    for (const digest of leaf.digests.values())
      if (leaf.kind === "erased") erased.add(digest);
      else if (stands.includes(leaf.kind)) erased.delete(digest); // it stands again
  return erased;
};

// checkOutside checks the leaves of no change: how each Compact came into force
// before it was used, how each deputy who decided was named before that, and erasures
// of what belongs to this pack; each once.
function checkOutside(leaves) {
  const { compacts, deputies } = contentOf(leaves);
  const inside = leaves.filter((l) => l.change);
  const erasable = new Set(compacts);
  for (const leaf of leaves) {
    if (leaf.envelope) erasable.add(leaf.envelope);
    if (leaf.kind === "erased") continue;
    for (const [name, digest] of leaf.digests) if (["file", "rows", "findings", "stored"].includes(name.split(".")[0])) erasable.add(digest);
  }
  const seen = new Set();
  for (const leaf of leaves.filter((l) => !l.change)) {
    const deputy = leaf.kind === "deputy.named" && leaf.ids.get("deputy");
    const digest = deputy || (leaf.kind === "compact.in-force" ? leaf.digests.get("compact") : [...leaf.digests.values()][0]);
    const used = inside.find((l) => l.digests.get("compact") === digest);
    const fits = deputy ? deputies.get(deputy) > leaf.index
      : leaf.kind === "compact.in-force" ? used && used.index > leaf.index : leaf.kind === "erased" && erasable.has(digest);
    refuse(!fits || seen.has(leaf.kind + digest), `leaf ${leaf.index} (${leaf.kind}) does not belong to this change`);
    seen.add(leaf.kind + digest);
  }
  for (const id of deputies.keys()) refuse(!seen.has("deputy.named" + id), `no leaf shows how the deputy ${id} was named`);
  for (const digest of compacts) refuse(!seen.has("compact.in-force" + digest), `no leaf shows how the Compact ${digest} came into force`);
}

const letterLine = { digest: is.text, "erased?": is.flag, "salt?": is.text, "body?": is.any };

// readLetters reads the envelopes, one for each leaf that has one.
function readLetters(pack, { leaves, notes }) {
  const erased = erasedBy(leaves), bodies = new Map();
  const letters = lines(pack.take("envelopes.jsonl", { limit: large }));
  const asked = leaves.filter((l) => l.envelope);
  refuse(letters.length !== asked.length, "it holds more or fewer envelopes than the leaves name");
  asked.forEach((leaf, i) => {
    const letter = readLine(letters[i], letterLine, `the envelope of leaf ${leaf.index}`);
    refuse(letter.digest !== leaf.envelope, `the envelope of leaf ${leaf.index} is another one`);
    refuse(erased.has(leaf.envelope) !== (letter.erased === true), `the envelope of leaf ${leaf.index} is missing, and no leaf records its erasure, or the other way round`);
    if (letter.erased) {
      refuse("salt" in letter || "body" in letter, `the envelope of leaf ${leaf.index} is said to be erased, but something of it is there`);
      notes.push(`What leaf ${leaf.index} said of persons and reasons was erased.`);
      return;
    }
    bodies.set(leaf, readBody(leaf, base64(letter.salt ?? "", 32), letter.body ?? null));
  });
  return bodies;
}

// readContent checks Compacts and plans by the digests in the leaves.
function readContent(pack, { leaves, notes }) {
  const { compacts, plans, erased } = contentOf(leaves);
  const artefact = (name, digest, from = digest) => {
    if (erased.has(digest) || erased.has(from)) notes.push(`${name} was erased; only its digest ${digest} is left.`);
    else pack.take(name, { hex: digest.slice(7) });
  };
  for (const digest of compacts) artefact(`compact/${digest.slice(7)}.yaml`, digest);
  const readPlan = (folder, plan) => {
    const name = `${folder}/manifest.json`, bytes = pack.take(name, { hex: plan.digest.slice(7), limit: small });
    if (plan.members.length > 0) {
      checkJoint(name, bytes, plan.members);
      plan.members.forEach((m, i) => readPlan(`${folder}/${i + 1}`, m));
      return;
    }
    const manifest = readManifest(name, bytes);
    const same = !plan.said || ["file", "rows", "findings"].every((of, i) => plan.said[i] === manifest[of]);
    refuse(!same, `${name}: its digests are not those of the leaf that says that it stood`);
    for (const leaf of leaves.filter((l) => ["plan.stood", "change.split"].includes(l.kind) && l.digests.get("plan") === plan.digest)) {
      const said = ["file", "rows", "findings"].every((of) => leaf.digests.get(of) === manifest[of]);
      refuse(!said, `${name}: its digests are not those of leaf ${leaf.index}`);
    }
    artefact(`${folder}/findings.json`, manifest.findings);
    artefact(`${folder}/plan.parquet`, manifest.file);
    artefact(`${folder}/rows.csv`, manifest.rows, manifest.file);
    if (plan.stored) artefact(`${folder}/stored.csv`, plan.stored);
  };
  plans.forEach((plan, i) => readPlan(`plans/${i + 1}`, plan));
}

// checkJoint holds a joint manifest to the plans that its leaf says it binds.
function checkJoint(name, bytes, members) {
  named(name, () => {
    const value = parse(text(bytes), true);
    refuse(!(value instanceof Map), "it is not a JSON object");
    const { joint, members: bound } = Object.fromEntries(value);
    refuse(joint !== 1n || !Array.isArray(bound), "it is not a joint manifest of version 1");
    const plans = bound.map((m) => fields(m, { dataset: is.text, plan: is.text }, "a member").plan);
    refuse(plans.length !== members.length || plans.some((p, i) => p !== members[i].digest), "the plans that it binds are not those of its leaf");
  });
}

// readManifest gives what a manifest says of the files behind it. The rest of it
// is a matter of the plan, under the digest that people approved.
function readManifest(name, bytes) {
  return named(name, () => {
    const value = parse(text(bytes), true);
    refuse(!(value instanceof Map), "it is not a JSON object");
    const { version, file, rows, findings } = Object.fromEntries(value);
    refuse(version !== 1n || ![file, rows, findings].every(isDigest), "it is not version 1 with the digests file, rows and findings");
    return { file, rows, findings };
  });
}
