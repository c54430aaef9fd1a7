/** `data fit`: parameters of the power model from measured tables (R53), of power curves from live points (R17). @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { Command } from "../command.ts";
import { STORE_OPTION } from "./options.ts";
import { fitLive } from "./fit_live.ts";
import { fitTables } from "./fit_tables.ts";

/** The command. */
export const fitCommand: Command = {
  name: "fit",
  summary: "fit the power model on measured data",
  description: `Two fits, one at a time.
--tables: the model of what no table measured. From every imported pack with measured power it learns what a family of operators draws, given how busy it keeps tensor cores and memory and how long it runs, and judges it by taking measurements away: a fifth of the shapes or rows of a pack, a whole system, one backend against the other. Errors are of whole steps (a prefill pass or a decode step of dense and MoE models, batch 1-256, 128-16k tokens) and of single rows by family. The same tables give the same figures. The parameters that the product ships were made by this command; docs/power.md explains them.
--from-live FILE: the curve of a GPU (what a cap costs) from live points, one JSON object a line: {"system", "phase", "cap_watts", "draw_watts", "latency_ms", "throttle_share", "sm_clock_mhz"?}. Points of at least one cap that does not bind (throttle_share 0) are needed for each phase; with clocks, c is fitted without any power model. Give --write FILE to keep what was found.`,
  usage: [
    "data fit --tables [--write FILE] [flags]",
    "data fit --from-live FILE [--write FILE] [flags]",
  ],
  options: [
    {
      name: "tables",
      kind: "boolean",
      help: "Fit the power model on the imported tables.",
    },
    {
      name: "from-live",
      kind: "string",
      value: "FILE",
      help: "Refine power curves from live points, one JSON object a line.",
    },
    {
      name: "write",
      kind: "string",
      value: "FILE",
      help: "Also write everything that was found, as JSON.",
    },
    STORE_OPTION,
  ],
  examples: [
    {
      command: "deno run -A main.ts data fit --tables",
      explains: "fit and errors, about a minute",
    },
    {
      command:
        "deno run -A main.ts data fit --from-live points.jsonl --write curves.json",
      explains: "what caps cost on this fleet",
    },
  ],
  outputs: ["table", "json"],
  run(context) {
    const tables = context.flags["tables"] === true;
    const live = context.flags["from-live"];
    if (tables === (typeof live === "string")) {
      throw new WattkeeperError(
        "invalid_usage",
        "data fit needs exactly one of --tables and --from-live FILE.",
        { where: "data fit" },
      );
    }
    return typeof live === "string"
      ? fitLive(context, live)
      : fitTables(context);
  },
};
