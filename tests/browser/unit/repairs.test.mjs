// Proposals on the phone: they mend, they break nothing, the best comes first.

import assert from "node:assert/strict";
import test from "node:test";
import { repairs } from "../../../api/src/web/entry/repairs.js";
import { boxes, CONTEST, STATION } from "./ballot.mjs";

const proposed = (changes) => repairs(boxes(changes), CONTEST, STATION);

test("nothing is proposed where nothing is broken", () => {
  assert.deepEqual(proposed({}), []);
});

test("a wrong sum is proposed right, with the rules that it mends", () => {
  const [first] = proposed({ "/disabled/total": 4 });
  assert.deepEqual([first.fields, first.repairs], [{ "/disabled/total": 3 }, ["R12"]]);
});

test("the box that breaks most comes first", () => {
  const [first] = proposed({ "/total": 263 });
  assert.deepEqual(first.fields, { "/total": 253 });
  assert.deepEqual([...first.repairs].sort(), ["R08", "R09", "R10"]);
});

test("a misread vote is among the proposals", () => {
  const fields = proposed({ "/votes/100025": 209 }).map((one) => JSON.stringify(one.fields));
  assert.ok(fields.includes('{"/votes/100025":202}'), fields.join());
});

test("nothing impossible is proposed", () => {
  const all = proposed({ "/valid": 30, "/disabled/male": 900 });
  assert.ok(all.flatMap((one) => Object.values(one.fields)).every((count) => count >= 0 && count <= 999), JSON.stringify(all));
});
