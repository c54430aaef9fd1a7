/** The CRD on a real API server: what it stores, refuses and shows. @module */

import assert from "node:assert/strict";
import {
  ApiError,
  decodeNodePowerReport,
  encodeNodePowerReport,
  type NodePowerReport,
  REPORTS_PATH,
} from "../../../cluster/mod.ts";
import { KUBE, Stage, startCluster } from "../../kube/mod.ts";
import { WHOLE_REPORT } from "../../unit/cluster/whole_report.ts";

const REPORT: NodePowerReport = { ...WHOLE_REPORT, nodeName: "gpu-1" };

type Breakage = (
  // deno-lint-ignore no-explicit-any -- a test breaks any field of the object it likes
  status: any,
) => void;

const BREAKAGES: readonly [what: string, change: Breakage][] = [
  ["local time", (status) => status.observedAt = "Monday"],
  ["a negative sequence", (status) => status.sequence = -1],
  ["half a sequence", (status) => status.sequence = 1.5],
  ["GPUs as a map", (status) => status.gpus = {}],
  ["watts as text", (status) => status.gpus[0].limitWatts = "300"],
  ["watts below zero", (status) => status.gpus[0].limitWatts = -1],
  ["a share of 2", (status) => status.gpus[0].powerCappedShare = 2],
  ["an unknown state", (status) => status.gpus[1].state = "fine"],
  ["a bad generation", (status) => status.gpus[0].appliedGeneration = "5"],
  ["a pod without UID", (status) => delete status.gpus[0].pod.uid],
  ["one GPU twice", (status) => status.gpus[1].uuid = "GPU-1"],
  ["no boot id", (status) => delete status.bootId],
  [
    "200 GPUs",
    (status) =>
      status.gpus = Array.from({ length: 200 }, (_, i) => ({
        ...status.gpus[1],
        uuid: `GPU-${i}`,
      })),
  ],
];

Deno.test(
  { name: "NodePowerReport", ignore: KUBE === undefined },
  async (t) => {
    await using cluster = await startCluster();
    await cluster.applyFiles(
      new URL("../../../deploy/base/crd", import.meta.url).pathname,
    );
    const { client } = cluster;
    const stage = await Stage.open(client, "prod");
    const path = `${REPORTS_PATH}/gpu-1`;

    await t.step("is stored whole, and read as it was written", async () => {
      await stage.report(REPORT);
      const reading = decodeNodePowerReport(await client.get(path));
      assert.equal(reading.kind, "report");
      assert.deepEqual(
        JSON.parse(JSON.stringify(reading)).report,
        JSON.parse(JSON.stringify(REPORT)),
      );
    });

    await t.step("its status is not written through the object", async () => {
      await client.mergePatch(path, { status: { sequence: 99 } });
      const reading = decodeNodePowerReport(await client.get(path));
      assert.ok(reading.kind === "report");
      assert.equal(reading.report.sequence, 41);
    });

    for (const [what, change] of BREAKAGES) {
      await t.step(`refuses ${what}`, async () => {
        const stored = await client.get(path) as {
          metadata: { resourceVersion: string };
        };
        const { resourceVersion } = stored.metadata;
        const object = encodeNodePowerReport(REPORT);
        const status = JSON.parse(JSON.stringify(object.status));
        change(status);
        await assert.rejects(
          client.replace(`${path}/status`, {
            ...object,
            metadata: { ...object.metadata, resourceVersion },
            status,
          }),
          (error) => error instanceof ApiError && error.kind === "invalid",
        );
      });
    }

    await t.step("shows in a table what `kubectl get npr` shows", async () => {
      const { server, caCertificates, clientCertificate } =
        cluster.adminEndpoint;
      assert.ok(clientCertificate);
      using http = Deno.createHttpClient({
        caCerts: [...caCertificates],
        cert: clientCertificate.certificate,
        key: clientCertificate.key,
      });
      const response = await fetch(new URL(REPORTS_PATH, server), {
        headers: { accept: "application/json;as=Table;g=meta.k8s.io;v=v1" },
        client: http,
      });
      const table = await response.json();
      const shown = Object.fromEntries(
        table.columnDefinitions.map((column: { name: string }, i: number) => [
          column.name,
          table.rows[0].cells[i],
        ]),
      );
      delete shown["Reported"];
      assert.deepEqual(shown, {
        Name: "gpu-1",
        Waiting: null,
        Refused: null,
        Unknown: "GPU-2",
        Clamped: null,
        "Safe default": 500,
        Agent: "0.1.0",
        Sequence: 41,
      });
    });
  },
);
