// Numbers, times and words of the kiosk: as the site writes them.

import assert from "node:assert/strict";
import test from "node:test";
import { due } from "../../../api/src/web/kiosk/kiosk-idle.js";
import { addressHome, homeContest, isRegion } from "../../../api/src/web/kiosk/kiosk-settings.js";
import { bandWords, clock, grouped, level, levelBelow, moment, part, progress, stateWords, troubleWords } from "../../../api/src/web/kiosk/kiosk-text.js";

const NIGHT = "2024-02-14T08:50:03.999Z";
const text = (share) => share.text.replace("\u00a0", " ");

test("counts are grouped and shares rounded as the official result prints them", () => {
  assert.deepEqual([0, 999, 1000, 1234567, null, undefined].map(grouped), ["0", "999", "1.000", "1.234.567", "\u2013", "\u2013"]);
  const votes = [40_971_906, 96_214_691, 27_040_878];
  const whole = votes.reduce((sum, count) => sum + count, 0);
  assert.deepEqual(votes.map((count) => text(part(count, whole))), ["24,95 %", "58,59 %", "16,47 %"]);
  assert.deepEqual([part(1, 20_000), part(1, 20_001), part(7, 7), part(0, 0)].map(text), ["0,01 %", "0,00 %", "100,00 %", "\u2013"]);
  assert.deepEqual([part(1, 3), part(5, 4), part(0, 0)].map(({ length }) => length), ["33.33%", "100.00%", "0.00%"]);
});

test("progress is whole only when nothing is missing", () => {
  const shares = [[820_160, 820_161], [820_161, 820_161], [1, 820_161], [0, 820_161], [0, 0]].map(([count, whole]) => text(progress(count, whole)));
  assert.deepEqual(shares, ["99,99 %", "100,00 %", "0,01 %", "0,00 %", "\u2013"]);
});

test("a time is written in the zone of its province", () => {
  const zones = {
    WIB: ["0", "11", "31", "3175", "3175011003012", "36", "61", "62", "99"], WITA: ["51", "52", "53", "63", "64", "65", "71", "76", "517101"],
    WIT: ["81", "82", "91", "94", "96", "97", "9471011001"],
  };
  const hours = { WIB: "15.50.03", WITA: "16.50.03", WIT: "17.50.03" };
  for (const [name, codes] of Object.entries(zones)) for (const code of codes) assert.equal(moment(NIGHT, code), `14 Februari 2024 ${hours[name]} ${name}`);
  assert.equal(moment("2024-02-14T17:00:00Z", "31"), "15 Februari 2024 00.00.00 WIB");
  assert.deepEqual([moment(null, "31"), moment("kemarin", "31")], [null, null]);
  assert.equal(clock(Date.parse(NIGHT), "5171"), "16.50 WITA");
});

test("levels follow from the length of a code", () => {
  assert.deepEqual(["0", "31", "3175", "317501", "3175011003", "3175011003012"].map(level), ["Nasional", "Provinsi", "Kabupaten/Kota", "Kecamatan", "Kelurahan/Desa", "TPS"]);
  assert.deepEqual(["0", "31", "3175", "317501", "3175011003"].map(levelBelow), ["Provinsi", "Kabupaten/Kota", "Kecamatan", "Kelurahan/Desa", "TPS"]);
  assert.deepEqual(["absent", "reported", "reviewed", "disputed", "held", "certified"].map(stateWords), ["Belum masuk", "Diterima", "Sesuai", "Tidak sesuai", "Ditahan", "Disahkan"]);
});

test("the band says why data are old and of when they are", () => {
  const at = "14 Februari 2024 15.50.03 WIB";
  assert.equal(bandWords({ lost: "network", leaderAgeMs: 5, at }), `Tidak ada jaringan. Data per ${at}`);
  assert.equal(bandWords({ lost: "network", leaderAgeMs: null, at: null }), "Tidak ada jaringan.");
  assert.match(bandWords({ lost: "busy", leaderAgeMs: 5, at }), /penuh\. Data per/);
  assert.match(bandWords({ lost: null, leaderAgeMs: -1, at }), /tertunda/);
  assert.match(bandWords({ lost: null, leaderAgeMs: 10_001, at }), /tertunda/);
  assert.equal(bandWords({ lost: null, leaderAgeMs: 10_000, at }), "");
  assert.equal(bandWords({ lost: null, leaderAgeMs: null, at }), "");
});

test("trouble is said in words, with what to do", () => {
  const found = [{ status: 404, lost: null }, { status: 503, lost: "busy" }, { status: 0, lost: "network" }, { status: 400, lost: null }].map(troubleWords);
  assert.deepEqual(found.map(([heading]) => heading), ["Data tidak ditemukan", "Server sedang penuh", "Tidak ada jaringan", "Layar ini belum bisa ditampilkan"]);
  assert.equal(found.every(([, advice]) => advice.length > 40), true);
});

test("the address may name the home region, if it is one", () => {
  assert.deepEqual(["?wilayah=3175", "?wilayah=0", "?wilayah=317", "?wilayah=<b>", "?wilayah=3175011003012", ""].map(addressHome), ["3175", "0", null, null, null, null]);
  assert.deepEqual([homeContest("?wilayah=31&contest=ppwp"), homeContest("?wilayah=31")], ["ppwp", null]);
  assert.deepEqual([isRegion("3175011003"), isRegion(null), isRegion("")], [true, false, false]);
});

test("a minute without a touch leads home, with twenty seconds of warning", () => {
  assert.deepEqual([0, 39_999, 40_000, 50_000, 50_001, 59_001, 59_999, 60_000, 9_999_999].map((ms) => due(ms)), [
    { name: "here", left: 0 }, { name: "here", left: 0 }, { name: "hint", left: 0 }, { name: "count", left: 10 }, { name: "count", left: 10 },
    { name: "count", left: 1 }, { name: "count", left: 1 }, { name: "home", left: 0 }, { name: "home", left: 0 },
  ]);
});
