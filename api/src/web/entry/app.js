// Starts the app and shows the screen that the address names. Screens live behind the # and never reach a server.

import { onChange } from "./bus.js";
import { activation } from "./camera.js";
import { announce, h } from "./dom.js";
import { hope, start } from "./drain.js";
import { queueOfAll } from "./queue.js";
import { formScreen } from "./screen-form.js";
import { outcomeScreen } from "./screen-outcome.js";
import { readbackScreen } from "./screen-readback.js";
import { signInScreen } from "./screen-signin.js";
import { stationsScreen } from "./screen-stations.js";
import { reached } from "./server.js";
import { session } from "./session.js";
import { persist } from "./store.js";

const SCREENS = [
  [/^#\/masuk$/, () => signInScreen],
  [/^#\/isi\/([^/]+)\/(\d{13})$/, () => formScreen],
  [/^#\/baca\/([^/]+)\/(\d{13})$/, () => readbackScreen],
  [/^#\/tps\/([^/]+)\/(\d{13})$/, () => outcomeScreen],
];

let shown = null;
let offered = null;

/** Takes an activation code out of the address before anything else happens. */
function takeActivation() {
  const found = activation(location.hash);
  if (!found && !location.hash.includes("kode=")) return;
  offered = found;
  history.replaceState(null, "", "/entri/#/masuk");
}

async function render() {
  takeActivation();
  const turn = {};
  await shown?.leave?.();
  shown = turn;
  const alive = () => shown === turn;
  const now = await session();
  const address = !now || (location.hash === "#/masuk") ? "#/masuk" : location.hash;
  const found = SCREENS.map(([pattern, screen]) => [address.match(pattern), screen]).find(([match]) => match);
  const screen = found ? found[1]() : stationsScreen;
  const [, contest, station] = found?.[0] ?? [];
  const context = { alive, contest, station, session: now, offered, went: () => (offered = null), onLeave: (leave) => (turn.leave = leave) };
  try {
    await screen(context);
  } catch (error) {
    console.warn("screen", error);
    if (!alive()) return;
    document.getElementById("utama").replaceChildren(
      h("h1", {}, "Aplikasi tidak bisa membuka layar ini"),
      h("p", {}, "Muat ulang halaman. Isian yang sudah tersimpan tidak hilang. Kalau penyimpanan HP penuh, kosongkan dulu sebagian."),
      h("a", { class: "button", href: "/entri/" }, "Muat ulang"),
    );
  }
}

async function showNetwork() {
  const waiting = (await queueOfAll()).length;
  const away = !navigator.onLine || reached() === false;
  const words = [!navigator.onLine ? "Tanpa jaringan" : reached() === false ? "Server belum menjawab" : "Ada jaringan"];
  if (waiting > 0) words.push(`${waiting} menunggu`);
  const place = document.getElementById("jaringan");
  if (place.textContent !== words.join(", ")) place.textContent = words.join(", ");
  place.classList.toggle("off", away);
}

function keepOffline() {
  if (!("serviceWorker" in navigator)) return;
  const address = "/entri/sw.js";
  // The browser wants to be told that this address was not put together from anything.
  const policy = globalThis.trustedTypes?.createPolicy("entri", { createScriptURL: () => address });
  navigator.serviceWorker.register(policy ? policy.createScriptURL("") : address, { scope: "/entri/", updateViaCache: "none" }).catch(() => undefined);
}

takeActivation();
document.getElementById("lewati").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("utama").focus();
});
addEventListener("hashchange", render);
addEventListener("online", () => announce("Ada jaringan. Kiriman yang menunggu dikirim."));
addEventListener("offline", () => announce("Jaringan putus. Isian tetap tersimpan di HP."));
addEventListener("online", showNetwork);
addEventListener("offline", showNetwork);
addEventListener("rakit-jaringan", showNetwork);
document.addEventListener("rakit-masuk", () => hope());
onChange(showNetwork);
await render();
void showNetwork();
start();
keepOffline();
void persist();
