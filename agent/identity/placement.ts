/** Which GPU the kubelet means: device ids of the device plugin, matched to physical GPUs. @module */

import type { GpuIdentity, PodAllocation } from "../ports.ts";
import type { ContainerDevices } from "./pod_resources_reply.ts";

/** A pod as the kubelet names it: PodResources has no UID. */
export interface NamedPod {
  readonly namespace: string;
  readonly name: string;
}

/** The kubelet's word, by GPU. */
export interface Placement {
  /** Pods by GPU UUID, each once. */
  readonly pods: ReadonlyMap<string, readonly NamedPod[]>;
  /**
   * Allocations that are of some GPU, and do not say which: claims (DRA), devices that NVML does not show. While there
   * is one, a GPU that nobody is said to have may still be somebody's.
   */
  readonly unplaced: readonly string[];
  /** The same by pod, `namespace/name`. */
  readonly byPod: ReadonlyMap<string, PodAllocation>;
}

/** Device-plugin resources that are GPUs or slices; others of the vendor's domain are network cards and the like. */
const GPU_RESOURCE = /^nvidia\.com\/(?:gpu|mig-)/;

/** Places all allocations on these GPUs. */
export function placeAllocations(
  containers: readonly ContainerDevices[],
  gpus: readonly GpuIdentity[],
): Placement {
  const pods = new Map<string, Map<string, NamedPod>>();
  const unplaced = new Set<string>();
  const byPod = new Map<string, { uuids: Set<string>; elsewhere: boolean }>();
  const ofPod = (key: string) => {
    const known = byPod.get(key) ?? { uuids: new Set(), elsewhere: false };
    byPod.set(key, known);
    return known;
  };
  const byDevice = deviceIndex(gpus);
  for (const container of containers) {
    const key = `${container.namespace}/${container.podName}`;
    for (const { resource, ids } of container.devices) {
      for (const id of ids) {
        const uuid = byDevice.get(physicalId(id));
        if (uuid !== undefined) {
          const onGpu = pods.get(uuid) ?? new Map<string, NamedPod>();
          onGpu.set(key, {
            namespace: container.namespace,
            name: container.podName,
          });
          pods.set(uuid, onGpu);
          ofPod(key).uuids.add(uuid);
        } else if (GPU_RESOURCE.test(resource)) {
          ofPod(key).elsewhere = true;
          unplaced.add(`device "${id.slice(0, 80)}" of pod ${key}`);
        }
      }
    }
    for (const driver of container.claimDrivers) {
      if (/nvidia/i.test(driver)) {
        ofPod(key).elsewhere = true;
        unplaced.add(`a claim on "${driver.slice(0, 80)}" of pod ${key}`);
      }
    }
  }
  return {
    pods: new Map(
      [...pods].map(([uuid, onGpu]) => [uuid, [...onGpu.values()]]),
    ),
    unplaced: [...unplaced].sort(),
    byPod,
  };
}

/** Every name a GPU goes by: its UUID, its slices', its device node, its old-style slices. */
function deviceIndex(gpus: readonly GpuIdentity[]): Map<string, string> {
  const index = new Map<string, string>();
  for (const { uuid, migUuids, minor } of gpus) {
    index.set(uuid, uuid);
    for (const slice of migUuids) index.set(slice, uuid);
    if (minor !== undefined) index.set(`nvidia${minor}`, uuid);
  }
  return index;
}

/** A device id without what sharing adds: `GPU-…::3`, `MIG-GPU-…/1/0`, `nvidia0/gi1`, `nvidia0/vgpu2`. */
function physicalId(id: string): string {
  const [device = ""] = id.trim().replace(/::\d+$/, "").split("/", 1);
  return device.replace(/^MIG-(?=GPU-)/, "");
}
