// Canonical JSON and what is made of it: the digest of a form, and the key of a write.

/** Keys sorted by byte, no white space. All keys that occur are ASCII, where code units sort like bytes. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const keys = Object.keys(value).sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

async function sha256(text) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The digest of a form, as receipts and refusals name it. */
export async function digestOf(form) {
  return hex(await sha256(canonical(form)));
}

/**
 * The Idempotency-Key of a write: a UUID (version 8) made from everything that makes the write what it is.
 * The same content has the same key for ever, after a kill, after a restore, in another tab; anything else has another.
 */
export async function keyOf(write) {
  const bytes = (await sha256(`rakit-entri-1\n${canonical(write)}`)).slice(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
