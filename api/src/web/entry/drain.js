// Sends what waits. One tab at a time, each write until the server has proved what became of it.

import { waitMs } from "./backoff.js";
import { changed, onChange } from "./bus.js";
import { named, photosOf, blobOf } from "./photos.js";
import { accept, queueOf, sealed, update } from "./queue.js";
import { get, send, upload } from "./server.js";
import { session, signedOut } from "./session.js";
import { verdict } from "./verdict.js";

const LOCK = "rakit-entri-drain";
/** How often photos of one write may be sent again because the server no longer knows them, in one go. */
const PHOTO_ROUNDS_MAX = 3;

let timer = null;
let running = false;
/** Whether somebody asked while this was at work, and how firmly; null when nobody did. */
let again = null;

/** Runs alone among all tabs; another tab that is at it already will do it. */
async function alone(work) {
  // Without locks two tabs may both send: with the same key, so that it still takes effect once.
  if (!navigator.locks) return work();
  return navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? work() : undefined));
}

async function later(item, retryAfterMs, why) {
  const failures = item.failures + 1;
  const now = Date.now();
  await update(item, { failures, asked_until: now + retryAfterMs, not_before: now + waitMs(failures, retryAfterMs), why });
  return "later";
}

async function refused(item, problem) {
  await update(item, { state: "refused", problem });
  return "done";
}

/** Uploads what the server does not have yet. Answers the names in order, or how it ended. */
async function uploaded(item, token) {
  const photos = await photosOf(item.photos);
  const names = [];
  for (const photo of photos) {
    if (photo.sha256 === null) {
      await update(item, { progress: [names.length, photos.length] });
      const answer = await upload(token, blobOf(photo));
      const end = verdict({ kind: "photo" }, answer?.status === 201 && answer.body?.sha256 ? { ...answer, body: { receipt: true } } : answer);
      if (end.next === "sign-in") return { end: "sign-in" };
      if (end.next !== "accepted") return { end: end.next === "again" ? "again" : "refused", retryAfterMs: end.retryAfterMs, problem: answer?.body, photo: photo.id };
      photo.sha256 = answer.body.sha256;
      await named(photo.id, photo.sha256);
    }
    names.push(photo.sha256);
  }
  return { names: [...new Set(names)] };
}

/**
 * Another form is there, or our own, taken so long ago that its key is forgotten. The history tells: our digest at the
 * revision that we would have made, or as the newest, is our own acceptance.
 */
async function stale(item, end, problem, token) {
  const answer = await get(`/stations/${item.station}/${item.contest}`, token);
  const history = answer?.body?.history;
  if (!history) return answer === null || end.own || answer.status >= 500 ? later(item, answer?.retryAfterMs ?? 0, "server") : refused(item, problem);
  const ours = (revision) => history.find((entry) => entry.revision === revision && entry.digest === item.digest);
  const entry = ours(item.base_revision + 1) ?? (end.own ? ours(end.revision) : undefined);
  if (!entry) return refused(item, problem);
  const { contest, station, digest } = item;
  const receipt = { contest, station, revision: entry.revision, index: entry.index, at: entry.at, digest };
  const newest = answer.body.revision === entry.revision;
  await accept(item, receipt, { state: newest ? answer.body.state : "reported", flags: newest ? answer.body.flags : [], late: true });
  return "done";
}

async function photosForgotten(item) {
  await Promise.all(item.photos.map((id) => named(id, null)));
}

/** Sends one write. Answers done, later or sign-in. */
async function sendOne(item, token, rounds = 0) {
  let ready = item;
  if (item.photos.length > 0) {
    const result = await uploaded(item, token);
    if (result.end === "sign-in") return "sign-in";
    if (result.end === "again") return later(item, result.retryAfterMs, "photos");
    if (result.end === "refused") return refused(item, { ...result.problem, photo: result.photo });
    // Other names are another content, and that has another key.
    ready = await update(item, { ...(await sealed(item, result.names)), progress: null });
    if (!ready) return "done";
  }
  ready = await update(ready, { state: "sent", why: null });
  if (!ready) return "done";
  const headers = { ...ready.precondition, "Idempotency-Key": ready.key };
  const answer = await send(ready.method, ready.path, token, headers, ready.body);
  const end = verdict(ready, answer);
  if (end.next === "accepted") {
    const { receipt, state, flags, differences } = answer.body;
    await accept(ready, receipt, { state, flags: flags ?? [], differences: differences ?? null });
    return "done";
  }
  if (end.next === "stale") return stale(ready, end, answer.body, token);
  if (end.next === "sign-in") return "sign-in";
  if (end.next === "photos") {
    await photosForgotten(ready);
    // Refused at the door, so nothing was stored and it may change again.
    const back = await update(ready, { state: "saved" });
    return back && rounds < PHOTO_ROUNDS_MAX ? sendOne(back, token, rounds + 1) : later(back ?? ready, 0, "photos");
  }
  return end.next === "refused" ? refused(ready, answer.body) : later(ready, end.retryAfterMs, answer === null ? "silence" : "server");
}

async function drainAll(forced) {
  const now = await session();
  // Another account's writes wait for that account. A phone that knows to be without network does not even try, so that
  // what never left it is not told as sent.
  if (!now?.token || !(forced || navigator.onLine)) return;
  for (const item of await queueOf(now.username)) {
    if (item.state === "refused" || item.not_before > Date.now()) continue;
    if ((await sendOne(item, now.token)) === "sign-in") {
      await signedOut(now.token);
      return;
    }
  }
}

/** Sets the timer for the next write that waits. Without a database there is none: the next event tries again. */
async function plan() {
  try {
    await setTimer();
  } catch (error) {
    console.warn("plan", error);
  }
}

async function setTimer() {
  clearTimeout(timer);
  const now = await session();
  // Without network there is nothing to wake up for; the browser says when there is one.
  if (!now?.token || !navigator.onLine) return;
  const waiting = (await queueOf(now.username)).filter((item) => item.state !== "refused");
  if (waiting.length === 0) return;
  const next = Math.min(...waiting.map((item) => item.not_before)) - Date.now();
  timer = setTimeout(() => drain(), Math.min(Math.max(next, 1000), 5 * 60 * 1000));
}

/** Sends whatever may be sent now; `forced` by somebody who does not believe that there is no network. */
export async function drain(forced = false) {
  if (running) {
    again = again || forced;
    return;
  }
  running = true;
  try {
    await alone(() => drainAll(forced));
  } catch (error) {
    console.warn("drain", error);
  } finally {
    running = false;
  }
  if (again !== null) {
    const firmly = again;
    again = null;
    return drain(firmly);
  }
  await plan();
}

/** Something says that waiting may be over: only what a server asked for is still waited for. */
export async function hope(forced = false) {
  try {
    const now = await session();
    for (const item of now ? await queueOf(now.username) : []) {
      if (item.not_before > Date.now()) await update(item, { not_before: item.asked_until ?? 0 });
    }
  } catch (error) {
    console.warn("hope", error);
  }
  await drain(forced);
}

/** Starts draining for the life of the page. */
export function start() {
  addEventListener("online", () => hope());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") hope();
  });
  onChange(plan);
  hope().finally(changed);
}
