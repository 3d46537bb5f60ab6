// The life that the leaves of a change tell, held to the rules of
// docs/evidence-format.md ("What verify checks", 5 to 7).
import { refuse } from "./canon.mjs";
import { needsOf } from "./leaf.mjs";

// judge walks leaves (of the change, in order) with who did each, and in whose
// place: folded addresses, or "" where they were erased or nobody is named. named
// has, by id, who named the deputies who decided, and whom. It gives the last state,
// the plan applied ("" if none was), and notes of what cannot be judged.
export function judge(leaves, who, place, named) {
  const life = { state: "", applied: "", notes: [], maker: "", hands: new Set(), named, plan: "", submission: null, running: "" };
  leaves.forEach((leaf, i) => {
    if (leaf.to !== undefined) {
      refuse((leaf.from ?? "") !== life.state, `leaf ${leaf.index} comes from ${leaf.from}, but the change was ${life.state}`);
      life.state = leaf.to;
    }
    steps[leaf.kind]?.(life, leaf, who[i], place[i]);
  });
  if (life.state === "applying") life.notes.push("The change was still being applied when this was exported.");
  return life;
}

const propose = (life, leaf, who) => {
  life.maker = who;
  if (!who) life.notes.push("Who made the change was erased: that its deciders are others cannot be judged.");
};
const unplan = (life) => Object.assign(life, { plan: "", submission: null });

// hand notes who went on with the change in the place of its maker.
const hand = (life, who, place) => {
  if (who && who !== life.maker && place && place === life.maker) life.hands.add(who);
};

const stand = (life, leaf) => Object.assign(life, { plan: leaf.digests.get("plan"), submission: null });

const steps = {
  "change.proposed": propose,
  "undo.proposed": propose,
  "plan.asked": (life, leaf, who, place) => { unplan(life); hand(life, who, place); },
  "plan.failed": unplan,
  "plan.stood": stand,
  "plans.stood": stand,
  "decisions.voided": (life) => { life.submission = null; },
  "decision.approved": decide,
  "decision.rejected": decide,
  "change.submitted": submit,
  "change.split": split,
  "apply.intended": intend,
  "apply.result": end,
  "apply.stopped": stop,
};

function submit(life, leaf, who, place) {
  hand(life, who, place);
  const plan = leaf.digests.get("plan");
  refuse(life.plan === "" || plan !== life.plan, `leaf ${leaf.index}: the plan submitted is not the one that stood`);
  refuse(who && life.maker && who !== life.maker && !life.hands.has(who), `leaf ${leaf.index}: it was not submitted by its maker`);
  const submission = { plan, needs: needsOf(leaf), approvals: new Map(), deciders: new Set() };
  refuse(leaf.to === "approved" && lacking(submission), `leaf ${leaf.index}: it passed without the approvals it needs`);
  refuse(leaf.to === "submitted" && !lacking(submission), `leaf ${leaf.index}: it waits for decisions that nobody is asked for`);
  life.submission = submission;
}

function split(life, leaf, who) {
  const s = life.submission;
  refuse(!s, `leaf ${leaf.index}: no plan waited for a decision`);
  refuse(leaf.digests.get("whole") !== s.plan, `leaf ${leaf.index}: it is a part of another plan than the one submitted`);
  refuse(who && (who === life.maker || life.hands.has(who)), `leaf ${leaf.index}: the maker split their own change`);
  if (!who) life.notes.push(`Who split the change in leaf number ${leaf.seq} was erased.`);
  life.plan = leaf.digests.get("plan");
  life.submission = { plan: life.plan, needs: needsOf(leaf), approvals: new Map(), deciders: new Set() };
}

// Neither who decided nor in whose place has made the change, or stands behind
// another decision on it.
function decide(life, leaf, who, place) {
  const made = (e) => e && (e === life.maker || life.hands.has(e));
  const s = life.submission;
  refuse(!s, `leaf ${leaf.index}: no plan waited for a decision`);
  refuse(leaf.digests.get("plan") !== s.plan, `leaf ${leaf.index}: it is bound to another plan than the one submitted`);
  if (who) {
    refuse(made(who) || made(place), `leaf ${leaf.index}: the maker decided on their own change`);
    refuse(s.deciders.has(who) || place && s.deciders.has(place), `leaf ${leaf.index}: the same person decided twice`);
    const naming = life.named.get(leaf.ids.get("deputy"));
    refuse(naming && (naming.who !== place || naming.for !== who), `leaf ${leaf.index}: the deputy that it names is not who decided, or not for whom`);
    s.deciders.add(who);
    if (place) s.deciders.add(place);
  } else {
    life.notes.push(`Who decided in leaf number ${leaf.seq} of the change was erased.`);
  }
  if (leaf.kind === "decision.rejected") return;
  const role = leaf.ids.get("role"), members = leaf.ids.get("members"); // in a change over several datasets, those that it counts for
  for (const seat of members ? new Set(members.split(".").map((n) => `${role}.${n}`)) : [role]) s.approvals.set(seat, (s.approvals.get(seat) ?? 0n) + 1n);
  refuse(leaf.to === "approved" && lacking(s), `leaf ${leaf.index}: the change passed without the approvals it needs`);
}

function intend(life, leaf) {
  const s = life.submission;
  refuse(!s, `leaf ${leaf.index}: it applies a plan that was not submitted, or whose decisions were void`);
  refuse(leaf.digests.get("plan") !== s.plan, `leaf ${leaf.index}: the plan applied is not the plan approved`);
  refuse(lacking(s, needsOf(leaf)), `leaf ${leaf.index}: it was applied without the approvals it needs`);
  life.running = s.plan;
}

function end(life, leaf) {
  refuse(!life.running || leaf.digests.get("plan") !== life.running, `leaf ${leaf.index}: it is the result of a plan that was not being applied`);
  if (["applied", "partly_applied"].includes(leaf.to)) life.applied = life.running;
  Object.assign(life, { running: "", submission: null });
}

function stop(life, leaf) {
  refuse(!life.running || leaf.digests.get("plan") !== life.running, `leaf ${leaf.index}: it stops a plan that was not being applied`);
  life.running = "";
}

// lacking tells whether a role still lacks approvals, by the submission's numbers
// and any later ones.
function lacking(s, later = new Map()) {
  return [...s.needs, ...later].some(([role, n]) => (s.approvals.get(role) ?? 0n) < n);
}
