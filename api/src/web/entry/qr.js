// QR codes as pictures that scale, drawn without markup.

import { generate } from "./lean-qr.mjs";

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 4;

/**
 * What a receipt's QR says: the public page of the station, and behind the # (which no server sees) contest, revision and
 * digest, so that whoever scans it can compare them with the page.
 */
export function receiptAddress({ host, contest, station, receipt }) {
  return `https://${host}/tps/${station}#pemilihan=${contest}&revisi=${receipt.revision}&sidik=${receipt.digest}`;
}

/** An SVG of that text, named for those who cannot see it. */
export function picture(text, name) {
  const code = generate(text);
  const side = code.size + 2 * QUIET;
  let path = "";
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) if (code.get(x, y)) path += `M${x + QUIET} ${y + QUIET}h1v1h-1z`;
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", name);
  svg.setAttribute("class", "qr");
  svg.setAttribute("shape-rendering", "crispEdges");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}
