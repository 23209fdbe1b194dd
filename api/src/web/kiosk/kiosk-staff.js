// The screen for staff, behind a long press: what this device is set to, and what the server says of itself.
// Invariant: it shows no secret and changes nothing but this device's own settings.

import { digits } from "./kiosk-search.js";
import { ask, heard, keptCount } from "./kiosk-server.js";
import { addressHome, deviceHome, home, isRegion, paper, PAPERS, setDeviceHome } from "./kiosk-settings.js";
import { clock, grouped, NOTHING } from "./kiosk-text.js";
import { h } from "./kiosk-view.js";

const SHELL = "kios-rilis-";

async function load(place, signal) {
  const answer = await ask("/status", { signal });
  const shells = "caches" in globalThis ? (await caches.keys()).filter((name) => name.startsWith(SHELL)) : [];
  return { ...answer, shell: shells.map((name) => name.slice(SHELL.length)).join(", "), kept: await keptCount() };
}

function age(ms) {
  if (ms === null) return NOTHING;
  return ms < 0 ? "belum pernah mendengar pemimpin" : `${(ms / 1000).toFixed(1).replace(".", ",")} detik`;
}

function facts({ body, shell, kept }) {
  const release = body?.nodes.find(({ id }) => String(id) === heard.node)?.release;
  return [
    ["Simpul yang menjawab", heard.node ?? NOTHING], ["Indeks", grouped(heard.index)], ["Umur data (pemimpin)", age(heard.leaderAgeMs)],
    ["Jawaban terakhir", heard.at ? clock(heard.at, home()) : NOTHING], ["Rilis server", release ?? NOTHING], ["Rilis kios tersimpan", shell || "belum tersimpan"],
    ["Hasil tersimpan", kept], ["Wilayah dari alamat", addressHome() ?? NOTHING], ["Wilayah diatur di mesin ini", deviceHome() || NOTHING],
  ];
}

/** Takes the code that was entered as this device's home region, if the server knows it; says what came of it. */
export async function takeHome(code) {
  if (code === "") {
    setDeviceHome("");
    return "Wilayah sekarang mengikuti alamat kios.";
  }
  if (!isRegion(code)) return "Kode wilayah: 0, atau 2, 4, 6, atau 10 angka.";
  const answer = await ask(`/regions/${code}`);
  if (answer.status === 404) return `Kode ${code} tidak terdaftar.`;
  if (!answer.body) return "Server belum menjawab; kode tidak dapat diperiksa. Coba lagi.";
  setDeviceHome(code);
  return `Tersimpan: ${answer.body.name} (${code}).`;
}

const button = (text, act, more) => h("button", { type: "button", class: "button", "data-act": act, ...more }, text);

export const staff = {
  title: () => "Petugas",
  load,
  view: (place, found) => [h("h1", { tabindex: "-1" }, "Layar petugas"),
    h("section", { class: "card", "aria-labelledby": "wilayah" }, h("h2", { id: "wilayah" }, "Wilayah kios"),
      h("label", { class: "ask" }, h("span", {}, "Kode wilayah; kosongkan untuk mengikuti alamat"), h("input", { value: deviceHome(), inputmode: "none", autocomplete: "off", maxlength: "10" })),
      digits(), h("p", { role: "status" }, place.said ?? ""), button("Simpan wilayah", "save-home")),
    h("section", { class: "card", "aria-labelledby": "kertas" }, h("h2", { id: "kertas" }, "Kertas"),
      h("div", { class: "chips", role: "group", "aria-labelledby": "kertas" }, PAPERS.map((width) => h("button", { type: "button", class: "chip", "data-act": "paper", "data-width": width, "aria-pressed": String(width === paper()) }, `${width} mm`))),
      button("Uji cetak", "test-print")),
    h("section", { class: "card", "aria-labelledby": "keadaan" }, h("h2", { id: "keadaan" }, "Keadaan"),
      h("dl", { class: "facts" }, found && facts(found).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))), button("Muat ulang", "reload"))],
};
