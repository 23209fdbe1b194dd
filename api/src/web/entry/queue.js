// Writes that wait for the server's proof.
//
// Invariant: a write has one key for all its content, stored in the transaction that stores the content and before the
// first byte is sent. While nobody knows what became of it (`sent`) it can be neither changed nor taken back.

import { changed } from "./bus.js";
import { canonical, digestOf, keyOf } from "./canonical.js";
import { workId } from "./drafts.js";
import { read, readAll, transact } from "./store.js";

const PATHS = {
  report: { method: "PUT", path: (work) => `/api/v1/tallies/${work.contest}/${work.station}` },
  review: { method: "POST", path: (work) => `/api/v1/tallies/${work.contest}/${work.station}/reviews` },
};

function preconditionOf(revision) {
  return revision === 0 ? { "If-None-Match": "*" } : { "If-Match": `"${revision}"` };
}

/** Body and key of a write whose photos have names. */
export async function sealed(item, attachments) {
  const { form, confirm, reason, observed_at } = item.content;
  const body = item.kind === "review" ? { form } : { form, confirm, reason, attachments, observed_at };
  const text = canonical(body);
  const { method, path, precondition, account } = item;
  return { body: text, key: await keyOf({ account, method, path, precondition, body: text }) };
}

/** A write from a draft, with whatever can be said before its photos are there. */
async function itemOf(draft, form) {
  const { account, contest, station, kind } = draft;
  const { method, path } = PATHS[kind];
  const confirms = draft.confirm.length > 0;
  const item = {
    id: workId(draft), account, contest, station, kind, method, path: path(draft),
    precondition: preconditionOf(draft.base.revision), base_revision: draft.base.revision, photos: [...draft.photos],
    content: { form, confirm: [...draft.confirm].sort(), reason: confirms ? draft.reason.trim() : null, observed_at: draft.observed_at },
    digest: await digestOf(form), body: null, key: null, state: "saved", failures: 0, not_before: 0, problem: null, queued_at: Date.now(),
  };
  return item.photos.length === 0 ? { ...item, ...(await sealed(item, [])) } : item;
}

const same = (left, right) => canonical([left.content, left.precondition, left.photos]) === canonical([right.content, right.precondition, right.photos]);

/** Queues a draft as it is, together with the draft. Answers false while an earlier write of it is on its way. */
export async function enqueue(draft, form) {
  const item = await itemOf(draft, form);
  const queued = await transact(["queue", "drafts"], async ({ queue, drafts }) => {
    const waiting = await queue.get(item.id);
    if (waiting?.state === "sent") return false;
    await drafts.put(draft);
    // The same content again is the same write, with whatever was found out about it.
    await queue.put(waiting && same(waiting, item) ? { ...waiting, state: "saved", not_before: 0, problem: null } : item);
    return true;
  });
  changed();
  return queued;
}

/** Takes back what was never sent, or was refused. Answers whether it could. */
export async function takeBack(id) {
  const taken = await transact(["queue"], async ({ queue }) => {
    const item = await queue.get(id);
    if (item?.state === "sent") return false;
    await queue.remove(id);
    return true;
  });
  changed();
  return taken;
}

export function queued(work) {
  return read("queue", workId(work));
}

export function queueOf(account) {
  return readAll("queue", `${account}|`);
}

export function queueOfAll() {
  return readAll("queue");
}

/** Changes a write in the queue, if it is still the one it was: same content, same key. */
export async function update(item, change) {
  const after = await transact(["queue"], async ({ queue }) => {
    const now = await queue.get(item.id);
    if (!now || now.state === "refused" || now.queued_at !== item.queued_at || !same(now, item)) return null;
    const next = { ...now, ...change };
    await queue.put(next);
    return next;
  });
  changed();
  return after;
}

/** The end of a write: its receipt takes the place of queue item, draft and photos, in one step. */
export async function accept(item, receipt, more) {
  const record = {
    id: `${item.id}|${String(receipt.revision).padStart(6, "0")}|${item.key}`, work: item.id, account: item.account, contest: item.contest,
    station: item.station, kind: item.kind, receipt, form: item.content.form, confirmed: item.content.confirm, host: location.host, kept_at: Date.now(), ...more,
  };
  await transact(["queue", "receipts", "drafts", "photos"], async ({ queue, receipts, drafts, photos }) => {
    await receipts.put(record);
    await queue.remove(item.id);
    await drafts.remove(item.id);
    for (const photo of item.photos) await photos.remove(photo);
  });
  changed();
  return record;
}

/** Receipts of a piece of work, the newest last. */
export async function receiptsOf(work) {
  const found = await readAll("receipts", `${workId(work)}|`);
  return found.sort((left, right) => left.kept_at - right.kept_at);
}

export function receiptsOfAccount(account) {
  return readAll("receipts", `${account}|`);
}
