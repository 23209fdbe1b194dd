// Renews the numbers of a page in place. The page is whole without it.
"use strict";
(() => {
  const base = Number(document.body.dataset.pollMs);
  if (!base) return;
  const news = document.getElementById("kabar");

  function wait(factor) {
    // Spread by a third, so that a million readers do not ask in the same second.
    setTimeout(look, base * factor * (0.67 + Math.random() * 0.66));
  }

  function renew(fresh) {
    let changed = false;
    const put = (now, next) => {
      if (!next || now.outerHTML === next.outerHTML) return;
      const held = now.contains(document.activeElement) && document.activeElement.getAttribute("href");
      const put = document.importNode(next, true);
      now.replaceWith(put);
      if (held) put.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
      changed = true;
    };
    for (const now of document.querySelectorAll("[data-live]")) put(now, fresh.getElementById(now.id));
    const rows = document.querySelector("[data-live-rows]");
    const next = rows && fresh.getElementById(rows.id);
    if (next && rows.rows.length === next.rows.length) {
      [...rows.rows].forEach((row, place) => put(row, next.rows[place]));
    } else if (next) {
      put(rows, next);
    }
    if (changed) news.textContent = "Data diperbarui";
  }

  async function look() {
    if (document.hidden) return wait(1);
    try {
      const answer = await fetch(location.pathname, { cache: "no-cache" });
      if (!answer.ok) return wait(2);
      renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
      wait(1);
    } catch {
      wait(2);
    }
  }

  wait(1);
})();
