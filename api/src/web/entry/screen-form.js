// Filling in the form as it lies on paper. Everything typed is on the phone's disk a moment later.

import { beyondPaper, check } from "./checks.js";
import { canonical } from "./canonical.js";
import { button, h, NO_ROOM, notice, point, show } from "./dom.js";
import { blank, draft as draftOf, save } from "./drafts.js";
import { Boxes } from "./form-boxes.js";
import { Findings } from "./form-findings.js";
import { photoSection } from "./form-photos.js";
import { contest as contestOf, numbersKept, numbersLatest, station as stationOf, stationsKept, stationsLatest } from "./knowledge.js";
import { queued, receiptsOf } from "./queue.js";
import { repairs } from "./repairs.js";
import { kindOf } from "./screen-stations.js";
import { countMax, formOf, valuesOf } from "./shape.js";
import { problemWords } from "./texts.js";
import { grouped } from "./words.js";

const SAVE_MS = 250;
/** Refusals that only the form itself can answer. */
export const FORM_ANSWERS = ["confirmation-required", "invalid-form"];
const REASON_CHARACTERS_MAX = 1000;

export function nameOf(station) {
  return station.name ?? `TPS ${String(station.number).padStart(3, "0")}`;
}

/** Where a station lies, in a few words. */
export function placeOf(station, contest, named = true) {
  const names = (station.path ?? []).slice(1).reverse().map((one) => one.name);
  return h("p", { class: "place" }, named && h("b", {}, nameOf(station)), h("span", {}, names.join(", ")), h("span", { class: "code" }, `${station.code}, ${contest.name}`));
}

/** The version that the next write builds upon. A second reading is never shown what the first read. */
async function baseOf(work) {
  if (work.kind === "review") {
    const listed = ((await stationsLatest(work.contest)) ?? (await stationsKept(work.contest)))?.value.stations.find((one) => one.code === work.station);
    return { revision: listed?.revision ?? 0, form: null };
  }
  const known = ((await numbersKept(work.contest, work.station)) ?? (await numbersLatest(work.contest, work.station)))?.value;
  const receipt = (await receiptsOf(work)).at(-1);
  // What this phone sent last may be newer than what it asked for last.
  if (receipt && receipt.receipt.revision > (known?.revision ?? 0)) return { revision: receipt.receipt.revision, form: receipt.form };
  return { revision: known?.revision ?? 0, form: known?.form ?? null };
}

/** The draft of a piece of work; a correction begins with the numbers that are there. */
async function opened(work, contest) {
  const old = await draftOf(work);
  // A reading is of the paper: it stands beside whatever version is there now.
  if (old) return work.kind === "review" ? { ...old, base: await baseOf(work) } : old;
  const fresh = blank(work, await baseOf(work));
  if (fresh.base.form) fresh.values = valuesOf(fresh.base.form, contest);
  return fresh;
}

/** What the server found, as long as the form is the one that it looked at. */
function judgedOf(item, form) {
  const problem = item?.problem;
  if (problem?.code !== "confirmation-required" || canonical(item.content.form) !== canonical(form)) return null;
  return { flags: problem.flags ?? [], proposals: problem.proposals ?? [] };
}

function toFirstMark() {
  return button("Ke angka pertama yang bertanda", () => {
    const marked = document.querySelector("[aria-invalid=true]");
    if (marked) point(marked);
  });
}

function headNotes(work, draft, item) {
  const notes = [];
  if (work.kind === "review") notes.push(notice("info", "Bacaan kedua", h("p", {}, "Isi dari kertas formulir, tanpa melihat angka orang lain. Hasilnya dibandingkan setelah dikirim.")));
  else if (draft.base.revision > 0) notes.push(notice("info", `Koreksi atas versi ${grouped(draft.base.revision)}`, h("p", {}, "Ubah hanya angka yang salah. Versi lama tetap tercatat.")));
  if (item?.state === "refused") {
    const { title, action, detail } = problemWords(item.problem, work.kind);
    const places = (item.problem.errors ?? []).map((error) => h("li", {}, error.detail));
    notes.push(h("div", { role: "alert" }, notice("bad", title, h("p", {}, action), detail && h("p", {}, detail), places.length > 0 && h("ul", {}, places), FORM_ANSWERS.includes(item.problem.code) && toFirstMark())));
  }
  return notes;
}

function reasonField(draft, changed) {
  const area = h("textarea", { id: "alasan", rows: "3", maxlength: String(REASON_CHARACTERS_MAX), "aria-describedby": "alasan-ket", oninput: () => { draft.reason = area.value; changed(); } }, draft.reason);
  return h("section", { class: "part", hidden: true }, h("h2", {}, "Alasan konfirmasi"), h("div", { class: "field" }, h("label", { for: "alasan" }, "Mengapa di kertas tertulis begitu?"),
    h("p", { id: "alasan-ket", class: "hint" }, "Contoh: ketua KPPS salah menjumlah, saksi setuju. Alasan ini bisa dibaca umum."), area));
}

