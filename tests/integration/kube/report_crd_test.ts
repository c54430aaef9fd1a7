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
import {
  BROKEN_STATUSES,
  WHOLE_REPORT,
  withValue,
} from "../../unit/cluster/whole_report.ts";

const REPORT: NodePowerReport = { ...WHOLE_REPORT, nodeName: "gpu-1" };

const [, SILENT] = encodeNodePowerReport(REPORT).status.gpus as object[];

/** The API server knows that a boot id is needed, and that no node has so many GPUs. */
const REFUSED: typeof BROKEN_STATUSES = [
  ...BROKEN_STATUSES,
  ["no boot id", ["bootId"], undefined],
  [
    "200 GPUs",
    ["gpus"],
    Array.from({ length: 200 }, (_, i) => ({ ...SILENT, uuid: `GPU-${i}` })),
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

    for (const [what, where, value] of REFUSED) {
      await t.step(`refuses ${what}`, async () => {
        const stored = await client.get(path) as {
          metadata: { resourceVersion: string };
        };
        const { resourceVersion } = stored.metadata;
        const object = encodeNodePowerReport(REPORT);
        const whole = JSON.parse(JSON.stringify(object.status));
        const status = withValue(whole, where, value);
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
