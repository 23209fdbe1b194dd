// A second reading: blank, never shown the first numbers, compared after it is sent.

import { randomUUID } from "node:crypto";
import { numbers } from "../phone.mjs";
import { equal } from "../stage.mjs";

const PPWP = "ppwp";
const form = (first) => numbers({ 100025: first, 100026: 60, 100027: 40 });

async function reading(stage, station, first) {
  const body = { form: form(41), confirm: [], reason: null, attachments: [], observed_at: null };
  const headers = { "idempotency-key": randomUUID(), "if-none-match": "*" };
  const stored = await stage.call(0, "PUT", `/api/v1/tallies/${PPWP}/${station}`, { token: await stage.token(0, stage.officer), headers, body });
  equal(stored.status, 201, "the first reading");
  const phone = await stage.phone();
  const asked = [];
  phone.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await phone.open();
  await phone.signIn(stage.reviewer);
  await phone.goto("tps", PPWP, station);
  await phone.tap("Mulai bacaan kedua", "link");
  await phone.page.getByText("kotak terisi").waitFor();
  await phone.shows("0 dari 28 kotak terisi");
  await phone.fillIn(form(first));
  await phone.readBack();
  await phone.send();
  await phone.receipt();
  equal(asked.filter((path) => path === `/api/v1/stations/${station}/${PPWP}`), [], "looks at the first reading");
  return phone;
}

async function same(stage) {
  const phone = await reading(stage, stage.stations[0], 41);
  await phone.shows("Kedua bacaan sama");
  await phone.close();
}

async function different(stage) {
  const phone = await reading(stage, stage.stations[1], 42);
  await phone.shows(/angka berbeda dari bacaan pertama/);
  await phone.close();
}

export const cases = { same, different };
