// The screens about results: home with its region, any region down to its stations, a station.
// A screen loads what it shows and draws it from that alone; the name of a place is known from the tap that led there.

import { ask, contestFor } from "./kiosk-server.js";
import { heldIn, regionSheet, stationSheet } from "./kiosk-sheet.js";
import { level, levelBelow, NOTICE, severityWords, stateMeaning, stateWords, troubleWords } from "./kiosk-text.js";
import { bar, h, icon } from "./kiosk-view.js";

async function loadRegion({ code, contest: wanted }, signal) {
  const chosen = await contestFor(wanted, (contest) => heldIn(contest, code));
  if (!chosen.contest) return chosen;
  const answer = await ask(`/results/${chosen.contest.id}/${code}`, { keep: true, signal });
  return answer.body ? { ...answer, sheet: regionSheet(answer.body, chosen.contest, chosen.choices) } : answer;
}

async function loadStation({ code, contest: wanted }, signal) {
  const station = await ask(`/stations/${code}`, { signal });
  if (!station.body) return station;
  const chosen = await contestFor(wanted, ({ id }) => station.body.contests.includes(id));
  if (!chosen.contest) return chosen;
  const answer = await ask(`/stations/${code}/${chosen.contest.id}`, { signal });
  return answer.body ? { ...answer, sheet: stationSheet(station.body, answer.body, chosen.contest, chosen.choices) } : answer;
}

function trouble(found, atHome) {
  if (!found) return h("p", { class: "wait" }, "Memuat\u2026");
  const [heading, text] = atHome && found.status === 404 ? ["Wilayah kios ini tidak terdaftar", "Beri tahu petugas. Cari TPS dan Hasil tetap dapat dipakai."] : troubleWords(found);
  return h("section", { class: "card trouble" }, h("h2", {}, heading), h("p", {}, text),
    found.status !== 404 && h("button", { type: "button", class: "button", "data-act": "again" }, "Coba lagi sekarang"));
}

function asOf({ at, version, index, kind }) {
  if (!at) return h("p", { class: "as-of" }, kind === "region" ? "Belum ada formulir yang masuk" : "");
  return h("p", { class: "as-of" }, h("span", {}, "Data per ", h("strong", {}, at)), " ", h("span", {}, version), " ", h("span", {}, index));
}

function way({ path }) {
  return path.map(({ code, name }) => h("li", {}, h("button", { type: "button", "data-screen": "region", "data-code": code, "data-name": name }, name)));
}

function choices({ choices: all, contest }) {
  const one = ({ id, name }) => h("button", { type: "button", class: "chip", "data-act": "contest", "data-id": id, "aria-pressed": String(id === contest) }, name);
  return all.length > 0 && h("div", { class: "chips", role: "group", "aria-label": "Pemilihan" }, all.map(one));
}

function votes({ rows, sums }) {
  const row = (one) => h("li", {},
    h("span", { class: "number" }, h("span", { class: "unseen" }, "Nomor urut "), one.order),
    h("span", { class: "who" }, one.name, one.party && h("small", {}, one.party)),
    h("span", { class: "got" }, h("strong", {}, one.share.text), h("small", {}, `${one.votes} suara`)), bar(one.share.length, one));
  return [h("ol", { class: "options" }, rows.map(row)), h("dl", { class: "sums" }, sums.map(([name, count]) => h("div", {}, h("dt", {}, name), h("dd", {}, count))))];
}

function counted({ counted: { share, text }, marks }) {
  return h("div", { class: "progress" }, h("p", {}, h("strong", {}, share.text), ` ${text} TPS masuk`), bar(share.length),
    h("ul", { class: "marks" }, marks.map((mark) => h("li", { class: `mark ${mark.kind}` }, mark.text))));
}

function child({ code, name, state, flags, counted: below }) {
  const lines = state
    ? h("span", { class: "marked" }, h("span", { class: `mark ${state}` }, stateWords(state)), flags > 0 && h("span", { class: "mark flagged" }, `${flags} tanda`))
    : [bar(below.share.length), h("span", { class: "in" }, h("b", {}, below.share.text), h("span", { class: below.whole && "whole" }, `${below.text} TPS${below.whole ? " \u2713" : ""}`))];
  return h("li", {}, h("button", { type: "button", class: "tile", "data-screen": state ? "station" : "region", "data-code": code, "data-name": name }, h("span", { class: "tile-name" }, name), lines));
}

