/** Flags of `simulate`. @module */

import { LOG_LEVELS } from "../../service/mod.ts";
import type { OptionSpec } from "../command.ts";

/** Policies that a day can be run with, ours first (`SPEC.md` §13). */
export const POLICIES = [
  "wattkeeper",
  "static-clamp",
  "uncapped",
  "greedy-decode-first",
] as const;

/** In the order of the help. */
export const OPTIONS: readonly OptionSpec[] = [
  {
    name: "scenario",
    kind: "string",
    value: "ID|FILE|all",
    help: "Runs one scenario by its id, one of your own, or all there are.",
  },
  {
    name: "schedules",
    kind: "integer",
    value: "N",
    help: "Runs N random schedules of faults.",
  },
  {
    name: "seed",
    kind: "integer",
    value: "S",
    help: "Decides everything that is random.",
    default: 1,
  },
  {
    name: "workers",
    kind: "integer",
    value: "N",
    help: "Schedules run side by side; default: one a processor.",
  },
  {
    name: "replay",
    kind: "string",
    value: "FILE",
    help: "Runs a schedule again that a failure wrote, event for event.",
  },
  {
    name: "config",
    kind: "string",
    value: "FILE",
    help: "The deployment, as for plan; default: 64 H200 inside 15 kW.",
  },
  {
    name: "trace",
    kind: "string",
    value: "FILE",
    help:
      "Traffic: an Azure LLM trace (CSV) or a Mooncake trace (JSON lines); default: a made-up day.",
  },
  {
    name: "speed",
    kind: "number",
    value: "FACTOR",
    help:
      "Plays the trace so many times faster, over and over until the time is up.",
    default: 1,
  },
  {
    name: "copies",
    kind: "integer",
    value: "N",
    help:
      "Plays N copies of the trace at once, shifted against each other: more load at its own pace.",
    default: 1,
  },
  {
    name: "hours",
    kind: "number",
    value: "HOURS",
    help:
      "How much time is counted; default: as long as the trace is at speed 1, or a day.",
  },
  {
    name: "budget-watts",
    kind: "string",
    value: "POWER",
    help: "Budget in place of the configuration's: 12000, 12kW.",
    multiple: true,
  },
  {
    name: "resolution",
    kind: "string",
    value: "WORD",
    help: "loop: traffic as a fluid; request: every request by itself.",
    choices: ["loop", "request"],
    default: "loop",
  },
  {
    name: "policy",
    kind: "string",
    value: "WORD",
    help: "What decides; may be given several times. Default: all.",
    choices: [...POLICIES],
    multiple: true,
  },
  {
    name: "report",
    kind: "string",
    value: "FILE",
    help: "Writes one self-contained HTML page.",
  },
  {
    name: "log-level",
    kind: "string",
    value: "LEVEL",
    help: "Least level of what the simulated planners log.",
    choices: ["off", ...LOG_LEVELS],
    default: "off",
  },
];
