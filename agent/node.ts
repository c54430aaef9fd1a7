/** Puts a node's agent together from its flags: which pieces are real, and what to say when one is missing. @module */

import {
  ApiClient,
  ApiTransport,
  findEndpoint,
  NodePodView,
  type NodePowerReport,
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
import { KubernetesSink } from "./kubernetes_sink.ts";
import { type NvmlChoice, openNvml } from "./nvml/mod.ts";
import type {
  Nvml,
  Ownership,
  OwnershipAnswer,
  PodSnapshot,
  PodView,
  ReportSink,
} from "./ports.ts";
import { type LastReport, Reconciler } from "./reconciler.ts";
import { keepResidentMemoryLow } from "./resident_memory.ts";
import { FileSink, ManySinks } from "./sinks.ts";
import { StartupTaint } from "./startup_taint.ts";
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
  /** Give every GPU back and cap nothing. */
  readonly releasing: boolean;
  /** Key of a taint of the node that is taken off once every GPU has been enforced. */
  readonly startupTaint: string | undefined;
  /** A kubeconfig, `none` for a node without an API server, undefined for the cluster around. */
  readonly kubeconfig: string | undefined;
}

/** An agent that is ready to run, with what it holds. */
export interface NodeAgent extends AsyncDisposable {
  readonly agent: Agent;
  readonly nvml: Nvml;
  readonly processes: ProcessTable;
  /** Keeps the pod view up to date, and the process small, until the signal aborts. */
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
    const cluster = openCluster(settings, log);
    const file = new FileSink(files);
    const sink = new ManySinks([file, ...cluster.sinks, ...environment.sinks]);
    const { view, watch } = cluster;
    const processes = new ProcessTable(settings.procRoot);
    const bootId = readBootId(settings.procRoot);
    const lastReport = lastReportOf([file, ...cluster.sinks], store);
    // With its record the node needs nobody to tell it what is its own.
    if (store.health.kind !== "intact") {
      await Promise.race([
        lastReport.complete,
        realClock.sleep(FIRST_REPORT_MS),
      ]);
    }
    const reconciler = new Reconciler({
      nvml,
      ownership: ownershipOf(settings, processes),
      view,
      store,
      clock: realClock,
      bootId,
      policy: settings,
      dryRun: settings.dryRun,
      releasing: settings.releasing,
      lastReport: lastReport.now,
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
      onEnforced: () => cluster.startupTaint?.enforced(),
    });
    return {
      agent,
      nvml,
      processes,
      watch: async (signal) => {
        const memory = keepResidentMemoryLow({ clock: realClock, log }, signal);
        await Promise.all([watch(signal), memory]);
      },
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

/** How long a start waits for the API server to say what this node's last report was. */
const FIRST_REPORT_MS = 1_000;

/** What the node last reported, as the places that hold it answer one after another. */
function lastReportOf(
  sinks: readonly ReportSink[],
  store: StateStore,
): { readonly now: () => LastReport; readonly complete: Promise<void> } {
  let report: NodePowerReport | undefined;
  let answered = 0;
  const complete = Promise.all(sinks.map(async (sink) => {
    const last = await sink.last();
    answered++;
    if (last === undefined) return;
    store.sequenceSeen(last.sequence);
    if (report === undefined || last.sequence > report.sequence) report = last;
  }));
  return {
    now: () => ({ report, complete: answered === sinks.length }),
    complete: complete.then(() => {}),
  };
}

/** What an agent has of the cluster around it. */
interface AgentCluster {
  readonly view: PodView;
  readonly sinks: readonly ReportSink[];
  readonly watch: (signal: AbortSignal) => Promise<void>;
  readonly startupTaint: StartupTaint | undefined;
}

function openCluster(settings: AgentSettings, log: AgentLog): AgentCluster {
  const { kubeconfig, nodeName } = settings;
  if (kubeconfig === "none") {
    if (settings.startupTaint !== undefined) throw taintWithoutCluster();
    return {
      view: NO_PODS,
      sinks: [],
      startupTaint: undefined,
      watch: () => Promise.resolve(),
    };
  }
  const environment = { clock: realClock, random: Math.random };
  const loadEndpoint = () => findEndpoint({ kubeconfig });
  const view = new NodePodView(nodeName, {
    ...environment,
    transport: new ApiTransport(loadEndpoint),
  });
  // Connections of its own: a watch that finds its own dead must not break a report's.
  const transport = new ApiTransport(loadEndpoint);
  const client = new ApiClient(transport, {
    ...environment,
    requestsPerSecond: 5,
    burst: 10,
  });
  const sink = new KubernetesSink({ ...environment, client, nodeName, log });
  const startupTaint = settings.startupTaint === undefined
    ? undefined
    : new StartupTaint({
      ...environment,
      client,
      nodeName,
      taint: settings.startupTaint,
      log,
    });
  return {
    view,
    sinks: [sink],
    startupTaint,
    watch: async (signal) => {
      await Promise.all([
        view.run(signal),
        sink.run(signal),
        startupTaint?.run(signal),
      ]);
    },
  };
}

function taintWithoutCluster(): WattkeeperError {
  return new WattkeeperError(
    "invalid_usage",
    "A node's taint is taken off through the API server, and there is none.",
    {
      where: "--startup-taint",
      remedy: "Leave it out, or leave out --kubeconfig none.",
    },
  );
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
