// Checks .tlog-proof files with the code of npm's own provenance check (@sigstore/verify 3.1.1, its internal modules).
// Usage: node proofs.cjs VKEY-FILE PROOF...
"use strict";
const crypto = require("node:crypto");
const fs = require("node:fs");
const { verifyCheckpoint } = require("@sigstore/verify/dist/tlog/checkpoint.js");
const { verifyMerkleInclusion } = require("@sigstore/verify/dist/tlog/merkle.js");

const [file, ...paths] = process.argv.slice(2);
const [, name, hint, key] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(fs.readFileSync(file, "utf8").trim());
const der = Buffer.concat([
  Buffer.from("302a300506032b6570032100", "hex"),
  Buffer.from(key, "base64").subarray(1),
]);
const log = {
  logID: Buffer.from(hint, "hex"),
  baseURL: name,
  publicKey: crypto.createPublicKey({ key: der, format: "der", type: "spki" }),
};
if (paths.length === 0) throw new Error("no proof was named");
for (const path of paths) {
  const [head, ...rest] = fs.readFileSync(path, "utf8").split("\n\n");
  const [version, extra, index, ...hashes] = head.split("\n");
  if (version !== "c2sp.org/tlog-proof@v1") throw new Error(`${path}: no proof`);
  const inclusionProof = {
    checkpoint: { envelope: rest.join("\n\n") },
    logIndex: index.slice("index ".length),
    hashes: hashes.map((hash) => Buffer.from(hash, "base64")),
  };
  const checkpoint = verifyCheckpoint({ inclusionProof }, [log]);
  if (checkpoint.origin !== name) throw new Error(`${path}: another log`);
  const canonicalizedBody = Buffer.from(extra.slice("extra ".length), "base64");
  verifyMerkleInclusion({ inclusionProof, canonicalizedBody }, checkpoint);
}
console.log(`ok: ${paths.length}`);
