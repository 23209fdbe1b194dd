// Starts the kiosk and leads from screen to screen.
// Invariant: where a visitor went and what was typed is one list in memory, which a reset empties; no address, history or
// storage knows of it.

import { waitMs } from "./backoff.js";
import { watch } from "./kiosk-idle.js";
import { home, region, station } from "./kiosk-results.js";
import { press, search } from "./kiosk-search.js";
import { heard } from "./kiosk-server.js";
import { home as homeCode, homeContest, setPaper } from "./kiosk-settings.js";
import { print, TEST } from "./kiosk-slip.js";
import { staff, takeHome } from "./kiosk-staff.js";
import { bandWords, clock } from "./kiosk-text.js";
import { announce, h, put, renew } from "./kiosk-view.js";

const SCREENS = { home, region, station, search, print, staff };
const HOLD_MS = 5_000;
const POLL_MS = 15_000;
const AGAIN_MS_MAX = 60_000;
const UPDATE_MS = 60 * 60 * 1000;

const main = document.getElementById("utama");
const band = document.getElementById("pita");
let way = [];
let turn = null;
let homeFound = null;
let released = false;

function here() {
  return way.at(-1);
}

/** Puts on the screen what the turn has; the first time with the focus at its start. */
function draw(first = false) {
  const { place, screen, found } = turn;
  const fresh = h("main", { id: main.id, class: place.screen }, screen.view(place, found));
  let changed = true;
  if (first) {
    main.className = place.screen;
    main.replaceChildren(...fresh.childNodes);
    scrollTo(0, 0);
    (main.querySelector("[data-first]") ?? main.querySelector("h1")).focus({ preventScroll: true });
  } else changed = renew(main, fresh);
  document.title = `${screen.title(place, found?.sheet)} - Kios Rakit`;
  const atHome = way.length === 1;
  for (const one of document.querySelectorAll("[data-away]")) one.hidden = atHome;
  document.getElementById("cetak").hidden = atHome || !found?.sheet;
  put(band, found?.sheet ? bandWords({ lost: found.lost, leaderAgeMs: heard.leaderAgeMs, at: found.sheet.at }) : "");
  screen.drawn?.();
  return changed;
}

/** When to look again: spread by a third, so that kiosks switched on together do not ask together. */
function pauseMs({ found, failures }) {
  if (failures > 0) return found.retryAfterMs + Math.min(AGAIN_MS_MAX, 1000 + waitMs(failures));
  return (found.sheet?.pollMs ?? POLL_MS) * (0.67 + Math.random() * 0.66);
}

async function look() {
  const now = turn;
  clearTimeout(now.timer);
  const before = now.found;
  const found = await now.screen.load(now.place, now.abort.signal);
  if (now !== turn) return;
  const failed = found.status !== 200 || found.lost;
  now.failures = failed ? now.failures + 1 : 0;
  // What is on the screen stays there, with its time in the band, when nothing newer comes.
  now.found = !found.sheet && before?.sheet && found.lost ? { ...before, lost: found.lost, retryAfterMs: found.retryAfterMs } : found;
  const renewed = before?.sheet && now.found.sheet && now.found.sheet.version !== before.sheet.version;
  if (draw() && renewed) announce("Data diperbarui");
  if (now.place.screen === "home") homeFound = now.found;
  // Asked twice at once, as when the network comes back: one clock goes on.
  clearTimeout(now.timer);
  now.timer = setTimeout(look, pauseMs(now));
}

/** Leaves what is shown and opens the last place of the way. */
function open() {
  if (turn) {
    turn.abort.abort();
    clearTimeout(turn.timer);
    turn.screen.leave?.(turn);
  }
  const place = here();
  // The home screen comes back at once, and is then looked after.
  const found = place.screen === "home" && homeFound?.sheet?.code === place.code && homeFound.sheet.contest === (place.contest ?? homeFound.sheet.contest) ? homeFound : null;
  turn = { place, screen: SCREENS[place.screen], found, failures: 0, abort: new AbortController(), timer: null };
  draw(true);
  if (turn.screen.load) look();
}

