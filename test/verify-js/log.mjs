// The log: hashes and proofs of RFC 6962, the key, and the signed checkpoint
// (docs/evidence-format.md, "Log and checkpoint").
import { createHash, createPublicKey, verify } from "node:crypto";
import { Refused, base64, refuse, text } from "./canon.mjs";

export function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export const leafHash = (leaf) => sha256(Buffer.of(0), leaf);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

// included tells whether a leaf stands at the index of a tree of this size and
// root (RFC 9162, section 2.1.3.2). Sizes are BigInt.
export function included(hash, index, size, root, proof) {
  if (index >= size) return false;
  let [fn, sn, r] = [index, size - 1n, hash];
  for (const p of proof) {
    if (sn === 0n) return false;
    if (fn & 1n || fn === sn) {
      r = nodeHash(p, r);
      while (!(fn & 1n) && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else {
      r = nodeHash(r, p);
    }
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && r.equals(root);
}

const inName = /^[^\p{White_Space}\u0000-\u001f+]+$/u;

// openKey reads NAME+HASH+KEY in its one spelling; undefined if it is none.
export function openKey(line) {
  const parts = /^([^+]*)\+([0-9a-f]{8})\+(.+)$/su.exec(line);
  if (!parts || !inName.test(parts[1])) return undefined;
  const [, name, hash, encoded] = parts;
  try {
    const raw = base64(encoded, 33);
    const id = sha256(name, "\n", raw).subarray(0, 4);
    if (raw[0] !== 1 || id.toString("hex") !== hash) return undefined;
    return { name, id, public: raw.subarray(1) };
  } catch (e) {
    if (e instanceof Refused) return undefined;
    throw e;
  }
}

// signedBy verifies Ed25519 (RFC 8032); 32 bytes that are no point sign nothing.
function signedBy(key, message, signature) {
  try {
    const prefix = Buffer.from("302a300506032b6570032100", "hex"); // RFC 8410: the key as SubjectPublicKeyInfo
    const spki = createPublicKey({ key: Buffer.concat([prefix, key.public]), format: "der", type: "spki" });
    return verify(null, message, spki, signature);
  } catch {
    return false;
  }
}

// openCheckpoint reads a signed checkpoint in its one form.
export function openCheckpoint(bytes, key) {
  const parts = /^([^\n]+)\n(0|[1-9][0-9]{0,18})\n([^\n]{44})\n\n— ([^\n ]+) ([^\n]+)\n$/u.exec(text(bytes));
  refuse(!parts, "it is not a checkpoint with exactly one signature");
  const [, origin, size, root, signer, encoded] = parts;
  const signature = base64(encoded, 68);
  refuse(origin !== key.name || signer !== key.name, "its origin is not the name of the key");
  const signed = Buffer.from(`${origin}\n${size}\n${root}\n`);
  refuse(!signature.subarray(0, 4).equals(key.id) || !signedBy(key, signed, signature.subarray(4)), "it is not signed by the key");
  return { origin, size: BigInt(size), root: base64(root, 32) };
}
