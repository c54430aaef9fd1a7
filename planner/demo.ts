/** `deno task demo`: the planner through a day of traffic under a power budget that bites at the peaks. @module */

import { openEstimators, openFleetSearch } from "../optimizer-wasm/mod.ts";
import { dayOfTraffic } from "../simulator/mod.ts";
import { type DayWindow, runDay } from "./demo/day_run.ts";
import { hourHead, hourLine, totalsTable } from "./demo/report.ts";
import {
  baselineConfig,
  demoConfig,
  PEAK_REQUESTS_PER_SECOND,
  SEED,
} from "./demo/settings.ts";
import { totalsOf } from "./demo/totals.ts";
import { openModel } from "./open_model.ts";

/** Draw of an H200 with a loaded model that waits for work, watts (`power-curves.md` §3). */
const IDLE_WATTS = 110;

const NOTES = [
  "◂ the budget binds. Violations: decisions whose caps × GPUs pass the watts or whose GPUs pass the",
  "  limit, counted from the targets in force. The fleet does what the model says it does; what a cap",
  "  below a GPU's own draw costs is modelled, not measured.",
];

/** Runs the demo. @returns the exit code: 0, or 1 when the budget was violated */
export async function demo(
  write: (text: string) => void,
  color: boolean,
): Promise<number> {
  const config = demoConfig();
  const opener = await openEstimators();
  const { model } = await openModel(
    config,
    (space) => openFleetSearch(opener, { ...space, databaseMode: "ROOFLINE" }),
  );
  const windowSeconds = config.throughputIntervalSeconds;
  const budgetWatts = config.power?.budgetWatts ?? 0;
  const maxGpus = config.maxGpus ?? 0;
  const style = { color, budgetWatts, windowSeconds };
  const traffic = dayOfTraffic({
    seed: SEED,
    windowSeconds,
    peakRequestsPerSecond: PEAK_REQUESTS_PER_SECOND,
  });
  const line = (text: string) => write(`${text}\n`);

  line(
    `A day of Qwen3-32B on up to ${maxGpus} H200 (prefill and decode apart, 2 GPUs a replica) inside ${
      budgetWatts / 1000
    } kW.`,
  );
  line(
    `Targets: TTFT ${config.ttftMs} ms, ITL ${config.itlMs} ms. A decision every ${windowSeconds} s; built-in model, simulated fleet.`,
  );
  line("");
  for (const head of hourHead()) line(head);
  const windows: DayWindow[] = [];
  let hour: DayWindow[] = [];
  for (
    const window of runDay({ config, model, traffic, idleWatts: IDLE_WATTS })
  ) {
    windows.push(window);
    hour.push(window);
    if ((hour.length * windowSeconds) % 3600 === 0) {
      line(hourLine(windows.length * windowSeconds / 3600 - 1, hour, style));
      hour = [];
    }
  }
  const baseline = [...runDay({
    config: baselineConfig(model.gpu.tdpWatts),
    model,
    traffic,
    idleWatts: IDLE_WATTS,
  })];
  const limits = { budgetWatts, maxGpus, windowSeconds };
  const ours = totalsOf(windows, limits);
  line("");
  for (
    const row of totalsTable(ours, totalsOf(baseline, limits), style)
  ) line(row);
  line("");
  for (const note of NOTES) line(note);
  return ours.violations > 0 ? 1 : 0;
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  const color = Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR");
  Deno.exitCode = await demo(
    (text) => void Deno.stdout.writeSync(encoder.encode(text)),
    color,
  );
}
