/** `agent`: one node's agent (`SPEC.md` §9, §13). @module */

import {
  type AgentSettings,
  type CheckRow,
  LineSink,
  type NeededPaths,
  NVML_CHOICES,
  openNodeAgent,
  requirePermissions,
  selfCheck,
  serveAgent,
  statusOf,
} from "../../agent/mod.ts";
import { GATE_SOCKET, GateServer } from "../../agent/gate/mod.ts";
import { realClock } from "../../cluster/mod.ts";
import { logger, WattkeeperError } from "../../service/mod.ts";
import type { Command, CommandContext } from "../command.ts";

/** The command. */
export const command: Command = {
  name: "agent",
  summary: "run the node agent: pod annotations become GPU power limits",
  description:
    `Watches the pods of its node, finds which GPU each has, sets the limits they ask for, reads them back and reports what it read. A restart never lifts a live pod's cap. Without NVML it ends with an error; --nvml simulated needs none.
The safe default may come from the environment variable SAFE_DEFAULT_WATTS, the node's name from NODE_NAME.`,
  usage: ["agent --node-name NAME --safe-default-watts WATTS [flags]"],
  options: [
    text("node-name", "NAME", "Name of this node; default: $NODE_NAME."),
    {
      name: "safe-default-watts",
      kind: "number",
      value: "WATTS",
      help:
        "Cap for a pod that opted in with an unusable value, about 70 % of TDP.",
    },
    text(
      "kubeconfig",
      "FILE",
      "Where the API server is (certificates and tokens); none: no cluster. Default: the cluster around.",
    ),
    text("nvml-library", "PATH", "Absolute path of libnvidia-ml.so.1."),
    {
      ...text("nvml", "HOW", "How devices are reached."),
      choices: NVML_CHOICES,
      default: "dlopen",
    },
    { ...text("proc-root", "PATH", "The host's /proc."), default: "/proc" },
    {
      ...text(
        "pod-resources-socket",
        "PATH",
        "The kubelet's PodResources socket; none: processes only.",
      ),
      default: "/var/lib/kubelet/pod-resources/kubelet.sock",
    },
    {
      ...text("state-dir", "PATH", "Where the record is kept."),
      default: "/var/lib/wattkeeper",
    },
    {
      ...text(
        "gate-socket",
        "PATH",
        "Where starts ask for their grant; none: no gate.",
      ),
      default: GATE_SOCKET,
    },
    {
      ...text(
        "listen",
        "ADDRESS",
        "Metrics, health and status; none: not served.",
      ),
      default: "127.0.0.1:9100",
    },
    {
      ...text(
        "conflict-policy",
        "WHAT",
        "Different caps on one GPU: the lowest of them and the safe default, or the safe default.",
      ),
      choices: ["min", "safe-default"],
      default: "min",
    },
    {
      ...text(
        "on-shutdown",
        "WHAT",
        "keep leaves the caps of live pods; restore gives every GPU back.",
      ),
      choices: ["keep", "restore"],
      default: "keep",
    },
    flag("prearm", "Hold idle GPUs at the safe default."),
    flag(
      "release-all",
      "Give every GPU back that is still as we set it; without --once go on, report, and cap nothing.",
    ),
    text(
      "startup-taint",
      "KEY",
      "Taint that is taken off this node once every GPU has been enforced.",
    ),
    flag("dry-run", "Decide and report; set no limit."),
    flag("once", "One pass, its result on standard output, then end."),
    flag("report-stdout", "Each report as a JSON line on standard output."),
    flag("self-check", "Say what this node can and cannot do, then end."),
  ],
  examples: [
    {
      command:
        "deno run -A main.ts agent --nvml simulated --once --node-name laptop --safe-default-watts 500 --kubeconfig none --state-dir /tmp/wattkeeper",
      explains: "one pass over simulated GPUs",
    },
    {
      command:
        "deno run -A main.ts agent --self-check --safe-default-watts 500",
      explains: "a table of what works here and what to change",
    },
    {
      command:
        "deno run -A main.ts agent --release-all --once --node-name gpu-1 --safe-default-watts 500",
      explains: "before uninstalling: every limit back to what it was",
    },
  ],
  outputs: ["table", "json"],
  service: true,
  run,
};

function text(name: string, value: string, help: string) {
  return { name, kind: "string" as const, value, help };
}

function flag(name: string, help: string) {
  return { name, kind: "boolean" as const, help };
}

async function run(context: CommandContext): Promise<number> {
  const { flags, signal, write } = context;
  const settings = settingsOf(flags);
  requirePermissions(neededPaths(settings, flags), Deno.args);
  if (flags["self-check"] === true) return await check(settings, context);
  const log = logger("agent");
  const sinks = flags["report-stdout"] === true ? [new LineSink(write)] : [];
  const listen = parseListen(String(flags["listen"]));
  await using node = await openNodeAgent(settings, { log, sinks });
  const ending = new AbortController();
  const watching = node.watch(ending.signal);
  try {
    if (flags["release-all"] === true && flags["once"] === true) {
      const released = await node.agent.options.reconciler.releaseAll();
      showStatus(node.agent, context);
      return released ? 0 : 1;
    }
    if (flags["once"] === true) {
      await firstView(node.agent.options.view, signal);
      const result = await node.agent.once();
      await node.agent.options.sink.flush(AbortSignal.timeout(5_000));
      showStatus(node.agent, context);
      return result.good ? 0 : 1;
    }
    const server = listen &&
      serveAgent(node.agent, { ...listen, signal: ending.signal });
    const socket = String(flags["gate-socket"]);
    const gate = socket === "none" || settings.nvml === "simulated"
      ? undefined
      : await GateServer.listen(socket, {
        ledger: node.agent.gate,
        processes: node.processes,
        clock: realClock,
        podUidOf: (uid) =>
          node.agent.options.view.snapshot().pods.find((pod) =>
            pod.staticPodHash === uid
          )?.uid ?? uid,
      });
    if (server) {
      log.info(`Serving on ${server.addr.hostname}:${server.addr.port}.`, {
        port: server.addr.port,
      });
    }
    await node.agent.run(signal);
    await gate?.[Symbol.asyncDispose]();
    return 0;
  } finally {
    ending.abort();
    await watching.catch(() => undefined);
  }
}

