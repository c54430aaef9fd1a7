import {
  answered,
  browser,
  openPage,
  servePages,
} from "/work/page/tests/browser/chromium.ts";
const [width, scheme, name, theLink = "", run = "1"] = Deno.args;
await using web = await servePages();
{
  await using o = await openPage({
    viewport: { width: Number(width), height: 1000 },
    colorScheme: scheme as any,
  });
  const { page } = o;
  await page.goto(`${web.url}#${theLink}`);
  await answered(page);
  if (run === "1") {
    const t = performance.now();
    await page.locator(".simulation").getByRole("button", { name: "Run" })
      .click();
    await page.waitForTimeout(1500);
    await page.locator(".simulation").screenshot({
      path: `/tmp/page-exp/${name}-running.png`,
    });
    await page.locator(".simulation").getByRole("button", { name: "Run again" })
      .waitFor({ timeout: 300000 });
    console.log("ran", performance.now() - t);
  }
  await page.locator(".simulation").screenshot({
    path: `/tmp/page-exp/${name}.png`,
  });
  console.log(o.troubles);
  console.log(await page.locator(".simulation-status").innerText());
}
await (await browser()).close();
