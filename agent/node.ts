/** Puts a node's agent together from its flags: which pieces are real, and what to say when one is missing. @module */

import {
  ApiTransport,
  findEndpoint,
  NodePodView,
  realClock,
} from "../cluster/mod.ts";
import { VERSION, WattkeeperError } from "../service/mod.ts";
import { readReferenceState, REFERENCE_STATE_FILE } from "./adopt.ts";
import { Agent, type AgentLog } from "./agent.ts";
import {
  NodeOwnership,
  PodResourcesClient,
  ProcessTable,
} from "./identity/mod.ts";
import { type NvmlChoice, openNvml } from "./nvml/mod.ts";
import type {
  Nvml,
  Ownership,
  OwnershipAnswer,
  PodSnapshot,
  PodView,
  ReportSink,
} from "./ports.ts";
import { Reconciler } from "./reconciler.ts";
import { FileSink, ManySinks } from "./sinks.ts";
import { StateStore } from "./state.ts";
import { DirectoryFiles, lockDirectory } from "./state_files.ts";

/** Everything an agent is told (`SPEC.md` §13). */
export interface AgentSettings {
  readonly nodeName: string;
  readonly safeDefaultWatts: number;
  readonly nvml: NvmlChoice;
  readonly nvmlLibrary: string | undefined;
  readonly procRoot: string;
  /** `none` runs without PodResources on purpose. */
  readonly podResourcesSocket: string;
  readonly stateDir: string;
  readonly conflictPolicy: "min" | "safe-default";
  readonly onShutdown: "keep" | "restore";
  readonly prearm: boolean;
  readonly dryRun: boolean;
  /** A kubeconfig, `none` for a node without an API server, undefined for the cluster around. */
  readonly kubeconfig: string | undefined;
}

/** An agent that is ready to run, with what it holds. */
export interface NodeAgent extends AsyncDisposable {
  readonly agent: Agent;
  readonly nvml: Nvml;
  readonly processes: ProcessTable;
  /** Keeps the pod view up to date until the signal aborts. */
  readonly watch: (signal: AbortSignal) => Promise<void>;
}

