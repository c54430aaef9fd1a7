/** `--self-check`: what this node can and cannot do, and what to change. Looks, and changes nothing. @module */

import { NVML_SYMBOL_NAMES, NVML_SYMBOLS } from "./nvml/mod.ts";
import { openNativeNvml } from "./nvml/native.ts";
import { dlopenBinder } from "./nvml/dlopen_binder.ts";
import {
  ApiTransport,
  deadline,
  findEndpoint,
  realClock,
} from "../cluster/mod.ts";
import { PodResourcesClient } from "./identity/mod.ts";
import { errorText } from "./enforce.ts";
import { type AgentSettings, openDevices, referenceAgentPid } from "./node.ts";
import type { Nvml } from "./ports.ts";

/** Patience with the API server, milliseconds. */
const API_DEADLINE_MS = 5_000;

/** One line of the answer. */
export interface CheckRow {
  readonly check: string;
  readonly result: "pass" | "fail" | "warn" | "not checked";
  readonly found: string;
  /** What to do; empty when nothing is to be done. */
  readonly remedy: string;
}

/** Makes every check; none stops another. */
export async function selfCheck(
  settings: AgentSettings,
  gateSocket: string,
): Promise<CheckRow[]> {
  const rows: CheckRow[] = [];
  rows.push(...await checkDevices(settings));
  rows.push(checkProc(settings.procRoot));
  rows.push(await checkState(settings.stateDir));
  rows.push(await checkKubelet(settings.podResourcesSocket));
  rows.push(await checkApi(settings));
  rows.push(checkGate(gateSocket));
  const pid = referenceAgentPid(settings.procRoot);
  rows.push(
    pid === undefined
      ? row("reference agent", "pass", "not running here")
      : row(
        "reference agent",
        "fail",
        `runs with PID ${pid}`,
        "Uninstall it; two agents undo each other's limits.",
      ),
  );
  return rows;
}

function row(
  check: string,
  result: CheckRow["result"],
  found: string,
  remedy = "",
): CheckRow {
  return { check, result, found, remedy };
}

async function checkDevices(settings: AgentSettings): Promise<CheckRow[]> {
  let nvml: Nvml;
  try {
    nvml = await openDevices(settings);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [row(
      "NVML library",
      "fail",
      message,
      "Install the NVIDIA driver, mount its library, or name it with --nvml-library.",
    )];
  }
  const { driver } = nvml;
  const rows = [row(
    "NVML library",
    "pass",
    `${driver.library}, driver ${driver.driverVersion}`,
  )];
  rows.push(...await checkSymbols(driver.library));
  const found = await nvml.enumerate();
  if (!found.ok) {
    rows.push(row("GPUs", "fail", errorText(found.error)));
  } else {
    for (const { index, error } of found.value.faults) {
      rows.push(row(`GPU ${index}`, "fail", errorText(error)));
    }
    if (found.value.gpus.length === 0) {
      rows.push(row("GPUs", "fail", "none found"));
    }
    for (const gpu of found.value.gpus) {
      rows.push(await checkGpu(nvml, gpu, settings.safeDefaultWatts));
    }
  }
  await nvml.close();
  return rows;
}

async function checkGpu(
  nvml: Nvml,
  gpu: { uuid: string; index: number; model: string; mig: boolean },
  safeDefaultWatts: number,
): Promise<CheckRow> {
  const name = `GPU ${gpu.index}`;
  const limits = await nvml.limits(gpu.uuid);
  if (!limits.ok) return row(name, "fail", errorText(limits.error));
  const { managementWatts, minWatts, maxWatts } = limits.value;
  const found = `${gpu.model}, limit ${managementWatts} W, range ${
    minWatts ?? "?"
  }…${maxWatts ?? "?"} W`;
  if (minWatts === undefined || maxWatts === undefined) {
    return row(name, "fail", found, "Without a range no limit is ever set.");
  }
  if (safeDefaultWatts < minWatts || safeDefaultWatts > maxWatts) {
    return row(
      name,
      "warn",
      `${found}; the safe default ${safeDefaultWatts} W is outside`,
      "Choose --safe-default-watts inside the range, about 70 % of TDP.",
    );
  }
  const telemetry = await nvml.telemetry(gpu.uuid);
  if (telemetry.ok && telemetry.value.persistenceMode === false) {
    return row(
      name,
      "warn",
      `${found}; persistence mode is off`,
      "Run nvidia-persistenced, so that an idle GPU keeps its limit (C26).",
    );
  }
  if (gpu.mig) {
    return row(
      name,
      "warn",
      `${found}; MIG is on`,
      "One limit for all slices.",
    );
  }
  return row(name, "pass", found);
}

