// The boxes of the form on the screen: digits only, each number in words below, never changed by wheel or key.

import { announce, h, point } from "./dom.js";
import { countMax, partsOf } from "./shape.js";
import { grouped, inWords } from "./words.js";

const FILTER_FROM = 12;

export function boxId(pointer) {
  return `kotak${pointer.replaceAll("/", "-")}`;
}

/** Keeps a box to digits, however they come in. */
function guarded(input, digitsMax, typed) {
  input.addEventListener("beforeinput", (event) => {
    if (event.data !== null && event.inputType === "insertText" && /\D/.test(event.data)) event.preventDefault();
  });
  input.addEventListener("paste", (event) => {
    event.preventDefault();
    const text = event.clipboardData.getData("text").trim();
    if (!/^\d+$/.test(text) || text.length > digitsMax) {
      announce(`Yang ditempel harus angka saja, paling banyak ${digitsMax} angka.`);
      return;
    }
    input.value = text;
    typed();
  });
  input.addEventListener("input", () => {
    const digits = input.value.replace(/\D/g, "").slice(0, digitsMax);
    if (digits !== input.value) input.value = digits;
    typed();
  });
}

export class Boxes {
  /** `typed(pointer, text)` is called at every change, `left()` when a box is left. */
  constructor(contest, station, values, { typed, left }) {
    this.inputs = new Map();
    this.words = new Map();
    this.findings = new Map();
    this.subtotals = [];
    this.contest = contest;
    this.digitsMax = String(countMax(station)).length;
    this.values = values;
    this.typed = typed;
    this.left = left;
    this.nodes = partsOf(contest).map((part) => this.part(part));
    this.addUp();
  }

  part(part) {
    const findings = h("div", { class: "findings", "aria-live": "polite" });
    this.findings.set(part.id, findings);
    const many = part.groups.flatMap((group) => group.rows).length >= FILTER_FROM;
    const groups = part.groups.map((group) => this.group(group, part.parties ?? false));
    return h("section", { class: "part", "aria-labelledby": `bagian-${part.id}` },
      h("h2", { id: `bagian-${part.id}` }, h("span", { class: "roman" }, `${part.id}.`), ` ${part.title}`), many && this.filter(groups), groups, findings);
  }

  group(group, isParty) {
    const rows = group.rows.map((row) => (row.kind === "people" ? this.people(row) : this.single(row, isParty)));
    if (!group.title) return h("div", { class: "group" }, rows);
    const subtotal = isParty ? h("p", { class: "hint subtotal" }) : null;
    if (subtotal) this.subtotals.push({ node: subtotal, rows: group.rows });
    return h("fieldset", { class: "group" }, h("legend", {}, group.title), rows, subtotal);
  }

  /** A party's votes added up here, to compare with the paper; it is sent nowhere. */
  addUp() {
    for (const { node, rows } of this.subtotals) {
      const numbers = rows.map((row) => this.values[row.boxes[0].pointer]).filter(Boolean).map(Number);
      const sum = numbers.reduce((total, number) => total + number, 0);
      const text = numbers.length === 0 ? "" : `Jumlah di HP: ${grouped(sum)} = ${inWords(sum)}`;
      if (node.textContent !== text) node.textContent = text;
    }
  }

  filter(groups) {
    const status = h("p", { class: "hint", role: "status" });
    const input = h("input", { id: "saring-suara", type: "search", autocomplete: "off", placeholder: "Nama, nomor, atau partai" });
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      let shown = 0;
      const rows = groups.flatMap((group) => [...group.querySelectorAll(".row")]);
      for (const row of rows) {
        row.hidden = !row.dataset.words.includes(wanted);
        shown += row.hidden ? 0 : 1;
      }
      for (const group of groups) group.hidden = !group.querySelector(".row:not([hidden])");
      status.textContent = wanted ? `${shown} dari ${rows.length} pilihan terlihat. Semua tetap dihitung.` : "";
    });
    return h("div", { class: "field" }, h("label", { for: "saring-suara" }, "Cari dalam daftar"), input, status);
  }

  people(row) {
    const boxes = row.boxes.map((box) => this.box(box, h("span", {}, h("span", { "aria-hidden": "true" }, box.column), h("span", { class: "unseen" }, box.name)), box.column));
    return h("fieldset", { class: `row people${row.strong ? " strong" : ""}` },
      h("legend", {}, row.number && h("span", { class: "number" }, row.number), ` ${row.label}`),
      h("div", { class: "columns" }, boxes.map(({ label, input }) => h("div", { class: "column" }, label, input))), boxes.map(({ words }) => words));
  }

  single(row, belowParty) {
    const [{ label, input, words }] = row.boxes.map((box) =>
      this.box(box, h("span", {}, row.number && h("span", { class: "number" }, row.number), h("span", {}, row.label), row.party && !belowParty ? h("span", { class: "hint" }, row.party) : null)));
    return h("div", { class: `row single${row.strong ? " strong" : ""}`, "data-words": `${row.number} ${row.label} ${row.party ?? ""}`.toLowerCase() }, h("div", { class: "line" }, label, input), words);
  }

  /** `column` stands before the words where a row has several boxes. */
  box(box, name, column = null) {
    const id = boxId(box.pointer);
    const words = h("p", { id: `${id}-kata`, class: "words" });
    const input = h("input", { id, class: "digits", type: "text", inputmode: "numeric", pattern: "[0-9]*", autocomplete: "off", enterkeyhint: "next", "aria-describedby": words.id, value: this.values[box.pointer] ?? "" });
    this.inputs.set(box.pointer, input);
    this.words.set(box.pointer, { words, column });
    guarded(input, this.digitsMax, () => {
      this.say(box.pointer);
      this.typed(box.pointer, input.value);
      this.addUp();
    });
    input.addEventListener("change", () => {
      if (input.value !== "" && input.value !== String(Number(input.value))) this.set(box.pointer, Number(input.value));
      this.left();
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.next(event, box.pointer);
    });
    this.say(box.pointer);
    return { label: h("label", { for: id }, name), input, words };
  }

  /** Return goes to the next box that can be seen, as on a keypad. */
  next(event, pointer) {
    event.preventDefault();
    const order = [...this.inputs].filter(([, input]) => !input.closest("[hidden]"));
    const after = order[order.findIndex(([known]) => known === pointer) + 1];
    if (after) point(after[1]);
    else this.inputs.get(pointer).blur();
  }

  /** The number in words: "41 = empat puluh satu". */
  say(pointer) {
    const { words, column } = this.words.get(pointer);
    const text = this.inputs.get(pointer).value;
    const number = Number(text);
    words.replaceChildren(...(text === "" ? [] : [column ? h("b", {}, `${column} `) : "", `${grouped(number)} = ${inWords(number)}`]));
  }

  /** Puts a number into a box, as if typed. */
  set(pointer, number) {
    this.inputs.get(pointer).value = String(number);
    this.say(pointer);
    this.typed(pointer, String(number));
    this.addUp();
  }

  /** Marks the boxes that flags complain about; each is described by its flags. */
  mark(flags) {
    for (const [pointer, input] of this.inputs) {
      const mine = flags.filter((flag) => flag.severity !== "note" && flag.fields.includes(pointer));
      input.toggleAttribute("aria-invalid", false);
      if (mine.length > 0) input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", [`${boxId(pointer)}-kata`, ...mine.map((flag) => `temuan-${flag.rule}`)].join(" "));
    }
  }

  firstEmpty() {
    return [...this.inputs].find(([, input]) => input.value === "")?.[1] ?? null;
  }
}
