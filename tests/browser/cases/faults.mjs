// What can go wrong between a phone and the server: one effect, one receipt, nothing lost.

import { randomUUID } from "node:crypto";
import { numbers } from "../phone.mjs";
import { equal, until } from "../stage.mjs";

const PPWP = "ppwp";
const form = (first) => numbers({ 100025: first, 100026: 60, 100027: 40 });

async function filled(stage, station, first) {
  const phone = await stage.phone();
  await phone.open();
  await phone.signIn(stage.officer);
  await phone.prepared();
  await phone.blankForm(PPWP, station);
  await phone.fillIn(form(first));
  await phone.readBack();
  return phone;
}

async function once(stage, node, station, number) {
  const seen = await stage.station(node, stage.officer, PPWP, station);
  equal([stage.revisions(seen), seen.history[0].index], [[1], number], "revisions and the number of the receipt");
}

/** The node takes the form and dies before its answer arrives; the phone loses its network and finds another node. */
async function nodeDiesWithTheAnswer(stage) {
  const [station] = stage.stations;
  const phone = await filled(stage, station, 31);
  const victim = stage.place(stage.door.current());
  const witness = (victim + 1) % 3;
  await stage.token(witness, stage.officer);
  stage.door.withhold();
  await phone.send();
  await phone.shows("Terkirim");
  await until("the form at another node", async () => {
    const seen = await stage.station(witness, stage.officer, PPWP, station).catch(() => null);
    return seen?.revision === 1;
  });
  await phone.context.setOffline(true);
  stage.door.shut();
  await stage.kill(victim);
  await phone.shows("Tanpa jaringan");
  equal((await phone.stored("receipts")).length, 0, "receipts without an answer");
  stage.door.reopen();
  await phone.context.setOffline(false);
  const number = await phone.receipt();
  await once(stage, witness, station, number);
  equal([(await phone.stored("receipts")).length, new Set(phone.puts).size], [1, 1], "receipts, and keys that were used");
  if (phone.puts.length < 2) throw new Error("the phone never asked again");
  await stage.start(victim);
  await phone.close();
}

/** Queued without network; the browser is killed; the phone starts again and sends once. */
async function browserKilled(stage) {
  const [, station] = stage.stations;
  const phone = await filled(stage, station, 32);
  stage.door.shut();
  await phone.send();
  await phone.shows(/Tersimpan di HP|Terkirim/);
  const [before] = await until("the queue", async () => {
    const queue = await phone.stored("queue");
    return queue[0]?.failures > 0 ? queue : null;
  });
  await phone.kill();
  const again = await stage.phone({ profile: phone.profile });
  await again.open();
  await again.shows(/Tersimpan di HP|Terkirim/);
  const [after] = await again.stored("queue");
  equal([after.key, after.body], [before.key, before.body], "key and content after the kill");
  stage.door.reopen();
  await again.goto("tps", PPWP, station);
  await again.sendNow();
  await once(stage, 0, station, await again.receipt());
  equal([...new Set(again.puts)], [before.key], "the key that was used");
  await again.close();
}

/** What is queued is not taken back by chance, only on demand, and then it is another write if it changes. */
async function takenBack(stage) {
  const [, , , , , , station] = stage.stations;
  const phone = await filled(stage, station, 38);
  await phone.context.setOffline(true);
  await phone.send();
  await phone.shows("Tersimpan di HP");
  const [queued] = await phone.stored("queue");
  equal([queued.state, queued.failures, phone.puts], ["saved", 0, []], "a write that never left the phone");
  await phone.page.goBack();
  await phone.shows("Menunggu sinyal");
  equal((await phone.stored("queue")).map((item) => item.key), [queued.key], "the queue after going back");
  await phone.tap("Ubah isian");
  await phone.shows("28 dari 28 kotak terisi");
  equal(await phone.stored("queue"), [], "the queue after taking back");
  await phone.type("/disabled/male", 1);
  await phone.type("/disabled/total", 1);
  await phone.readBack();
  await phone.send();
  await phone.context.setOffline(false);
  await once(stage, 0, station, await phone.receipt());
  equal([phone.puts.length, phone.puts[0] === queued.key], [1, false], "writes, and whether the old key was used");
  await phone.close();
}

