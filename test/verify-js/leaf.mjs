// Leaves and envelopes (docs/evidence-format.md, "Leaf, version 1", "Kinds",
// "Envelope, version 1"): what each must hold, and which moves there are.
import { canonical, fields, is, print, refuse } from "./canon.mjs";
import { sha256 } from "./log.mjs";

const plan = ["plan"], planAndCompact = ["plan", "compact"];

// kinds is the closed list. place: whether the leaf stands in a change; from, to:
// the states; stay: it may also move nothing.
const kinds = {
  "compact.in-force": { place: "outside", digests: ["compact"] },
  "token.issued": { place: "outside", ids: ["token"] },
  "token.revoked": { place: "outside", ids: ["token"] },
  "dataset.exported": { place: "outside", person: true },
  "dataset.frozen": { place: "outside", person: true },
  "dataset.thawed": { place: "outside", person: true },
  "level.moved": { place: "outside", ids: ["from", "to", "why"] },
  "deputy.named": { place: "outside", person: true, ids: ["deputy"] },
  "deputy.ended": { place: "outside", person: true, ids: ["deputy"] },
  "rows.read": { place: "outside", person: true },
  "access.asked": { place: "outside", person: true, ids: ["request"] },
  "access.granted": { place: "outside", person: true, means: true, ids: ["request"] },
  "access.denied": { place: "outside", person: true, means: true, ids: ["request"] },
  "access.ended": { place: "outside", person: true, ids: ["request"] },
  "access.lapsed": { place: "outside", ids: ["request"] },
  "change.proposed": { to: ["draft", "planning"], person: true },
  "undo.proposed": { to: ["draft", "planning"], person: true, ids: ["reverses"] },
  "plan.asked": { to: ["planning"] },
  "plan.stood": { from: ["planning"], to: ["planned"], digests: ["plan", "compact", "file", "rows", "findings"] },
  "plans.stood": { from: ["planning"], to: ["planned"], digests: ["plan", "compact", ...["plan", "file", "rows", "findings"].flatMap((name) => [`${name}.1`, `${name}.2`])] },
  "plan.failed": { from: ["planning"], to: ["failed"] },
  "change.tried": { person: true, digests: plan, ids: ["outcome"] },
  "change.submitted": { from: ["planned"], to: ["submitted", "approved"], person: true, digests: planAndCompact },
  "change.split": { from: ["submitted"], to: ["submitted"], person: true, means: true, digests: ["whole", "plan", "compact", "file", "rows", "findings", "lines"], ids: ["into"] },
  "decision.approved": { from: ["submitted"], to: ["submitted", "approved"], person: true, means: true, digests: plan, ids: ["role"] },
  "decision.rejected": { from: ["submitted"], to: ["rejected"], person: true, means: true, digests: plan, ids: ["role"] },
  "decisions.voided": { from: ["submitted", "approved"], to: ["planned", "planning"], stay: true },
  "apply.intended": { from: ["approved"], to: ["applying"], person: true, digests: planAndCompact },
  "apply.result": { from: ["applying"], to: ["applied", "partly_applied", "failed", "planned"], digests: plan },
  "apply.stopped": { from: ["applying"], to: ["approved"], person: true, digests: plan },
  "change.undone": { from: ["applied"], to: ["undone"], ids: ["reversed_by"] },
  "change.withdrawn": { to: ["withdrawn"], person: true },
  "change.expired": { to: ["expired"] },
  "rows.exported": { person: true, digests: plan },
  "comment.added": { person: true },
  "access.probed": { person: true, digests: plan },
  "evidence.exported": { person: true },
  "refused": { place: "either" },
  "erased": { place: "either" },
};

// moves of the lifecycle; "" is before the proposal.
const moves = {
  "": ["draft", "planning"],
  draft: ["planning", "withdrawn"],
  planning: ["planned", "failed", "withdrawn"],
  planned: ["planning", "submitted", "approved", "withdrawn"],
  submitted: ["approved", "rejected", "planned", "planning", "withdrawn", "expired"],
  approved: ["applying", "planned", "planning", "withdrawn", "expired"],
  rejected: ["planning", "withdrawn"],
  applying: ["applied", "partly_applied", "failed", "planned", "approved"],
  applied: ["undone"],
  failed: ["planning", "withdrawn"],
  expired: ["planning", "withdrawn"],
};

const digestForm = /^sha256:[0-9a-f]{64}$/;
const nameForm = /^[a-z][a-z0-9._-]{0,63}$/;
const idForm = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;
export const changeForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const isDigest = (v) => is.text(v) && digestForm.test(v);

const leafForm = {
  v: is.number, kind: is.text, "change?": is.text, "seq?": is.number, "prev?": is.text, at: is.text,
  "from?": is.text, "to?": is.text, "means?": is.text, "ids?": is.map(is.text), "digests?": is.map(is.text),
  "counts?": is.map(is.number), "envelope?": is.text,
};

