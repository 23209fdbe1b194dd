// What is typed and not yet accepted: one draft for each account, contest, station and kind of work.

import { read, readAll, transact } from "./store.js";

/** The name under which draft, queue item and receipts of one piece of work lie. */
export function workId({ account, contest, station, kind }) {
  return [account, contest, station, kind].join("|");
}

/** An empty draft upon a known version: {revision, form}. */
export function blank(work, base) {
  return { id: workId(work), ...work, values: {}, confirm: [], reason: "", photos: [], base, observed_at: null, judged: null };
}

export async function draft(work) {
  return (await read("drafts", workId(work))) ?? null;
}

export function draftsOf(account) {
  return readAll("drafts", `${account}|`);
}

export async function save(one) {
  await transact(["drafts"], ({ drafts }) => drafts.put(one));
}

/** Puts a photo into a draft. */
export async function withPhoto(one, photo) {
  one.photos = [...one.photos, photo.id];
  await transact(["drafts", "photos"], async ({ drafts, photos }) => {
    await photos.put(photo);
    await drafts.put(one);
  });
}

/** Takes a photo out of a draft and off the disk. */
export async function withoutPhoto(one, id) {
  one.photos = one.photos.filter((other) => other !== id);
  await transact(["drafts", "photos"], async ({ drafts, photos }) => {
    await photos.remove(id);
    await drafts.put(one);
  });
}

/** Forgets a draft and its photos. */
export async function discard(one) {
  await transact(["drafts", "photos"], async ({ drafts, photos }) => {
    for (const id of one.photos) await photos.remove(id);
    await drafts.remove(one.id);
  });
}
