// The rules on the phone: the same numbers, severities, boxes and words as the server's.

import assert from "node:assert/strict";
import test from "node:test";
import { beyondPaper, check } from "../../../api/src/web/entry/checks.js";
import { boxes, CONTEST, STATION } from "./ballot.mjs";

function found(changes, station = STATION, contest = CONTEST) {
  return check(boxes(changes), contest, station).map((flag) => [flag.rule, flag.severity, flag.message]);
}

const only = (rule, changes, station) => check(boxes(changes), CONTEST, { ...STATION, ...station }).find((flag) => flag.rule === rule);

test("a form that adds up has nothing to say", () => {
  assert.deepEqual(found({}), []);
});

test("votes that miss the valid votes ask, and hold from fifty on", () => {
  const off = (count) => only("R07", { "/votes/100025": count });
  assert.equal(off(201).message, "Jumlah suara semua pilihan 246 tidak sama dengan suara sah 247.");
  assert.deepEqual([off(153).severity, off(152).severity], ["confirm", "hold"]);
  assert.deepEqual(off(201).fields, ["/valid", "/votes/100025", "/votes/100026", "/votes/100027"]);
});

test("each sum says its numbers", () => {
  assert.equal(only("R08", { "/invalid": 5 }).message, "Suara sah 247 ditambah suara tidak sah 5 adalah 252, tidak sama dengan jumlah suara 253.");
  assert.equal(only("R09", { "/turnout/total/total": 254 }).message, "Jumlah suara 253 tidak sama dengan jumlah pengguna hak pilih 254.");
  assert.equal(only("R10", { "/ballots/used": 254 }).message, "Jumlah suara 253 tidak sama dengan surat suara digunakan 254.");
  assert.equal(only("R11", { "/turnout/dpk/female": 1 }).message, "Pengguna DPT, DPTb, dan DPK tidak menjumlah ke jumlah pengguna hak pilih: perempuan 130 + 1 + 1 = 132, tertulis 133.");
  assert.equal(only("R12", { "/disabled/male": 2 }).message, "Laki-laki ditambah perempuan tidak sama dengan jumlah: pemilih disabilitas 2 + 2 = 4, tertulis 3.");
  assert.equal(only("R13", { "/ballots/unused": 45 }).message, "Surat suara diterima 299 tidak sama dengan digunakan 253 + dikembalikan 0 + tidak digunakan 45 = 298.");
});

test("what exceeds the roll, the papers, the register or the station", () => {
  assert.equal(only("R14", { "/turnout/dpt/male": 139 }).message, "Pengguna hak pilih dalam DPT melebihi DPT: laki-laki 139 dari 138.");
  assert.deepEqual([only("R15", { "/ballots/received": 252 }).severity, only("R15", { "/ballots/received": 253 })], ["hold", undefined]);
  assert.equal(only("R16", {}, { registered: 294 }).severity, "note");
  assert.equal(only("R16", {}, { registered: 195 }).severity, "hold");
  assert.equal(only("R16", {}, { registered: null }), undefined);
  assert.equal(only("R17", { "/registered/total": 302 }).message, "Angka terlalu besar untuk satu TPS: DPT 302 (batas 300).");
  assert.equal(only("R17", { "/registered/total": 302 }, { kind: "tpsln" }), undefined);
});

test("zeros are held", () => {
  const zeros = Object.fromEntries(Object.keys(boxes()).map((pointer) => [pointer, 0]));
  assert.equal(only("R21", zeros, { registered: null }).message, "Semua isian formulir adalah 0.");
  assert.equal(only("R21", { "/total": 0 }).message, "Jumlah suara 0 padahal pengguna hak pilih 253.");
});

test("a rule waits until its boxes are filled", () => {
  assert.deepEqual(found({ "/valid": null, "/votes/100025": 1 }), []);
  assert.deepEqual(check({}, CONTEST, STATION), []);
  // The other rows are judged although one is not filled yet.
  assert.equal(only("R12", { "/registered/male": null, "/disabled/total": 4 }).fields[0], "/disabled/male");
});

test("boxes hold as many digits as the paper of that kind of station", () => {
  assert.deepEqual(beyondPaper(boxes({ "/valid": 1000 }), CONTEST, STATION), ["/valid"]);
  assert.deepEqual(beyondPaper(boxes({ "/valid": 1000 }), CONTEST, { ...STATION, kind: "ksk" }), []);
});
