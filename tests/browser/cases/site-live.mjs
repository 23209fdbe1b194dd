// What the script of a page adds: numbers that renew themselves, a table in another order, a map and a table by keyboard; and how
// much it all weighs on a poor line.

import { randomUUID } from "node:crypto";
import { numbers } from "../phone.mjs";
import { equal, until } from "../stage.mjs";

const PPWP = "ppwp";
/** What the first view of the nation may weigh with all that it needs, in bytes on the wire. */
const FIRST_VIEW_BYTES_MAX = 15 * 1024;
/** What browsers call slow 3G: two seconds to and fro, fifty kilobytes a second. */
const SLOW = { offline: false, latency: 2000, downloadThroughput: 50_000, uploadThroughput: 50_000 };

async function reported(stage, station, votes) {
  const token = await stage.token(0, stage.officer);
  const body = { form: numbers(votes), confirm: [], reason: null, attachments: [], observed_at: null };
  const headers = { "idempotency-key": randomUUID(), "if-none-match": "*" };
  const stored = await stage.call(0, "PUT", `/api/v1/tallies/${PPWP}/${station}`, { token, headers, body });
  equal(stored.status, 201, `the form of ${station}`);
}

/** Lets time pass on the page until it shows something. */
async function passes(page, what, look) {
  await until(what, async () => {
    await page.clock.fastForward(25_000);
    return look();
  });
}

/** The page is the one that was opened, with the focus where it was; only its numbers are others. */
async function renewed(stage) {
  const [station] = stage.places.waiting;
  const village = station.slice(0, 10);
  for (const path of ["/", `/${PPWP}/${station.slice(0, 2)}`, `/${PPWP}/${village}`, `/tps/${stage.places.waiting[1]}`]) {
    const reader = await stage.reader({});
    const { page } = reader;
    await page.clock.install();
    await reader.open(path);
    reader.path = path;
    await page.evaluate(() => (window.opened = true));
    await page.locator("footer a").last().focus();
    stage.watching = [...(stage.watching ?? []), reader];
  }
  const [nation, province, below, form] = stage.watching;
  const before = await nation.number("#suara li:nth-child(1) .got small");
  const held = below.page.locator(`#baris a[href^="/tps/${station}"]`);
  const row = below.page.locator("#baris tr", { has: below.page.locator(`a[href^="/tps/${station}"]`) });
  await held.focus();
  await reported(stage, station, { 100025: 41, 100026: 60, 100027: 40 });
  await reported(stage, stage.places.waiting[1], { 100025: 1, 100026: 2, 100027: 3 });
  await passes(nation.page, "new votes of the nation", async () => (await nation.number("#suara li:nth-child(1) .got small")) === before + 42);
  await passes(province.page, "the province's row", async () => (await province.page.locator("#baris").innerText()).includes("%"));
  await passes(below.page, "the station's row", async () => (await row.innerText()).includes("41"));
  await passes(form.page, "the form itself", () => form.page.getByRole("heading", { name: "Riwayat perubahan" }).isVisible());
  equal(await held.evaluate((link) => link === document.activeElement), true, "the focus on the row that changed");
  equal(await below.page.locator("#kabar").textContent(), "Data diperbarui", "what a screen reader is told");
  for (const { page, path } of stage.watching) equal(await page.evaluate(() => window.opened), true, `${path} was not loaded again`);
  for (const reader of stage.watching) await reader.close();
}

const rows = (page) => page.locator("#baris th a").allTextContents();