function go(place) {
  // The contest that is shown is also that of the next place, if it is held there.
  way.push({ contest: turn.found?.sheet?.contest ?? here().contest, ...place });
  open();
}

function back() {
  if (way.length > 1) way.pop();
  open();
}

/** Whether nobody has left a trace. */
function atRest() {
  return way.length === 1 && here().contest === homeContest() && !document.documentElement.classList.contains("large");
}

/** Home again, with nothing left of who was here. */
function reset() {
  document.documentElement.classList.remove("large");
  put(document.getElementById("kabar"), "");
  way = [{ screen: "home", code: homeCode(), contest: homeContest() }];
  open();
  showSize();
}

/** When nobody touched for a while: a new release starts, or the screen goes home. */
function leave() {
  if (released) location.reload();
  else if (atRest()) scrollTo(0, 0);
  else reset();
}

function showSize() {
  document.getElementById("besar").setAttribute("aria-pressed", String(document.documentElement.classList.contains("large")));
}

const ACTIONS = {
  back, home: reset,
  again: () => look(),
  contest({ id }) {
    here().contest = id;
    open();
  },
  print() {
    if (turn.found?.sheet) go({ screen: "print", sheet: turn.found.sheet });
    else announce("Belum ada data untuk dicetak");
  },
  "print-now"() {
    globalThis.print();
    here().done = true;
    draw();
  },
  "test-print": () => go({ screen: "print", sheet: TEST }),
  paper({ width }) {
    setPaper(width);
    draw();
  },
  async "save-home"() {
    const now = turn;
    now.place.said = await takeHome(main.querySelector("input").value.trim());
    if (now === turn) draw();
  },
  reload: () => location.reload(),
  size() {
    document.documentElement.classList.toggle("large");
    showSize();
  },
};

function clicked({ target }) {
  const button = target.closest("button");
  if (!button) return;
  const { screen, act, key, ...more } = button.dataset;
  if (key) press(main.querySelector("input"), key);
  else if (screen) go({ screen, ...more });
  else ACTIONS[act]?.(more);
}

/** A short press of the brand leads home, a long one to the screen for staff. */
function listenToBrand() {
  const brand = document.getElementById("merek");
  let timer = null;
  let held = false;
  const release = () => clearTimeout(timer);
  const press = () => {
    held = false;
    release();
    timer = setTimeout(() => {
      held = true;
      go({ screen: "staff" });
    }, HOLD_MS);
  };
  // A key would click before it is known how long it is held.
  const byKey = (act) => (event) => {
    if (!["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    if (!event.repeat) act();
  };
  brand.addEventListener("pointerdown", press);
  brand.addEventListener("keydown", byKey(press));
  brand.addEventListener("keyup", byKey(reset));
  for (const kind of ["pointerup", "pointercancel", "pointerleave", "keyup", "blur"]) brand.addEventListener(kind, release);
  brand.addEventListener("click", () => held || reset());
}

/** Keeps the kiosk on this device; a new release waits until nobody is here. */
async function keepOffline() {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  let controlled = Boolean(workers.controller);
  workers.addEventListener("controllerchange", () => {
    // The first worker brings what runs already.
    released = controlled;
    controlled = true;
  });
  const worker = await workers.register("/kios/sw.js", { scope: "/kios", updateViaCache: "none" });
  setInterval(() => worker.update().catch(() => undefined), UPDATE_MS);
}

function tick() {
  put(document.getElementById("jam"), clock(Date.now(), homeCode()));
}

document.addEventListener("click", clicked);
document.addEventListener("input", ({ target }) => turn.screen.typed?.(turn, target.value, draw));
// The field keeps the focus while keys on the screen are pressed; a long touch opens no menu.
document.addEventListener("pointerdown", (event) => event.target.closest("[data-key]") && event.preventDefault());
document.addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("online", () => turn.screen.load && look());
listenToBrand();
document.getElementById("alat").hidden = false;
reset();
tick();
setInterval(tick, 5_000);
ACTIONS.stay = watch({ atRest, goHome: leave });
keepOffline().catch(() => undefined);
