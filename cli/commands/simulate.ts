/** `simulate`: scenarios, random faults, and policies side by side, in a simulated world (`SPEC.md` §13, R41). @module */

import { WattkeeperError } from "../../service/mod.ts";
import type { Command, CommandContext } from "../command.ts";
import { OPTIONS } from "../simulate/options.ts";

/** The command. */
export const command: Command = {
  name: "simulate",
  summary:
    "the planner and agents in a simulated world that tries to break the budget",
  description:
    `Runs the planner's own core, ledger and agent rules in virtual time, over a world with engines, nodes, an API server and faults. One seed decides everything, so whatever is found can be replayed.
--scenario runs situations with assertions. --schedules runs random faults and checks the budget after every event; a failure writes a schedule that --replay runs again. Without either, a day of traffic (or --trace FILE) is run under each policy and they are compared.`,
  usage: [
    "simulate --scenario ID|FILE|all",
    "simulate --schedules N --seed S",
    "simulate --replay FILE",
    "simulate [--trace FILE] [--policy WORD] [--resolution loop|request] [flags]",
  ],
  options: OPTIONS,
  examples: [
    {
      command: "deno run -A main.ts simulate --scenario all",
      explains: "every scenario, with what was asserted",
    },
    {
      command: "deno run -A main.ts simulate --schedules 200 --seed 7",
      explains: "200 random schedules of faults",
    },
    {
      command:
        "deno run -A main.ts simulate --policy wattkeeper --policy static-clamp --budget-watts 15kW --report day.html",
      explains: "a day under two policies, with a page of plots",
    },
  ],
  outputs: ["table", "json", "csv", "jsonl"],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { scenario, schedules, replay } = context.flags;
  const asked = { scenario, schedules, replay };
  const given = Object.entries(asked).filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`);
  if (given.length > 1) {
    throw new WattkeeperError(
      "invalid_usage",
      `${given.join(" and ")} ask for different things.`,
      { where: given[1] ?? "", remedy: "Write one of them." },
    );
  }
  if (scenario !== undefined) {
    const { runScenarios } = await import("../simulate/scenarios.ts");
    return await runScenarios(context);
  }
  if (schedules !== undefined) {
    const { runSchedules } = await import("../simulate/schedules.ts");
    return await runSchedules(context);
  }
  if (replay !== undefined) {
    const { runReplay } = await import("../simulate/replay.ts");
    return await runReplay(context);
  }
  const { runPolicies } = await import("../simulate/policies.ts");
  return await runPolicies(context);
}
