/** `data fit` as a person runs it. @module */

import assert from "node:assert/strict";
import { temporaryFolder } from "../../unit/data/aic_source.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

async function run(
  args: readonly string[],
  store: string,
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "main.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", WATTKEEPER_DATA_HOME: store },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const [out = "", err = ""] = [stdout, stderr].map((it) =>
    new TextDecoder().decode(it)
  );
  return { code, out, err };
}

const point = (
  [cap, draw, ms]: readonly [number, number, number],
  share: number,
  clock: number,
) =>
  JSON.stringify({
    system: "h200_sxm",
    phase: "decode",
    cap_watts: cap,
    draw_watts: draw,
    latency_ms: ms,
    throttle_share: share,
    sm_clock_mhz: clock,
  });

Deno.test("live points become a file of curves that estimate reads", async () => {
  await using folder = await temporaryFolder();
  const points = `${folder.path}/points.jsonl`;
  const curves = `${folder.path}/curves.json`;
  await Deno.writeTextFile(
    points,
    [
      point([700, 400, 20], 0, 1980),
      point([350, 345, 20.5], 1, 1800),
      point([300, 295, 21.2], 1, 1600),
      point([250, 246, 22.6], 1, 1300),
    ].join("\n"),
  );
  const fit = ["data", "fit", "--from-live", points, "--write", curves];
  const fitted = await run([...fit, "--output", "json"], folder.path);
  assert.deepEqual([fitted.code, fitted.err], [0, ""]);
  assert.equal(await Deno.readTextFile(curves), fitted.out);
  const [curve] = JSON.parse(fitted.out).curves;
  assert.equal(curve.standing, "4 live points");
  const asked = await run([
    ...["estimate", "--model", "Qwen/Qwen3-32B", "--system", "h200_sxm"],
    ...["--backend", "vllm", "--tp", "2", "--batch-size", "8"],
    ...["--isl", "1000", "--osl", "100", "--cap-watts", "400"],
    ...["--power-curves", curves, "--output", "json"],
  ], folder.path);
  assert.equal(asked.code, 0, asked.err);
  assert.match(JSON.parse(asked.out).power_curve, /4 live points$/);
});

Deno.test("data fit names what it lacks and leaves nothing behind", async () => {
  await using folder = await temporaryFolder();
  const points = `${folder.path}/points.jsonl`;
  await Deno.writeTextFile(points, `${point([700, 400, 20], 0, 1980)}\n{}\n`);
  const curves = `${folder.path}/curves.json`;
  for (
    const [args, code, says] of [
      [[], 2, /exactly one of --tables and --from-live/],
      [["--tables", "--from-live", points], 2, /exactly one of/],
      [["--tables"], 2, /No imported pack has measured power/],
      [["--from-live", `${folder.path}/none`], 2, /does not exist/],
      [
        ["--from-live", points, "--write", curves],
        2,
        /Line 2 is no live point/,
      ],
    ] as const
  ) {
    const found = await run(["data", "fit", ...args], folder.path);
    assert.equal(found.code, code, found.err);
    assert.match(found.err, says);
  }
  const left = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
  assert.deepEqual(left, ["points.jsonl"]);
});
