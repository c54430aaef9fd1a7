/**
 * `deno task demo`: the planner in service over a simulated fleet, through a day of traffic under a power budget that bites,
 * beside the policies that people use instead.
 * @module
 */

import { type Day, runDay } from "./demo/day.ts";
import { hourHead, hourLine, totalsTable } from "./demo/report.ts";
import { totalsOf } from "./demo/totals.ts";
import {
  openBuiltIn,
  type Policy,
  POLICY_NAMES,
  policyOf,
  USUAL_PEAK_REQUESTS_PER_SECOND,
  usualDeployment,
} from "./policies/mod.ts";

const SEED = 20_261;
const HOURS = 24;
/** With `--serve` an hour takes at least so long, so that somebody can look. */
const SERVED_HOUR_MS = 2_000;

const NOTES = [
  "In time: windows whose TTFT and ITL were within the targets. Violations: looks at the fleet at which",
  "the limits of all GPUs that a pod can draw from passed the budget. Engines do what the model says",
  "they do; what a cap below a GPU's own draw costs is modelled, not measured.",
];

/** Heads of the columns. */
const SHOWN: Readonly<Record<Policy["name"], string>> = {
  "wattkeeper": "wattkeeper",
  "static-clamp": "static clamp",
  "greedy-decode-first": "decode first",
  "uncapped": "uncapped",
};

/** How the demo runs. */
export interface DemoOptions {
  readonly color?: boolean;
  readonly hours?: number;
  /** Serves the planner's state, decisions and metrics while the day runs. */
  readonly port?: number | undefined;
}

/** Runs the demo. @returns the exit code: 0, or 1 when the planner violated the budget */
export async function demo(
  write: (text: string) => void,
  { color = false, hours = HOURS, port }: DemoOptions = {},
): Promise<number> {
  const config = usualDeployment();
  const budgetWatts = config.power?.budgetWatts ?? 0;
  const opened = await openBuiltIn(config);
  const [ours, ...others] = POLICY_NAMES.map((name) =>
    policyOf(name, config, opened.model)
  );
  if (!ours) throw new Error("There are policies.");
  const style = { color, budgetWatts };
  const line = (text: string) => write(`${text}\n`);
  const dayOf = (
    policy: Policy,
    more: Partial<Parameters<typeof runDay>[0]> = {},
  ): Promise<Day> =>
    runDay({
      config: policy.config,
      model: policy.model,
      opened,
      seed: SEED,
      peakRequestsPerSecond: USUAL_PEAK_REQUESTS_PER_SECOND,
      budgetWatts,
      hours,
      ...more,
    });

  line(
    `A day of Qwen3-32B on up to ${
      config.maxGpus ?? 0
    } H200 (prefill and decode apart, 2 GPUs a replica) inside ${
      budgetWatts / 1000
    } kW.`,
  );
  line(
    `Targets: TTFT ${config.ttftMs} ms, ITL ${config.itlMs} ms. A decision every ${config.throughputIntervalSeconds} s; built-in model, simulated fleet.`,
  );
  if (port !== undefined) {
    line(`State, decisions and metrics: http://127.0.0.1:${port}/api/v1/state`);
  }
  line("");
  for (const head of hourHead()) line(head);
  const day = await dayOf(ours, {
    onHour: async (hour, windows) => {
      line(hourLine(hour, windows, style));
      if (port !== undefined) {
        await new Promise((resolve) => setTimeout(resolve, SERVED_HOUR_MS));
      }
    },
    ...(port === undefined ? {} : { listen: { hostname: "127.0.0.1", port } }),
  });
  const columns = [{ name: SHOWN[ours.name], totals: totalsOf(day) }];
  for (const policy of others) {
    columns.push({
      name: SHOWN[policy.name],
      totals: totalsOf(await dayOf(policy)),
    });
  }
  line("");
  for (const row of totalsTable(columns, style)) line(row);
  line("");
  for (const note of NOTES) line(note);
  return day.violations > 0 ? 1 : 0;
}

/** `--serve` or `--serve PORT`. */
function servedPort(args: readonly string[]): number | undefined {
  const at = args.indexOf("--serve");
  if (at < 0) return undefined;
  const port = Number(args[at + 1] ?? 9090);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 9090;
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  Deno.exitCode = await demo(
    (text) => void Deno.stdout.writeSync(encoder.encode(text)),
    {
      color: Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR"),
      port: servedPort(Deno.args),
    },
  );
}
