/** Who is scraped: each pod of planner and agent once, on a port that it has, by PodMonitors or by ServiceMonitors. @module */

import assert from "node:assert/strict";
import {
  KUBE,
  KUSTOMIZE,
  kustomizeBuild,
  type Manifest,
  readManifests,
  startCluster,
} from "../../kube/mod.ts";
import { filledDeploy } from "./filled_deploy.ts";
import { RawApi } from "./raw_api.ts";

interface Port {
  readonly name: string;
  readonly containerPort?: number;
  readonly port?: number;
  readonly targetPort?: string;
}

interface Endpoint {
  readonly port: string;
  readonly path: string;
  readonly relabelings?: unknown;
}

type Labels = Readonly<Record<string, string>>;

/** As far as the test reads objects. */
interface Read extends Manifest {
  readonly metadata: Manifest["metadata"] & { readonly labels?: Labels };
  readonly spec: {
    readonly selector: { readonly matchLabels: Labels } & Labels;
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: {
        readonly containers: readonly { readonly ports?: readonly Port[] }[];
      };
    };
    readonly ports: readonly Port[];
    readonly podMetricsEndpoints: readonly Endpoint[];
    readonly endpoints: readonly Endpoint[];
  };
}

/** The planner's and the agent's pods of an overlay: labels and ports. */
async function podsOf(folder: string) {
  return (await render(`${folder}/overlays/planner-owner`))
    .filter(({ kind }) => ["Deployment", "DaemonSet"].includes(kind))
    .map(({ metadata: { name }, spec: { template } }) => ({
      name,
      labels: template.metadata.labels,
      ports: template.spec.containers.flatMap(({ ports = [] }) => ports),
    }));
}

async function render(folder: string): Promise<Read[]> {
  return readManifests(await kustomizeBuild(folder)) as Read[];
}

const ofKind = (objects: readonly Read[], kind: string) =>
  objects.filter((one) => one.kind === kind);
const matches = (wanted: Labels, labels: Labels = {}) =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

Deno.test({
  name: "PodMonitors: each pod once, on a port that it has",
  ignore: KUSTOMIZE === undefined,
  fn: async () => {
    await using deploy = await filledDeploy();
    const objects = await render(`${deploy.folder}/monitoring`);
    assert.deepEqual(ofKind(objects, "ServiceMonitor"), []);
    for (const { name, labels, ports } of await podsOf(deploy.folder)) {
      const endpoints = ofKind(objects, "PodMonitor").flatMap(({ spec }) =>
        matches(spec.selector.matchLabels, labels)
          ? spec.podMetricsEndpoints
          : []
      );
      assert.equal(endpoints.length, 1, name);
      assert.ok(
        ports.some((port) => port.name === endpoints[0]?.port),
        `${name} has no port "${endpoints[0]?.port}"`,
      );
    }
  },
});

Deno.test({
  name:
    "ServiceMonitors: each pod once, through one Service, on a port that it has; the rest as with PodMonitors",
  ignore: KUSTOMIZE === undefined,
  fn: async () => {
    await using deploy = await filledDeploy();
    const byPod = await render(`${deploy.folder}/monitoring`);
    const objects = await render(`${deploy.folder}/monitoring-by-service`);
    assert.deepEqual(ofKind(objects, "PodMonitor"), []);
    for (const { name, labels, ports } of await podsOf(deploy.folder)) {
      const services = ofKind(objects, "Service").filter(({ spec }) =>
        matches(spec.selector, labels)
      );
      assert.equal(services.length, 1, name);
      const [service] = services;
      const endpoints = ofKind(objects, "ServiceMonitor").flatMap(({ spec }) =>
        matches(spec.selector.matchLabels, service?.metadata.labels)
          ? spec.endpoints
          : []
      );
      assert.equal(endpoints.length, 1, name);
      const port = service?.spec.ports.find((one) =>
        one.name === endpoints[0]?.port
      );
      const target = ports.find((one) => one.name === port?.targetPort);
      assert.equal(target?.containerPort, port?.port, name);
      const monitored = ofKind(byPod, "PodMonitor").find(({ spec }) =>
        matches(spec.selector.matchLabels, labels)
      )?.spec.podMetricsEndpoints;
      assert.deepEqual(endpoints, monitored, "scraped in the same way");
    }
    const rest = (all: readonly Read[]) =>
      all.filter(({ kind }) =>
        !["Service", "ServiceMonitor", "PodMonitor"].includes(kind)
      );
    assert.deepEqual(rest(objects), rest(byPod));
  },
});

Deno.test({
  name: "a real API server takes the Services strictly, without a warning",
  ignore: KUBE === undefined || KUSTOMIZE === undefined,
  fn: async () => {
    await using cluster = await startCluster();
    await using deploy = await filledDeploy();
    using api = new RawApi(cluster.adminEndpoint);
    await cluster.applyFiles(
      "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: wattkeeper-system\n",
    );
    const objects = await render(`${deploy.folder}/monitoring-by-service`);
    const services = ofKind(objects, "Service");
    assert.equal(services.length, 2);
    for (const service of services) {
      const answer = await api.send({
        method: "POST",
        path:
          "/api/v1/namespaces/wattkeeper-system/services?fieldValidation=Strict",
        body: service,
      });
      assert.equal(answer.status, 201, answer.message);
      assert.deepEqual(answer.warnings, []);
    }
  },
});
