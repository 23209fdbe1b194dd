// What an answer means: only proof ends a write.

import assert from "node:assert/strict";
import test from "node:test";
import { retryAfterMs, waitMs } from "../../../api/src/web/entry/backoff.js";
import { verdict } from "../../../api/src/web/entry/verdict.js";

const WRITE = { kind: "report", digest: "ab" };
const next = (status, body, write = WRITE) => verdict(write, { status, body, retryAfterMs: 7000 }).next;

test("silence and server errors prove nothing", () => {
  assert.equal(verdict(WRITE, null).next, "again");
  for (const status of [500, 502, 503, 504, 507]) assert.equal(next(status, { code: "no-leader" }), "again");
  assert.equal(verdict(WRITE, { status: 503, body: null, retryAfterMs: 7000 }).retryAfterMs, 7000);
  assert.equal(next(429, { code: "too-many-requests" }), "again");
  assert.equal(next(409, { code: "idempotency-in-flight" }), "again");
});

test("a receipt is proof; a success without one is not", () => {
  assert.equal(next(201, { receipt: {} }), "accepted");
  assert.equal(next(200, { receipt: {} }), "accepted");
  assert.equal(next(200, null), "again");
});

test("a network's own pages are not the server's words", () => {
  assert.equal(next(403, null), "again");
  assert.equal(next(404, null), "again");
});

test("refusals of the contract go to the officer", () => {
  const codes = { 400: "bad-request", 403: "forbidden", 404: "not-found", 409: "invalid-state", 410: "gone", 413: "too-large", 422: "confirmation-required", 428: "precondition-required" };
  for (const [status, code] of Object.entries(codes)) assert.equal(next(Number(status), { code }), "refused");
  assert.equal(next(422, { code: "idempotency-mismatch" }), "refused");
  assert.equal(next(401, { code: "unauthenticated" }), "sign-in");
});

test("another version is told from our own by its digest", () => {
  const stale = (digest, write) => verdict(write ?? WRITE, { status: 412, body: { code: "stale-revision", current_revision: 3, digest } });
  assert.deepEqual(stale("ab"), { next: "stale", own: true, revision: 3 });
  assert.deepEqual(stale("cd"), { next: "stale", own: false, revision: 3 });
  assert.equal(stale("ab", { kind: "review", digest: "ab" }).next, "refused");
});

test("a photo that is not known is sent again", () => {
  const errors = [{ pointer: "/attachments", detail: "" }];
  assert.equal(next(422, { code: "invalid-form", errors }), "photos");
  assert.equal(next(400, { code: "bad-request", errors: [{ pointer: "/attachments/0", detail: "" }] }), "photos");
  assert.equal(next(422, { code: "invalid-form", errors: [{ pointer: "/form/valid", detail: "" }] }), "refused");
});

test("waiting grows, is bounded, spreads, and is never shorter than asked", () => {
  assert.equal(waitMs(0, 0, 0), 0);
  assert.ok(waitMs(3, 0, 0.999) > waitMs(1, 0, 0.999));
  assert.ok(waitMs(99, 0, 0.999) <= 5 * 60 * 1000);
  assert.ok(waitMs(1, 9000, 0) >= 9000);
  assert.deepEqual([retryAfterMs("3"), retryAfterMs(null), retryAfterMs("morgen"), retryAfterMs("-5"), retryAfterMs("99999")], [3000, 0, 0, 0, 300000]);
  assert.equal(retryAfterMs("Wed, 14 Feb 2024 08:50:10 GMT", Date.parse("2024-02-14T08:50:00Z")), 10000);
});