function notice() {
  return h("p", { class: "banner" }, h("strong", {}, NOTICE), ". Hasil resmi ditetapkan melalui rekapitulasi berjenjang.");
}

/** What stands above every sheet: the way down, the name, the contest, the time. */
function head(place, sheet) {
  const small = sheet ? `${sheet.contestName} \u00b7 ${sheet.level}` : level(place.code);
  return [h("nav", { class: "trail", "aria-label": "Wilayah di atasnya" }, h("ol", {}, sheet && way(sheet))), h("h1", { tabindex: "-1" }, h("small", {}, small), sheet?.name ?? place.name ?? place.code)];
}

const big = (name, screen, title, text) => h("button", { type: "button", class: "big", ...screen }, icon(name), h("b", {}, title), h("span", {}, text));

export const home = {
  title: () => "Beranda",
  load: loadRegion,
  view(place, found) {
    const { sheet } = found ?? {};
    const tiles = [
      big("search", { "data-screen": "search" }, "Cari TPS", "Nama kelurahan atau desa dan nomor TPS. Tanpa NIK."),
      big("bars", { "data-screen": "region", "data-code": "0", "data-name": "Nasional" }, "Hasil", "Dari nasional sampai ke tiap TPS."),
      big("print", { "data-act": "print", "aria-disabled": String(!sheet) }, "Cetak", "Hasil wilayah ini di kertas kecil."),
    ];
    const open = () => h("button", { type: "button", class: "button", "data-screen": "region", "data-code": sheet.code, "data-name": sheet.name }, `Lihat rincian ${sheet.name}`);
    return [h("h1", { tabindex: "-1", class: "unseen" }, "Hitung suara"), h("div", { class: "bigs" }, tiles),
      h("section", { class: "card summary", "aria-labelledby": "ringkas" },
        h("h2", { id: "ringkas" }, sheet && h("small", {}, `${sheet.contestName} \u00b7 ${sheet.level}`), sheet?.name ?? "Hasil wilayah ini"),
        sheet ? [asOf(sheet), choices(sheet), notice(), counted(sheet), votes(sheet), open()] : trouble(found, true))];
  },
};

export const region = {
  title: (place, sheet) => sheet?.name ?? place.name ?? "Hasil",
  load: loadRegion,
  view(place, found) {
    const { sheet } = found ?? {};
    if (!sheet) return [head(place), trouble(found)];
    const below = levelBelow(sheet.code);
    return [head(place, sheet), asOf(sheet), choices(sheet), notice(),
      h("section", { class: "card", "aria-labelledby": "suara" }, h("h2", { id: "suara" }, "Perolehan suara"), counted(sheet), votes(sheet)),
      h("section", { "aria-labelledby": "bawah" }, h("h2", { id: "bawah" }, sheet.children.length > 0 ? `Pilih ${below}` : `Belum ada ${below} yang terdaftar di sini`),
        h("ul", { class: "tiles" }, sheet.children.map(child)))];
  },
};

export const station = {
  title: (place, sheet) => sheet?.name ?? place.name ?? "TPS",
  load: loadStation,
  view(place, found) {
    const { sheet } = found ?? {};
    if (!sheet) return [head(place), trouble(found)];
    const flag = ({ severity, message }) => h("li", { class: severity === "hold" && severity }, h("strong", {}, severityWords(severity)), message);
    return [head(place, sheet), asOf(sheet), choices(sheet), notice(),
      h("section", { class: "card", "aria-label": "Keadaan formulir" },
        h("p", { class: `state ${sheet.state}` }, h("strong", {}, stateWords(sheet.state)), stateMeaning(sheet.state)),
        h("p", { class: "note" }, `Kode TPS ${sheet.code}`, sheet.registered !== null && ` \u00b7 ${sheet.registered} pemilih terdaftar`),
        sheet.flags.length > 0 && [h("h2", {}, "Tanda pemeriksaan"), h("ul", { class: "flags" }, sheet.flags.map(flag))]),
      sheet.rows.length > 0 && h("section", { class: "card", "aria-labelledby": "suara" }, h("h2", { id: "suara" }, "Perolehan suara"), votes(sheet))];
  },
};
