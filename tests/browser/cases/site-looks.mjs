// Every page of the public site, narrow and wide, light and dark, on paper, and without a script.

import { mkdir } from "node:fs/promises";
import { accessible, fits, PICTURES } from "../accessible.mjs";
import { equal } from "../stage.mjs";

/** What there is to see, by the name of its picture. */
function pages({ places }) {
  const { province, regency, village, absent, photographed } = places;
  return {
    nasional: "/", provinsi: `/ppwp/${province}`, kabupaten: `/ppwp/${regency}`, desa: `/ppwp/${village}`, tps: `/tps/${photographed}`,
    "tps-belum": `/tps/${absent}`, cari: "/cari", "cari-hasil": "/cari?q=kebon+jeruk", "cari-nihil": "/cari?q=zzzzzz", janggal: "/janggal/ppwp/0",
    status: "/status", tentang: "/tentang", docs: "/docs", kios: "/kios",
  };
}

async function kept(page, name, fullPage = true) {
  if (!PICTURES) return;
  await mkdir(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/situs-${name}.png`, fullPage });
}

/** The page with all that it fetches later. */
async function opened(reader, name, path) {
  await reader.open(path);
  const { page } = reader;
  if (name === "kios") await page.locator("#suara li, .options li").first().waitFor();
  if (name === "tps") {
    const image = page.locator(".photos img").first();
    await image.scrollIntoViewIfNeeded();
    equal(await image.evaluate((one) => one.decode().then(() => one.naturalWidth)), 720, "the photo's width");
    await page.evaluate(() => scrollTo(0, 0));
  }
}

/** Looks at all of them before it says what is wrong. */
async function walk(stage, { dark = false, widths, judged = accessible }) {
  const wrong = [];
  for (const width of widths) {
    const reader = await stage.reader({ dark, width, height: width > 2000 ? 2160 : width < 500 ? 640 : 900 });
    for (const [name, path] of Object.entries(pages(stage))) {
      await opened(reader, name, path);
      const called = `${dark ? "gelap" : "terang"}-${width}-${name}`;
      await judged(reader.page, called).catch((error) => wrong.push(error.message));
      await kept(reader.page, called, width < 2000);
    }
    await reader.close();
  }
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

/** On paper there is nothing to press, and every row of the table. */
async function paper(stage) {
  const reader = await stage.reader({ width: 794, height: 1123 });
  for (const name of ["nasional", "desa", "tps"]) {
    await opened(reader, name, pages(stage)[name]);
    await reader.page.emulateMedia({ media: "print" });
    for (const pressed of [".top nav", ".files", "footer .links"]) {
      for (const one of await reader.page.locator(pressed).all()) equal(await one.isVisible(), false, `${pressed} on paper, ${name}`);
    }
    equal(await reader.page.getByText("bukan hasil resmi").first().isVisible(), true, `the notice on paper, ${name}`);
    await fits(reader.page, `cetak-${name}`);
    await kept(reader.page, `cetak-${name}`);
  }
  await reader.close();
}

/** A browser that runs nothing reads the same numbers, searches, and goes down to a station. */
async function withoutScript(stage) {
  const reader = await stage.reader({ script: false, width: 1024 });
  const { page, base } = reader;
  for (const [name, path] of Object.entries(pages(stage))) {
    await reader.open(path);
    const text = await page.locator("body").innerText();
    if (text.length < 120) throw new Error(`${name} says next to nothing without a script: ${text}`);
  }
  await page.getByRole("link", { name: "Hasil hitung suara" }).waitFor();
  await page.goto(base);
  const rows = await page.locator("#baris tr").count();
  equal(rows, 38, "provinces in the table");
  const answer = await fetch(`${base}/api/v1/results/ppwp/0`).then((one) => one.json());
  const shown = [];
  for (const place of [0, 1, 2]) shown.push(await reader.number(`#suara li:nth-child(${place + 1}) .got small`));
  equal(shown, ["100025", "100026", "100027"].map((option) => answer.totals.votes[option]), "votes on the page and in its data");
  const { station } = stage.places;
  for (const digits of [2, 4, 6, 10]) await page.locator(`#baris a[href="/ppwp/${station.slice(0, digits)}"]`).click();
  await page.locator(`#baris a[href^="/tps/${station}"]`).click();
  await page.getByRole("heading", { name: "Isi formulir C.Hasil" }).waitFor();
  await page.getByRole("link", { name: "Cari TPS" }).click();
  await page.getByRole("searchbox").fill(stage.places.name);
  await page.getByRole("button", { name: "Cari" }).click();
  await page.locator(`.found a[href="/ppwp/${station.slice(0, 10)}"]`).click();
  await page.getByRole("heading", { level: 1, name: stage.places.name }).waitFor();
  await reader.close();
}

export const cases = {
  light: (stage) => walk(stage, { widths: [320, 1440] }),
  dark: (stage) => walk(stage, { dark: true, widths: [320, 1440] }),
  between: (stage) => walk(stage, { widths: [768, 3840], judged: fits }),
  paper,
  withoutScript,
};
