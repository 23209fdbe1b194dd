// What the kiosk shows of an answer: the ballot's order, shares of the sum of votes, contests that are held there.

import assert from "node:assert/strict";
import test from "node:test";
import { choose, heldIn, regionSheet, rows, stationSheet } from "../../../api/src/web/kiosk/kiosk-sheet.js";

const option = (id, order, color = null) => ({ id, name: `Calon ${order}`, order, color, party: null });
const PPWP = { id: "ppwp", name: "Presiden", regions: ["0"], options: [option("100027", 3), option("100025", 1, "#8CB9BD"), option("100026", 2, "red")] };
const DAPIL = { id: "pdpr-3101", name: "DPR", regions: ["3175", "9901"], options: [option("a", 1)] };
const TOTALS = { votes: { 100025: 25, 100026: 50, 100027: 25 }, valid: 90, invalid: 10, total: 110, registered: 200, turnout: 110 };
const PROGRESS = { stations: 4, reported: 3, held: 1, flagged: 0, partial: 0, certified: 0, registered: null, updated_at: null };

test("rows stand in the order of the ballot, their shares are of the sum of votes", () => {
  const found = rows(PPWP, TOTALS.votes);
  assert.deepEqual(found.map(({ order }) => order), [1, 2, 3]);
  assert.deepEqual(found.map(({ share }) => share.text), ["25,00\u00a0%", "50,00\u00a0%", "25,00\u00a0%"]);
  assert.deepEqual(found.map(({ color }) => color), ["#8CB9BD", "#C7B7A3", "#B67352"]);
  assert.deepEqual(rows(PPWP, {}).map(({ votes, share }) => [votes, share.text]), Array(3).fill(["0", "\u2013"]));
});

test("a contest is held above and below its regions, and nowhere else", () => {
  assert.deepEqual(["0", "31", "3175", "317501", "99", "9901", "32", "3174"].map((code) => heldIn(DAPIL, code)), [true, true, true, true, true, true, false, false]);
  assert.equal(heldIn(PPWP, "9471011001"), true);
});

test("the wanted contest is shown where it is held, else the first", () => {
  const at = (code, wanted) => choose([DAPIL, PPWP], wanted, (contest) => heldIn(contest, code));
  assert.equal(at("3175", "ppwp").contest, PPWP);
  assert.equal(at("3175", null).contest, DAPIL);
  assert.equal(at("32", "pdpr-3101").contest, PPWP);
  assert.deepEqual(at("3175", null).choices, [{ id: "pdpr-3101", name: "DPR" }, { id: "ppwp", name: "Presiden" }]);
  assert.deepEqual(at("32", null).choices, []);
  assert.equal(choose([], null, () => true).contest, null);
  const many = Array.from({ length: 40 }, (_, place) => ({ ...PPWP, id: `c${place}` }));
  const { contest, choices } = choose(many, "c30", () => true);
  assert.deepEqual([contest.id, choices.length, choices.at(-1).id], ["c30", 12, "c30"]);
});

test("a region's sheet has its progress, sums, children and page", () => {
  const children = [{ code: "317501", name: "MATRAMAN", version: 1, progress: { ...PROGRESS, reported: 4 }, totals: TOTALS }];
  const body = { contest: "ppwp", region: { code: "3175", name: "KOTA JAKARTA TIMUR", level: "regency", path: [{ code: "0", name: "INDONESIA" }, { code: "31", name: "DKI JAKARTA" }] },
    as_of: { index: 456789, at: "2024-02-14T08:50:03Z", version: 1234 }, progress: PROGRESS, totals: TOTALS, children, next_poll_ms: 9000 };
  const sheet = regionSheet(body, PPWP, []);
  assert.deepEqual([sheet.at, sheet.version, sheet.index, sheet.address, sheet.pollMs], ["14 Februari 2024 15.50.03 WIB", "versi 1.234", "indeks 456.789", "/ppwp/3175", 9000]);
  assert.deepEqual([sheet.counted.text, sheet.counted.share.text, sheet.marks], ["3 dari 4", "75,00\u00a0%", [{ kind: "held", text: "1 ditahan, tidak dijumlahkan" }]]);
  assert.deepEqual(sheet.sums.map(([, count]) => count), ["90", "10", "110", "110"]);
  assert.equal(sheet.children[0].counted.whole, true);
});

test("a station's sheet has its state; a station without a form has no rows", () => {
  const station = { code: "3175011003012", number: 12, name: "TPS 012", kind: "home", path: [], registered: 250, location: null, contests: ["ppwp"] };
  const form = { votes: TOTALS.votes, valid: 100, invalid: null, total: 105 };
  const history = [{ revision: 1, at: "2024-02-14T08:00:00Z", index: 7 }, { revision: 2, at: "2024-02-14T09:00:00Z", index: 42 }];
  const sheet = stationSheet(station, { state: "reported", revision: 2, form, flags: [], history }, PPWP, []);
  assert.deepEqual([sheet.at, sheet.version, sheet.index, sheet.address], ["14 Februari 2024 16.00.00 WIB", "revisi 2", "indeks 42", "/tps/3175011003012/ppwp"]);
  assert.deepEqual(sheet.sums.map(([, count]) => count), ["100", "\u2013", "105"]);
  const absent = stationSheet(station, { state: "absent", revision: 0, form: null, flags: [], history: [] }, PPWP, []);
  assert.deepEqual([absent.rows, absent.sums, absent.at, absent.index], [[], [], null, ""]);
});
