// The slip of paper: what was on the screen, black on white, as wide as the roll and as long as the text.
// Invariant: it is a picture of one sheet; nothing is asked anew, so paper and screen say the same.

import { paper } from "./kiosk-settings.js";
import { NOTICE, stateWords } from "./kiosk-text.js";
import { h } from "./kiosk-view.js";
import { picture } from "./qr.js";

/** Left blank below the text so that the cutter does not take the last line. */
const TAIL_MM = 6;

/** What staff print to see whether the paper fits. */
export const TEST = {
  kind: "test", name: "Uji cetak", path: [], contestName: "Kios Rakit", address: "/kios", state: null, sums: [["Jumlah contoh", "2.469.134"]], version: "", index: "",
  rows: [1, 2].map((order) => ({ order, name: "Baris contoh dengan nama yang panjang", votes: "1.234.567", share: { text: "50,00\u00a0%" } })),
};

function line(name, count) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, count));
}

function slip(sheet) {
  const address = location.origin + sheet.address;
  const path = sheet.path.filter(({ code }) => code !== "0").map(({ name }) => name).reverse().join(", ");
  const row = ({ order, name, votes, share }) => h("li", {}, h("span", {}, `${order}. ${name}`), h("b", {}, `${votes} suara`), h("b", {}, share.text));
  return h("section", { class: "slip", "data-paper": paper(), "aria-label": "Isi struk" },
    h("p", { class: "slip-brand" }, "RAKIT hitung suara"), h("p", {}, sheet.contestName), h("h2", {}, sheet.name), path && h("p", {}, path),
    sheet.state && h("p", {}, `Keadaan: ${stateWords(sheet.state)}`), sheet.counted && h("p", {}, `TPS masuk ${sheet.counted.text} (${sheet.counted.share.text})`),
    sheet.rows.length > 0 && [h("ol", {}, sheet.rows.map(row)), h("dl", {}, sheet.sums.map(([name, count]) => line(name, count)))],
    h("p", {}, sheet.at ? `Data per ${[sheet.at, sheet.version, sheet.index].filter(Boolean).join(", ")}` : sheet.kind !== "test" && "Belum ada formulir yang masuk"),
    h("p", { class: "slip-notice" }, NOTICE), picture(address, `Kode QR ke ${address}`), h("p", { class: "slip-address" }, address));
}

let rule = null;

/** Tells the printer how long the slip is: the page has its very length, so that a roll is cut once. */
function setPage() {
  const shown = document.querySelector(".slip");
  const width = paper();
  const tall = Math.ceil((shown.offsetHeight / shown.offsetWidth) * width) + TAIL_MM;
  const sheet = [...document.styleSheets].at(-1);
  if (rule !== null) sheet.deleteRule(rule);
  rule = sheet.insertRule(`@page { margin: 0; size: ${width}mm ${tall}mm; }`, rule ?? sheet.cssRules.length);
}

export const print = {
  title: () => "Cetak",
  view: (place) => [h("h1", { tabindex: "-1" }, "Cetak"),
    h("p", { class: "lead" }, place.done ? "Ambil struk di bawah layar. Kalau kertas tidak keluar, beri tahu petugas." : `Ini yang akan dicetak, di kertas ${paper()} mm.`),
    h("button", { type: "button", class: "button main-button", "data-act": "print-now" }, place.done ? "Cetak lagi" : "Cetak sekarang"), slip(place.sheet)],
  drawn: setPage,
};
