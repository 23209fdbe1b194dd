// Renews the numbers of a page in place, and sorts its table. The page is whole without it.
"use strict";
(() => {
  const news = document.getElementById("kabar");
  const table = document.querySelector("table[data-sortable]");
  // The column the reader chose, and its direction; null is the order of the register.
  let order = null;

  const keyOf = (row) => row.querySelector("a")?.getAttribute("href") ?? row.rowIndex;

  function valueOf(row, column) {
    const text = row.cells[column]?.firstChild?.textContent.trim() ?? "";
    const number = text.replace(/\./g, "").replace(",", ".").match(/^-?\d+(\.\d+)?/);
    if (column === 0) return text;
    // What is not counted yet stays at the end, whichever way.
    return number ? Number(number[0]) : null;
  }

  function compare(one, other) {
    const [left, right] = [valueOf(one, order.column), valueOf(other, order.column)];
    if (left === null || right === null) return (left === null) - (right === null);
    const way = order.down ? -1 : 1;
    return way * (typeof left === "string" ? left.localeCompare(right, "id") : left - right);
  }

  /** Puts rows in the chosen order; `rows` are in that of the register. */
  function arrange(rows) {
    const body = table.tBodies[0];
    const wanted = order ? [...rows].sort(compare) : rows;
    if (wanted.some((row, place) => body.rows[place] !== row)) body.append(...wanted);
  }

  function makeSortable() {
    const register = () => [...table.tBodies[0].rows].sort((one, other) => one.dataset.place - other.dataset.place);
    [...table.tBodies[0].rows].forEach((row, place) => { row.dataset.place = place; });
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        // Largest first for counts, A to Z for names; then the other way; then as registered.
        const first = column > 0;
        if (order?.column !== column) order = { column, down: first };
        else if (order.down === first) order = { column, down: !first };
        else order = null;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        if (order) head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
        arrange(register());
        news.textContent = order ? `Diurutkan menurut ${button.textContent.trim()}` : "Urutan kode wilayah";
      });
    });
    return register;
  }

  const register = table && makeSortable();

  const base = Number(document.body.dataset.pollMs);
  if (!base) return;

  function wait(factor) {
    // Spread by a third, so that a million readers do not ask in the same second.
    setTimeout(look, base * factor * (0.67 + Math.random() * 0.66));
  }

  /** Puts `next` in the place of `now` if it differs; keeps the focus on the link that had it. */
  function put(now, next) {
    if (!next || now.innerHTML === next.innerHTML) return false;
    const held = now.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const fresh = document.importNode(next, true);
    if (now.dataset.place) fresh.dataset.place = now.dataset.place;
    now.replaceWith(fresh);
    if (held) fresh.querySelector(`a[href="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
    return true;
  }

  function renewRows(fresh) {
    const rows = document.querySelector("[data-live-rows]");
    const next = rows && fresh.getElementById(rows.id);
    if (!next) return false;
    const known = new Map([...rows.rows].map((row) => [keyOf(row), row]));
    const same = next.rows.length === known.size && [...next.rows].every((row) => known.has(keyOf(row)));
    // Other regions than before: the register changed, and the reader loads the page anew.
    if (!same) return false;
    const changed = [...next.rows].map((row) => put(known.get(keyOf(row)), row)).some(Boolean);
    if (changed && order && register) arrange(register());
    return changed;
  }

  function renew(fresh) {
    const parts = [...document.querySelectorAll("[data-live]")];
    const changed = parts.map((now) => put(now, fresh.getElementById(now.id))).some(Boolean);
    if (renewRows(fresh) || changed) news.textContent = "Data diperbarui";
    const poll = Number(fresh.body.dataset.pollMs);
    return poll > 0 ? poll / base : 1;
  }

  async function look() {
    if (document.hidden) return wait(1);
    try {
      const answer = await fetch(location.pathname, { cache: "no-cache" });
      if (!answer.ok) return wait(2);
      wait(renew(new DOMParser().parseFromString(await answer.text(), "text/html")));
    } catch {
      wait(2);
    }
  }

  wait(1);
})();
