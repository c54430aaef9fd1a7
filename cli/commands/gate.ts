/** `gate`: waits for the node's agent, then becomes the command (`SPEC.md` R42, `cap-protocol.md` C21). @module */

import {
  AGENT_MISSING_CHOICES,
  become,
  CannotRunError,
  copySelfTo,
  findProgram,
  GATE_SOCKET,
  waitUntilOpen,
} from "../../agent/gate/mod.ts";
import { realClock } from "../../cluster/mod.ts";
import { logger, WattkeeperError } from "../../service/mod.ts";
import type { Command, CommandContext } from "../command.ts";

/** The command. */
export const command: Command = {
  name: "gate",
  summary: "wait for this pod's power grant, then become the worker's command",
  description:
    `Stands before the command of every container that gets GPUs. It asks the agent of its node over a unix socket; the agent lets it through once this pod has a grant and every GPU of the pod reads a limit at or below it. Until then it waits, without deadline, and says every 10 s why. Then the process becomes the command: same PID, and signals and exit code are the command's own. The API server is not needed.
Exit codes: the command's own; 127 there is no such program and 126 it cannot be run, both said before waiting; 1 no agent with --on-agent-missing fail; 143 stopped while waiting.
With --on-agent-missing run a worker may start without a cap, and the budget is no longer kept by what starts wait for.`,
  usage: ["gate [flags] -- COMMAND [ARGUMENT…]", "gate --copy-to FOLDER"],
  options: [
    {
      name: "socket",
      kind: "string",
      value: "PATH",
      help: "The agent's unix socket; mount its folder, not the file.",
      default: GATE_SOCKET,
    },
    {
      name: "on-agent-missing",
      kind: "string",
      value: "WHAT",
      help: "What to do while no agent answers.",
      choices: AGENT_MISSING_CHOICES,
      default: "wait",
    },
    {
      name: "agent-missing-after",
      kind: "number",
      value: "SECONDS",
      help:
        "How long no agent may answer before fail and run act; longer than an agent's restart.",
      default: 60,
    },
    {
      name: "copy-to",
      kind: "string",
      value: "FOLDER",
      help:
        "Copy this binary there as wattkeeper-agent and end: for an init container.",
    },
  ],
  positionals: {
    value: "COMMAND",
    help: "What to run once the grant is there, with its arguments.",
    min: 0,
  },
  examples: [
    {
      command:
        "deno run -A main.ts gate -- python3 -m dynamo.vllm --model Qwen/Qwen3-32B",
      explains: "waits for the grant, then becomes the worker",
    },
    {
      command: "deno run -A main.ts gate --on-agent-missing fail -- ./serve",
      explains: "ends with an error after a minute without an agent",
    },
    {
      command: "deno run -A main.ts gate --copy-to /gate",
      explains: "what the init container of a gated pod does, with the binary",
    },
  ],
  outputs: ["table"],
  run,
};

async function run(context: CommandContext): Promise<number> {
  const log = logger("gate");
  const { flags, positionals, signal } = context;
  const folder = flags["copy-to"];
  if ((typeof folder === "string") === (positionals.length > 0)) {
    throw new WattkeeperError(
      "invalid_usage",
      typeof folder === "string"
        ? "A copy is made, or a command is run, and both are asked for."
        : "Nothing says what to run.",
      {
        where: typeof folder === "string" ? "--copy-to" : "COMMAND",
        remedy:
          "Write `gate -- COMMAND [ARGUMENT…]`, or `gate --copy-to FOLDER`.",
      },
    );
  }
  if (typeof folder === "string") {
    log.info(plain(`The gate is ${await copySelfTo(folder)}.`));
    return 0;
  }
  try {
    findProgram(positionals[0] ?? "", Deno.env.get("PATH"));
    const outcome = await waitUntilOpen({
      socket: String(flags["socket"]),
      onAgentMissing: AGENT_MISSING_CHOICES.find((choice) =>
        choice === flags["on-agent-missing"]
      ) ?? "wait",
      agentMissingAfterMs: Number(flags["agent-missing-after"]) * 1000,
    }, {
      clock: realClock,
      random: Math.random,
      signal,
      explain: ({ waitedMs, code, reason }) => {
        const seconds = Math.round(waitedMs / 1000);
        log.info(plain(`Waiting for ${seconds} s (${code}): ${reason}`), {
          waited_seconds: seconds,
          code,
          reason,
        });
      },
    });
    if (outcome.kind === "agent_missing") {
      log.warning(plain(`Starting without a cap: ${outcome.reason}`));
    } else {
      const { gpus } = outcome;
      const limits = gpus.map((gpu) => `${gpu.uuid} reads ${gpu.limitWatts} W`);
      log.info(
        plain(
          `Starting under ${gpus[0]?.grantedWatts} W per GPU: ${
            limits.join(", ")
          }`,
        ),
        { granted_watts: gpus[0]?.grantedWatts, gpus },
      );
    }
    // A signal that has already arrived is told to us before the process is another's.
    await realClock.sleep(0);
    signal.throwIfAborted();
    return become(positionals);
  } catch (error) {
    if (!(error instanceof CannotRunError)) throw error;
    log.error(plain(error.message));
    return error.exitCode;
  }
}

/** Text in which the log finds nothing to fill in. */
function plain(text: string): string {
  return text.replaceAll("{", "{{").replaceAll("}", "}}");
}
