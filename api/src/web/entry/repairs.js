// Proposals that a phone can work out: one box that would make a broken sum come out. Shown, never applied by itself.

import { check } from "./checks.js";
import { countMax, numberAt, votePointers } from "./shape.js";
import { grouped } from "./words.js";

/** For each broken sum; more than a few are no help. */
const PROPOSALS_MAX = 4;

/** The sums of the form: [what stands for the sum, its addends]. */
function sumsOf(contest) {
  const rows = ["/registered", "/turnout/dpt", "/turnout/dptb", "/turnout/dpk", "/turnout/total", "/disabled"];
  const columns = ["male", "female", "total"];
  return [
    ...rows.map((row) => [`${row}/total`, [`${row}/male`, `${row}/female`]]),
    ...columns.map((column) => [`/turnout/total/${column}`, ["dpt", "dptb", "dpk"].map((row) => `/turnout/${row}/${column}`)]),
    ["/ballots/received", ["/ballots/used", "/ballots/returned", "/ballots/unused"]],
    ["/valid", votePointers(contest)],
    ["/total", ["/valid", "/invalid"]],
    ["/total", ["/ballots/used"]],
    ["/total", ["/turnout/total/total"]],
  ];
}

/** For one broken sum: the sum itself, or any one of a few addends, put right. */
function candidates(values, [whole, addends]) {
  const numbers = addends.map((pointer) => numberAt(values, pointer));
  const stands = numberAt(values, whole);
  if (stands === null || numbers.includes(null)) return [];
  const added = numbers.reduce((total, number) => total + number, 0);
  if (added === stands) return [];
  const terms = addends.length > 1 && addends.length <= 4 ? `${numbers.map(grouped).join(" + ")} = ${grouped(added)}` : `Hitungannya ${grouped(added)}`;
  const found = [{ pointer: whole, to: added, why: terms }];
  if (addends.length <= 4) {
    addends.forEach((pointer, place) => found.push({ pointer, to: numbers[place] + stands - added, why: `agar jumlahnya ${grouped(stands)}` }));
  }
  return found;
}

/** How much is wrong: a rule over several rows counts once for each box it complains about. */
function weight(flags) {
  return flags.filter((flag) => flag.severity !== "note").reduce((total, flag) => total + 100 + flag.fields.length, 0);
}

/** Proposals in the shape of the contract, those that put most right first; none that puts anything wrong. */
export function repairs(values, contest, station) {
  const before = check(values, contest, station);
  const most = countMax(station);
  const seen = new Set();
  const ranked = [];
  for (const { pointer, to, why, sum } of sumsOf(contest).flatMap((one, sum) => candidates(values, one).map((found) => ({ ...found, sum })))) {
    const name = `${pointer}=${to}`;
    if (to < 0 || to > most || seen.has(name)) continue;
    seen.add(name);
    const after = check({ ...values, [pointer]: String(to) }, contest, station);
    const left = new Set(after.map((flag) => flag.rule));
    const mended = before.map((flag) => flag.rule).filter((rule) => !left.has(rule));
    const gain = weight(before) - weight(after);
    if (gain <= 0 || after.some((flag) => flag.severity !== "note" && !before.some((old) => old.rule === flag.rule))) continue;
    ranked.push({ gain, sum, proposal: { fields: { [pointer]: to }, reason: `${why}.`, repairs: mended } });
  }
  ranked.sort((left, right) => right.gain - left.gain);
  const ofSum = (one, place) => ranked.slice(0, place).filter((other) => other.sum === one.sum).length;
  return ranked.filter((one, place) => ofSum(one, place) < PROPOSALS_MAX).map(({ proposal }) => proposal);
}
