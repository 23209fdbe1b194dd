// Signing in: by activation code (typed, scanned, or brought by the address), or by password.

import { canScan, scan } from "./camera.js";
import { announce, button, h, notice, point, show } from "./dom.js";
import { queueOfAll } from "./queue.js";
import { signIn } from "./session.js";
import { signInWords } from "./texts.js";

function field(id, label, properties, hint = null) {
  const input = h("input", { id, name: id, ...properties, "aria-describedby": hint ? `${id}-ket` : null });
  return { input, node: h("div", { class: "field" }, h("label", { for: id }, label), hint && h("p", { id: `${id}-ket`, class: "hint" }, hint), input) };
}

const plain = { autocapitalize: "none", autocorrect: "off", spellcheck: "false" };

async function others(username) {
  const accounts = [...new Set((await queueOfAll()).map((item) => item.account))].filter((account) => account !== username);
  if (accounts.length === 0) return null;
  return notice("info", "Ada kiriman yang menunggu", h("p", {}, `Kiriman milik akun ${accounts.join(", ")} tetap tersimpan dan baru dikirim setelah akun itu masuk.`));
}

function scanner(fill, context) {
  const video = h("video", { class: "scan", playsinline: true, muted: true, hidden: true, "aria-label": "Gambar kamera" });
  let abort = null;
  const toggle = button("Pindai kode QR", async () => {
    if (abort) return abort.abort();
    abort = new AbortController();
    toggle.removeAttribute("aria-disabled");
    toggle.textContent = "Tutup kamera";
    video.hidden = false;
    try {
      const found = await scan(video, abort.signal);
      if (found) fill(found);
    } catch {
      announce("Kamera tidak bisa dibuka. Ketik kode aktivasi.");
    } finally {
      abort = null;
      video.hidden = true;
      toggle.textContent = "Pindai kode QR";
    }
  });
  context.onLeave(() => abort?.abort());
  return h("div", { class: "stack" }, toggle, video);
}

function credentialOf(way, { username, code, password, totp }) {
  const name = username.input.value.trim();
  if (way === "code") return { username: name, code: code.input.value.trim() };
  const second = totp.input.value.trim();
  return { username: name, password: password.input.value, ...(second ? { totp: second } : {}) };
}

/** Switches between the two ways; answers which one is chosen. */
function ways(nodes) {
  const choose = (way) => {
    for (const [name, node] of Object.entries(nodes)) node.hidden = name !== way;
  };
  const radio = (value, label, checked) => h("label", { class: "choice" }, h("input", { type: "radio", name: "cara", value, checked, onchange: () => choose(value) }), h("span", {}, label));
  const node = h("fieldset", { class: "choices" }, h("legend", {}, "Cara masuk"), radio("code", "Kode aktivasi", true), radio("password", "Kata sandi", false));
  choose("code");
  const set = (way) => {
    node.querySelector(`input[value=${way}]`).checked = true;
    choose(way);
  };
  return { node, set, chosen: () => node.querySelector("input:checked").value };
}

export async function signInScreen(context) {
  const { offered, session } = context;
  const username = field("akun", "Nama akun", { ...plain, autocomplete: "username", required: true });
  const code = field("kode", "Kode aktivasi", { ...plain, autocomplete: "one-time-code" }, "Ada di kertas aktivasi dari PPK, di bawah kode QR. Berlaku satu kali.");
  const password = field("sandi", "Kata sandi", { type: "password", autocomplete: "current-password" });
  const totp = field("totp", "Kode autentikator (kalau ada)", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: "8" });
  const scanning = (await canScan()) ? scanner(fill, context) : null;
  const panes = { code: h("div", {}, code.node, scanning), password: h("div", {}, password.node, totp.node) };
  const way = ways(panes);
  const error = h("div", { role: "alert" });

  function fill(found) {
    way.set("code");
    username.input.value = found.username;
    code.input.value = found.code;
    announce(`Kode aktivasi untuk akun ${found.username} sudah terbaca. Tekan Masuk.`);
  }

  async function submit() {
    error.replaceChildren();
    const credential = credentialOf(way.chosen(), { username, code, password, totp });
    if (!credential.username || !(credential.code ?? credential.password)) {
      error.replaceChildren(notice("bad", "Belum lengkap", h("p", {}, "Isi nama akun dan kode aktivasi atau kata sandi.")));
      return point(credential.username ? (way.chosen() === "code" ? code : password).input : username.input);
    }
    const answer = await signIn(credential);
    if (answer?.status !== 201) {
      error.replaceChildren(notice("bad", "Belum bisa masuk", h("p", {}, signInWords(answer))));
      return;
    }
    context.went();
    document.dispatchEvent(new Event("rakit-masuk"));
    location.hash = "#/";
  }

  const enter = button("Masuk", submit, { class: "main wide" });
  const waiting = await others(session?.username);
  if (!context.alive()) return;
  const again = session && !session.token ? notice("warn", "Sesi berakhir", h("p", {}, `Masuk lagi sebagai ${session.username}. Isian dan kiriman yang menunggu tetap tersimpan di HP.`)) : null;
  const form = h("form", { class: "card", novalidate: true, onsubmit: (event) => { event.preventDefault(); enter.click(); } }, username.node, way.node, panes.code, panes.password, error, enter);
  // Return in a box sends; the button itself stays a plain one so that nothing is ever sent by the browser.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault();
      enter.click();
    }
  });
  show("Masuk", h("p", { class: "lead" }, "Untuk petugas KPPS: kirim angka formulir C.Hasil dari TPS. Bisa diisi tanpa sinyal."), again, waiting, form);
  if (session) username.input.value = session.username;
  if (offered) fill(offered);
  context.went();
}