async function checkSymbols(library: string): Promise<CheckRow[]> {
  if (library === "simulated") return [];
  const opened = await openNativeNvml({
    binder: dlopenBinder,
    path: library,
    clock: realClock,
  });
  if (!opened.ok) return [];
  const missing = NVML_SYMBOL_NAMES.filter((name) => !opened.value.has(name));
  await opened.value.close();
  return missing.map((name) =>
    row(
      name,
      "caps" in NVML_SYMBOLS[name] ? "fail" : "warn",
      "not in this library",
      `Lost without it: ${NVML_SYMBOLS[name].purpose}.`,
    )
  );
}

function checkProc(procRoot: string): CheckRow {
  try {
    Deno.readTextFileSync(`${procRoot}/1/cgroup`);
    return row("processes", "pass", `${procRoot} is readable`);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return row(
      "processes",
      "fail",
      found,
      "Run with hostPID and the host's /proc at --proc-root; see docs/agent.md.",
    );
  }
}

async function checkState(stateDir: string): Promise<CheckRow> {
  const probe = `${stateDir}/.self-check`;
  try {
    await Deno.mkdir(stateDir, { recursive: true });
    await Deno.writeTextFile(probe, "");
    await Deno.remove(probe);
    return row("state directory", "pass", `${stateDir} is writable`);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return row(
      "state directory",
      "fail",
      found,
      "Mount a writable host directory at --state-dir.",
    );
  }
}

async function checkKubelet(socket: string): Promise<CheckRow> {
  if (socket === "none") {
    return row("kubelet", "not checked", "--pod-resources-socket none");
  }
  const answer = await new PodResourcesClient(socket, realClock).list();
  return answer.kind === "answered"
    ? row("kubelet", "pass", `${socket} answers`)
    : row(
      "kubelet",
      "fail",
      answer.reason,
      "Mount /var/lib/kubelet/pod-resources; without it grants are not applied (C18).",
    );
}

async function checkApi(
  { kubeconfig, nodeName }: Pick<AgentSettings, "kubeconfig" | "nodeName">,
): Promise<CheckRow> {
  if (kubeconfig === "none") {
    return row("API server", "not checked", "--kubeconfig none");
  }
  const limit = deadline(realClock, API_DEADLINE_MS, {
    reason: new Error(`no answer within ${API_DEADLINE_MS / 1000} s`),
  });
  using transport = new ApiTransport(() => findEndpoint({ kubeconfig }));
  const query = new URLSearchParams({
    limit: "1",
    ...(nodeName ? { fieldSelector: `spec.nodeName=${nodeName}` } : {}),
  });
  try {
    const answer = await transport.send(`/api/v1/pods?${query}`, {
      signal: limit.signal,
    });
    await answer.body?.cancel();
    return row("API server", "pass", "lists the pods of this node");
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return row(
      "API server",
      "fail",
      found,
      "Name a --kubeconfig, or let the service account list and watch pods.",
    );
  } finally {
    limit.clear();
  }
}

/** The folder must take the agent's socket; looked at, not written to. */
function checkGate(gateSocket: string): CheckRow {
  if (gateSocket === "none") {
    return row("gate", "not checked", "--gate-socket none");
  }
  const folder = gateSocket.slice(0, Math.max(gateSocket.lastIndexOf("/"), 1));
  try {
    if (Deno.statSync(folder).isDirectory) {
      return row("gate", "pass", `${folder} is there`);
    }
  } catch {
    // Said below.
  }
  return row(
    "gate",
    "fail",
    `there is no folder ${folder}`,
    "Mount it from the host; workers' containers mount it too.",
  );
}
