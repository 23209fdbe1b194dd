// What does not fit, told beside the boxes it is about: proposals one tap away, or a confirmation that the paper says so.
//
// Invariant: nothing is applied that nobody tapped.

import { boxId } from "./form-boxes.js";
import { announce, button, h, point } from "./dom.js";
import { boxesOf, numberAt, partsOf } from "./shape.js";
import { grouped, inWords } from "./words.js";

const KINDS = { confirm: "warn", hold: "bad", note: "info" };
const AFTER = {
  hold: "Kalau dikirim begini, angka TPS ini ditahan dulu dan diperiksa sebelum ikut dihitung.",
  note: "Catatan saja; formulir tetap dihitung.",
};

function namesOf(contest) {
  return new Map(boxesOf(contest).map((box) => [box.pointer, box.name]));
}

/** The last part of the paper that a flag touches: there the sum stands. */
function partOf(flag, contest) {
  const touched = partsOf(contest).filter((part) => part.groups.some((group) => group.rows.some((row) => row.boxes.some((box) => flag.fields.includes(box.pointer)))));
  return touched.at(-1)?.id ?? "V";
}

function proposalButton(proposal, names, values, apply) {
  const changes = Object.entries(proposal.fields).map(([pointer, to]) => {
    const from = numberAt(values, pointer);
    return h("span", { class: "change" }, h("span", {}, names.get(pointer) ?? pointer), h("b", {}, ` ${from === null ? "kosong" : grouped(from)} \u2192 ${grouped(to)}`), ` (${inWords(to)})`);
  });
  return h("li", {}, button([changes, h("span", { class: "hint" }, proposal.reason)].flat(), () => apply(proposal), { class: "proposal" }));
}

export class Findings {
  /** `boxes` are the form's; `changed()` is called when something was confirmed or withdrawn. */
  constructor(contest, draft, boxes, changed) {
    this.contest = contest;
    this.draft = draft;
    this.boxes = boxes;
    this.changed = changed;
    this.names = namesOf(contest);
    this.seen = "";
  }

  /** Shows flags and proposals; leaves the screen alone where they are the same as before. */
  show(flags, proposals) {
    this.boxes.mark(flags);
    const text = JSON.stringify([flags, proposals, this.draft.values]);
    if (text === this.seen) return;
    this.seen = text;
    const left = [...proposals];
    const cards = new Map([...this.boxes.findings.keys()].map((part) => [part, []]));
    for (const flag of flags) {
      const mine = left.filter((proposal) => proposal.repairs.includes(flag.rule) || proposal.repairs.length === 0);
      for (const one of mine) left.splice(left.indexOf(one), 1);
      cards.get(partOf(flag, this.contest)).push(this.card(flag, mine));
    }
    for (const [part, place] of this.boxes.findings) place.replaceChildren(...cards.get(part));
  }

  card(flag, proposals) {
    const first = flag.fields.find((pointer) => this.boxes.inputs.has(pointer));
    const goTo = first && h("a", { class: "link", href: `#${boxId(first)}`, onclick: (event) => { event.preventDefault(); point(this.boxes.inputs.get(first)); } }, `Ke kotak: ${this.names.get(first)}`);
    return h("div", { class: `finding ${KINDS[flag.severity]}` },
      h("p", { id: `temuan-${flag.rule}`, class: "finding-title" }, flag.message), goTo,
      proposals.length > 0 && h("div", {}, h("p", { class: "hint" }, "Usulan (cocokkan dulu dengan kertas, lalu ketuk):"), h("ul", { class: "proposals" }, proposals.map((one) => proposalButton(one, this.names, this.draft.values, (proposal) => this.apply(proposal))))),
      flag.severity === "confirm" ? this.confirmation(flag) : h("p", { class: "hint" }, AFTER[flag.severity]));
  }

  apply(proposal) {
    const pointers = Object.keys(proposal.fields);
    for (const [pointer, to] of Object.entries(proposal.fields)) this.boxes.set(pointer, to);
    this.boxes.left();
    announce(`Diganti: ${pointers.map((pointer) => `${this.names.get(pointer)} menjadi ${inWords(proposal.fields[pointer])}`).join(", ")}.`);
    const input = this.boxes.inputs.get(pointers[0]);
    if (input) point(input);
  }

  confirmation(flag) {
    const input = h("input", {
      type: "checkbox", checked: this.draft.confirm.includes(flag.rule), "aria-describedby": `temuan-${flag.rule}`,
      onchange: () => {
        const others = this.draft.confirm.filter((rule) => rule !== flag.rule);
        this.draft.confirm = input.checked ? [...others, flag.rule] : others;
        this.changed();
      },
    });
    return h("label", { class: "choice" }, input, h("span", {}, h("b", {}, "Sesuai formulir"), ": di kertas memang tertulis begitu"));
  }
}
