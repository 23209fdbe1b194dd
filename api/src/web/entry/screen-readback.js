// Every number once more, large and in words, before anything is sent.

import { check } from "./checks.js";
import { button, h, notice, show } from "./dom.js";
import { draft as draftOf } from "./drafts.js";
import { drain } from "./drain.js";
import { contest as contestOf, station as stationOf } from "./knowledge.js";
import { enqueue, queued } from "./queue.js";
import { placeOf } from "./screen-form.js";
import { kindOf } from "./screen-stations.js";
import { boxesOf, formOf, numberAt, partsOf, valuesOf } from "./shape.js";
import { grouped, inWords } from "./words.js";

function entry(box, label, values, before) {
  const number = numberAt(values, box.pointer);
  const old = before === null ? null : numberAt(before, box.pointer);
  const changed = before !== null && old !== number;
  return h("div", { class: `said${changed ? " changed" : ""}` }, h("dt", {}, label), h("dd", {}, h("b", { class: "big" }, grouped(number)), h("span", {}, inWords(number)),
    changed && h("span", { class: "was" }, old === null ? "baru diisi" : `berubah, sebelumnya ${grouped(old)}`)));
}

function rowNodes(row, values, before) {
  if (row.kind === "single") return [entry(row.boxes[0], h("span", {}, row.number && h("span", { class: "number" }, row.number), row.label), values, before)];
  return [h("div", { class: "said-title" }, h("dt", {}, row.number && h("span", { class: "number" }, row.number), row.label), h("dd", { class: "said-row" }, row.boxes.map((box) => {
    const number = numberAt(values, box.pointer);
    const old = before === null ? null : numberAt(before, box.pointer);
    const changed = before !== null && old !== number;
    return h("span", { class: `said-cell${changed ? " changed" : ""}` }, h("span", { class: "column-name" }, box.column), h("b", { class: "big" }, grouped(number)), h("span", {}, inWords(number)),
      changed && h("span", { class: "was" }, old === null ? "baru diisi" : `sebelumnya ${grouped(old)}`));
  })))];
}

function partNode(part, values, before) {
  return h("section", { class: "part readback", "aria-labelledby": `ulang-${part.id}` }, h("h2", { id: `ulang-${part.id}` }, h("span", { class: "roman" }, `${part.id}.`), ` ${part.title}`),
    part.groups.map((group) => [group.title && h("h3", {}, group.title), h("dl", {}, group.rows.flatMap((row) => rowNodes(row, values, before)))]));
}

/** What the server will say about the numbers as they stand. */
function outlook(flags, draft) {
  const open = flags.filter((flag) => flag.severity === "confirm" && !draft.confirm.includes(flag.rule));
  const held = flags.filter((flag) => flag.severity === "hold");
  const items = (list) => h("ul", {}, list.map((flag) => h("li", {}, flag.message)));
  return [
    open.length > 0 && notice("warn", "Ada yang belum cocok", items(open), h("p", {}, "Kembali untuk memperbaiki atau menandai sesuai formulir. Kalau tetap dikirim, server memeriksa dan memberi usulan; belum ada yang dicatat.")),
    held.length > 0 && notice("bad", "Akan ditahan", items(held), h("p", {}, "Formulir diterima, tetapi belum ikut dihitung sampai diperiksa.")),
    draft.confirm.length > 0 && notice("info", "Dikonfirmasi sesuai formulir", h("p", {}, draft.reason)),
  ].filter(Boolean);
}

export async function readbackScreen(context) {
  const work = { account: context.session.username, contest: context.contest, station: context.station, kind: kindOf(context.session.role) };
  const [contest, station, draft, item] = await Promise.all([contestOf(work.contest), stationOf(work.station), draftOf(work), queued(work)]);
  const [form, there] = [`#/isi/${work.contest}/${work.station}`, `#/tps/${work.contest}/${work.station}`];
  if (!contest || !draft || boxesOf(contest).some((box) => numberAt(draft.values, box.pointer) === null) || (item && item.state !== "refused")) {
    location.replace(item && item.state !== "refused" ? there : form);
    return;
  }
  const before = draft.base.form && work.kind === "report" ? valuesOf(draft.base.form, contest) : null;
  const changes = before === null ? 0 : boxesOf(contest).filter((box) => numberAt(before, box.pointer) !== numberAt(draft.values, box.pointer)).length;
  const flags = check(draft.values, contest, station);
  if (!context.alive()) return;
  const send = button("Kirim", async () => {
    await enqueue(draft, formOf(draft.values, contest));
    location.replace(there);
    void drain();
  }, { class: "main" });
  show("Baca ulang", placeOf(station, contest), h("p", { class: "lead" }, "Bacakan keras-keras dan cocokkan setiap angka dengan kertas, juga hurufnya."),
    before !== null && notice("info", changes === 0 ? "Tidak ada yang berubah" : `${changes} angka berubah dari versi ${grouped(draft.base.revision)}`), ...outlook(flags, draft),
    partsOf(contest).map((part) => partNode(part, draft.values, before)), draft.photos.length > 0 && h("p", {}, `${draft.photos.length} foto ikut dikirim.`),
    h("div", { class: "foot" }, h("div", { class: "foot-row" }, h("a", { class: "button", href: form }, "Perbaiki"), send)));
}
