/** A frontend pod as admission sees it: an address and the port rule (P59). @module */

/** A port of a container as Kubernetes writes it. Names and numbers may be anything a malformed pod has. */
export interface NamedPort {
  readonly name?: unknown;
  readonly containerPort?: unknown;
}

/** One frontend pod. */
export interface FrontendPod {
  readonly name: string;
  /** Absent while the pod has none. */
  readonly ip: string | undefined;
  /** Of all containers, in their order. */
  readonly ports: readonly NamedPort[];
}

/** Where frontend pods are listed: label component type frontend and the deployment's name. */
export interface FrontendPods {
  /** @throws when they cannot be listed; nothing is posted then, and the next apply lists again */
  list(signal: AbortSignal): Promise<readonly FrontendPod[]>;
}

/** The first port named `http`, also as a text; the fallback for everything else. */
export function frontendPort(
  { ports }: Pick<FrontendPod, "ports">,
  fallback: number,
): number {
  const named = ports.find((port) => port?.name === "http")?.containerPort;
  const port = typeof named === "string" && /^\d{1,5}$/.test(named)
    ? Number(named)
    : named;
  return typeof port === "number" && Number.isInteger(port) && port >= 1 &&
      port <= 65_535
    ? port
    : fallback;
}

/**
 * Where a pod takes its thresholds.
 *
 * @returns undefined when the pod has no IP; a name is none, since a pod's address never needs resolving
 */
export function frontendAddress(
  pod: FrontendPod,
  fallbackPort: number,
): URL | undefined {
  const { ip } = pod;
  if (ip === undefined) return undefined;
  const isV6 = /^[0-9a-f:.]+$/i.test(ip) && ip.includes(":");
  const isV4 = /^\d{1,3}(\.\d{1,3}){3}$/.test(ip);
  if (!isV4 && !isV6) return undefined;
  const host = isV6 ? `[${ip}]` : ip;
  const port = frontendPort(pod, fallbackPort);
  const text = `http://${host}:${port}/busy_threshold`;
  return URL.canParse(text) ? new URL(text) : undefined;
}
