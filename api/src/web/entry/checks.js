// The rules that a phone can judge, with the server's numbers and words. A rule is asked once all its boxes are filled.

import { countMax, numberAt, partsOf, votePointers } from "./shape.js";
import { grouped } from "./words.js";

const COLUMNS = [["male", "laki-laki"], ["female", "perempuan"], ["total", "jumlah"]];
const PEOPLE = [
  ["/registered", "DPT"],
  ["/turnout/dpt", "pengguna DPT"],
  ["/turnout/dptb", "pengguna DPTb"],
  ["/turnout/dpk", "pengguna DPK"],
  ["/turnout/total", "jumlah pengguna hak pilih"],
  ["/disabled", "pemilih disabilitas"],
];
const TURNOUT = ["/turnout/dpt", "/turnout/dptb", "/turnout/dpk", "/turnout/total"];
/** From this difference on the form is held instead of asked about. */
const VOTES_DIFFERENCE_HELD = 50;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** What the rules see: a reader of boxes that gives up where one is empty. */
class Empty extends Error {}

function sheetOf(values) {
  const at = (pointer) => {
    const number = numberAt(values, pointer);
    if (number === null) throw new Empty();
    return number;
  };
  return { at, values };
}

function votesAreValid({ at }, contest) {
  const pointers = votePointers(contest);
  const added = sum(pointers.map(at));
  const valid = at("/valid");
  if (added === valid) return null;
  const severity = Math.abs(added - valid) >= VOTES_DIFFERENCE_HELD ? "hold" : "confirm";
  const message = `Jumlah suara semua pilihan ${grouped(added)} tidak sama dengan suara sah ${grouped(valid)}.`;
  return { severity, message, fields: ["/valid", ...pointers] };
}

function validAndInvalid({ at }) {
  const [valid, invalid, total] = ["/valid", "/invalid", "/total"].map(at);
  if (valid + invalid === total) return null;
  const message = `Suara sah ${grouped(valid)} ditambah suara tidak sah ${grouped(invalid)} adalah ${grouped(valid + invalid)}, tidak sama dengan jumlah suara ${grouped(total)}.`;
  return { severity: "confirm", message, fields: ["/valid", "/invalid", "/total"] };
}

function totalIs(pointer, name) {
  return ({ at }) => {
    const [total, other] = [at("/total"), at(pointer)];
    if (total === other) return null;
    const message = `Jumlah suara ${grouped(total)} tidak sama dengan ${name} ${grouped(other)}.`;
    return { severity: "confirm", message, fields: [pointer, "/total"] };
  };
}

/** The parts of a rule over several columns or rows, each judged only where it is filled. */
function collected(places, judge) {
  const found = places.flatMap((place) => {
    try {
      return judge(place) ?? [];
    } catch (error) {
      if (error instanceof Empty) return [];
      throw error;
    }
  });
  return found.length === 0 ? null : { severity: "confirm", parts: found.map((one) => one.part), fields: found.flatMap((one) => one.fields) };
}

function worded(intro, found) {
  return found && { severity: found.severity, fields: found.fields, message: `${intro}: ${found.parts.join("; ")}.` };
}

function turnoutAdds({ at }) {
  const found = collected(COLUMNS, ([column, word]) => {
    const fields = TURNOUT.map((row) => `${row}/${column}`);
    const [dpt, dptb, dpk, total] = fields.map(at);
    const added = dpt + dptb + dpk;
    if (added === total) return null;
    return { fields, part: `${word} ${grouped(dpt)} + ${grouped(dptb)} + ${grouped(dpk)} = ${grouped(added)}, tertulis ${grouped(total)}` };
  });
  return worded("Pengguna DPT, DPTb, dan DPK tidak menjumlah ke jumlah pengguna hak pilih", found);
}

function menAndWomen({ at }) {
  const found = collected(PEOPLE, ([row, name]) => {
    const fields = COLUMNS.map(([column]) => `${row}/${column}`);
    const [male, female, total] = fields.map(at);
    if (male + female === total) return null;
    return { fields, part: `${name} ${grouped(male)} + ${grouped(female)} = ${grouped(male + female)}, tertulis ${grouped(total)}` };
  });
  return worded("Laki-laki ditambah perempuan tidak sama dengan jumlah", found);
}

