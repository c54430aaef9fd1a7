/** `explain`: one decision by its id, from a running planner or a decisions file. @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { Command, CommandContext } from "../command.ts";
import { explainRecord } from "../../planner/mod.ts";
import { recordOfFile, recordOfPlanner } from "../plan/find_record.ts";

/** The command. */
export const command: Command = {
  name: "explain",
  summary: "explain a decision: seen, proposed, constrained, waited for",
  description:
    `Shows one decision of the planner: what was seen, what was proposed, what constrained it and by how much, and what is waited for.
The decision comes from a running planner (plan --listen) or from a file (plan --decisions). Without an id it is the last one.`,
  usage: [
    "explain [ID] --planner URL",
    "explain [ID] --decisions FILE",
  ],
  positionals: {
    value: "ID",
    help: "Number of the decision.",
    min: 0,
    max: 1,
  },
  options: [
    {
      name: "planner",
      kind: "string",
      value: "URL",
      help: "Address of a running planner.",
    },
    {
      name: "decisions",
      kind: "string",
      value: "FILE",
      help: "File that plan --decisions wrote, JSON lines.",
    },
  ],
  examples: [
    {
      command: "deno run -A main.ts explain --planner http://127.0.0.1:9090",
      explains: "the last decision of a running planner",
    },
    {
      command: "deno run -A main.ts explain 17 --decisions decisions.jsonl",
      explains: "an older one from a file",
    },
  ],
  outputs: ["table", "json"],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { flags, positionals, signal, output, write } = context;
  const id = idOf(positionals[0]);
  const planner = flags["planner"];
  const decisions = flags["decisions"];
  if ((planner === undefined) === (decisions === undefined)) {
    throw new WattkeeperError(
      "invalid_usage",
      planner === undefined
        ? "Nothing says where the decision is."
        : "A decision comes from one place, and two are named.",
      {
        where: "--planner",
        remedy: "Write --planner URL or --decisions FILE.",
      },
    );
  }
  const found = typeof planner === "string"
    ? await recordOfPlanner(planner, id, signal)
    : await recordOfFile(String(decisions), id, signal);
  if (output === "json") {
    write(`${JSON.stringify(found, null, 2)}\n`);
    return 0;
  }
  if (!isDecision(found)) {
    throw new WattkeeperError(
      "invalid_file",
      "What was found is not the record of a decision: it has no sequence.",
      {
        where: typeof planner === "string" ? "--planner" : "--decisions",
        remedy: "Use what a planner wrote.",
      },
    );
  }
  write(explainRecord(found));
  return 0;
}

function idOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new WattkeeperError(
    "invalid_usage",
    `"${text.slice(0, 60)}" is not the number of a decision.`,
    { where: "ID", remedy: "Write a whole number, or leave it out." },
  );
}

function isDecision(value: unknown): boolean {
  return typeof value === "object" && value !== null && "sequence" in value &&
    typeof value.sequence === "number";
}
