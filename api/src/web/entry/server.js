// One call to the server: same host, a deadline on everything, and silence told apart from answers.

import { retryAfterMs } from "./backoff.js";

const READ_MS_MAX = 12_000;
const WRITE_MS_MAX = 25_000;
const UPLOAD_MS_MAX = 180_000;

let answered = null;

/** Whether the server answered when it was asked last; null before that. */
export function reached() {
  return answered;
}

async function bodyOf(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.includes("json")) return null;
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

/** Answers {status, body, retryAfterMs, replay}, or null when nobody answered in time: then nothing is known. */
async function ask(path, options, deadlineMs) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), deadlineMs);
  try {
    const response = await fetch(path, { cache: "no-store", ...options, signal: abort.signal, credentials: "omit", redirect: "error" });
    const body = await bodyOf(response);
    // Half an answer is none.
    answered = body !== undefined;
    if (!answered) return null;
    return { status: response.status, body, retryAfterMs: retryAfterMs(response.headers.get("Retry-After")), replay: response.headers.get("Idempotent-Replay") === "true" };
  } catch {
    answered = false;
    return null;
  } finally {
    clearTimeout(timer);
    dispatchEvent(new Event("rakit-jaringan"));
  }
}

function bearer(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

export function get(path, token) {
  // Asked anew each time, but what did not change does not come again over a thin line.
  return ask(`/api/v1${path}`, { headers: bearer(token), cache: "no-cache" }, READ_MS_MAX);
}

/** A call that may change something; `text` is the body, byte by byte. */
export function send(method, path, token, headers, text) {
  const all = { ...bearer(token), ...headers };
  if (text !== null) all["Content-Type"] = "application/json";
  return ask(path, { method, headers: all, body: text }, WRITE_MS_MAX);
}

export function upload(token, blob) {
  return ask("/api/v1/attachments", { method: "POST", headers: { ...bearer(token), "Content-Type": blob.type }, body: blob }, UPLOAD_MS_MAX);
}
