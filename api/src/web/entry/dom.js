// Elements without markup from text, and what every screen needs: a title, a focus, a voice.

/** An element: `h("p", {class: "x"}, "text", child)`. Properties that are functions listen; null children are left out. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(key.replace(/^on/, ""), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Says something to those who listen instead of look. */
export function announce(text) {
  const voice = document.getElementById("kabar");
  voice.textContent = "";
  // A new text in a later turn is read even when it is the same as before.
  setTimeout(() => (voice.textContent = text), 50);
}

/** Puts a screen in place: its title in the tab, its heading in focus. */
export function show(title, ...children) {
  const heading = h("h1", { tabindex: "-1" }, title);
  const main = document.getElementById("utama");
  main.replaceChildren(heading, ...children.flat(Infinity).filter(Boolean));
  document.title = `${title} - Entri C.Hasil`;
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
  return main;
}

/** What is on the phone's disk is all there is: whoever trusts it must hear when it takes nothing more. */
export const NO_ROOM = "HP tidak bisa menyimpan. Jangan tutup layar ini; kosongkan sebagian penyimpanan lalu coba lagi.";

function tellTrouble(element) {
  const trouble = h("p", { class: "stop", role: "alert" }, NO_ROOM);
  if (element.previousElementSibling?.classList.contains("stop")) element.previousElementSibling.remove();
  element.before(trouble);
}

/** A button that cannot be pressed twice while it works. */
export function button(text, action, properties = {}) {
  const element = h("button", { type: "button", ...properties }, text);
  element.addEventListener("click", async () => {
    if (element.getAttribute("aria-disabled") === "true") return;
    element.setAttribute("aria-disabled", "true");
    try {
      await action();
    } catch (error) {
      console.warn("button", error);
      tellTrouble(element);
    } finally {
      element.removeAttribute("aria-disabled");
    }
  });
  return element;
}

/** A notice: kind is info, good, warn or bad. */
export function notice(kind, title, ...children) {
  return h("div", { class: `notice ${kind}` }, title && h("p", { class: "notice-title" }, title), ...children);
}

/** Brings an element into view and focus. */
export function point(element) {
  element.scrollIntoView({ block: "center" });
  element.focus({ preventScroll: true });
}
