// Whether everybody can use a page: what axe says about it, and that nothing makes it wider than its window.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { equal } from "./stage.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Where pictures of all screens go, for whoever wants to look at them. */
export const PICTURES = process.env.RAKIT_SCREENSHOTS;

/** Runs text in a world of its own beside the page, whose policy lets no foreign script run. */
async function beside(page, name, texts) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "judge" });
  const values = [];
  for (const expression of texts) {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression, contextId: executionContextId, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(`${name}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    values.push(result.value);
  }
  await session.detach();
  return values;
}

/** Fails when the page scrolls sideways. */
export async function fits(page, name) {
  const [wide] = await beside(page, name, ["document.scrollingElement.scrollWidth - innerWidth"]);
  if (wide > 0) throw new Error(`${name} is ${wide} pixels too wide`);
}

/** Fails when axe finds something, or the page scrolls sideways. */
export async function accessible(page, name) {
  const asked = `axe.run(document, { runOnly: { type: "tag", values: ${JSON.stringify(RULES)} }, resultTypes: ["violations"] })
    .then((result) => JSON.stringify(result.violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 160))])))`;
  const [, found] = await beside(page, name, [`${AXE};0`, asked]);
  equal(JSON.parse(found), [], `axe about ${name}`);
  await fits(page, name);
}
