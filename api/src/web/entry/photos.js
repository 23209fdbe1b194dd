// Photos of the form: scaled down on the phone, kept until the form is accepted, sent before the form that names them.

import { transact } from "./store.js";

const SIDE_PIXELS_MAX = 1600;
const QUALITY = 0.7;
export const PHOTOS_MAX = 16;

function scaled(width, height) {
  const factor = Math.min(1, SIDE_PIXELS_MAX / Math.max(width, height));
  return [Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor))];
}

async function jpeg(file) {
  // Turned as the camera says: scaled bytes say nothing of how the phone was held, or where.
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  try {
    const [width, height] = scaled(image.width, image.height);
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { alpha: false });
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    if (!blob) throw new Error("no picture");
    return { blob, width, height };
  } finally {
    image.close();
  }
}

/** Scales a photo and answers its record. Throws what cannot be read as a picture. */
export async function take(file) {
  const { blob, width, height } = await jpeg(file);
  // As bytes: not every browser keeps a Blob in its database for long.
  return { id: crypto.randomUUID(), bytes: await blob.arrayBuffer(), type: "image/jpeg", width, height, sha256: null, taken_at: Date.now() };
}

export function blobOf(photo) {
  return new Blob([photo.bytes], { type: photo.type });
}

/** Photos by their ids, in that order; those that are gone are left out. */
export async function photosOf(ids) {
  const found = await transact(["photos"], ({ photos }) => Promise.all(ids.map((id) => photos.get(id))), "readonly");
  return found.filter(Boolean);
}

/** Remembers under which name the server keeps a photo, so that it is not sent again; null forgets. */
export async function named(id, sha256) {
  await transact(["photos"], async ({ photos }) => {
    const photo = await photos.get(id);
    if (photo) await photos.put({ ...photo, sha256 });
  });
}