/** A single pass waits for the first list of pods, as far as the patience of a person goes. */
async function firstView(
  view: { snapshot(): { freshness: { kind: string } } },
  signal: AbortSignal,
): Promise<void> {
  for (let i = 0; i < 100 && view.snapshot().freshness.kind === "empty"; i++) {
    await realClock.sleep(100, signal);
    if (signal.aborted) return;
  }
}

function settingsOf(flags: CommandContext["flags"]): AgentSettings {
  const optional = (name: string) =>
    typeof flags[name] === "string" && flags[name] !== ""
      ? flags[name]
      : undefined;
  const watts = flags["safe-default-watts"] ??
    Number(Deno.env.get("SAFE_DEFAULT_WATTS") || NaN);
  if (typeof watts !== "number" || !(watts > 0) || watts > 100_000) {
    throw new WattkeeperError(
      "invalid_usage",
      "The safe default is missing or not watts above 0.",
      {
        where: "--safe-default-watts",
        remedy: "Give about 70 % of the GPU's TDP, such as 490 for an H200.",
      },
    );
  }
  const nodeName = optional("node-name") ?? (Deno.env.get("NODE_NAME") || "");
  if (nodeName === "" && flags["self-check"] !== true) {
    throw new WattkeeperError("invalid_usage", "The node's name is missing.", {
      where: "--node-name",
      remedy: "Give --node-name, or set NODE_NAME from spec.nodeName.",
    });
  }
  return {
    nodeName,
    safeDefaultWatts: watts,
    nvml: NVML_CHOICES.find((choice) => choice === flags["nvml"]) ?? "dlopen",
    nvmlLibrary: optional("nvml-library"),
    procRoot: String(flags["proc-root"]),
    podResourcesSocket: String(flags["pod-resources-socket"]),
    stateDir: String(flags["state-dir"]),
    conflictPolicy: flags["conflict-policy"] === "safe-default"
      ? "safe-default"
      : "min",
    onShutdown: flags["on-shutdown"] === "restore" ? "restore" : "keep",
    prearm: flags["prearm"] === true,
    dryRun: flags["dry-run"] === true,
    releasing: flags["release-all"] === true,
    startupTaint: optional("startup-taint"),
    kubeconfig: optional("kubeconfig"),
  };
}

function neededPaths(
  settings: AgentSettings,
  flags: CommandContext["flags"],
): NeededPaths {
  const named = (path: string | undefined) =>
    path === "none" ? undefined : path;
  const serves = flags["once"] !== true && flags["self-check"] !== true;
  const real = settings.nvml !== "simulated";
  return {
    procRoot: settings.procRoot,
    stateDir: settings.stateDir,
    podResourcesSocket: real ? named(settings.podResourcesSocket) : undefined,
    gateSocket: real && serves
      ? named(String(flags["gate-socket"]))
      : undefined,
    nvmlLibrary: real ? settings.nvmlLibrary : undefined,
    kubeconfig: named(settings.kubeconfig),
  };
}

/** @throws {WattkeeperError} when the text is not `HOST:PORT` or `none` */
function parseListen(
  address: string,
): { hostname: string; port: number } | undefined {
  if (address === "none") return undefined;
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]*)):([0-9]{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new WattkeeperError(
      "invalid_value",
      `"${address}" is not HOST:PORT.`,
      { where: "--listen", remedy: "Write 127.0.0.1:9100, or none." },
    );
  }
  return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}

function showStatus(
  agent: Parameters<typeof statusOf>[0],
  { output, write }: CommandContext,
): void {
  const status = statusOf(agent);
  if (output === "json") return write(`${JSON.stringify(status, null, 2)}\n`);
  const cell = (value: unknown) => `${value ?? "-"}`;
  write(table([
    ["GPU", "MODEL", "STATE", "LIMIT W", "WANTED W", "OCCUPANCY", "REASON"],
    ...status.gpus.map((gpu) => [
      cell(gpu.index),
      gpu.model,
      gpu.state,
      cell(gpu.limit_watts),
      cell(gpu.requested_watts),
      gpu.occupancy,
      gpu.reason,
    ]),
  ]));
}

async function check(
  settings: AgentSettings,
  { flags, output, write }: CommandContext,
): Promise<number> {
  const rows: CheckRow[] = await selfCheck(
    settings,
    String(flags["gate-socket"]),
  );
  if (output === "json") write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    write(table([
      ["CHECK", "RESULT", "FOUND", "WHAT TO DO"],
      ...rows.map((r) => [r.check, r.result, r.found, r.remedy]),
    ]));
  }
  return rows.some(({ result }) => result === "fail") ? 1 : 0;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd()
  ).join("\n") + "\n";
}
