/** Every overlay renders, and a real API server takes all of it without a word of warning. @module */

import assert from "node:assert/strict";
import {
  KUBE,
  KUSTOMIZE,
  kustomizeBuild,
  type Manifest,
  readManifests,
  startCluster,
} from "../../kube/mod.ts";
import { Applier } from "../../kube/apply.ts";
import { filledDeploy, NAMESPACE, SETTINGS } from "./filled_deploy.ts";
import { RawApi } from "./raw_api.ts";

const OVERLAYS = [
  "advisory",
  "planner-owner",
  "deployment-owner",
  "prearm",
  "dev",
];
const DEPLOY = new URL("../../../deploy", import.meta.url).pathname;

Deno.test({
  name: "each folder of deploy/overlays is rendered here",
  fn: () =>
    assert.deepEqual(
      Array.from(Deno.readDirSync(`${DEPLOY}/overlays`), ({ name }) => name)
        .sort(),
      OVERLAYS.toSorted(),
    ),
});

Deno.test({
  name: "every overlay is applied server-side, strictly, without a warning",
  ignore: KUBE === undefined || KUSTOMIZE === undefined,
  fn: async (t) => {
    await using cluster = await startCluster();
    await using deploy = await filledDeploy();
    using api = new RawApi(cluster.adminEndpoint);
    await cluster.applyFiles(
      `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${NAMESPACE}\n`,
    );
    await cluster.applyFiles(`${deploy.folder}/base/crd`);
    const paths = new Applier(cluster.client);
    for (const overlay of OVERLAYS) {
      await t.step(overlay, async () => {
        const text = await kustomizeBuild(
          `${deploy.folder}/overlays/${overlay}`,
        );
        const objects = inOrder(readManifests(text));
        assert.ok(objects.length > 15);
        for (const object of objects) {
          const path = await paths.path(object);
          const answer = await api.send({
            method: "PATCH",
            path: `${path}?fieldManager=test&force=true&fieldValidation=Strict`,
            contentType: "application/apply-patch+yaml",
            body: object,
          });
          const said = `${object.kind} ${object.metadata.name}`;
          assert.ok([200, 201].includes(answer.status), said + answer.message);
          assert.deepEqual(answer.warnings, [], said);
        }
      });
    }
  },
});

for (const missing of Object.keys(SETTINGS)) {
  Deno.test({
    name: `without ${missing} nothing renders, and the message names it`,
    ignore: KUSTOMIZE === undefined,
    fn: async () => {
      await using deploy = await filledDeploy({
        ...SETTINGS,
        [missing]: undefined,
      });
      await assert.rejects(
        kustomizeBuild(`${deploy.folder}/overlays/planner-owner`),
        new RegExp(`data\\.${missing}.*is missing`),
      );
    },
  });
}

Deno.test({
  name: "without planner.yaml nothing renders, and the message names it",
  ignore: KUSTOMIZE === undefined,
  fn: async () => {
    await using deploy = await filledDeploy();
    await Deno.remove(`${deploy.folder}/settings/planner.yaml`);
    await assert.rejects(
      kustomizeBuild(`${deploy.folder}/overlays/advisory`),
      /settings\/planner\.yaml/,
    );
  },
});

Deno.test({
  name: "as it ships, no overlay but the one without GPUs renders",
  ignore: KUSTOMIZE === undefined,
  fn: async () => {
    for (const overlay of OVERLAYS) {
      const rendering = kustomizeBuild(`${DEPLOY}/overlays/${overlay}`);
      if (overlay === "dev") await rendering;
      else await assert.rejects(rendering, /planner\.yaml|is missing/);
    }
  },
});

function inOrder(objects: readonly Manifest[]): Manifest[] {
  const last = (one: Manifest) =>
    ["Namespace", "CustomResourceDefinition"].includes(one.kind) ? 0 : 1;
  return objects.toSorted((a, b) => last(a) - last(b));
}
