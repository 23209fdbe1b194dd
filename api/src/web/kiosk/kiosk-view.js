// Elements made without markup, and renewed in place: what stays the same keeps its node, its focus and its place on the screen.

const SVG = "http://www.w3.org/2000/svg";

function made(element, properties, children) {
  const given = (value) => value !== null && value !== undefined && value !== false;
  for (const [key, value] of Object.entries(properties ?? {})) if (given(value)) element.setAttribute(key, value === true ? "" : value);
  element.append(...children.flat(Infinity).filter(given));
  return element;
}

/** An element: `h("p", { class: "x" }, "text", child)`; what is null, undefined or false is left out. */
export function h(name, properties, ...children) {
  return made(document.createElement(name), properties, children);
}

export function svg(name, properties, ...children) {
  return made(document.createElementNS(SVG, name), properties, children);
}

/** One of the pictures that the page defines. */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

/** A bar that long, of its own colour and hatching where a row has them. */
export function bar(length, row) {
  const rect = (more) => svg("rect", { height: "100%", rx: "4", ...more });
  const done = row ? [rect({ width: length, fill: row.color }), rect({ class: "edge", width: length, fill: `url(#p${row.pattern})` })] : rect({ class: "done", width: length });
  return svg("svg", { class: row ? "bar" : "meter", width: "100%", "aria-hidden": "true" }, rect({ class: "track", width: "100%" }), done);
}

/** Makes `now` like `next` by touching only what differs; tells whether anything did. */
export function renew(now, next) {
  if (now.isEqualNode(next)) return false;
  if (now.nodeName !== next.nodeName || now.nodeType !== Node.ELEMENT_NODE) {
    now.replaceWith(next);
    return true;
  }
  for (const { name } of [...now.attributes]) if (!next.hasAttribute(name)) now.removeAttribute(name);
  for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  const [old, fresh] = [[...now.childNodes], [...next.childNodes]];
  fresh.forEach((child, place) => (old[place] ? renew(old[place], child) : now.append(child)));
  old.slice(fresh.length).forEach((child) => child.remove());
  return true;
}

/** Puts a text where another one stands; the same text is no news. */
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Says something to those who listen instead of look. */
export function announce(text) {
  const voice = document.getElementById("kabar");
  voice.textContent = "";
  // A new text in a later turn is read even when it is the same as before.
  setTimeout(() => (voice.textContent = text), 50);
}
