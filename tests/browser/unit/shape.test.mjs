// The form as it lies on paper, and the words of an activation code.

import assert from "node:assert/strict";
import test from "node:test";
import { activation } from "../../../api/src/web/entry/camera.js";
import { boxesOf, countMax, formOf, partsOf, valuesOf } from "../../../api/src/web/entry/shape.js";
import { boxes, CONTEST, FORM } from "./ballot.mjs";

test("a form goes into boxes and out again unchanged", () => {
  assert.deepEqual(formOf(valuesOf(FORM, CONTEST), CONTEST), FORM);
  assert.equal(boxesOf(CONTEST).length, 18 + 4 + 3 + 3);
  assert.deepEqual(partsOf(CONTEST).map((part) => part.id), ["I", "II", "III", "IV", "V"]);
});

test("parts that nobody knows leave their boxes empty", () => {
  const values = valuesOf({ ...FORM, ballots: null, valid: null }, CONTEST);
  assert.equal(values["/ballots/used"], undefined);
  assert.equal(values["/valid"], undefined);
  assert.equal(values["/total"], boxes()["/total"]);
});

test("candidates stand below their parties, pairs stand alone", () => {
  const option = (id, party) => ({ id, name: id, order: 1, color: null, party });
  const groups = (options) => partsOf({ ...CONTEST, options })[3].groups.map((group) => [group.title, group.rows.length]);
  assert.deepEqual(groups([option("a", "Satu"), option("b", "Satu"), option("c", "Dua")]), [["Satu", 2], ["Dua", 1]]);
  assert.deepEqual(groups([option("a", "Satu"), option("b", "Dua")]), [[null, 2]]);
});

test("the kind of a station says how many digits its paper has", () => {
  const most = (kind, code = "3101011001001") => countMax({ kind, code });
  assert.deepEqual([most("home"), most("special"), most("ksk"), most("tpsln"), most("pos"), most(null), most(null, "9949010001007")], [999, 999, 9999, 9999, 99999, 999, 99999]);
});

test("an activation code is read from an address, and nothing else is", () => {
  assert.deepEqual(activation("https://entri.example/entri/#akun=kpps-1&kode=AB-12"), { username: "kpps-1", code: "AB-12" });
  assert.deepEqual(activation("#akun=kpps%201&kode=x"), { username: "kpps 1", code: "x" });
  for (const text of ["https://entri.example/entri/", "#akun=x", "#kode=x", "", "#/isi/ppwp/3101011001001"]) assert.equal(activation(text), null);
});
