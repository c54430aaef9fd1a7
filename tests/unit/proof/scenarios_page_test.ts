/** The docs' table of scenarios is that of the files. @module */

import assert from "node:assert/strict";
import { scenariosPage, writtenPage } from "./scenarios_page.ts";

/** Widths of columns are the formatter's. */
const plain = (page: string) => page.replace(/[ -]+/g, " ");

Deno.test("docs/scenarios.md has every scenario as it is; run deno task docs:scenarios", async () => {
  assert.equal(plain(await writtenPage()), plain(await scenariosPage()));
});
