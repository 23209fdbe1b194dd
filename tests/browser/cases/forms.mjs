// Whole forms, as a phone sends them: sound, misread and mended, confirmed, corrected, in a contest of many candidates.

import { numbers } from "../phone.mjs";
import { equal, until } from "../stage.mjs";

const PPWP = "ppwp";
const sound = () => numbers({ 100025: 41, 100026: 60, 100027: 40 });

async function ready(stage, more) {
  const phone = await stage.phone(more);
  await phone.open();
  await phone.signIn(stage.officer);
  await phone.prepared();
  return phone;
}

async function sent(phone, form, station, contest = PPWP) {
  await phone.blankForm(contest, station);
  await phone.fillIn(form);
  await phone.readBack();
  await phone.send();
}

async function firstVisitIsSmall(stage) {
  const phone = await stage.phone();
  const session = await phone.context.newCDPSession(phone.page);
  let bytes = 0;
  await session.send("Network.enable");
  session.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
  await phone.open();
  await phone.prepared();
  if (bytes === 0 || bytes > 60 * 1024) throw new Error(`a first visit brings ${bytes} bytes`);
  process.stdout.write(`${JSON.stringify({ measured: "first_visit_bytes", bytes })}\n`);
  // From now on the app opens without any network.
  stage.door.shut();
  await phone.page.reload();
  await phone.heading("Masuk");
  stage.door.reopen();
  await phone.close();
}

async function wholeForm(stage) {
  const [station] = stage.stations;
  const phone = await ready(stage);
  await phone.blankForm(PPWP, station);
  await phone.type("/votes/100025", 41);
  await phone.shows("41 = empat puluh satu");
  await phone.fillIn(sound());
  equal(await phone.page.locator(".finding").count(), 0, "findings on a sound form");
  await phone.readBack();
  await phone.shows("seratus empat puluh enam");
  await phone.send();
  const number = await phone.receipt();
  const seen = await stage.station(0, stage.officer, PPWP, station);
  equal([seen.state, seen.form.votes, stage.revisions(seen)], ["reported", sound().votes, [1]], "what the server has");
  equal(number, seen.history[0].index, "the number of the receipt");
  const [kept] = await phone.stored("receipts");
  equal(kept.receipt.digest, seen.history[0].digest, "the digest of the receipt");
  equal([await phone.stored("queue"), await phone.stored("drafts")], [[], []], "nothing is left behind");
  // The receipt stays readable without any network.
  stage.door.shut();
  await phone.page.reload();
  equal(await phone.receipt(), number, "the receipt after a reload without network");
  await phone.page.getByRole("img", { name: /Kode QR/ }).waitFor();
  stage.door.reopen();
  await phone.close();
}

async function misread(stage) {
  const [, station] = stage.stations;
  const phone = await ready(stage);
  await phone.blankForm(PPWP, station);
  await phone.fillIn(sound());
  await phone.type("/votes/100025", 44);
  await phone.shows("Jumlah suara semua pilihan 144 tidak sama dengan suara sah 141.");
  equal(await phone.box("/votes/100025").getAttribute("aria-invalid"), "true", "the mark of the box");
  // Sent as it is, the server says what it thinks of it; nothing is stored.
  await phone.readBack();
  await phone.shows("Ada yang belum cocok");
  await phone.tap("Kirim");
  await phone.shows("Ada angka yang tidak cocok");
  equal((await stage.station(0, stage.officer, PPWP, station)).revision, 0, "the revision after a refusal");
  await phone.shows("Mungkin salah baca satu angka: 44 menjadi 41.");
  equal(await phone.box("/votes/100025").inputValue(), "44", "nothing is applied by itself");
  await phone.page.getByRole("button", { name: /Mungkin salah baca satu angka: 44 menjadi 41/ }).click();
  equal(await phone.box("/votes/100025").inputValue(), "41", "one tap applies it");
  await phone.readBack();
  await phone.send();
  await phone.receipt();
  const seen = await stage.station(0, stage.officer, PPWP, station);
  equal([seen.form.votes, stage.revisions(seen), flags(seen)], [sound().votes, [1], []], "what the server has");
  equal(new Set(phone.puts).size, 2, "a mended form is another content with another key");
  await phone.close();
}

