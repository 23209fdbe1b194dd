// Numbers in words, as people read them out at the count.

import assert from "node:assert/strict";
import test from "node:test";
import { grouped, inWords } from "../../../api/src/web/entry/words.js";

test("numbers are said as they are read out", () => {
  const said = {
    0: "nol", 1: "satu", 10: "sepuluh", 11: "sebelas", 12: "dua belas", 19: "sembilan belas", 20: "dua puluh", 41: "empat puluh satu", 91: "sembilan puluh satu",
    100: "seratus", 101: "seratus satu", 111: "seratus sebelas", 200: "dua ratus", 299: "dua ratus sembilan puluh sembilan", 999: "sembilan ratus sembilan puluh sembilan",
    1000: "seribu", 1001: "seribu satu", 1999: "seribu sembilan ratus sembilan puluh sembilan", 2000: "dua ribu", 4503: "empat ribu lima ratus tiga",
    11000: "sebelas ribu", 21100: "dua puluh satu ribu seratus", 99999: "sembilan puluh sembilan ribu sembilan ratus sembilan puluh sembilan",
  };
  for (const [number, words] of Object.entries(said)) assert.equal(inWords(Number(number)), words);
});

test("no two numbers of a form sound the same", () => {
  const seen = new Set();
  for (let number = 0; number <= 9999; number += 1) seen.add(inWords(number));
  assert.equal(seen.size, 10_000);
});

test("thousands are grouped with dots", () => {
  assert.deepEqual([0, 999, 1000, 99999, 1234567].map(grouped), ["0", "999", "1.000", "99.999", "1.234.567"]);
});