// readLeaf reads a leaf (a value of the JSON) and holds it to the rules of its kind.
export function readLeaf(value) {
  const leaf = fields(value, leafForm, "the leaf");
  for (const map of ["ids", "digests", "counts"]) leaf[map] ??= new Map();
  const rule = Object.hasOwn(kinds, leaf.kind) ? kinds[leaf.kind] : undefined;
  refuse(leaf.v !== 1n, "its version is not known");
  refuse(!rule, `its kind ${leaf.kind} is not known`);
  const date = new Date(leaf.at);
  refuse(!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(leaf.at) || isNaN(date) || date.toISOString() !== leaf.at, "its time is none");
  refuse(leaf.means === undefined ? rule.means : !/^[a-z]+(:[A-Za-z0-9._-]{1,64})?$/.test(leaf.means), "its means are none");
  refuse(leaf.envelope === undefined ? rule.person : !isDigest(leaf.envelope), "its envelope is none");
  checkPlace(leaf, rule.place ?? "inside");
  checkMove(leaf, rule);
  checkNames(leaf, rule);
  return Object.assign(leaf, { person: rule.person });
}

function checkPlace(leaf, place) {
  if (leaf.change === undefined) {
    refuse(place === "inside", "it names no change");
    refuse(leaf.seq !== undefined || leaf.prev !== undefined, "it has a place in a chain but no change");
    refuse(leaf.kind === "erased" && leaf.digests.size !== 1, "outside a change one leaf records one erasure");
    return;
  }
  refuse(place === "outside" || !changeForm.test(leaf.change), "its change is none");
  refuse(leaf.seq === undefined || leaf.seq < 1n, "it has no number in its change");
  refuse(leaf.kind.endsWith(".proposed") !== (leaf.seq === 1n), "a change begins with its proposal and nothing else");
  refuse(leaf.seq === 1n ? leaf.prev !== undefined : !/^[0-9a-f]{64}$/.test(leaf.prev ?? ""), "its link to the leaf before is none");
}

function checkMove({ kind, from = "", to = "" }, rule) {
  if (to === "") {
    refuse(from !== "" || rule.to && !rule.stay, "it does not say which state it leads to");
    return;
  }
  const waits = from === to && ["decision.approved", "change.split"].includes(kind); // for others who must join, or for the same people on a part
  refuse(!rule.to?.includes(to) || rule.from && !rule.from.includes(from), `it cannot lead from ${from} to ${to}`);
  refuse(!waits && !(Object.hasOwn(moves, from) && moves[from].includes(to) && from !== to), `it cannot lead from ${from} to ${to}`);
}

function checkNames(leaf, rule) {
  for (const [name, id] of leaf.ids) refuse(!nameForm.test(name) || !idForm.test(id), `its id ${name} is none`);
  for (const [name, digest] of leaf.digests) refuse(!nameForm.test(name) || !isDigest(digest), `its digest ${name} is none`);
  for (const [name, n] of leaf.counts) refuse(!nameForm.test(name) || n < 0n || n >= 1n << 53n, `its count ${name} is none`);
  for (const name of rule.ids ?? []) refuse(!leaf.ids.has(name), `it lacks the id ${name}`);
  for (const name of rule.digests ?? []) refuse(!leaf.digests.has(name), `it lacks the digest ${name}`);
  refuse(leaf.kind === "erased" && leaf.digests.size === 0, "it does not say what was erased");
}

// needsOf gives how many approvals of each role a leaf asks for.
export function needsOf(leaf) {
  const needs = new Map();
  for (const [name, n] of leaf.counts) if (name.startsWith("needs.")) needs.set(name.slice(6), n);
  return needs;
}

const bodyForm = {
  "who?": is.text, "for?": is.text, "dataset?": is.text, "title?": is.text, "reason?": is.text, "comment?": is.text,
  "file?": is.text, "route?": is.list, "route_why?": is.text, "action?": is.text, "message?": is.text, "details?": is.map(is.text),
};
const stepForm = { role: is.text, needs: is.number, "why?": is.text, "member?": is.number };

// readBody opens the envelope of a leaf: salt (32 bytes) and body (a value).
export function readBody(leaf, salt, value) {
  const digest = sha256("sutor envelope v1\n", salt, print(value)).toString("hex");
  refuse(leaf.envelope !== "sha256:" + digest, "its content is not what the leaf names");
  const body = fields(value, bodyForm, "the body");
  refuse(!body.who && leaf.person, "it does not say who");
  if (!body.route) return body;
  const asked = new Map();
  for (const step of body.route) {
    const { role, needs, member } = fields(step, stepForm, "the route");
    const seat = member === undefined ? role : `${role}.${member}`;
    const before = asked.get(seat) ?? 0n;
    asked.set(seat, needs > before ? needs : before);
  }
  const same = needsOf(leaf);
  refuse(asked.size !== same.size || [...asked].some(([role, n]) => same.get(role) !== n), "its route asks for other people than the leaf");
  return body;
}

export const readLine = (line, form, what) => fields(canonical(line), form, what);
