// Every screen, light and dark: no finding of axe, nothing that scrolls sideways on a narrow phone or with large type.

import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { accessible, PICTURES } from "../accessible.mjs";
import { numbers } from "../phone.mjs";
import { equal, until } from "../stage.mjs";
import { add, picture } from "./photos.mjs";

const PPWP = "ppwp";

async function judged(phone, name) {
  const { page } = phone;
  await accessible(page, name);
  for (const size of ["100%", "200%"]) {
    await page.evaluate((type) => (document.documentElement.style.fontSize = type), size);
    const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);
    if (wide > 0) throw new Error(`${name} is ${wide} pixels too wide with type of ${size}`);
  }
  await page.evaluate(() => document.documentElement.style.removeProperty("font-size"));
  const small = await page.evaluate(() => [...document.querySelectorAll("button, a.button, input:not([type=radio], [type=checkbox], .file), select, .choice")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 47.5).map((one) => one.outerHTML.slice(0, 120)));
  equal(small, [], `targets of ${name} below 48 pixels`);
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/${phone.dress}-${name}.png`, fullPage: true });
  await page.screenshot({ path: `${PICTURES}/${phone.dress}-${name}-first.png` });
}

async function walk(stage, dark, [sound, broken, contested], width = 360) {
  const phone = await stage.phone({ dark, width });
  phone.dress = `${dark ? "dark" : "light"}${width === 360 ? "" : `-${width}`}`;
  await phone.open("#akun=kpps-panggang&kode=ABCD-EFGH");
  await phone.heading("Masuk");
  equal(await phone.page.evaluate(() => [location.href.includes("kode"), document.getElementById("kode").value]), [false, "ABCD-EFGH"], "the code, out of the address at once");
  await judged(phone, "masuk");
  await phone.tap("Masuk");
  await phone.shows("Belum bisa masuk");
  await judged(phone, "masuk-salah");
  await phone.signIn(stage.officer);
  await phone.prepared();
  await phone.shows("TPS 003");
  await judged(phone, "daftar");
  await phone.goto("tps", PPWP, sound);
  await phone.shows("Isi formulir");
  await judged(phone, "tps");
  await phone.blankForm(PPWP, sound);
  await judged(phone, "isi-kosong");
  await phone.fillIn(numbers({ 100025: 41, 100026: 60, 100027: 40 }));
  await add(phone, await picture(phone.page, 640, 480));
  await phone.shows("Foto 1, ");
  await judged(phone, "isi");
  await phone.page.getByRole("button", { name: "Hapus foto 1" }).click();
  await until("no photo", async () => (await phone.stored("photos")).length === 0);
  await phone.readBack();
  await judged(phone, "baca");
  await phone.send();
  await phone.receipt();
  await judged(phone, "tanda-terima");
  await phone.tap("Koreksi", "link");
  await phone.shows("Koreksi atas versi 1");
  await judged(phone, "koreksi");
  await phone.type("/votes/100025", 42);
  await phone.type("/votes/100026", 59);
  await phone.readBack();
  await judged(phone, "baca-koreksi");
  await phone.blankForm(PPWP, broken);
  await phone.fillIn({ ...numbers({ 100025: 44, 100026: 60, 100027: 40 }), valid: 141, total: 146, disabled: { male: 1, female: 1, total: 3 } });
  await phone.page.getByText("Sesuai formulir").first().click();
  await phone.page.getByLabel(/Mengapa/).fill("Ketua KPPS salah menjumlah, saksi setuju.");
  await judged(phone, "isi-temuan");
  await phone.readBack();
  await judged(phone, "baca-temuan");
  stage.door.shut();
  await phone.send();
  await until("a failed try", async () => (await phone.stored("queue"))[0]?.failures > 0);
  await judged(phone, "menunggu");
  await phone.goto("", "", "");
  await phone.shows(/Tersimpan di HP|Terkirim/);
  await judged(phone, "daftar-menunggu");
  stage.door.reopen();
  await phone.goto("tps", PPWP, broken);
  await phone.sendNow();
  await phone.shows("Mungkin salah baca");
  await judged(phone, "isi-usulan");
  await conflict(stage, phone, contested);
  await judged(phone, "versi-lain");
  await phone.goto("isi", "pdpr", broken);
  await phone.page.getByRole("group", { name: "Partai Melati" }).waitFor();
  await judged(phone, "isi-partai");
  await phone.goto("", "", "");
  await phone.tap("Keluar");
  await phone.shows("Keluar dari akun ini?");
  await judged(phone, "keluar");
  await phone.close();
}

/** Somebody else's numbers are there first. */
async function conflict(stage, phone, station) {
  await phone.blankForm(PPWP, station);
  await phone.fillIn(numbers({ 100025: 41, 100026: 60, 100027: 40 }));
  const body = { form: numbers({ 100025: 40, 100026: 60, 100027: 40 }), confirm: [], reason: null, attachments: [], observed_at: null };
  const headers = { "idempotency-key": randomUUID(), "if-none-match": "*" };
  const stored = await stage.call(0, "PUT", `/api/v1/tallies/${PPWP}/${station}`, { token: await stage.token(0, stage.officer), headers, body });
  equal(stored.status, 201, "the other form");
  await phone.readBack();
  await phone.send();
  await phone.shows("Sudah ada versi lain untuk TPS ini");
}

export const cases = {
  light: (stage) => walk(stage, false, stage.stations.slice(0, 3)),
  dark: (stage) => walk(stage, true, stage.stations.slice(3, 6)),
  narrow: (stage) => walk(stage, false, stage.stations.slice(6, 9), 320),
};
