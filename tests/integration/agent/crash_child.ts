/**
 * A real agent process for the crash tests: real NVML binder, real files, a scripted cluster from a JSON file. It kills
 * itself with SIGKILL at the boundary it is told, or runs on until it is killed.
 *
 * Arguments: folder of the fake library, state directory, scenario file, boundary (0: none).
 *
 * @module
 */

import { realClock } from "../../../cluster/mod.ts";
import type { Attribution, Nvml, Pod } from "../../../agent/ports.ts";
import { dlopenBinder, openNativeNvml } from "../../../agent/nvml/mod.ts";
import { Reconciler } from "../../../agent/reconciler.ts";
import { StateStore } from "../../../agent/state.ts";
import {
  DirectoryFiles,
  lockDirectory,
  type StateFiles,
} from "../../../agent/state_files.ts";

/** What the cluster says, to be replaced whole while the agent runs. */
export interface Scenario {
  readonly pods: readonly Pod[];
  /** Pod UIDs by GPU index. */
  readonly placed: readonly (readonly string[])[];
}

if (import.meta.main) await main();

async function main(): Promise<void> {
  const [folder, stateDir, scenarioFile, boundaryText] = Deno.args;
  const boundary = Number(boundaryText);
  let step = 0;
  /** Between any two steps that change a file or a device the process may die. */
  const cut = () => {
    if (++step === boundary) Deno.kill(Deno.pid, "SIGKILL");
  };
  const lock = await lockDirectory(stateDir!);
  if (!lock) throw new Error("The lock is held.");
  const opened = await openNativeNvml({
    binder: dlopenBinder,
    path: `${folder}/libnvidia-ml.so.1`,
    clock: realClock,
  });
  if (!opened.ok) throw new Error(opened.error.name);
  const files = cutting(new DirectoryFiles(stateDir!), cut);
  let skewMs = 0;
  // Replaced by a rename: always whole.
  const scenario = (): Scenario =>
    JSON.parse(Deno.readTextFileSync(scenarioFile!));
  let last = scenario();
  const reconciler = new Reconciler({
    nvml: cuttingNvml(opened.value, cut),
    store: await StateStore.open(files),
    view: {
      snapshot: () => ({
        pods: last.pods,
        freshness: { kind: "fresh", ageMs: 0 },
        consistent: true,
      }),
      onChange: () => () => {},
    },
    ownership: {
      observe: ({ gpus, departing }) =>
        Promise.resolve({
          gpus: new Map(gpus.map(({ gpu }) => {
            const attribution = attributionOf(last, gpu.index);
            return [gpu.uuid, {
              attribution,
              pids: [],
              allocation: attribution.kind === "pods"
                ? "allocated" as const
                : "none" as const,
              notes: [],
            }];
          })),
          departing: new Map([...departing].map((uid) => [
            uid,
            last.placed.some((on) => on.includes(uid))
              ? "present" as const
              : "gone" as const,
          ])),
        }),
    },
    // The grace time is made to pass between two passes, so that releases happen within a run.
    clock: { ...realClock, now: () => realClock.now() + skewMs },
    bootId: "boot",
    policy: { safeDefaultWatts: 500, conflictPolicy: "min", prearm: false },
    dryRun: false,
  });
  await reconciler.pass("interval");
  console.log("up");
  for (;;) {
    last = scenario();
    await reconciler.pass("event");
    skewMs += 6_000;
    await reconciler.pass("event");
    console.log("pass");
    if (boundary !== 0 || Deno.args[4] === "once") break;
    await realClock.sleep(1);
  }
  await opened.value.close();
  lock[Symbol.dispose]();
}

function attributionOf({ pods, placed }: Scenario, index: number): Attribution {
  const uids = placed[index] ?? [];
  return uids.length === 0 ? { kind: "nobody" } : {
    kind: "pods",
    pods: uids.map((uid) => {
      const pod = pods.find((one) => one.uid === uid);
      return {
        uid,
        namespace: pod?.namespace,
        name: pod?.name,
        evidence: "kubelet" as const,
      };
    }),
  };
}

/** Dies before and after every step that changes a file. */
function cutting(files: StateFiles, cut: () => void): StateFiles {
  const around = async <T>(work: () => Promise<T>): Promise<T> => {
    cut();
    const result = await work();
    cut();
    return result;
  };
  return {
    read: (name) => files.read(name),
    list: () => files.list(),
    writeDurably: (name, text) => around(() => files.writeDurably(name, text)),
    rename: (from, to) => around(() => files.rename(from, to)),
    syncDirectory: () => around(() => files.syncDirectory()),
    remove: (name) => around(() => files.remove(name)),
  };
}

/** Dies before and after every limit that is set. */
function cuttingNvml(nvml: Nvml, cut: () => void): Nvml {
  return {
    driver: nvml.driver,
    enumerate: () => nvml.enumerate(),
    limits: (uuid, depth) => nvml.limits(uuid, depth),
    processes: (uuid) => nvml.processes(uuid),
    telemetry: (uuid) => nvml.telemetry(uuid),
    hung: () => nvml.hung(),
    close: () => nvml.close(),
    setLimit: async (uuid, watts) => {
      cut();
      const result = await nvml.setLimit(uuid, watts);
      cut();
      return result;
    },
  };
}
