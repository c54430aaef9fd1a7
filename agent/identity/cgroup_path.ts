/** Which pod a process belongs to, read from its cgroup paths; no path is trusted further than its root. @module */

/** What `/proc/PID/cgroup` says about a process. */
export type CgroupReading =
  | {
    readonly kind: "pod";
    /** Lower case, with dashes; the hash of a static pod has none. */
    readonly podUid: string;
    /** Runtime's id of the container, lower-case hex; undefined when the path does not name one. */
    readonly containerId: string | undefined;
  }
  | { readonly kind: "not_a_pod" }
  | { readonly kind: "unknown"; readonly reason: string };

const UID = "[0-9a-f]{4,32}(?:[-_][0-9a-f]{1,12}){0,8}";
/** systemd driver: the slice's name carries all its parents; `:` precedes what containerd appends to it. */
const POD_SLICE = new RegExp(
  `^(?:[a-z0-9_.]+-)*kubepods(?:-(?:burstable|besteffort))?-pod(${UID})\\.slice(?::[^:]*:(.+))?$`,
  "i",
);
/** cgroupfs driver: one folder a pod, below the folder of its QoS class. */
const POD_FOLDER = new RegExp(`^pod(${UID})$`, "i");
const QOS = /^(?:burstable|besteffort)$/;
const KUBERNETES = /kubepods/i;
/** Folders at the root of a host's hierarchy that hold no pods. */
const HOST_ROOTS =
  /^(?:(?:system|machine|init)\.(?:slice|scope)|.+\.mount|docker|lxc|libpod_parent)$/;

/**
 * Reads the content of `/proc/PID/cgroup`, cgroup v1, v2 or both.
 *
 * The *outermost* pod in a path counts: who may make cgroups inside his own can name them as he likes, but not put
 * himself outside. Lines that name different pods name none.
 */
export function readCgroup(content: string): CgroupReading {
  const readings = content.split("\n").filter((line) => line !== "").map(
    (line) => {
      const path = /^\d+:[^:]*:(\/.*)$/s.exec(line)?.[1];
      return path === undefined
        ? unknown(`"${line.slice(0, 80)}" is not a cgroup line`)
        : readPath(path);
    },
  );
  if (readings.length === 0) return unknown("the process has no cgroup");
  const strange = readings.find((reading) => reading.kind === "unknown");
  if (strange) return strange;
  const pods = readings.filter((reading) => reading.kind === "pod");
  const first = pods[0];
  if (first === undefined) return { kind: "not_a_pod" };
  if (pods.some((pod) => pod.podUid !== first.podUid)) {
    return unknown("its cgroups name more than one pod");
  }
  return pods.find((pod) => pod.containerId !== undefined) ?? first;
}

function readPath(raw: string): CgroupReading {
  const path = raw.replace(/ \(deleted\)$/, "");
  const all = path.split("/").filter((segment) => segment !== "");
  const above = all.findIndex((segment) => segment !== "..");
  const ups = above < 0 ? all.length : above;
  const segments = all.slice(ups);
  const marker = findPod(segments, ups);
  if (marker !== undefined) {
    return segments[0] === "user.slice"
      ? unknown("a cgroup of a login session has a pod's name")
      : marker;
  }
  if (segments.some((segment) => KUBERNETES.test(segment))) {
    return unknown(`"${path.slice(0, 120)}" is in no pod of kubepods`);
  }
  if (ups <= 1 || segments.length === 0) return { kind: "not_a_pod" };
  // Seen from another cgroup namespace: the part above is hidden, so only a known root proves anything.
  return HOST_ROOTS.test(segments[0] ?? "") || segments[0] === "user.slice"
    ? { kind: "not_a_pod" }
    : unknown(`"${path.slice(0, 120)}" hides where it hangs`);
}

/** The outermost pod. `ups` counts the `..` before the segments: a view from within another cgroup namespace. */
function findPod(
  segments: readonly string[],
  ups: number,
): CgroupReading | undefined {
  for (const [i, segment] of segments.entries()) {
    const slice = POD_SLICE.exec(segment);
    if (slice?.[1] !== undefined) {
      return pod(slice[1], slice[2] ?? segments[i + 1]);
    }
    const folder = POD_FOLDER.exec(segment)?.[1];
    if (folder !== undefined && standsInKubepods(segments, i, ups)) {
      return pod(folder, segments[i + 1]);
    }
  }
  return undefined;
}

function standsInKubepods(
  segments: readonly string[],
  i: number,
  ups: number,
): boolean {
  const parent = QOS.test(segments[i - 1] ?? "") ? i - 2 : i - 1;
  // Two steps up and then a pod: from the agent's container to its pod to the folder of the pods.
  return parent < 0 ? ups >= 2 : segments[parent] === "kubepods";
}

function pod(uid: string, leaf: string | undefined): CgroupReading {
  return {
    kind: "pod",
    podUid: uid.toLowerCase().replaceAll("_", "-"),
    containerId: containerIdOf(leaf),
  };
}

/** `cri-containerd-<id>.scope`, `crio-<id>.scope`, `docker-<id>.scope`, or the bare id. */
function containerIdOf(leaf: string | undefined): string | undefined {
  return /^(?:cri-containerd-|crio-|docker-)?([0-9a-f]{12,64})(?:\.scope)?$/i
    .exec(leaf ?? "")?.[1]?.toLowerCase();
}

function unknown(reason: string): CgroupReading {
  return { kind: "unknown", reason };
}
