// Keeps the app on the phone. Invariant: what it answers from its store is one whole release; calls to /api never pass here.
"use strict";

const STORE = "entri-{{version}}";
const FILES = ["{{files}}"];
const PAGE = "/entri/";

async function keep() {
  const store = await caches.open(STORE);
  // Addresses of files stand for their content, so what the page has just loaded is not loaded again.
  await store.addAll(FILES);
  await store.add(new Request(PAGE, { cache: "no-cache" }));
  // The page may come from a node of another release: then this release is not whole and the old one stays.
  const page = await (await store.match(PAGE)).text();
  if (!page.includes("/entri/{{version}}/")) throw new Error("the page is of another release");
  await self.skipWaiting();
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("entri-") && name !== STORE).map((name) => caches.delete(name)));
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
  if (!url.pathname.startsWith(PAGE)) return;
  event.respondWith(answer(request, url.pathname));
});