/** @throws {WattkeeperError} when a piece is missing that nothing can stand in for */
export async function openNodeAgent(
  settings: AgentSettings,
  environment: {
    readonly log: AgentLog;
    readonly sinks: readonly ReportSink[];
  },
): Promise<NodeAgent> {
  const { log } = environment;
  refuseBesideReference(settings.procRoot);
  const lock = await takeLock(settings.stateDir);
  try {
    const nvml = await openDevices(settings);
    const files = new DirectoryFiles(settings.stateDir);
    const store = await StateStore.open(files);
    if (store.health.kind === "quarantined") {
      log.error(
        `The record is damaged (${store.health.problem}); kept as ${
          store.health.as.join(", ")
        }. Ownership is rebuilt from hardware and pods.`,
      );
    }
    const sink = new ManySinks([new FileSink(files), ...environment.sinks]);
    const { view, watch } = openView(settings);
    const processes = new ProcessTable(settings.procRoot);
    const bootId = readBootId(settings.procRoot);
    const lastReport = await sink.last();
    if (lastReport) store.sequenceSeen(lastReport.sequence);
    const reconciler = new Reconciler({
      nvml,
      ownership: ownershipOf(settings, processes),
      view,
      store,
      clock: realClock,
      bootId,
      policy: settings,
      dryRun: settings.dryRun,
      lastReport,
      referenceUuids: referenceUuids(),
    });
    const agent = new Agent({
      reconciler,
      view,
      sink,
      clock: realClock,
      wallClock: () => new Date(),
      facts: {
        nodeName: settings.nodeName,
        agentVersion: VERSION,
        bootId,
        safeDefaultWatts: settings.safeDefaultWatts,
      },
      log,
      onShutdown: settings.onShutdown,
    });
    return {
      agent,
      nvml,
      processes,
      watch,
      async [Symbol.asyncDispose]() {
        await nvml.close();
        lock[Symbol.dispose]();
      },
    };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

async function takeLock(stateDir: string): Promise<Disposable> {
  let lock: Disposable | undefined;
  try {
    lock = await lockDirectory(stateDir);
  } catch (cause) {
    throw new WattkeeperError(
      "write_failed",
      `The state directory "${stateDir}" cannot be written.`,
      {
        where: "--state-dir",
        remedy: "Mount a writable host directory there, or name another.",
        cause,
      },
    );
  }
  if (lock) return lock;
  throw new WattkeeperError(
    "invalid_usage",
    `Another agent holds "${stateDir}/lock": one agent per node.`,
    { where: "--state-dir", remedy: "Stop the other agent first." },
  );
}

/** @throws {WattkeeperError} with every path that was tried */
export async function openDevices(
  settings: Pick<AgentSettings, "nvml" | "nvmlLibrary">,
): Promise<Nvml> {
  const opening = await openNvml({
    choice: settings.nvml,
    library: settings.nvmlLibrary,
    clock: realClock,
    exists,
  });
  if (opening.ok) return opening.nvml;
  throw new WattkeeperError(
    "nvml_unavailable",
    `NVML cannot be used: ${opening.reason} Tried: ${
      opening.tried.join(", ")
    }.`,
    {
      where: "--nvml-library",
      remedy:
        "Run on a node with the NVIDIA driver, name the library, or try `--nvml simulated`.",
    },
  );
}

/** Two agents that set the same limits undo each other for ever. */
function refuseBesideReference(procRoot: string): void {
  const pid = referenceAgentPid(procRoot);
  if (pid === undefined) return;
  throw new WattkeeperError(
    "invalid_usage",
    `The reference power agent runs on this node (PID ${pid}).`,
    {
      where: "--proc-root",
      remedy:
        "Uninstall it first; its caps are taken over from its state file.",
    },
  );
}

/** @returns the PID of a process that runs the reference agent's program, or undefined */
export function referenceAgentPid(procRoot: string): number | undefined {
  try {
    for (const { name } of Deno.readDirSync(procRoot)) {
      if (!/^[0-9]+$/.test(name)) continue;
      try {
        const words = Deno.readTextFileSync(`${procRoot}/${name}/cmdline`)
          .split("\0");
        if (
          /python[0-9.]*$/.test(words[0] ?? "") &&
          words.slice(1, 3).some((word) => /(^|\/)power_agent\.py$/.test(word))
        ) return Number(name);
      } catch {
        // Gone in between, or not ours to read.
      }
    }
  } catch {
    // Without a readable /proc there is nothing to find; --self-check says so.
  }
  return undefined;
}

function openView(settings: AgentSettings): {
  view: PodView;
  watch: (signal: AbortSignal) => Promise<void>;
} {
  if (settings.kubeconfig === "none") {
    return { view: NO_PODS, watch: () => Promise.resolve() };
  }
  const { kubeconfig } = settings;
  const view = new NodePodView(settings.nodeName, {
    transport: new ApiTransport(() => findEndpoint({ kubeconfig })),
    clock: realClock,
    random: Math.random,
  });
  return { view, watch: (signal) => view.run(signal) };
}

/** A machine outside any cluster has no pods, and that is certain. */
const NO_PODS: PodView = {
  snapshot: (): PodSnapshot => ({
    pods: [],
    freshness: { kind: "fresh", ageMs: 0 },
    consistent: true,
  }),
  onChange: () => () => {},
};

function ownershipOf(
  settings: AgentSettings,
  processes: ProcessTable,
): Ownership {
  if (settings.nvml === "simulated") return SIMULATED_OWNERSHIP;
  return new NodeOwnership({
    processes,
    podResources: settings.podResourcesSocket === "none"
      ? undefined
      : new PodResourcesClient(settings.podResourcesSocket, realClock),
  });
}

/** Simulated GPUs are nobody's: no kubelet has given them out. */
const SIMULATED_OWNERSHIP: Ownership = {
  observe: ({ gpus, departing }): Promise<OwnershipAnswer> =>
    Promise.resolve({
      gpus: new Map(gpus.map(({ gpu }) => [gpu.uuid, {
        attribution: { kind: "nobody" as const },
        pids: [],
        allocation: "none" as const,
        notes: [],
      }])),
      departing: new Map([...departing].map((uid) => [uid, "gone" as const])),
    }),
};

function readBootId(procRoot: string): string {
  const path = `${procRoot}/sys/kernel/random/boot_id`;
  try {
    return Deno.readTextFileSync(path).trim();
  } catch (cause) {
    throw new WattkeeperError(
      "file_unreadable",
      `The boot id "${path}" cannot be read.`,
      {
        where: "--proc-root",
        remedy: "Mount the host's /proc there, or allow reading it.",
        cause,
      },
    );
  }
}

function referenceUuids(): ReadonlySet<string> {
  try {
    const text = Deno.readTextFileSync(REFERENCE_STATE_FILE);
    return new Set(readReferenceState(text) ?? []);
  } catch {
    return new Set();
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
