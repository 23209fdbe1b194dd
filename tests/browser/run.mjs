// Runs the cases of one file against a cluster: `node run.mjs FILE SETTINGS`, where SETTINGS is JSON; of them only the one
// that RAKIT_CASE names, if it does. Prints one JSON line for each case and ends with 1 when one failed.

import { existsSync } from "node:fs";
import { Stage } from "./stage.mjs";

const [file, settings] = process.argv.slice(2);
if (!existsSync(new URL("./node_modules/playwright-core", import.meta.url))) {
  console.error("the browser tests are not installed: run `npm ci` in tests/browser, or `.ci/setup build`");
  process.exit(1);
}

const { cases } = await import(`./cases/${file}.mjs`);
const stage = await Stage.of(JSON.parse(settings));
let failed = false;
const wanted = process.env.RAKIT_CASE;
for (const [name, run] of Object.entries(cases).filter(([name]) => !wanted || name === wanted)) {
  const before = stage.phones.length;
  try {
    await run(stage);
    process.stdout.write(`${JSON.stringify({ case: name, ok: true })}\n`);
  } catch (error) {
    failed = true;
    stage.door.reopen();
    const pages = stage.phones.slice(before).flatMap((phone) => phone.context.pages());
    const shown = await Promise.all(pages.map((page) => page.locator("body").innerText({ timeout: 2000 }).catch(() => "(gone)")));
    process.stdout.write(`${JSON.stringify({ case: name, ok: false, error: String(error.stack ?? error), shown })}\n`);
  }
}
await stage.end();
process.exit(failed ? 1 : 0);
