// What became of a station's form: waiting on the phone, on its way, refused, or accepted with a receipt.

import { onChange } from "./bus.js";
import { button, h, notice, show } from "./dom.js";
import { discard, draft as draftOf, save } from "./drafts.js";
import { hope } from "./drain.js";
import { contest as contestOf, numbersLatest, station as stationOf, stationsKept, stationsLatest } from "./knowledge.js";
import { picture, receiptAddress } from "./qr.js";
import { queued, receiptsOf, takeBack } from "./queue.js";
import { FORM_ANSWERS, nameOf, placeOf } from "./screen-form.js";
import { kindOf } from "./screen-stations.js";
import { session } from "./session.js";
import { boxesOf, numberAt, valuesOf } from "./shape.js";
import { problemWords, stateKind, stateWords, waitingWords } from "./texts.js";
import { grouped, moment } from "./words.js";

function fact(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function differences(record, contest) {
  if (record.kind !== "review") return null;
  if (record.state !== "disputed") return notice("good", "Kedua bacaan sama", h("p", {}, "Formulir ini sekarang sudah dibaca dua kali dengan hasil sama."));
  const names = new Map(boxesOf(contest).map((box) => [box.pointer, box.name]));
  const places = record.differences ?? [];
  const list = h("ul", {}, places.map((pointer) => h("li", {}, `${names.get(pointer) ?? pointer}: bacaan Anda ${grouped(numberAt(valuesOf(record.form, contest), pointer) ?? 0)}`)));
  return notice("warn", `${places.length} angka berbeda dari bacaan pertama`, list, h("p", {}, "Pembaca ketiga akan menentukan. Anda tidak perlu mengubah apa-apa."));
}

function receiptCard(record, contest) {
  const { receipt } = record;
  const flags = (record.flags ?? []).map((flag) => h("li", {}, flag.message));
  const address = receiptAddress({ host: record.host, contest: record.contest, station: record.station, receipt });
  return h("section", { class: "card receipt", "aria-labelledby": "tanda-terima" },
    h("h2", { id: "tanda-terima" }, `Diterima #${grouped(receipt.index)}`),
    h("p", {}, h("span", { class: `chip ${stateKind(record.state)}` }, stateWords(record.state))), differences(record, contest),
    record.late && h("p", { class: "hint" }, "Server sudah menerima kiriman ini sebelumnya; dikenali dari sidik datanya."),
    flags.length > 0 && notice("warn", "Dicatat bersama tanda", h("ul", {}, flags)),
    h("dl", { class: "facts" }, fact("Versi", grouped(receipt.revision)), fact("Waktu", moment(receipt.at)), fact("Suara sah", grouped(record.form.valid)), fact("Suara tidak sah", grouped(record.form.invalid)), fact("Jumlah suara", grouped(record.form.total)),
      fact("Sidik data", h("code", {}, receipt.digest))),
    picture(address, "Kode QR tanda terima: alamat halaman TPS, versi, dan sidik data"),
    h("p", { class: "hint" }, "Saksi dan pengawas boleh memindai kode ini untuk membandingkan dengan halaman TPS."));
}

/** Another version is there: what differs, and a way to send upon it. */
async function conflict(work, contest, item) {
  const latest = await numbersLatest(work.contest, work.station);
  if (!latest?.fresh || !latest.value.form) return h("p", {}, "Versi itu belum bisa dimuat; perlu sinyal.");
  const [theirs, ours] = [valuesOf(latest.value.form, contest), valuesOf(item.content.form, contest)];
  const different = boxesOf(contest).filter((box) => numberAt(theirs, box.pointer) !== numberAt(ours, box.pointer));
  const rows = different.map((box) => h("tr", {}, h("th", { scope: "row" }, box.name), h("td", {}, grouped(numberAt(theirs, box.pointer) ?? 0)), h("td", {}, grouped(numberAt(ours, box.pointer) ?? 0))));
  const upon = button(`Jadikan koreksi atas versi ${grouped(latest.value.revision)}`, async () => {
    const draft = await draftOf(work);
    if (!draft || !(await takeBack(item.id))) return;
    await save({ ...draft, base: { revision: latest.value.revision, form: latest.value.form } });
    location.hash = `#/baca/${work.contest}/${work.station}`;
  }, { class: "main" });
  const drop = button("Pakai versi yang sudah ada", async () => {
    const draft = await draftOf(work);
    if (!(await takeBack(item.id))) return;
    if (draft) await discard(draft);
    location.hash = "#/";
  });
  return h("div", {}, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Perbandingan versi" }, h("table", {}, h("caption", {}, different.length === 0 ? "Semua angka sama" : "Angka yang berbeda"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Isian"), h("th", { scope: "col" }, `Versi ${grouped(latest.value.revision)}`), h("th", { scope: "col" }, "Isian Anda"))), h("tbody", {}, rows))), h("div", { class: "actions" }, upon, drop));
}

