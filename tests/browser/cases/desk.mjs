// The desk in a browser: a reviewer reads a form a second time beside its photo, a certifier certifies it, an admin makes an
// account; every page is judged by axe, light and dark, narrow and wide.

import { createHash, randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { accessible, PICTURES } from "../accessible.mjs";
import { numbers } from "../phone.mjs";
import { equal } from "../stage.mjs";
import { picture } from "./photos.mjs";

const PPWP = "ppwp";

async function judged(page, name) {
  await accessible(page, name);
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/meja-${name}.png`, fullPage: true });
}

async function signedIn(stage, account, more = {}) {
  const phone = await stage.phone({ width: 1280, height: 900, ...more });
  const { page } = phone;
  await page.goto(`${stage.door.base}/meja/`);
  await page.getByLabel("Nama akun").fill(account.username);
  await page.getByLabel("Kata sandi").fill(account.password);
  await page.getByRole("button", { name: "Masuk" }).click();
  await page.getByRole("heading", { name: "Ringkasan" }).waitFor();
  return { phone, page };
}

/** A form with a photo, sent by the officer. */
async function reported(stage, page, station) {
  const token = await stage.token(0, stage.officer);
  const photo = await picture(page, 900, 700);
  const uploaded = await stage.bytes(0, "/api/v1/attachments", { token, kind: "image/jpeg", bytes: photo });
  equal(uploaded.status, 201, `the photo ${createHash("sha256").update(photo).digest("hex").slice(0, 8)}`);
  const body = { form: numbers({ 100025: 41, 100026: 60, 100027: 40 }), confirm: [], reason: null, attachments: [uploaded.body.sha256], observed_at: null };
  const headers = { "idempotency-key": randomUUID(), "if-none-match": "*" };
  const stored = await stage.call(0, "PUT", `/api/v1/tallies/${PPWP}/${station}`, { token, headers, body });
  equal(stored.status, 201, "the first reading");
}

/** Types a form into the boxes of the page, one after the other. */
async function typed(page, value, at = "") {
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === "object") await typed(page, inner, `${at}/${key}`);
    else await page.locator(`[name="${at}/${key}"]`).fill(String(inner));
  }
}

async function lifeOfAForm(stage) {
  const [station] = stage.stations;
  const { phone, page } = await signedIn(stage, stage.reviewer);
  await reported(stage, page, station);
  const address = `${stage.door.base}/meja/formulir/${PPWP}/${station}`;
  await page.goto(`${address}/baca`);
  await page.locator(".photo img").waitFor();
  const drawn = await page.locator(".photo img").evaluate((image) => image.decode().then(() => image.naturalWidth));
  equal(drawn, 900, "the photo's width");
  await typed(page, numbers({ 100025: 41, 100026: 60, 100027: 40 }));
  await page.getByRole("button", { name: "Kirim bacaan" }).click();
  await page.getByText("Bacaan kedua sama").waitFor();
  await phone.close();

  const certifier = await signedIn(stage, stage.certifier);
  await certifier.page.getByRole("link", { name: /Siap disahkan \(ppwp\)/ }).click();
  await certifier.page.getByRole("checkbox").first().check();
  await certifier.page.getByLabel("Dasar pengesahan").fill("Berita acara nomor 12");
  await certifier.page.getByRole("button", { name: "Sahkan yang dipilih" }).click();
  await certifier.page.getByText("Formulir disahkan.").waitFor();
  const there = await stage.station(0, stage.officer, PPWP, station);
  equal(there.state, "certified", "the form's state");
  await certifier.phone.close();
}

/** A node dies between the page and its form: the same form goes through at another node, once. */
async function aNodeDies(stage) {
  const { phone, page } = await signedIn(stage, stage.admin);
  await page.goto(`${stage.door.base}/meja/akun`);
  const node = stage.place(stage.door.current());
  await stage.kill(node);
  await page.getByLabel("Nama akun baru").fill("saksi-utara");
  await page.getByLabel("Peran").last().selectOption("auditor");
  await page.getByRole("textbox", { name: "Lingkup" }).fill("310101");
  await page.getByRole("button", { name: "Buat akun" }).click();
  await page.getByRole("heading", { name: "Kode aktivasi untuk saksi-utara" }).waitFor();
  await stage.start(node);
  await phone.close();
}

async function walk(stage, dark, width) {
  const name = (what) => `${dark ? "gelap" : "terang"}-${width}-${what}`;
  const outside = await stage.phone({ dark, width, height: 900 });
  await outside.page.goto(`${stage.door.base}/meja/masuk`);
  await judged(outside.page, name("masuk"));
  await outside.close();
  const { phone, page } = await signedIn(stage, stage.admin, { dark, width });
  const [, station] = stage.stations;
  const token = await stage.token(0, stage.officer);
  const body = { form: { ...numbers({ 100025: 44, 100026: 60, 100027: 40 }), total: 149 }, confirm: [], reason: null, attachments: [], observed_at: null };
  const headers = { "idempotency-key": randomUUID(), "if-none-match": "*" };
  await stage.call(0, "PUT", `/api/v1/tallies/${PPWP}/${station}`, { token, headers, body });
  const pages = {
    ringkasan: "", formulir: "formulir", satu: `formulir/${PPWP}/${station}`, baca: `formulir/${PPWP}/${station}/baca`, sahkan: "sahkan",
    rekap: "rekap", desa: `rekap?pemilihan=${PPWP}&wilayah=${station.slice(0, 10)}`, akun: "akun", sesi: "sesi", catatan: "catatan",
    transaksi: "transaksi?indeks=12", perawatan: "perawatan", profil: "profil", tiada: "tiada",
  };
  for (const [what, path] of Object.entries(pages)) {
    await page.goto(`${stage.door.base}/meja/${path}`);
    await page.locator("h1").waitFor();
    await judged(page, name(what));
  }
  await page.goto(`${stage.door.base}/meja/profil`);
  await page.getByRole("button", { name: "Pasang" }).click();
  await page.locator("svg.square").waitFor();
  await judged(page, name("totp"));
  await phone.close();
}

export const cases = {
  lifeOfAForm,
  light: (stage) => walk(stage, false, 1280),
  dark: (stage) => walk(stage, true, 1280),
  narrow: (stage) => walk(stage, false, 320),
  aNodeDies,
};
