/** Every example is accepted: by the planner, by kustomize, by a real API server, and by its own policies. @module */

import assert from "node:assert/strict";
import { parse } from "yaml";
import { readPod } from "../../../cluster/mod.ts";
import {
  KUBE,
  KUSTOMIZE,
  kustomizeBuild,
  type Manifest,
  readManifests,
  startCluster,
  until,
} from "../../kube/mod.ts";
import { Applier } from "../../kube/apply.ts";
import { RawApi } from "./raw_api.ts";
import { CRDS } from "./surroundings.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const EXAMPLES = `${ROOT}deploy/examples`;
const NAMES = ["dgd-disagg", "dgd-shared-rack", "vllm-plain"];
/** Folders with the settings of one planner. */
const PLANNERS = [
  "dgd-disagg/settings",
  "dgd-shared-rack/chat/settings",
  "dgd-shared-rack/code/settings",
  "vllm-plain/settings",
];

Deno.test("each folder of deploy/examples is tried here", () =>
  assert.deepEqual(
    Array.from(Deno.readDirSync(EXAMPLES), ({ name }) => name).sort(),
    NAMES,
  ));

/** Runs the program as a person does. */
async function program(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${ROOT}main.ts`, ...args],
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

async function settingsOf(folder: string): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(`${EXAMPLES}/${folder}/settings.env`);
  return Object.fromEntries(
    text.split("\n").filter((line) => /^[A-Z]/.test(line)).map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

/** What the manifests set in the planner's environment. */
function environmentOf(settings: Record<string, string>) {
  return {
    WATTKEEPER_ENVIRONMENT: "kubernetes",
    WATTKEEPER_NAMESPACE: settings["DEPLOYMENT_NAMESPACE"] ?? "",
    WATTKEEPER_DGD_NAME: settings["DGD_NAME"] ?? "",
    WATTKEEPER_POWER_AGENT_SAFE_DEFAULT_WATTS: settings["SAFE_DEFAULT_WATTS"] ??
      "",
    WATTKEEPER_ADVISORY: "false",
    WATTKEEPER_POWER_CAP_OWNER: "planner",
    WATTKEEPER_START_MODE: "gate",
  };
}

for (const folder of [...PLANNERS, "../overlays/dev/settings"]) {
  Deno.test(`plan --check accepts ${folder}/planner.yaml as its manifests run it`, async () => {
    const environment = environmentOf(await settingsOf(folder));
    const { code, stdout, stderr } = await program(
      ["plan", "--check", "--config", `${EXAMPLES}/${folder}/planner.yaml`],
      folder.includes("dev")
        ? { ...environment, WATTKEEPER_ENVIRONMENT: "simulated" }
        : environment,
    );
    assert.equal(code, 0, stdout + stderr);
  });
}

Deno.test("the budgets of the shared rack are what the budget command gives", async () => {
  const { code, stdout } = await program([
    ...["budget", "--rack-watts", "14kW", "--nodes", "2"],
    ...["--sku", "h200_sxm", "--dgd", "chat=8", "--dgd", "code=8"],
  ]);
  assert.equal(code, 0);
  const readme = await Deno.readTextFile(
    `${EXAMPLES}/dgd-shared-rack/README.md`,
  );
  for (const name of ["chat", "code"]) {
    const planner = parse(
      await Deno.readTextFile(
        `${EXAMPLES}/dgd-shared-rack/${name}/settings/planner.yaml`,
      ),
    );
    const fields = stdout.split(`# planner.yaml of ${name}\n`)[1] ?? "";
    assert.match(
      fields,
      new RegExp(`total_gpu_power_limit: ${planner.total_gpu_power_limit}\n`),
    );
    assert.match(
      fields,
      new RegExp(`max_gpu_budget: ${planner.max_gpu_budget}\n`),
    );
  }
  const table = stdout.slice(0, stdout.indexOf("# planner.yaml")).trimEnd();
  assert.ok(readme.includes(table), "the transcript is this very output");
});

Deno.test({
  name:
    "every example is applied server-side, and its workers pass its policies",
  ignore: KUBE === undefined || KUSTOMIZE === undefined,
  fn: async (t) => {
    await using cluster = await startCluster();
    using api = new RawApi(cluster.adminEndpoint);
    await cluster.applyFiles(`${CRDS.join("\n---\n")}\n`);
    await cluster.applyFiles(`${ROOT}deploy/base/crd`);
    const paths = new Applier(cluster.client);
    for (const name of NAMES) {
      await t.step(name, async () => {
        const objects = readManifests(
          await kustomizeBuild(`${EXAMPLES}/${name}`),
        );
        const first = (one: Manifest) => one.kind === "Namespace" ? 0 : 1;
        for (const object of objects.toSorted((a, b) => first(a) - first(b))) {
          const answer = await api.send({
            method: "PATCH",
            path: `${await paths.path(
              object,
            )}?fieldManager=test&force=true&fieldValidation=Strict`,
            contentType: "application/apply-patch+yaml",
            body: object,
          });
          const said = `${object.kind} ${object.metadata.name}`;
          assert.ok([200, 201].includes(answer.status), said + answer.message);
          assert.deepEqual(answer.warnings, [], said);
        }
        const workers = objects.flatMap(templatesOf);
        assert.ok(workers.length > 0);
        for (const [i, { namespace, template }] of workers.entries()) {
          const pod = {
            apiVersion: "v1",
            kind: "Pod",
            ...template,
            metadata: { ...template.metadata, name: `${name}-worker-${i}` },
          };
          const path = `/api/v1/namespaces/${namespace}/pods`;
          await until("the namespace asks for the gate", async () => {
            const plain = await api.send({
              method: "POST",
              path: `${path}?dryRun=All`,
              body: {
                ...pod,
                spec: {
                  containers: [{
                    name: "main",
                    image: "vllm:1",
                    resources: { limits: { "nvidia.com/gpu": "1" } },
                  }],
                },
              },
            });
            return plain.status === 403;
          });
          const made = await api.send({ method: "POST", path, body: pod });
          assert.equal(made.status, 201, made.message);
          assert.equal(readPod(made.body).gated, true);
        }
      });
    }
  },
});

interface Template {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly spec: unknown;
}

/** Pod templates that ask for GPUs. */
function templatesOf(
  object: Manifest,
): { readonly namespace: string; readonly template: Template }[] {
  const namespace = object.metadata.namespace ?? "default";
  const spec: unknown = Reflect.get(object, "spec");
  const templates: unknown[] = object.kind === "DynamoGraphDeployment"
    ? listOf(spec, "components").map((one) =>
      Reflect.get(Object(one), "podTemplate")
    )
    : object.kind === "Deployment"
    ? [Reflect.get(Object(spec), "template")]
    : [];
  return templates.filter((one): one is Template =>
    JSON.stringify(one ?? "").includes('nvidia.com/gpu":')
  ).map((template) => ({ namespace, template }));
}

function listOf(value: unknown, key: string): unknown[] {
  const found: unknown = Reflect.get(Object(value), key);
  return Array.isArray(found) ? found : [];
}
