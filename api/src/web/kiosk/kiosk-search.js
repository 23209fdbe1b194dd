// Finds a station or a region by what is typed, on the screen or on a keyboard.
// Invariant: what is typed lives in the place that a reset forgets, and in the question to the server, which is not kept.

import { waitMs } from "./backoff.js";
import { ask } from "./kiosk-server.js";
import { level, troubleWords } from "./kiosk-text.js";
import { announce, h, icon } from "./kiosk-view.js";

const LETTERS = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
const DIGITS = ["123", "456", "789", "0"];
const SHORTEST = 2;
const PAUSE_MS = 250;
const AGAIN_MS_MAX = 20_000;

/** Keys on the screen: they type into the one field of the screen that they are on. */
function keys(rows, more) {
  const key = (text, value, name) => h("button", { type: "button", class: `key ${name ?? ""}`, "data-key": value }, text);
  const back = () => h("button", { type: "button", class: "key broad", "data-key": "back", "aria-label": "Hapus satu huruf" }, icon("erase"));
  const row = (letters, place) => h("div", {}, [...letters].map((letter) => key(letter.toUpperCase(), letter)), place === rows.length - 1 && back());
  return h("div", { class: "keys", role: "group", "aria-label": "Papan ketik" }, rows.map(row), more && h("div", {}, key("Kosongkan", "clear", "broad"), key("Spasi", " ", "space")));
}

export const digits = () => keys(DIGITS, false);

/** Does in a field what a key says. */
export function press(field, key) {
  const [from, to] = [field.selectionStart, field.selectionEnd];
  if (key === "clear") field.value = "";
  else if (key === "back") field.setRangeText("", from === to ? Math.max(0, from - 1) : from, to, "end");
  else if (field.value.length < field.maxLength) field.setRangeText(key, from, to, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function result({ kind, code, name, path }) {
  const above = path.filter((step) => step.code !== "0" && step.code !== code).reverse().map((step) => step.name).join(", ");
  return h("li", {}, h("button", { type: "button", class: "tile", "data-screen": kind === "station" ? "station" : "region", "data-code": code, "data-name": name },
    h("span", { class: "tile-name" }, name), h("span", { class: "above" }, kind === "region" && `${level(code)}${above && " \u00b7 "}`, above)));
}

function results({ answer }) {
  if (!answer) return h("p", { class: "hint-text" }, "Contoh: kayu manis 12");
  if (!answer.body) return h("div", { class: "card trouble" }, answer.lost === "network" ? [h("h2", {}, "Tidak ada jaringan"), h("p", {}, "Pencarian perlu jaringan dan dicoba lagi sendiri. Hasil terakhir tetap dapat dilihat lewat Beranda.")]
    : troubleWords(answer).map((text, place) => h(place === 0 ? "h2" : "p", {}, text)));
  const found = answer.body.results;
  if (found.length === 0) return h("p", { class: "hint-text" }, "Tidak ditemukan. Periksa ejaan, atau ketik nama kelurahan atau desa saja.");
  return h("ul", { class: "tiles" }, found.map(result));
}

async function find(turn, text, draw, failures = 0) {
  const { place, abort } = turn;
  const answer = await ask(`/search?q=${encodeURIComponent(text)}&limit=8`, { signal: place.asking.signal });
  if (abort.signal.aborted || place.asking.signal.aborted) return;
  place.answer = answer;
  draw();
  if (answer.body) return announce(`${answer.body.results.length} hasil`);
  if (answer.lost) place.timer = setTimeout(() => find(turn, text, draw, failures + 1), answer.retryAfterMs + Math.min(AGAIN_MS_MAX, waitMs(failures + 1)));
}

export const search = {
  title: () => "Cari TPS",
  view: (place) => [h("h1", { tabindex: "-1" }, "Cari TPS"),
    h("label", { class: "ask" }, h("span", {}, "Nama kelurahan atau desa, boleh dengan nomor TPS"),
      h("input", { value: place.text, inputmode: "none", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "60", enterkeyhint: "search", "data-first": true })),
    h("div", { class: "found" }, results(place)), keys(LETTERS, true)],
  /** What to do when the field changed. */
  typed(turn, value, draw) {
    const { place } = turn;
    const text = value.trim();
    clearTimeout(place.timer);
    place.asking?.abort();
    place.text = value;
    if (text.length < SHORTEST) {
      place.answer = null;
      return draw();
    }
    place.asking = new AbortController();
    place.timer = setTimeout(() => find(turn, text, draw), PAUSE_MS);
  },
  /** Stops asking when the screen is left. */
  leave({ place }) {
    clearTimeout(place.timer);
    place.asking?.abort();
  },
};
