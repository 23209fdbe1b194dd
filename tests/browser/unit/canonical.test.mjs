// The digest that everybody can work out, and the key that belongs to a content.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import test from "node:test";
import { canonical, digestOf, keyOf } from "../../../api/src/web/entry/canonical.js";
import { formOf } from "../../../api/src/web/entry/shape.js";
import { boxes, CONTEST, FORM } from "./ballot.mjs";

globalThis.crypto ??= webcrypto;

test("the digest agrees with the published test vectors", async () => {
  const text = readFileSync(new URL("../../../docs/digest.md", import.meta.url), "utf8");
  const forms = [...text.matchAll(/^ *(\{"ballots.*\})$/gm)].map((match) => match[1]);
  const digests = [...text.matchAll(/^ *`([0-9a-f]{64})`$/gm)].map((match) => match[1]);
  assert.equal(forms.length, 3);
  for (const [place, form] of forms.entries()) {
    assert.equal(canonical(JSON.parse(form)), form);
    assert.equal(await digestOf(JSON.parse(form)), digests[place]);
  }
});

test("what stands in the boxes makes the form, whatever order it was typed in", async () => {
  const turned = Object.fromEntries(Object.entries(boxes()).reverse());
  assert.equal(await digestOf(formOf(turned, CONTEST)), await digestOf(FORM));
});

test("a key is a UUID, the same for the same content, another for anything else", async () => {
  const write = { account: "kpps", method: "PUT", path: "/x", precondition: { "If-None-Match": "*" }, body: "{}" };
  const key = await keyOf(write);
  assert.match(key, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal(await keyOf(JSON.parse(JSON.stringify(write))), key);
  const others = [{ ...write, account: "lain" }, { ...write, body: '{"confirm":["R07"]}' }, { ...write, precondition: { "If-Match": '"1"' } }, { ...write, path: "/y" }];
  for (const other of others) assert.notEqual(await keyOf(other), key);
});
