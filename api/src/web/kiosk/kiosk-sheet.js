// What a screen and a slip say of a region or a station, worked out once from the server's answers.
// Invariant: rows stand in the order of the ballot, and their shares are of the sum of votes, not of the valid ones,
// which older feeds lack.

import { grouped, level, moment, part, progress } from "./kiosk-text.js";

const COLORS = ["#8CB9BD", "#C7B7A3", "#B67352", "#A3B18A", "#B8A1C9", "#D4B483"];
const PATTERNS = 6;
const CHOICES_MAX = 12;
const POLL_MS = 15_000;

function inside(above, code) {
  return above === "0" || code.startsWith(above);
}

/** Whether a contest is held in a region, in all or a part of it. */
export function heldIn(contest, code) {
  return contest.regions.some((held) => inside(held, code) || inside(code, held));
}

/** Of the contests that `held` lets through: the wanted one or else the first, and those to choose from. */
export function choose(contests, wanted, held) {
  const possible = contests.filter(held);
  const contest = possible.find(({ id }) => id === wanted) ?? possible[0] ?? null;
  const choices = possible.slice(0, CHOICES_MAX);
  if (contest && !choices.includes(contest)) choices[CHOICES_MAX - 1] = contest;
  return { contest, choices: choices.length > 1 ? choices.map(({ id, name }) => ({ id, name })) : [] };
}

/** One row for each option of the ballot. */
export function rows(contest, votes) {
  const options = [...contest.options].sort((left, right) => left.order - right.order);
  const whole = options.reduce((sum, { id }) => sum + (votes[id] ?? 0), 0);
  return options.map(({ id, order, name, party, color }, place) => ({
    order, name, party, votes: grouped(votes[id] ?? 0), share: part(votes[id] ?? 0, whole),
    color: /^#[0-9a-f]{6}$/i.test(color ?? "") ? color : COLORS[place % COLORS.length], pattern: (place % PATTERNS) + 1,
  }));
}

function sums({ valid, invalid, total }) {
  return [["Suara sah", grouped(valid)], ["Suara tidak sah", grouped(invalid)], ["Jumlah suara", grouped(total)]];
}

function counted({ stations, reported }) {
  return { share: progress(reported, stations), text: `${grouped(reported)} dari ${grouped(stations)}`, whole: stations > 0 && reported === stations };
}

function marks({ held, flagged, certified }) {
  const some = [[held, "ditahan, tidak dijumlahkan", "held"], [flagged, "ditandai janggal", "flagged"], [certified, "disahkan", "certified"]];
  return some.filter(([count]) => count > 0).map(([count, words, kind]) => ({ kind, text: `${grouped(count)} ${words}` }));
}

function child(one) {
  if (one.state) return { code: one.code, name: one.name, state: one.state, flags: one.flags };
  return { code: one.code, name: one.name, counted: counted(one.progress) };
}

/** The sheet of a region out of `/results/{contest}/{region}`. */
export function regionSheet(body, contest, choices) {
  const { region, as_of: asOf, totals } = body;
  return {
    kind: "region", code: region.code, name: region.name, level: level(region.code), path: region.path.filter(({ code }) => code !== region.code),
    contest: contest.id, contestName: contest.name, choices, rows: rows(contest, totals.votes),
    sums: [...sums(totals), ["Pengguna hak pilih", grouped(totals.turnout)]], counted: counted(body.progress), marks: marks(body.progress),
    at: moment(asOf.at, region.code), version: `versi ${grouped(asOf.version)}`, index: `indeks ${grouped(asOf.index)}`,
    children: body.children.map(child), address: `/${contest.id}/${region.code}`, pollMs: body.next_poll_ms || POLL_MS,
  };
}

/** The sheet of a station out of `/stations/{station}` and `/stations/{station}/{contest}`. */
export function stationSheet(station, tally, contest, choices) {
  const latest = tally.history.at(-1);
  return {
    kind: "station", code: station.code, name: station.name, level: "TPS", path: station.path, registered: station.registered,
    contest: contest.id, contestName: contest.name, choices, state: tally.state, flags: tally.flags,
    rows: tally.form ? rows(contest, tally.form.votes) : [], sums: tally.form ? sums(tally.form) : [],
    at: moment(latest?.at, station.code), version: `revisi ${grouped(tally.revision)}`, index: latest ? `indeks ${grouped(latest.index)}` : "",
    address: `/tps/${station.code}/${contest.id}`, pollMs: POLL_MS,
  };
}
