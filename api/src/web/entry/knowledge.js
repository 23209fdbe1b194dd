// What the server said last, kept for when it cannot be asked.

import { session, signedOut } from "./session.js";
import { get } from "./server.js";
import { read, write } from "./store.js";

const STATIONS_MAX = 1000;

/** {value, at} as kept for this account, or null. */
async function kept(account, path) {
  return (await read("answers", `${account}|${path}`)) ?? null;
}

/** Asks; keeps and answers what came, else null. */
async function asked(now, path) {
  if (!now?.token) return null;
  const answer = await get(path, now.token);
  if (answer?.status === 401) await signedOut(now.token);
  if (answer?.status !== 200 || !answer.body) return null;
  const answered = { id: `${now.username}|${path}`, value: answer.body, at: Date.now() };
  // An answer that cannot be kept is still an answer.
  await write("answers", answered).catch((error) => console.warn("answer", error));
  return answered;
}

/** What is kept, at once, or else what the server says: for what seldom changes. */
async function settledOf(path) {
  const now = await session();
  if (!now) return null;
  const old = await kept(now.username, path);
  const fresh = asked(now, path);
  return (old ?? (await fresh))?.value ?? null;
}

/** What the server says, or else what is kept: {value, at, fresh}. */
async function latestOf(path) {
  const now = await session();
  if (!now) return null;
  const fresh = await asked(now, path);
  if (fresh) return { ...fresh, fresh: true };
  const old = await kept(now.username, path);
  return old && { ...old, fresh: false };
}

async function keptOf(path) {
  const now = await session();
  return now && (await kept(now.username, path));
}

export async function contests(fresh = false) {
  const answer = fresh ? (await latestOf("/contests"))?.value : await settledOf("/contests");
  return answer?.contests ?? [];
}

export async function contest(id) {
  const known = (await keptOf("/contests"))?.value.contests.find((one) => one.id === id);
  return known ?? (await contests(true)).find((one) => one.id === id) ?? null;
}

const stationsPath = (id) => `/me/stations?contest=${encodeURIComponent(id)}&limit=${STATIONS_MAX}`;

/** {stations, next} of an account in a contest, from the phone only. */
export function stationsKept(id) {
  return keptOf(stationsPath(id));
}

export function stationsLatest(id) {
  return latestOf(stationsPath(id));
}

const numbersPath = (id, station) => `/stations/${station}/${id}`;

/** The newest form of a station that this phone knows of: {value: {state, revision, form}, at, fresh}. */
export function numbersLatest(id, station) {
  return latestOf(numbersPath(id, station));
}

export function numbersKept(id, station) {
  return keptOf(numbersPath(id, station));
}

/** Where and what a station is. Without an answer at least its code: the form can be filled in all the same. */
export async function station(code) {
  return (await settledOf(`/stations/${code}`)) ?? { code, number: Number(code.slice(10)), name: null, kind: null, registered: null, path: [] };
}

/** Fetches what filling in these stations without signal will need. */
export async function prepare(id, stations, reads) {
  for (const { code, state, revision } of stations) {
    if (!(await keptOf(`/stations/${code}`))) await settledOf(`/stations/${code}`);
    const known = reads && state !== "absent" ? await numbersKept(id, code) : null;
    if (reads && state !== "absent" && known?.value.revision !== revision) await numbersLatest(id, code);
  }
}
