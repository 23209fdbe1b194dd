// Questions to the server: the same host, a deadline on each, and the last answers about results for when it is away.
// Invariant: what is kept are sums of regions and the ballots, bounded in number; never a station, never what was typed.

import { retryAfterMs } from "./backoff.js";
import { choose } from "./kiosk-sheet.js";
import { home } from "./kiosk-settings.js";

const DEADLINE_MS = 8_000;
const STORE = "kios-hasil";
const KEPT_MAX = 40;
const BALLOTS = "/contests";
const BALLOTS_MS = 10 * 60 * 1000;

/** What the server said of itself with its last answer. */
export const heard = { node: null, index: null, leaderAgeMs: null, at: null };

function hear(headers) {
  const age = headers.get("Rakit-Leader-Age-Ms");
  Object.assign(heard, { node: headers.get("Rakit-Node"), index: headers.get("Rakit-Index"), leaderAgeMs: age === null ? null : Number(age), at: Date.now() });
}

async function store() {
  return "caches" in globalThis ? caches.open(STORE) : null;
}

async function keepCopy(path, response) {
  const kept = await store();
  // What is there already is not written again: these disks are small and cheap.
  const same = (await kept?.match(path, { ignoreVary: true }))?.headers.get("ETag") ?? null;
  if (!kept || (same !== null && same === response.headers.get("ETag"))) return;
  await kept.put(path, response);
  const needed = ({ url }) => url.endsWith(BALLOTS) || url.endsWith(`/${home()}`);
  const others = (await kept.keys()).filter((one) => !needed(one));
  await Promise.all(others.slice(0, Math.max(0, others.length - KEPT_MAX)).map((one) => kept.delete(one)));
}

/** How many answers are kept. */
export async function keptCount() {
  return (await (await store())?.keys())?.length ?? 0;
}

async function keptCopy(path) {
  const found = await (await store())?.match(path, { ignoreVary: true });
  return found ? found.json() : null;
}

/** Answers {status, body, lost, retryAfterMs}; status 0 is silence, `lost` says why the body is a kept one or none. */
async function call(path, keep, signal) {
  try {
    const response = await fetch(path, { cache: keep ? "no-cache" : "no-store", credentials: "omit", redirect: "error", signal });
    const copy = keep && response.ok ? response.clone() : null;
    const body = await response.json().catch(() => null);
    const busy = response.status === 429 || response.status >= 500;
    // A page of the network's own is not the server's word.
    if (!body && !busy) return { status: 0, body: null, lost: "network", retryAfterMs: 0 };
    hear(response.headers);
    // A full disk loses a copy and nothing else.
    if (copy) await keepCopy(path, copy).catch(() => undefined);
    return { status: response.status, body: response.ok ? body : null, lost: busy ? "busy" : null, retryAfterMs: retryAfterMs(response.headers.get("Retry-After")) };
  } catch {
    return { status: 0, body: null, lost: "network", retryAfterMs: 0 };
  }
}

/** Asks for a path below /api/v1. With `keep`, the last answer stands in for one that does not come. */
export async function ask(path, { keep = false, signal } = {}) {
  const abort = new AbortController();
  const stop = () => abort.abort();
  const timer = setTimeout(stop, DEADLINE_MS);
  signal?.addEventListener("abort", stop);
  const address = `/api/v1${path}`;
  const answer = await call(address, keep, abort.signal);
  clearTimeout(timer);
  signal?.removeEventListener("abort", stop);
  const body = keep && answer.lost ? await keptCopy(address).catch(() => null) : null;
  return body ? { ...answer, status: 200, body } : answer;
}

let ballots = null;

/** The contest to show and those to choose from: {contest, choices}, or the {status, lost} of the failure. */
export async function contestFor(wanted, held) {
  if (!ballots || Date.now() - ballots.at > BALLOTS_MS) {
    const answer = await ask(BALLOTS, { keep: true });
    if (answer.body) ballots = { list: answer.body.contests, at: answer.lost ? 0 : Date.now() };
    if (!ballots) return answer;
  }
  const found = choose(ballots.list, wanted, held);
  return found.contest ? found : { status: 404, lost: null, retryAfterMs: 0 };
}