/** Two tabs of one phone wake up with the same queue: one of them sends. */
async function twoTabs(stage) {
  const [, , station] = stage.stations;
  const phone = await filled(stage, station, 33);
  stage.door.shut();
  await phone.send();
  await until("a failed try", async () => (await phone.stored("queue"))[0]?.failures > 0);
  const other = await phone.context.newPage();
  await other.goto(`${phone.base}/entri/#/tps/${PPWP}/${station}`);
  await other.getByRole("button", { name: "Coba kirim sekarang" }).waitFor();
  stage.door.reopen();
  await Promise.all([phone.sendNow(), phone.sendNow(other)]);
  const number = await phone.receipt();
  await other.getByRole("heading", { name: /^Diterima #/ }).waitFor();
  await once(stage, 0, station, number);
  equal(new Set(phone.puts).size, 1, "keys that were used");
  equal(phone.answered, 1, "writes that reached the server from two tabs");
  await phone.close();
}

/** Keys are forgotten after two days; a form that is there already is known by its digest. */
async function keyForgotten(stage) {
  const [, , , station] = stage.stations;
  const phone = await filled(stage, station, 34);
  stage.door.shut();
  await phone.send();
  await until("a failed try", async () => (await phone.stored("queue"))[0]?.failures > 0);
  // The same form under a key that the phone never had is, for the phone, its own form with its key forgotten.
  const body = { form: form(34), confirm: [], reason: null, attachments: [], observed_at: null };
  const headers = { "idempotency-key": randomUUID(), "if-none-match": "*" };
  const stored = await stage.call(0, "PUT", `/api/v1/tallies/${PPWP}/${station}`, { token: await stage.token(0, stage.officer), headers, body });
  equal(stored.status, 201, "the form of long ago");
  stage.door.reopen();
  await phone.sendNow();
  equal(await phone.receipt(), stored.body.receipt.index, "the receipt of long ago");
  await phone.shows("Server sudah menerima kiriman ini sebelumnya");
  await once(stage, 0, station, stored.body.receipt.index);
  await phone.close();
}

/** Somebody else's numbers are there first: nothing is overwritten, the officer sees both and decides. */
async function anotherVersion(stage) {
  const [, , , , station] = stage.stations;
  const phone = await filled(stage, station, 35);
  const body = { form: form(36), confirm: [], reason: null, attachments: [], observed_at: null };
  const headers = { "idempotency-key": randomUUID(), "if-none-match": "*" };
  const stored = await stage.call(0, "PUT", `/api/v1/tallies/${PPWP}/${station}`, { token: await stage.token(0, stage.officer), headers, body });
  equal(stored.status, 201, "the other form");
  await phone.send();
  await phone.shows("Sudah ada versi lain untuk TPS ini");
  await phone.page.getByRole("row", { name: /Suara nomor 1.*36 35/ }).waitFor();
  await phone.tap("Jadikan koreksi atas versi 1");
  await phone.heading("Baca ulang");
  await phone.shows("berubah, sebelumnya 36");
  await phone.send();
  await phone.receipt();
  const seen = await stage.station(0, stage.officer, PPWP, station);
  equal([stage.revisions(seen), seen.form.votes["100025"]], [[1, 2], 35], "the correction on top");
  equal(new Set(phone.puts).size, 2, "another content has another key");
  await phone.close();
}

/** A session that ends loses nothing; another account never sends what is not its own. */
async function sessionEnds(stage) {
  const [, , , , , station] = stage.stations;
  const phone = await filled(stage, station, 37);
  const [now] = (await phone.stored("meta")).filter((one) => one.id === "session");
  const closed = await stage.call(0, "DELETE", "/api/v1/session", { token: now.token, headers: { "idempotency-key": randomUUID() } });
  equal(closed.status, 204, "the session closed elsewhere");
  await until("the token dead at every node", async () => (await stage.call(stage.place(stage.door.current() ?? stage.addresses[0]), "GET", "/api/v1/me", { token: now.token })).status === 401);
  await phone.send();
  await phone.shows("Masuk lagi supaya pengiriman dilanjutkan");
  const [waiting] = await phone.stored("queue");
  await phone.tap("Masuk lagi", "link");
  await phone.signIn(stage.neighbour);
  await phone.shows("Belum masuk");
  equal((await phone.stored("queue")).map((item) => item.key), [waiting.key], "the queue under another account");
  equal((await stage.station(0, stage.officer, PPWP, station)).revision, 0, "what another account sent");
  await phone.tap("Keluar");
  await phone.shows("Keluar dari akun ini?");
  await phone.tap("Ya, keluar");
  await phone.shows(`Kiriman milik akun ${stage.officer.username}`);
  await phone.signIn(stage.officer);
  await until("the form", async () => (await phone.stored("queue")).length === 0);
  await phone.goto("tps", PPWP, station);
  await once(stage, 0, station, await phone.receipt());
  equal(new Set(phone.puts).size, 1, "keys that were used");
  await phone.close();
}

export const cases = { nodeDiesWithTheAnswer, browserKilled, takenBack, twoTabs, keyForgotten, anotherVersion, sessionEnds };
