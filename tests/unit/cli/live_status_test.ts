/** The live status: what a person sees of a running planner, within the terminal's width. @module */

import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { LiveStatus } from "../../../cli/plan/live_status.ts";
import { StatusArea } from "../../../cli/status_area.ts";
import { configOf } from "../planner/stand_in.ts";
import { CONFIG, settledTransition, world } from "../planner/loop/world.ts";

async function linesOf(
  config = CONFIG,
  change: Partial<ReturnType<typeof settledTransition>> = {},
  style = { columns: 100, color: false },
): Promise<string[]> {
  const w = world({
    config: configOf(config),
    brain: {
      stage: (ledger) => ({
        ledger,
        transition: { ...settledTransition(12_000), ...change },
      }),
    },
  });
  const live = new LiveStatus({
    loop: w.loop,
    address: { hostname: "127.0.0.1", port: 9090 },
  });
  w.start();
  await w.clock.run(61_000);
  const lines = live.lines(style);
  await w.stop();
  return lines;
}

Deno.test("targets, replicas, caps, charged watts, the last decisions", async () => {
  const text = (await linesOf(CONFIG, { chargedWatts: 6_000 })).join("\n");
  for (
    const part of [
      "virtual",
      "decision 2",
      "http://127.0.0.1:9090",
      "prefill",
      "replicas",
      "cap",
      "6.00 kW of 12.00 kW",
      "#2",
      "#1",
      "2.0 req/s expected",
    ]
  ) assert(text.includes(part), `${part} in\n${text}`);
  assert(text.includes("█".repeat(15) + "░".repeat(15)));
});

Deno.test("what is waited for, alarms, and being over the budget stand out", async () => {
  const text = (await linesOf(CONFIG, {
    chargedWatts: 13_000,
    compliant: false,
    waits: [{
      kind: "lower_not_confirmed",
      podName: "decode-3",
      nodeName: "n1",
      gpuUuid: undefined,
      generation: undefined,
      watts: 200,
      sinceMs: 0,
    }],
    alarms: [{
      kind: "agent_silent",
      message: "node n1 is silent",
      nodeName: "n1",
      podName: undefined,
      gpuUuid: undefined,
      watts: undefined,
    }],
  })).join("\n");
  assert.match(text, /OVER BUDGET/);
  assert.match(text, /decode-3: its agent has not confirmed/);
  assert.match(text, /node n1 is silent/);
});

Deno.test("advisory is said, and no line is wider than the terminal", async () => {
  const lines = await linesOf(`${CONFIG}\nadvisory: true`, {}, {
    columns: 40,
    color: true,
  });
  assert(lines.join("").includes("ADVISORY"));
  for (const line of lines) {
    assert([...stripVTControlCharacters(line)].length < 40, line);
  }
});

Deno.test("the area redraws in place, makes room for the log, and leaves the cursor as it was", () => {
  let text = "";
  const area = new StatusArea({
    writeError: (part) => text += part,
    isTerminal: true,
  });
  area.draw(["one", "two"]);
  assert(text.endsWith("one\ntwo\n") && text.startsWith("\x1b[?25l"));
  text = "";
  area.draw(["three"]);
  assert.equal(text, "\x1b[2A\r\x1b[Jthree\n");
  text = "";
  area.clear();
  assert.equal(text, "\x1b[1A\r\x1b[J");
  text = "";
  area.end();
  assert.equal(text, "\x1b[?25h");
  area.end();
  assert.equal(text, "\x1b[?25h");
});

Deno.test("without a terminal nothing is drawn", () => {
  const area = new StatusArea({
    writeError: () => assert.fail("written"),
    isTerminal: false,
  });
  area.draw(["one"]);
  area.end();
});