async function waitingCard(work, contest, item, signedIn) {
  const words = waitingWords(item, signedIn);
  const form = `#/isi/${work.contest}/${work.station}`;
  if (item.state === "refused") {
    const { title, action, detail } = problemWords(item.problem, work.kind);
    const stale = item.problem.code === "stale-revision" && work.kind === "report";
    return h("section", { class: "card" }, h("h2", {}, title), h("p", {}, action), detail && h("p", {}, detail), stale && (await conflict(work, contest, item)), h("div", { class: "actions" }, h("a", { class: "button", href: form }, "Buka isian")));
  }
  return h("section", { class: "card" }, h("h2", {}, words.label), h("p", {}, words.detail),
    h("div", { class: "actions" }, signedIn ? button("Coba kirim sekarang", () => hope(true)) : h("a", { class: "button main", href: "#/masuk" }, "Masuk lagi"), item.state === "saved" && button("Ubah isian", async () => {
      if (await takeBack(item.id)) location.hash = form;
    })));
}

/** What the server knows of a station that this phone has no receipt for. */
async function known(work) {
  const review = work.kind === "review";
  const list = review ? await stationsLatest(work.contest) : await stationsKept(work.contest);
  const listed = list?.value.stations.find((one) => one.code === work.station);
  if (review) return listed;
  const latest = await numbersLatest(work.contest, work.station);
  return latest ? { state: latest.value.state, revision: latest.value.revision } : listed;
}

function starting(work, there, draft, receipt) {
  const form = `#/isi/${work.contest}/${work.station}`;
  const begin = (text, more = "main") => h("a", { class: `button ${more}`, href: form }, text);
  const typed = draft && Object.keys(draft.values).length > 0;
  const state = there?.state ?? "absent";
  if (work.kind === "review") {
    if (state === "absent") return notice("info", "Belum ada yang bisa dibaca ulang", h("p", {}, "Formulir TPS ini belum masuk."));
    if (receipt) return null;
    return begin(typed ? "Lanjutkan bacaan kedua" : "Mulai bacaan kedua");
  }
  if (state === "certified") return notice("info", "Sudah disahkan", h("p", {}, "Formulir ini tidak bisa diubah lagi dari sini."));
  if (typed) return begin("Lanjutkan draf");
  return state === "absent" ? begin("Isi formulir") : begin("Koreksi", "");
}

export async function outcomeScreen(context) {
  const work = { account: context.session.username, contest: context.contest, station: context.station, kind: kindOf(context.session.role) };
  const [contest, station] = await Promise.all([contestOf(work.contest), stationOf(work.station)]);
  if (!contest) throw new Error("contest not known");
  const place = h("div", { class: "stack", "aria-live": "polite" });
  const there = await known(work);
  let seen = null;

  async function draw() {
    const [item, receipts, draft, account] = await Promise.all([queued(work), receiptsOf(work), draftOf(work), session()]);
    if (!context.alive()) return;
    if (item?.state === "refused" && FORM_ANSWERS.includes(item.problem.code) && !item.problem.photo) {
      location.replace(`#/isi/${work.contest}/${work.station}`);
      return;
    }
    const receipt = receipts.at(-1);
    const text = JSON.stringify([item?.state, item?.problem, item?.progress, receipt?.id, Boolean(draft), Boolean(account?.token)]);
    if (text === seen) return;
    seen = text;
    const accepted = receipt && { state: receipt.state, revision: receipt.receipt.revision };
    const state = accepted && (there?.revision ?? 0) < accepted.revision ? accepted : (there ?? accepted);
    const newer = accepted && state.revision > accepted.revision && notice("warn", `Ada versi lebih baru: ${grouped(state.revision)}`, h("p", {}, `Bukan dari HP ini. Keadaan sekarang: ${stateWords(state.state)}.`));
    const nodes = item
      ? [await waitingCard(work, contest, item, Boolean(account?.token)), receipt && receiptCard(receipt, contest)]
      : [newer, receipt ? receiptCard(receipt, contest) : state && state.state !== "absent" && notice(stateKind(state.state), stateWords(state.state), h("p", {}, `Versi ${grouped(state.revision)} sudah tercatat di server.`)), starting(work, state, draft, receipt)];
    if (context.alive()) place.replaceChildren(...nodes.filter(Boolean));
    if (receipt && !item) void stationsLatest(work.contest);
  }

  await draw();
  if (!context.alive() || seen === null) return;
  show(nameOf(station), placeOf(station, contest, false), place, h("p", {}, h("a", { class: "link", href: "#/" }, "Kembali ke daftar TPS")));
  context.onLeave(onChange(draw));
}
