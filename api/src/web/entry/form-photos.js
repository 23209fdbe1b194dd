// The photos of a draft: taken, seen, removed.

import { announce, button, h, notice } from "./dom.js";
import { withoutPhoto, withPhoto } from "./drafts.js";
import { blobOf, PHOTOS_MAX, photosOf, take } from "./photos.js";

/** Answers the section and what to do when the screen is left. */
export async function photoSection(draft, required) {
  const addresses = [];
  const list = h("ul", { class: "photos" });
  const error = h("div", { role: "alert" });
  const input = h("input", { id: "foto", type: "file", accept: "image/*", capture: "environment", class: "file" });

  async function draw() {
    while (addresses.length > 0) URL.revokeObjectURL(addresses.pop());
    const photos = await photosOf(draft.photos);
    list.replaceChildren(...photos.map((photo, place) => {
      const address = URL.createObjectURL(blobOf(photo));
      addresses.push(address);
      const size = `${Math.max(1, Math.round(photo.bytes.byteLength / 1024))} KB`;
      return h("li", {}, h("img", { src: address, alt: `Foto ${place + 1}`, width: "72", height: "72" }), h("span", { class: "hint" }, `Foto ${place + 1}, ${size}`),
        button("Hapus", async () => {
          await withoutPhoto(draft, photo.id);
          await draw();
          announce(`Foto ${place + 1} dihapus.`);
          input.focus();
        }, { "aria-label": `Hapus foto ${place + 1}` }));
    }));
    input.disabled = draft.photos.length >= PHOTOS_MAX;
  }

  input.addEventListener("change", async () => {
    const [file] = input.files;
    input.value = "";
    error.replaceChildren();
    if (!file) return;
    try {
      await withPhoto(draft, await take(file));
      await draw();
      announce(`Foto ${draft.photos.length} tersimpan di HP.`);
    } catch (problem) {
      const full = problem?.name === "QuotaExceededError";
      error.replaceChildren(notice("bad", full ? "Penyimpanan HP penuh" : "Foto tidak bisa dibaca", h("p", {}, full ? "Kosongkan sebagian penyimpanan lalu ambil foto lagi." : "Ambil foto lagi dengan kamera.")));
    }
  });

  await draw();
  const lead = required ? "Wajib kalau ada yang dikonfirmasi sesuai formulir." : "Boleh dikosongkan.";
  const node = h("section", { class: "part", "aria-labelledby": "bagian-foto" }, h("h2", { id: "bagian-foto" }, "Foto formulir"),
    h("p", { class: "hint" }, `${lead} Foto dikecilkan di HP; paling banyak ${PHOTOS_MAX}.`), list, error, h("label", { class: "button file-label", for: "foto" }, "Ambil foto"), input);
  return { node, leave: () => addresses.forEach((address) => URL.revokeObjectURL(address)) };
}
