/** `budget`: rack watts → a safe GPU budget for each deployment (`SPEC.md` R30). @module */

import { budgetReport } from "../budget/report.ts";
import { sizingInput } from "../budget/input.ts";
import type { Command } from "../command.ts";
import { GPU_SKUS, type GpuSku, sizeBudget } from "../../optimizer-wasm/mod.ts";
import { type Column, renderRows } from "../render.ts";

/** What `--list-skus` shows. */
const SKU_COLUMNS: readonly Column<GpuSku>[] = [
  { key: "sku", value: ({ name }) => name },
  { key: "min_watts", title: "min W", value: ({ minWatts }) => minWatts },
  {
    key: "default_watts",
    title: "default W",
    value: ({ defaultWatts }) => defaultWatts,
  },
  { key: "max_watts", title: "max W", value: ({ maxWatts }) => maxWatts },
  { key: "source", value: ({ source }) => source },
];

/** The command. */
export const command: Command = {
  name: "budget",
  summary: "size the GPU budget from rack watts and split it over deployments",
  description:
    `budget = rack watts × headroom − everything that is not a GPU of a deployment. Plan with at most 0.9 of what the racks are fed: a cap bounds the average over tens of milliseconds, and shorter transients need the rest.
The answer ends with the fields to paste into each planner's configuration. Powers are written 12000, 12kW or 0.4MW.`,
  usage: [
    "budget --list-skus",
    "budget --rack-watts POWER (--nodes N | --nodes-per-rack N) (--sku NAME | --tdp-watts POWER) [flags]",
  ],
  options: [
    {
      name: "rack-watts",
      kind: "string",
      value: "POWER",
      help: "What one rack may draw.",
    },
    {
      name: "racks",
      kind: "integer",
      value: "N",
      help: "How many racks share the budget.",
      default: 1,
    },
    {
      name: "nodes",
      kind: "integer",
      value: "N",
      help: "GPU nodes in all racks together.",
    },
    {
      name: "nodes-per-rack",
      kind: "integer",
      value: "N",
      help: "GPU nodes in one rack, instead of --nodes.",
    },
    {
      name: "gpus-per-node",
      kind: "integer",
      value: "N",
      help: "GPUs in one node.",
      default: 8,
    },
    {
      name: "sku",
      kind: "string",
      value: "NAME",
      help: "GPU, such as h200_sxm: gives the most one GPU draws.",
    },
    {
      name: "list-skus",
      kind: "boolean",
      help:
        "Show the GPUs that are known with their lowest, default and highest limit, and size nothing.",
    },
    {
      name: "tdp-watts",
      kind: "string",
      value: "POWER",
      help: "The most one GPU draws, instead of --sku.",
    },
    {
      name: "headroom",
      kind: "number",
      value: "SHARE",
      help:
        "Share of the rack watts to plan with. Without it 0.9, or 0.85 with --uncharged-starts.",
    },
    {
      name: "uncharged-starts",
      kind: "boolean",
      help:
        "Several replicas may start at once and nothing gates or reserves for them: at most 0.85 may be planned with.",
    },
    {
      name: "node-overhead-watts",
      kind: "string",
      value: "POWER",
      help:
        "Processors, memory, fans and network of one node. Without it and --non-gpu-watts 1500.",
    },
    {
      name: "non-gpu-watts",
      kind: "string",
      value: "POWER",
      help: "The same for all nodes and all else on the racks, in one number.",
    },
    {
      name: "idle-gpus",
      kind: "integer",
      value: "N",
      help: "GPUs outside every deployment on which nothing runs.",
      default: 0,
    },
    {
      name: "idle-gpu-watts",
      kind: "string",
      value: "POWER",
      help: "Draw of one of those. Without it a fifth of the SKU's maximum.",
    },
    {
      name: "dgd",
      kind: "string",
      value: "NAME=GPUS",
      multiple: true,
      help:
        "A deployment and its GPUs; NAME=GPUS:POWER for a budget that is already given out. Without it one deployment has all.",
    },
  ],
  examples: [
    {
      command:
        "deno run -A main.ts budget --rack-watts 60kW --nodes 2 --sku h200_sxm --headroom 0.85",
      explains: "one rack, two nodes of eight H200",
    },
    {
      command:
        "deno run -A main.ts budget --rack-watts 40kW --racks 4 --nodes-per-rack 3 --sku b200_sxm --dgd chat=64 --dgd code=32:30kW --output json",
      explains: "two deployments share four racks; one has its watts already",
    },
  ],
  outputs: ["table", "json", "csv"],
  run({ flags, output, write }) {
    if (flags["list-skus"] === true) {
      write(renderRows(GPU_SKUS, SKU_COLUMNS, output));
      return Promise.resolve(0);
    }
    const maxWattsBySku = new Map(
      GPU_SKUS.map(({ name, maxWatts }) => [name, maxWatts]),
    );
    const input = sizingInput(flags, maxWattsBySku);
    write(budgetReport(sizeBudget(input), input, output));
    return Promise.resolve(0);
  },
};
