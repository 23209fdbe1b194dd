// The account's stations with what became of each form; readable without signal from the last answer.

import { onChange } from "./bus.js";
import { button, h, notice, show } from "./dom.js";
import { draftsOf, workId } from "./drafts.js";
import { contests, prepare, stationsKept, stationsLatest } from "./knowledge.js";
import { queueOf, receiptsOfAccount } from "./queue.js";
import { session, signOut } from "./session.js";
import { roleWords, stateKind, stateWords, waitingWords } from "./texts.js";
import { grouped, moment } from "./words.js";
import { read, write } from "./store.js";

const PREPARED_MAX = 12;
const FILTER_FROM = 8;
/** How many cards are put on the screen at once; a filter finds the others. */
const CARDS_MAX = 100;

export function kindOf(role) {
  return role === "reviewer" ? "review" : "report";
}

function chip(kind, text) {
  return h("span", { class: `chip ${kind}` }, text);
}

/** What is known here of one station, the most urgent first. */
function standing(station, local, signedIn) {
  const item = local.queue.get(local.id(station.code));
  if (item) {
    const words = waitingWords(item, signedIn);
    return chip(words.kind, words.label);
  }
  const receipt = local.receipts.get(local.id(station.code));
  const draft = local.drafts.has(local.id(station.code)) ? chip("warn", "Draf di HP") : null;
  if (draft) return draft;
  const ours = receipt && (station.revision < receipt.receipt.revision || (station.revision === receipt.receipt.revision && station.state === receipt.state));
  if (ours) return chip(stateKind(receipt.state), receipt.state === "held" ? `Ditahan #${grouped(receipt.receipt.index)}` : `Diterima #${grouped(receipt.receipt.index)}`);
  return chip(stateKind(station.state), stateWords(station.state));
}

async function localOf(now, contest) {
  const kind = kindOf(now.role);
  const [queue, receipts, drafts] = await Promise.all([queueOf(now.username), receiptsOfAccount(now.username), draftsOf(now.username)]);
  const newest = [...receipts].sort((left, right) => left.kept_at - right.kept_at);
  return {
    id: (station) => workId({ account: now.username, contest, station, kind }),
    queue: new Map(queue.map((item) => [item.id, item])),
    receipts: new Map(newest.map((receipt) => [receipt.work, receipt])),
    drafts: new Set(drafts.filter((draft) => Object.keys(draft.values).length > 0).map((draft) => draft.id)),
  };
}

function card(station, contest, local, signedIn) {
  return h("li", {}, h("a", { class: "card station", href: `#/tps/${contest}/${station.code}` },
    h("span", { class: "station-name" }, station.name), h("span", { class: "code" }, station.code), standing(station, local, signedIn)));
}

function leave(now) {
  const place = h("div", {});
  const ask = button("Keluar", async () => {
    const waiting = (await queueOf(now.username)).length;
    const words = waiting > 0 ? `Masih ada ${waiting} kiriman yang belum diterima. Kiriman tetap tersimpan di HP dan dikirim setelah akun ini masuk lagi.` : "Isian yang tersimpan di HP tetap ada.";
    const go = button("Ya, keluar", async () => {
      await signOut();
      location.hash = "#/masuk";
    }, { class: "danger" });
    place.replaceChildren(notice("warn", "Keluar dari akun ini?", h("p", {}, words), h("div", { class: "actions" }, go, button("Batal", () => place.replaceChildren()))));
    go.focus();
  });
  return h("section", { class: "card account", "aria-label": "Akun" }, h("p", {}, "Akun ", h("b", {}, now.username), `, ${roleWords(now.role)}`), place, h("div", { class: "actions" }, now.token ? null : h("a", { class: "button main", href: "#/masuk" }, "Masuk lagi"), ask));
}

async function chosenContest(all) {
  const last = (await read("meta", "contest"))?.value;
  return all.find((one) => one.id === last) ?? all.find((one) => one.id === "ppwp") ?? all[0];
}