/** What still stands in the way of reading back: {text, element} or null. */
function obstacle({ draft, boxes, contest, station, reason, needsPhoto }) {
  const empty = boxes.firstEmpty();
  if (empty) return { text: "Masih ada kotak kosong. Isi 0 kalau di kertas nol atau strip.", element: empty };
  const beyond = beyondPaper(draft.values, contest, station)[0];
  if (beyond) return { text: `Kotak ini paling besar ${grouped(countMax(station))}.`, element: boxes.inputs.get(beyond) };
  if (draft.confirm.length > 0 && draft.reason.trim() === "") return { text: "Tulis alasan konfirmasi.", element: reason.querySelector("textarea") };
  if (draft.confirm.length > 0 && needsPhoto && draft.photos.length === 0) return { text: "Konfirmasi di pemilihan ini perlu foto formulir.", element: document.getElementById("foto") };
  return null;
}

/** Saves soon after typing, and at once when asked; `told(text)` says when the phone takes nothing more. */
function saver(draft, told) {
  let timer = null;
  let saving = Promise.resolve();
  const attempt = async () => {
    try {
      await save(draft);
      told(null);
    } catch (error) {
      console.warn("save", error);
      told(NO_ROOM);
    }
  };
  const now = () => {
    clearTimeout(timer);
    timer = null;
    saving = saving.then(attempt);
    return saving;
  };
  const soon = () => {
    timer ??= setTimeout(now, SAVE_MS);
  };
  return { now, soon, pending: () => timer !== null };
}

export async function formScreen(context) {
  const work = { account: context.session.username, contest: context.contest, station: context.station, kind: kindOf(context.session.role) };
  const [contest, station, item] = await Promise.all([contestOf(work.contest), stationOf(work.station), queued(work)]);
  const here = `#/tps/${work.contest}/${work.station}`;
  if (!contest) throw new Error("contest not known");
  // What is queued stays queued until somebody says that it shall be changed: coming back here by chance does not.
  if (item && item.state !== "refused") {
    location.replace(here);
    return;
  }
  const draft = await opened(work, contest);
  const status = h("p", { class: "progress", role: "status" });
  const stop = h("div", { role: "alert" });
  let full = false;
  const keep = saver(draft, (text) => {
    if (full || text) stop.replaceChildren(...(text ? [h("p", { class: "stop" }, text)] : []));
    full = text !== null;
  });
  const reason = reasonField(draft, keep.soon);

  function touched() {
    draft.observed_at = new Date().toISOString();
    keep.soon();
  }

  const boxes = new Boxes(contest, station, draft.values, {
    typed: (pointer, text) => {
      if (text === "") delete draft.values[pointer];
      else draft.values[pointer] = text;
      touched();
      count();
      // A box that is complained about is judged while it is mended; others when they are left.
      if (boxes.inputs.get(pointer).getAttribute("aria-invalid") === "true") judge();
    },
    left: () => judge(),
  });
  const findings = new Findings(contest, draft, boxes, () => {
    keep.soon();
    judge();
  });

  function count() {
    const filled = [...boxes.inputs.values()].filter((input) => input.value !== "").length;
    const text = `${filled} dari ${boxes.inputs.size} kotak terisi`;
    if (status.textContent !== text) status.textContent = text;
  }

  function judge() {
    const complete = boxes.firstEmpty() === null;
    const judged = complete ? judgedOf(item, formOf(draft.values, contest)) : null;
    const own = check(draft.values, contest, station);
    const flags = judged ? [...judged.flags, ...own.filter((flag) => !judged.flags.some((known) => known.rule === flag.rule))] : own;
    const proposals = judged?.proposals.length > 0 ? judged.proposals : repairs(draft.values, contest, station);
    const asked = flags.filter((flag) => flag.severity === "confirm").map((flag) => flag.rule);
    draft.confirm = draft.confirm.filter((rule) => asked.includes(rule));
    reason.hidden = draft.confirm.length === 0;
    findings.show(flags, proposals);
  }

  const photos = work.kind === "review" ? null : await photoSection(draft, contest.photo_required);
  const next = button("Baca ulang", async () => {
    judge();
    const found = obstacle({ draft, boxes, contest, station, reason, needsPhoto: contest.photo_required });
    stop.replaceChildren(...(found ? [h("p", { class: "stop" }, found.text)] : []));
    if (found) return point(found.element);
    await keep.now();
    if (full) return;
    location.hash = `#/baca/${work.contest}/${work.station}`;
  }, { class: "main" });
  if (!context.alive()) return;
  const title = work.kind === "review" ? "Bacaan kedua" : "Isi formulir";
  show(title, placeOf(station, contest), headNotes(work, draft, item), boxes.nodes, photos?.node, reason,
    h("div", { class: "foot" }, stop, h("div", { class: "foot-row" }, status, next)), h("p", {}, h("a", { class: "link", href: "#/" }, "Kembali ke daftar TPS")));
  count();
  judge();
  const hidden = () => keep.pending() && keep.now();
  addEventListener("pagehide", hidden);
  document.addEventListener("visibilitychange", hidden);
  context.onLeave(async () => {
    removeEventListener("pagehide", hidden);
    document.removeEventListener("visibilitychange", hidden);
    photos?.leave();
    if (keep.pending()) await keep.now();
  });
}

