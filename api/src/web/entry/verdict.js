// What an answer means for a write that waits. Pure: the queue does what is said here.
//
// Invariant: only an answer that proves it ends a write; silence and 5xx never do.

const ACCEPTED = [200, 201];

/** A refusal because a photo is not known there any more: it is sent again, then the form with it. */
function photoUnknown(problem) {
  const places = (problem.errors ?? []).map((error) => error.pointer ?? "");
  return places.some((place) => place === "/attachments" || place.startsWith("/attachments/"));
}

/**
 * answer: {status, body, retryAfterMs} or null for silence. write: {kind, digest}.
 * Says one of: accepted, stale (412: another form is there, or our own from long ago), sign-in, photos, again, refused.
 */
export function verdict(write, answer) {
  if (answer === null) return { next: "again", retryAfterMs: 0 };
  const { status, body } = answer;
  const problem = body ?? {};
  if (ACCEPTED.includes(status)) {
    // An answer without a receipt is no proof: something on the way made it up.
    return body?.receipt ? { next: "accepted" } : { next: "again", retryAfterMs: answer.retryAfterMs };
  }
  if (status === 401) return { next: "sign-in" };
  if (status === 412 && write.kind === "report" && problem.code === "stale-revision") {
    return { next: "stale", own: problem.digest === write.digest, revision: problem.current_revision };
  }
  const waits = status === 408 || status === 425 || status === 429 || status >= 500 || problem.code === "idempotency-in-flight";
  if (waits) return { next: "again", retryAfterMs: answer.retryAfterMs };
  if ((status === 422 || status === 400) && photoUnknown(problem)) return { next: "photos" };
  // What is no problem of the contract came from something in between, such as a sign-in page of a network.
  if (!problem.code) return { next: "again", retryAfterMs: answer.retryAfterMs };
  return { next: "refused" };
}