function ballotsAdd({ at }) {
  const fields = ["received", "used", "returned", "unused"].map((key) => `/ballots/${key}`);
  const [received, used, returned, unused] = fields.map(at);
  const added = used + returned + unused;
  if (added === received) return null;
  const message = `Surat suara diterima ${grouped(received)} tidak sama dengan digunakan ${grouped(used)} + dikembalikan ${grouped(returned)} + tidak digunakan ${grouped(unused)} = ${grouped(added)}.`;
  return { severity: "confirm", message, fields };
}

function withinRoll({ at }) {
  const found = collected(COLUMNS, ([column, word]) => {
    const fields = [`/registered/${column}`, `/turnout/dpt/${column}`];
    const [roll, users] = fields.map(at);
    return users > roll ? { fields, part: `${word} ${grouped(users)} dari ${grouped(roll)}` } : null;
  });
  return worded("Pengguna hak pilih dalam DPT melebihi DPT", found);
}

function withinBallots({ at }) {
  const [total, received] = [at("/total"), at("/ballots/received")];
  if (total <= received) return null;
  return { severity: "hold", message: `Jumlah suara ${grouped(total)} melebihi surat suara diterima ${grouped(received)}.`, fields: ["/ballots/received", "/total"] };
}

function rollIsRegister({ at }, contest, station) {
  if (!Number.isInteger(station.registered)) return null;
  const [form, register] = [at("/registered/total"), station.registered];
  if (form === register) return null;
  const far = form * 2 > register * 3 || form * 100 < register * 67;
  const message = `DPT di formulir ${grouped(form)} tidak sama dengan DPT di daftar ${grouped(register)}.`;
  return { severity: far ? "hold" : "note", message, fields: ["/registered/total"] };
}

function stationSize({ at, values }, contest, station) {
  if (contest.kind !== "ppwp" || station.kind !== "home") return null;
  const [parts, fields] = [[], []];
  const roll = numberAt(values, "/registered/total");
  if (roll !== null && roll > 300) {
    parts.push(`DPT ${grouped(roll)} (batas 300)`);
    fields.push("/registered/total");
  }
  const pointers = votePointers(contest);
  const added = sum(pointers.map((pointer) => numberAt(values, pointer) ?? 0));
  if (added > 306) {
    parts.push(`jumlah suara semua pilihan ${grouped(added)} (batas 306)`);
    fields.push(...pointers);
  }
  contest.options.forEach((option, place) => {
    const count = numberAt(values, pointers[place]);
    if (count === null || count <= 300) return;
    parts.push(`suara ${option.name} ${grouped(count)} (batas 300)`);
    fields.push(pointers[place]);
  });
  const found = { severity: "hold", parts, fields: [...new Set(fields)] };
  return parts.length === 0 ? null : worded("Angka terlalu besar untuk satu TPS", found);
}

function zeros({ at }, contest) {
  const all = partsOf(contest).flatMap((part) => part.groups.flatMap((group) => group.rows.flatMap((row) => row.boxes)));
  if (all.every(({ pointer }) => at(pointer) === 0)) {
    return { severity: "hold", message: "Semua isian formulir adalah 0.", fields: all.map(({ pointer }) => pointer) };
  }
  const [total, users] = [at("/total"), at("/turnout/total/total")];
  if (total !== 0 || users === 0) return null;
  return { severity: "hold", message: `Jumlah suara 0 padahal pengguna hak pilih ${grouped(users)}.`, fields: ["/turnout/total/total", "/total"] };
}

const RULES = [
  ["R07", votesAreValid],
  ["R08", validAndInvalid],
  ["R09", totalIs("/turnout/total/total", "jumlah pengguna hak pilih")],
  ["R10", totalIs("/ballots/used", "surat suara digunakan")],
  ["R11", turnoutAdds],
  ["R12", menAndWomen],
  ["R13", ballotsAdd],
  ["R14", withinRoll],
  ["R15", withinBallots],
  ["R16", rollIsRegister],
  ["R17", stationSize],
  ["R21", zeros],
];

/** What the rules say of the boxes as they are: flags in the shape of the contract, in the order of the rules. */
export function check(values, contest, station) {
  const sheet = sheetOf(values);
  return RULES.flatMap(([rule, judge]) => {
    try {
      const found = judge(sheet, contest, station);
      return found ? [{ rule, ...found }] : [];
    } catch (error) {
      if (error instanceof Empty) return [];
      throw error;
    }
  });
}

/** Boxes that hold more than the paper has room for: no such form is ever sent. */
export function beyondPaper(values, contest, station) {
  const most = countMax(station);
  return Object.keys(values).filter((pointer) => (numberAt(values, pointer) ?? 0) > most);
}
