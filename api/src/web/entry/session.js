// Who is signed in. Invariant: losing the session loses nothing else; drafts and queue stay where they are.

import { changed } from "./bus.js";
import { keyOf } from "./canonical.js";
import { send } from "./server.js";
import { read, remove, transact, write } from "./store.js";

const ID = "session";
const ATTEMPT = "attempt";

/** {username, role, scope, token, expires_at}; token is null once the server no longer takes it. Null before the first sign-in. */
export async function session() {
  return (await read("meta", ID)) ?? null;
}

/** This phone's key for its attempt to sign in: with it a one-time code whose answer was lost can be used again, from here only. */
async function attempt() {
  const kept = await read("meta", ATTEMPT);
  if (kept) return kept.key;
  const key = crypto.randomUUID();
  await write("meta", { id: ATTEMPT, key });
  return key;
}

/** Signs in with {username, code} or {username, password[, totp]}. Answers the server's answer, or null. */
export async function signIn(credential) {
  const headers = { "Idempotency-Key": await attempt() };
  const answer = await send("POST", "/api/v1/session", null, headers, JSON.stringify(credential));
  if (answer?.status === 201 && answer.body?.token) {
    const { token, expires_at, account } = answer.body;
    await write("meta", { id: ID, ...account, token, expires_at });
    await remove("meta", ATTEMPT);
    changed();
  }
  return answer;
}

/** Marks a token as dead, unless a newer one is there already. */
export async function signedOut(token) {
  await transact(["meta"], async ({ meta }) => {
    const now = await meta.get(ID);
    if (now?.token === token) await meta.put({ ...now, token: null });
  });
  changed();
}

/** Signs out here, and at the server if it answers. Answers whether it did. */
export async function signOut() {
  const now = await session();
  await remove("meta", ID);
  changed();
  if (!now?.token) return true;
  const key = await keyOf({ sign_out: now.token });
  const answer = await send("DELETE", "/api/v1/session", now.token, { "Idempotency-Key": key }, null);
  return answer !== null && (answer.status === 204 || answer.status === 401);
}
