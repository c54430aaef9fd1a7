/** What goes wrong around the page: links, workers, files that are missing. @module */

import assert from "node:assert/strict";
import {
  answered,
  browserTest,
  closeBrowserAfterAll,
  openPage,
  QUICK,
  servePages,
  visit,
  visitAnswered,
} from "./chromium.ts";

closeBrowserAfterAll();

Deno.test(browserTest(
  "a bad link is named, and the page answers all the same",
  async () => {
    await using web = await servePages();
    await using opened = await openPage();
    const { page, troubles } = opened;
    await page.goto(
      `${web.url}#v=1&gpus=many&mode=both&colour=red&itl_ms=40&watts=4000`,
    );
    await answered(page);
    const alert = page.getByRole("alert");
    const text = await alert.innerText();
    for (
      const said of [
        /gpus must be a whole number/,
        /mode must be one of/,
        /"colour" is nothing/,
      ]
    ) {
      assert.match(text, said);
    }
    assert.equal(
      await page.getByRole("textbox", { name: "ITL" }).inputValue(),
      "40",
    );
    assert.match(await page.locator("h1").innerText(), /tokens\/s/);
    await alert.getByRole("button", { name: "Dismiss" }).click();
    assert.equal(await alert.count(), 0);
    assert.deepEqual(troubles, []);
  },
));

Deno.test(browserTest(
  "a link of another version is refused, not guessed at",
  async () => {
    await using opened = await visit("v=7&gpus=8");
    const { page } = opened;
    await page.getByText(
      'The link is of version "7"; this page reads version 1.',
    ).waitFor();
    await answered(page);
  },
));

for (
  const [field, link, said] of [
    [
      "model",
      "v=1&model=nobody/knows-this",
      /Unknown model "nobody\/knows-this"/,
    ],
    ["GPU", "v=1&gpu=h900", /Unknown system "h900"/],
    ["backend", "v=1&backend=llamafile", /Unknown backend "llamafile"/],
    ["data", "v=1&data=9.9.9", /keeps no pack of vllm 9\.9\.9 on h200_sxm/],
  ] as const
) {
  Deno.test(browserTest(
    `a link that names an unknown ${field} is an error that says so`,
    async () => {
      await using web = await servePages();
      await using opened = await openPage();
      const { page, troubles } = opened;
      await page.goto(`${web.url}#${link}`);
      await page.getByText("This cannot be answered").waitFor();
      assert.match(await page.locator(".headline").innerText(), said);
      assert.deepEqual(troubles, []);
    },
  ));
}

Deno.test(browserTest(
  "a worker that dies is noticed, started again, and asked again",
  async () => {
    await using web = await servePages();
    await using opened = await openPage();
    const { page } = opened;
    await page.clock.install();
    await page.goto(`${web.url}#${QUICK}`);
    await answered(page);
    const [worker] = page.workers();
    assert(worker);
    await worker.evaluate("self.close()").catch(() => undefined);
    await page.getByRole("textbox", { name: "ITL" }).fill("25");
    // Its silence is counted in pings, which follow the page's clock.
    await page.clock.runFor(20_000);
    await page.getByText("The search engine stopped and was started again")
      .waitFor();
    await answered(page);
    assert.match(
      await page.locator(".figure", { hasText: "ITL" }).innerText(),
      /of 25\.0 ms/,
    );
    assert.equal(page.workers().length, 1);
  },
));

Deno.test(
  browserTest("a worker that throws is started again at once", async () => {
    await using opened = await visitAnswered(QUICK);
    const { page } = opened;
    await page.workers()[0]?.evaluate(
      "void setTimeout(() => { throw new Error('broken'); })",
    );
    await page.getByText("The search engine stopped and was started again")
      .waitFor();
    await answered(page);
    assert.match(await page.locator("h1").innerText(), /tokens\/s/);
  }),
);

Deno.test(
  browserTest(
    "a worker that cannot start is not started for ever",
    async () => {
      let missing = true;
      await using web = await servePages((request) =>
        missing && request.url.endsWith("/worker.js")
          ? new Response("gone", { status: 404 })
          : undefined
      );
      await using opened = await openPage();
      const { page } = opened;
      await page.goto(`${web.url}#${QUICK}`);
      await page.getByText("The search engine keeps stopping").waitFor();
      missing = false;
      await page.getByRole("button", { name: "Start again" }).click();
      await answered(page);
      assert.match(await page.locator("h1").innerText(), /tokens\/s/);
    },
  ),
);
