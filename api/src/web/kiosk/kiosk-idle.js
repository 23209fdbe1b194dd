// Leaves nothing of a visitor: after a minute without a touch the screen goes home.
// A hint comes twenty seconds before, a countdown ten seconds before; any touch ends both.

import { put } from "./kiosk-view.js";

export const HINT_MS = 40_000;
export const COUNT_MS = 50_000;
export const HOME_MS = 60_000;
const TICK_MS = 500;

/** What is due after that long without a touch. */
export function due(idleMs) {
  if (idleMs >= HOME_MS) return { name: "home", left: 0 };
  if (idleMs >= COUNT_MS) return { name: "count", left: Math.ceil((HOME_MS - idleMs) / 1000) };
  return { name: idleMs >= HINT_MS ? "hint" : "here", left: 0 };
}

/** Watches for touches; `atRest` tells that there is nothing to leave, `goHome` leaves it. Answers what ends a countdown. */
export function watch({ atRest, goHome }) {
  const question = document.getElementById("diam");
  const left = document.getElementById("diam-sisa");
  const hint = document.getElementById("petunjuk");
  // This clock never jumps, unlike that of the wall.
  let last = performance.now();

  function stay() {
    last = performance.now();
    put(hint, "");
    if (question.open) question.close();
  }

  function look() {
    const now = due(performance.now() - last);
    if (now.name === "home") {
      stay();
      goHome();
    } else if (now.name !== "here" && !atRest()) {
      put(hint, now.name === "hint" ? "Masih di sini? Sentuh layar agar tidak kembali ke beranda." : "");
      if (now.name === "count" && !question.open) question.showModal();
      put(left, String(now.left));
    }
  }

  function touched(event) {
    // In the question only its buttons, and what lies around it, answer.
    if (!question.open || event.target === question) stay();
  }

  for (const kind of ["pointerdown", "keydown", "wheel", "input"]) addEventListener(kind, touched, { passive: true, capture: true });
  question.addEventListener("cancel", stay);
  setInterval(look, TICK_MS);
  return stay;
}