async function confirmed(stage) {
  const [, , station] = stage.stations;
  const phone = await ready(stage);
  await phone.blankForm(PPWP, station);
  const form = { ...sound(), disabled: { male: 1, female: 1, total: 3 } };
  await phone.fillIn(form);
  await phone.page.getByText("Sesuai formulir").click();
  await phone.tap("Baca ulang");
  await phone.shows("Tulis alasan konfirmasi.");
  await phone.page.getByLabel(/Mengapa/).fill("Ketua KPPS salah menjumlah, saksi setuju.");
  await phone.readBack();
  await phone.send();
  await phone.receipt();
  const seen = await stage.station(0, stage.officer, PPWP, station);
  equal([seen.history[0].reason, flags(seen)], ["Ketua KPPS salah menjumlah, saksi setuju.", ["R12"]], "what the server has");
  // A correction begins with what is there, marks what changed, and counts on top.
  await phone.tap("Koreksi", "link");
  await phone.shows("Koreksi atas versi 1");
  equal(await phone.box("/disabled/total").inputValue(), "3", "the number to correct");
  await phone.type("/disabled/total", 2);
  await phone.readBack();
  await phone.shows("1 angka berubah dari versi 1");
  await phone.shows("sebelumnya 3");
  await phone.send();
  await until("the second revision", async () => (await stage.station(0, stage.officer, PPWP, station)).revision === 2);
  await phone.shows("Diterima #");
  await phone.close();
}

async function manyCandidates(stage) {
  const [, , , station] = stage.stations;
  const phone = await ready(stage);
  const votes = Object.fromEntries(stage.candidates.map((id) => [id, 1]));
  const form = numbers(votes, 0);
  await phone.blankForm("pdpr", station);
  equal(await phone.page.getByRole("group", { name: /^Partai/ }).count(), 4, "candidates stand below their parties");
  await phone.page.getByLabel("Cari dalam daftar").fill("Pinisi");
  await phone.shows(/terlihat. Semua tetap dihitung/);
  await phone.page.getByLabel("Cari dalam daftar").fill("");
  await phone.fillIn(form);
  await phone.readBack();
  await phone.send();
  await phone.receipt();
  const seen = await stage.station(0, stage.officer, "pdpr", station);
  equal(seen.form.votes, votes, "the votes of all candidates");
  await phone.close();
}

/** A second reader never sees what the first one read; the app does not even ask for it. */
async function blankReading(stage) {
  const [station] = stage.stations;
  const phone = await stage.phone();
  const asked = [];
  phone.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await phone.open();
  await phone.signIn(stage.reviewer);
  await phone.goto("tps", PPWP, station);
  await phone.tap("Mulai bacaan kedua", "link");
  await phone.shows("0 dari 28 kotak terisi");
  await phone.fillIn(sound());
  await phone.readBack();
  equal(await phone.page.locator(".changed").count(), 0, "marks against the first reading");
  equal(asked.filter((path) => path === `/api/v1/stations/${station}/${PPWP}`), [], "looks at the first reading");
  await phone.close();
}

async function typingIsKept(stage) {
  const [, , , , station] = stage.stations;
  const phone = await ready(stage);
  await phone.blankForm(PPWP, station);
  await phone.box("/valid").pressSequentially("1a4.1 7");
  equal(await phone.box("/valid").inputValue(), "141", "digits only, as many as the paper has boxes");
  await phone.box("/valid").evaluate((input) => {
    const data = new DataTransfer();
    data.setData("text", "dua");
    input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, cancelable: true, bubbles: true }));
  });
  equal(await phone.box("/valid").inputValue(), "141", "what is pasted must be digits");
  await until("the draft on the disk", async () => (await phone.stored("drafts")).some((draft) => draft.values["/valid"] === "141"));
  await phone.page.reload();
  await phone.page.getByText("kotak terisi").waitFor();
  equal(await phone.box("/valid").inputValue(), "141", "the draft after a reload");
  await phone.close();
}

/** A phone whose disk is full says so at once, and goes on when there is room again. */
async function noRoom(stage) {
  const [, , , , , station] = stage.stations;
  const phone = await ready(stage);
  await phone.blankForm(PPWP, station);
  // Chromium lets small writes pass whatever quota it is told, so its answer to a full disk is given here.
  await phone.page.evaluate(() => {
    globalThis.put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  await phone.type("/valid", 141);
  await phone.shows("HP tidak bisa menyimpan");
  await phone.page.evaluate(() => (IDBObjectStore.prototype.put = globalThis.put));
  await phone.type("/invalid", 5);
  await phone.page.getByText("HP tidak bisa menyimpan").waitFor({ state: "detached" });
  await until("the draft on the disk", async () => (await phone.stored("drafts")).some((draft) => draft.values["/valid"] === "141"));
  await phone.close();
}

/** Rules that a form breaks. The stations of these cases have the same numbers, which R26 notes. */
function flags(seen) {
  return seen.flags.map((flag) => flag.rule).filter((rule) => rule !== "R26");
}

export const cases = { firstVisitIsSmall, wholeForm, misread, confirmed, manyCandidates, blankReading, typingIsKept, noRoom };