/** Largest first, smallest first, and back to the order of the register; renewed rows keep the chosen order. */
async function sorted(stage) {
  const reader = await stage.reader({});
  const { page } = reader;
  await page.clock.install();
  await reader.open("/");
  const register = await rows(page);
  const codes = await page.locator("#baris th a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  equal(codes, [...codes].sort(), "the order of the register");
  const head = page.locator("thead th").nth(1);
  const shares = async () => (await page.locator("#baris tr td:nth-child(2)").allTextContents()).map((text) => (/^\d/.test(text) ? Number(text.split("%")[0].trim().replace(",", ".")) : null)).filter((share) => share !== null);
  await head.getByRole("button").click();
  equal(await head.getAttribute("aria-sort"), "descending", "the first press");
  equal(await shares(), (await shares()).sort((one, other) => other - one), "shares, largest first");
  await reported(stage, stage.places.waiting[2], { 100025: 200, 100026: 20, 100027: 20 });
  const share = page.locator("#suara li:nth-child(1) .got small");
  const before = await share.textContent();
  await passes(page, "new votes", async () => (await share.textContent()) !== before);
  equal(await shares(), (await shares()).sort((one, other) => other - one), "shares after new votes");
  await head.getByRole("button").click();
  equal(await head.getAttribute("aria-sort"), "ascending", "the second press");
  equal(await shares(), (await shares()).sort((one, other) => one - other), "shares, smallest first");
  await head.getByRole("button").click();
  equal([await head.getAttribute("aria-sort"), await rows(page)], [null, register], "the third press");
  const names = page.locator("thead th").first();
  await names.getByRole("button").click();
  equal(await rows(page), [...register].sort((one, other) => one.localeCompare(other, "id")), "names from A to Z");
  await reader.close();
}

/** Whether what has the focus can be seen to have it. */
const ringed = (page) => page.evaluate(() => {
  const one = document.activeElement;
  const drawn = getComputedStyle(one.querySelector(".track") ?? one);
  return one.matches(":focus-visible") && (drawn.outlineStyle !== "none" || Number.parseFloat(drawn.strokeWidth) > 2);
});

async function tabTo(page, matches) {
  for (let presses = 0; presses < 160; presses += 1) {
    await page.keyboard.press("Tab");
    equal(await ringed(page), true, `a ring around ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 80))}`);
    if (await page.evaluate((selector) => document.activeElement.matches(selector), matches)) return;
  }
  throw new Error(`no way by keyboard to ${matches}`);
}

async function byKeyboard(stage) {
  const reader = await stage.reader({ width: 320, height: 640 });
  const { page } = reader;
  await reader.open("/");
  await page.keyboard.press("Tab");
  equal(await page.evaluate(() => [document.activeElement.className, document.activeElement.getBoundingClientRect().left >= 0]), ["skip", true], "the way past the top");
  await page.keyboard.press("Enter");
  await tabTo(page, "#petak a");
  const first = await page.evaluate(() => document.activeElement.getAttribute("href"));
  equal(await page.locator(`#baris a[href="${first}"]`).count(), 1, "a square of the map and a row of the table lead to one place");
  await tabTo(page, `.map a[href="/${PPWP}/31"]`);
  await tabTo(page, ".scroll");
  await page.keyboard.press("ArrowRight");
  await until("the table to move", () => page.evaluate(() => document.activeElement.scrollLeft > 0));
  await tabTo(page, "thead th:nth-child(3) .sort");
  await page.keyboard.press("Space");
  equal(await page.locator("thead th").nth(2).getAttribute("aria-sort"), "descending", "sorting by keyboard");
  equal(await page.evaluate(() => document.activeElement.className), "sort", "the focus after sorting");
  await tabTo(page, "#baris a");
  const leads = await page.evaluate(() => document.activeElement.getAttribute("href"));
  await page.keyboard.press("Enter");
  await page.waitForURL(reader.base + leads);
  await reader.close();
}

/** From the first screen of a kiosk to a station, by its own keys. */
async function kiosk(stage) {
  const reader = await stage.reader({ width: 1080, height: 1920 });
  const { page } = reader;
  await reader.open("/kios");
  await page.getByRole("button", { name: /^Cari TPS/ }).click();
  const { name, station } = stage.places;
  for (const letter of name) await page.getByRole("button", { name: letter === " " ? "Spasi" : letter.toUpperCase(), exact: letter !== " " }).first().click();
  await page.locator(`.tile[data-code="${station.slice(0, 10)}"]`).click();
  await page.locator(`[data-code="${station}"]`).click();
  await page.getByRole("heading", { level: 1, name: /TPS/ }).waitFor();
  await page.getByRole("button", { name: "Beranda" }).click();
  await page.getByRole("button", { name: /^Cari TPS/ }).waitFor();
  await reader.close();
}

/** The nation's page as a telephone fetches it the first time. */
async function firstView(stage) {
  for (const slow of [false, true]) {
    const reader = await stage.reader({ width: 360, height: 740 });
    const { page } = reader;
    const session = await reader.context.newCDPSession(page);
    await session.send("Network.enable");
    const weights = {};
    const names = new Map();
    session.on("Network.responseReceived", ({ requestId, response }) => names.set(requestId, new URL(response.url).pathname));
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => (weights[names.get(requestId)] = encodedDataLength));
    if (slow) await session.send("Network.emulateNetworkConditions", SLOW);
    await page.goto(reader.base, { waitUntil: "networkidle" });
    const painted = await page.evaluate(() => Math.round(performance.getEntriesByName("first-contentful-paint")[0].startTime));
    const bytes = Object.values(weights).reduce((sum, one) => sum + one, 0);
    stage.measured({ "first view": slow ? "slow 3G" : "this machine", bytes, painted_ms: painted, weights });
    for (const part of ["/", "/aset/rakit.css", "/aset/rakit.js"]) if (!weights[part]) throw new Error(`${part} was not counted: ${JSON.stringify(weights)}`);
    if (bytes > FIRST_VIEW_BYTES_MAX) throw new Error(`the first view weighs ${bytes} bytes: ${JSON.stringify(weights)}`);
    await reader.close();
  }
}

export const cases = { firstView, renewed, sorted, byKeyboard, kiosk };
