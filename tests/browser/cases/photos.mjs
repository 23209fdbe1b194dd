// Photos on the phone: scaled, turned, kept, removed. What the server does with them is in `upload.mjs`.

import { equal, until } from "../stage.mjs";

const PPWP = "ppwp";

/** A picture as a camera makes it: `width` by `height`, with a black left half. */
export function picture(page, width, height) {
  return page.evaluate(async ([wide, high]) => {
    const canvas = new OffscreenCanvas(wide, high);
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, wide, high);
    context.fillStyle = "black";
    context.fillRect(0, 0, wide / 2, high);
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, [width, height]).then((bytes) => Buffer.from(bytes));
}

/** The same with a mark that the phone was held upright: turn it clockwise by 90 degrees. */
export function upright(jpeg) {
  const exif = Buffer.from("457869660000" + "4d4d002a00000008" + "0001" + "0112" + "0003" + "00000001" + "00060000" + "00000000", "hex");
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(exif.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

export async function opened(stage, station) {
  const phone = await stage.phone();
  await phone.open();
  await phone.signIn(stage.officer);
  await phone.prepared();
  await phone.blankForm(PPWP, station);
  return phone;
}

export async function add(phone, buffer) {
  const before = (await phone.stored("photos")).length;
  await phone.page.locator("#foto").setInputFiles({ name: "foto.jpg", mimeType: "image/jpeg", buffer });
  await until("one photo more", async () => (await phone.stored("photos")).length > before);
}

async function scaledAndTurned(stage) {
  const [station] = stage.stations;
  const phone = await opened(stage, station);
  await add(phone, upright(await picture(phone.page, 3200, 2000)));
  const [photo] = await phone.stored("photos");
  equal([photo.width, photo.height, photo.type, photo.sha256], [1000, 1600, "image/jpeg", null], "the photo as it is kept");
  // Turned clockwise, the black half is on top.
  const shades = await phone.page.evaluate(async () => {
    const image = document.querySelector(".photos img");
    await image.decode();
    const canvas = new OffscreenCanvas(1000, 1600);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return [200, 1400].map((y) => context.getImageData(500, y, 1, 1).data[0] < 128);
  });
  equal(shades, [true, false], "which half is black");
  // After a reload it is still there; removed, it is gone from the disk too.
  await phone.page.reload();
  await phone.shows("Foto 1");
  await phone.page.getByRole("button", { name: "Hapus foto 1" }).click();
  await until("no photo", async () => (await phone.stored("photos")).length === 0);
  await phone.close();
}

async function atMostSixteen(stage) {
  const [, station] = stage.stations;
  const phone = await opened(stage, station);
  const small = await picture(phone.page, 80, 60);
  for (let count = 0; count < 16; count += 1) await add(phone, small);
  equal(await phone.page.locator("#foto").isDisabled(), true, "the way to a seventeenth photo");
  equal((await phone.stored("photos")).every((photo) => photo.width === 80), true, "small pictures stay as they are");
  await phone.close();
}

async function notAPicture(stage) {
  const [, , station] = stage.stations;
  const phone = await opened(stage, station);
  await phone.page.locator("#foto").setInputFiles({ name: "foto.jpg", mimeType: "image/jpeg", buffer: Buffer.from("bukan gambar") });
  await phone.shows("Foto tidak bisa dibaca");
  equal((await phone.stored("photos")).length, 0, "photos that are kept");
  await phone.close();
}

export const cases = { scaledAndTurned, atMostSixteen, notAPicture };
