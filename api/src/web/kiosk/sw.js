// Keeps the kiosk on the device. Invariant: what it answers from its store is one whole release, file by file with the digest
// that this release has; questions to the server never pass here.
"use strict";

const STORE = "kios-rilis-{{version}}";
/** Address of each file, and its digest as the browser checks it. */
const FILES = { "{{files}}": "" };
const PAGE = "/kios";

async function keep() {
  const store = await caches.open(STORE);
  // During a roll-out a node of another release may answer: then a digest fails, and the old release stays.
  await store.addAll(Object.entries(FILES).map(([path, integrity]) => new Request(path, { cache: "no-cache", integrity })));
  await self.skipWaiting();
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("kios-rilis-") && name !== STORE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(request, path) {
  const store = await caches.open(STORE);
  return (await store.match(path)) ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  const path = url.pathname === "/kios/" ? PAGE : url.pathname;
  if (path === PAGE || path in FILES) event.respondWith(answer(request, path));
});
