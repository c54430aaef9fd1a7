/** The kubelet's `v1.ListPodResourcesResponse`, decoded by hand: six fields out of a schema of thirty. @module */

import { wireFields, wireText } from "./wire_reader.ts";

/** One container that the kubelet gave devices to. */
export interface ContainerDevices {
  readonly namespace: string;
  readonly podName: string;
  readonly containerName: string;
  /** Devices by extended resource, `nvidia.com/gpu`. */
  readonly devices: readonly {
    readonly resource: string;
    readonly ids: readonly string[];
  }[];
  /** Drivers of devices that came by a resource claim (DRA) and have no device id here. */
  readonly claimDrivers: readonly string[];
}

/**
 * Decodes a reply. Field numbers: pod_resources 1; pod name 1, namespace 2, containers 3; container name 1, devices 2,
 * dynamic_resources 5; device resource_name 1, device_ids 2; claim_resources 4; driver_name 2.
 *
 * @throws {import("./wire_reader.ts").WireFormatError}
 */
export function decodePodResources(reply: Uint8Array): ContainerDevices[] {
  return sub(reply, 1).flatMap((pod) =>
    sub(pod, 3).map((container) => ({
      namespace: text(pod, 2),
      podName: text(pod, 1),
      containerName: text(container, 1),
      devices: sub(container, 2).map((devices) => ({
        resource: text(devices, 1),
        ids: sub(devices, 2).map(wireText),
      })),
      claimDrivers: sub(container, 5).flatMap((claim) =>
        sub(claim, 4).map((resource) => text(resource, 2))
      ),
    }))
  ).filter((container) =>
    container.devices.length > 0 || container.claimDrivers.length > 0
  );
}

function sub(message: Uint8Array, number: number): Uint8Array[] {
  return [...wireFields(message)].filter((field) => field.number === number)
    .map((field) => field.bytes);
}

function text(message: Uint8Array, number: number): string {
  const bytes = sub(message, number).at(-1);
  return bytes === undefined ? "" : wireText(bytes);
}
