// When to try again. Full jitter: phones that failed together do not come back together.

const FIRST_MS = 1000;
const LONGEST_MS = 5 * 60 * 1000;

/** How long to wait after that many failures; at least as long as the server asked for. */
export function waitMs(failures, retryAfterMs = 0, chance = Math.random()) {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 20));
  return retryAfterMs + Math.floor(chance * ceiling);
}

/** Reads Retry-After: seconds or a date; nothing where it says nothing. */
export function retryAfterMs(header, now = Date.now()) {
  if (!header) return 0;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_MS) : 0;
}