function contestChoice(all, chosen, choose) {
  if (all.length < 2) return h("p", { class: "lead" }, chosen.name);
  const select = h("select", { id: "pemilihan", onchange: () => choose(select.value) }, all.map((one) => h("option", { value: one.id, selected: one.id === chosen.id }, one.name)));
  return h("div", { class: "field" }, h("label", { for: "pemilihan" }, "Pemilihan"), select);
}

function nothing(now) {
  if (!now.token) return notice("warn", "Sesi berakhir", h("p", {}, "Masuk lagi untuk melihat daftar TPS. Isian yang sudah tersimpan tidak hilang."));
  return notice("info", "Daftar TPS belum bisa dimuat", h("p", {}, "Perlu sinyal satu kali untuk memuat daftar. Setelah itu semua bisa dibuka tanpa sinyal."), button("Coba lagi", () => dispatchEvent(new Event("hashchange"))));
}

export async function stationsScreen(context) {
  const now = context.session;
  const all = await contests();
  if (!context.alive()) return;
  if (all.length === 0) {
    show("TPS saya", nothing(now), leave(now));
    return;
  }
  const chosen = await chosenContest(all);
  const list = h("ul", { class: "stations" });
  const age = h("p", { class: "hint", role: "status" });
  const filter = h("input", { id: "saring", type: "search", autocomplete: "off", oninput: () => draw() });
  const filterBox = h("div", { class: "field", hidden: true }, h("label", { for: "saring" }, "Cari TPS (nama atau kode)"), filter);
  let known = await stationsKept(chosen.id);
  let seen = "";

  async function draw() {
    const [account, local] = await Promise.all([session(), localOf(now, chosen.id)]);
    const stations = known?.value.stations ?? [];
    filterBox.hidden = stations.length < FILTER_FROM;
    const wanted = filter.value.trim().toLowerCase();
    const fitting = stations.filter((one) => `${one.name} ${one.code}`.toLowerCase().includes(wanted));
    // What waits on this phone comes first, wherever it stands in a long list.
    const waits = (one) => local.queue.has(local.id(one.code)) || local.drafts.has(local.id(one.code));
    fitting.sort((left, right) => waits(right) - waits(left));
    const items = fitting.slice(0, CARDS_MAX).map((one) => card(one, chosen.id, local, Boolean(account?.token)));
    if (fitting.length > CARDS_MAX) items.push(h("li", { class: "hint" }, `Masih ada ${grouped(fitting.length - CARDS_MAX)} TPS lain; pakai kotak cari.`));
    const text = items.map((item) => item.textContent).join("|");
    // What did not change is left alone, so that a focus in it stays.
    if (context.alive() && text !== seen) list.replaceChildren(...items);
    seen = text;
    age.textContent = known ? `Daftar per ${moment(known.at)}.` : "";
  }

  await draw();
  if (!context.alive()) return;
  const choose = async (value) => {
    await write("meta", { id: "contest", value });
    dispatchEvent(new Event("hashchange"));
  };
  const expired = now.token ? null : notice("warn", "Sesi berakhir", h("p", {}, "Masuk lagi supaya kiriman dilanjutkan. Isian dan kiriman tetap tersimpan di HP."));
  show(now.role === "reviewer" ? "TPS untuk bacaan kedua" : "TPS saya", expired, contestChoice(all, chosen, choose), filterBox, list, age, leave(now));
  context.onLeave(onChange(draw));
  const latest = await stationsLatest(chosen.id);
  if (!context.alive()) return;
  known = latest ?? known;
  await draw();
  if (!known) list.replaceChildren(h("li", {}, nothing(now)));
  else if (known.value.stations.length === 0) list.replaceChildren(h("li", {}, notice("info", "Belum ada TPS", h("p", {}, "Akun ini belum diberi TPS untuk pemilihan ini. Hubungi PPK."))));
  void contests(true);
  void prepare(chosen.id, (known?.value.stations ?? []).slice(0, PREPARED_MAX), kindOf(now.role) === "report");
}
