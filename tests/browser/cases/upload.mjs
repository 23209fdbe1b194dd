// Photos at the server: uploaded once, before the form that names them, and again when the server does not know them.

import { numbers } from "../phone.mjs";
import { equal } from "../stage.mjs";
import { add, opened, picture } from "./photos.mjs";

const PPWP = "ppwp";

function uploads(phone) {
  const seen = [];
  phone.page.on("response", (response) => {
    if (response.url().endsWith("/api/v1/attachments")) seen.push(response.status());
  });
  return seen;
}

async function beforeTheForm(stage) {
  const [station] = stage.stations;
  const phone = await opened(stage, station);
  const seen = uploads(phone);
  await phone.fillIn(numbers({ 100025: 41, 100026: 60, 100027: 40 }));
  await add(phone, await picture(phone.page, 1600, 1200));
  await add(phone, await picture(phone.page, 1200, 1600));
  await phone.readBack();
  await phone.shows("2 foto ikut dikirim");
  await phone.send();
  await phone.receipt();
  equal(seen, [201, 201], "uploads");
  const there = await stage.station(0, stage.officer, PPWP, station);
  equal([stage.revisions(there), there.attachments.length], [[1], 2], "revisions and attachments");
  equal((await phone.stored("photos")).length, 0, "photos left on the phone");
  await phone.close();
}

/** Uploaded, then cut off before the form: what the server has is not sent again. */
async function notTwice(stage) {
  const [, station] = stage.stations;
  const phone = await opened(stage, station);
  const seen = uploads(phone);
  await phone.fillIn(numbers({ 100025: 42, 100026: 60, 100027: 40 }));
  await add(phone, await picture(phone.page, 900, 700));
  await phone.readBack();
  await phone.page.route("**/api/v1/tallies/**", (route) => route.abort());
  await phone.send();
  await phone.shows("Terkirim");
  await phone.page.unroute("**/api/v1/tallies/**");
  await phone.sendNow();
  await phone.receipt();
  equal(seen, [201], "uploads");
  await phone.close();
}

export const cases = { beforeTheForm, notTwice };
