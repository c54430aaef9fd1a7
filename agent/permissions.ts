/** What the agent may touch, as data: the binary has it baked in, and a path outside it ends with the command to use. @module */

import { WattkeeperError } from "../service/mod.ts";
import { LIBC_CANDIDATES } from "./libc.ts";
import { NVML_LIBRARY_CANDIDATES } from "./nvml/candidates.ts";

/** Paths that the agent works with. */
export interface AgentPlaces {
  readonly procRoot: string;
  readonly stateDir: string;
  /** Folder of the kubelet's socket. */
  readonly podResourcesDir: string;
  /** Folder of the gate's socket. */
  readonly gateDir: string;
  /** Folder of the service account's token. */
  readonly secretsDir: string;
  /** Folder of the reference agent's state file. */
  readonly referenceDir: string;
  readonly libraries: readonly string[];
}

/** Where the agent's image has the binary, and where an init container copies it to for a worker (`gate --copy-to`). */
export const GATE_COPY = { from: "/wattkeeper-agent", to: "/gate" } as const;

/**
 * The binary's. The host's `/proc` must be mounted at `/host/proc`: Deno lets nobody read `/proc` itself with less than
 * all permissions.
 */
export const BINARY_PLACES: AgentPlaces = {
  procRoot: "/host/proc",
  stateDir: "/var/lib/wattkeeper",
  podResourcesDir: "/var/lib/kubelet/pod-resources",
  gateDir: "/run/wattkeeper",
  secretsDir: "/var/run/secrets",
  referenceDir: "/var/lib/dynamo-power-agent",
  libraries: NVML_LIBRARY_CANDIDATES,
};

/** Variables that are read: the command's own, the cluster's address, and what Deno's Node layer and the log look at. */
const ENVIRONMENT = [
  ...["SAFE_DEFAULT_WATTS", "NODE_NAME", "PATH", "NO_COLOR"],
  ...["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "NODE_DEBUG"],
];

/** Permission flags for these places: as narrow as Deno allows, no shell, no program. */
export function permissionFlags(places: AgentPlaces): string[] {
  const { procRoot, stateDir, podResourcesDir, gateDir } = places;
  const read = [
    ...[procRoot, stateDir, podResourcesDir, gateDir],
    ...[places.secretsDir, places.referenceDir, ...places.libraries],
    GATE_COPY.from,
  ];
  return [
    `--allow-read=${read.join(",")}`,
    // A unix socket is connected to with the right to write its path.
    `--allow-write=${stateDir},${gateDir},${podResourcesDir},${GATE_COPY.to}`,
    `--allow-ffi=${[...places.libraries, ...LIBC_CANDIDATES].join(",")}`,
    // The API server's address is not known before.
    "--allow-net",
    `--allow-env=${ENVIRONMENT.join(",")}`,
  ];
}

/** One thing the agent is about to do. */
interface Need {
  readonly flag: string;
  readonly descriptor: Deno.PermissionDescriptor;
}

/** What an agent is told that needs permission; undefined: it does without. */
export interface NeededPaths {
  readonly procRoot: string;
  readonly stateDir: string;
  readonly podResourcesSocket: string | undefined;
  readonly gateSocket: string | undefined;
  readonly nvmlLibrary: string | undefined;
  readonly kubeconfig: string | undefined;
}

/**
 * Looks before anything is done whether this process may reach what it is told to, so that nobody has to make sense of
 * a failure in the middle.
 *
 * @param words the command line after the program's name
 * @throws {WattkeeperError} naming each path, and the exact command that may
 */
export function requirePermissions(
  paths: NeededPaths,
  words: readonly string[],
): void {
  const missing = needsOf(paths).filter(({ descriptor }) =>
    Deno.permissions.querySync(descriptor).state !== "granted"
  );
  if (missing.length === 0) return;
  const { podResourcesSocket, gateSocket, nvmlLibrary, kubeconfig } = paths;
  const flags = permissionFlags({
    ...BINARY_PLACES,
    procRoot: paths.procRoot,
    stateDir: paths.stateDir,
    ...(podResourcesSocket
      ? { podResourcesDir: folderOf(podResourcesSocket) }
      : {}),
    ...(gateSocket ? { gateDir: folderOf(gateSocket) } : {}),
    ...(nvmlLibrary ? { libraries: [nvmlLibrary] } : {}),
    ...(kubeconfig ? { secretsDir: folderOf(kubeconfig) } : {}),
  });
  // Of `/proc` itself Deno gives nothing with less than everything.
  const permissions = /^\/proc(\/|$)/.test(paths.procRoot) ? ["-A"] : flags;
  const command = ["deno", "run", ...permissions, "main.ts", ...words]
    .map(quoted).join(" ");
  throw new WattkeeperError(
    "invalid_usage",
    `This binary may not reach ${
      [...new Set(missing.map(({ flag }) => flag))].join(", ")
    }: its permissions are baked in.`,
    {
      where: missing[0]!.flag,
      remedy: `Mount the host's paths where the binary looks (${
        Object.values(BINARY_PLACES).slice(0, 4).join(", ")
      }), or run the sources: ${command}`,
    },
  );
}

function needsOf(paths: NeededPaths): Need[] {
  const need = (
    flag: string,
    name: "read" | "write" | "ffi",
    path: string,
  ): Need => ({ flag: `${flag} ${path}`, descriptor: { name, path } });
  const { procRoot, podResourcesSocket, gateSocket } = paths;
  return [
    // What is below /proc is not granted by a grant of /proc.
    /^\/proc(\/|$)/.test(procRoot)
      ? { flag: `--proc-root ${procRoot}`, descriptor: { name: "read" } }
      : need("--proc-root", "read", procRoot),
    need("--state-dir", "read", paths.stateDir),
    need("--state-dir", "write", paths.stateDir),
    ...(podResourcesSocket
      ? [
        need("--pod-resources-socket", "read", podResourcesSocket),
        need("--pod-resources-socket", "write", podResourcesSocket),
      ]
      : []),
    ...(gateSocket ? [need("--gate-socket", "write", gateSocket)] : []),
    ...(paths.nvmlLibrary
      ? [need("--nvml-library", "ffi", paths.nvmlLibrary)]
      : []),
    ...(paths.kubeconfig
      ? [need("--kubeconfig", "read", paths.kubeconfig)]
      : []),
  ];
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 1));
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word)
    ? word
    : `'${word.replaceAll("'", "'\\''")}'`;
}
