/** From a socket's peer to the pod that it is in. @module */

import type { GateCaller } from "../ports.ts";
import type { ProcessTable } from "../identity/mod.ts";
import type { PeerCredentials } from "./peer.ts";

/** A caller, or why nobody is let through on its word. */
export type Identification =
  | { readonly kind: "caller"; readonly caller: GateCaller }
  /** It ended, or cannot be read right now: ask again. */
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * Says which pod the peer is in. Called again before each opening: what was true when it connected may not be any
 * more. The peer chose nothing of this: its PID comes from the kernel, its pod from its cgroup.
 *
 * @param podUidOf the API's UID for the UID in a cgroup, which a static pod has another one of
 */
export function identify(
  peer: PeerCredentials,
  processes: ProcessTable,
  podUidOf: (cgroupUid: string) => string,
): Identification {
  if (peer.pid <= 0) {
    return unknown(
      "the agent cannot see the caller's process: it must run in the host's PID namespace (hostPID: true)",
    );
  }
  const reading = processes.read(peer.pid);
  // After the reading: alive now means that the PID was its own while it was read.
  if (peer.isAlive() === false) return unknown("the caller has ended");
  if (reading.kind === "gone") return unknown("the caller has ended");
  if (reading.kind === "unknown") {
    return unknown(
      `the caller's process ${peer.pid} cannot be read: ${reading.reason}`,
    );
  }
  if (reading.cgroup.kind === "unknown") {
    return unknown(
      `the pod of the caller's process ${peer.pid} cannot be told: ${reading.cgroup.reason}`,
    );
  }
  if (reading.cgroup.kind === "not_a_pod") {
    return unknown(`the caller's process ${peer.pid} is in no pod`);
  }
  return {
    kind: "caller",
    caller: { podUid: podUidOf(reading.cgroup.podUid), pid: peer.pid },
  };
}

function unknown(reason: string): Identification {
  return { kind: "unknown", reason };
}
