/** Reading DGDs and adapters: roles, counts, GPUs, caps, models, and hostile objects (P86–P99). @module */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  adapterFault,
  bestVersion,
  dynamoView,
  readAdapter,
  readGraphDeployment,
} from "../../../../../planner/fleets/kubernetes/dynamo/mod.ts";
import { findRoles } from "../../../../../planner/fleets/kubernetes/roles.ts";
import type { ComponentRole } from "../../../../../planner/fleets/kubernetes/component.ts";

const META = {
  namespace: "prod",
  name: "llm",
  uid: "u1",
  resourceVersion: "5",
  generation: 3,
};

function template(gpus: unknown, args: readonly string[] = []) {
  return {
    spec: {
      containers: [{
        name: "main",
        args,
        resources: { limits: { "nvidia.com/gpu": gpus } },
      }],
    },
  };
}

function graph(
  components: readonly unknown[],
  status: Record<string, unknown> = {},
) {
  return readGraphDeployment({
    metadata: META,
    spec: { components },
    status: { observedGeneration: 3, ...status },
  }, "v1beta1");
}

const decode = (change: Record<string, unknown> = {}) => ({
  name: "decode",
  type: "decode",
  replicas: 2,
  podTemplate: template(2),
  ...change,
});

function only(components: readonly unknown[], status = {}) {
  const [component] = graph(components, status).components;
  assert(component);
  return component;
}

Deno.test("available counts before ready, even at zero; what a status leaves out is zero (P94)", () => {
  const counts = (status: unknown) =>
    only([decode()], { components: { decode: status } }).counts.serving;
  assert.equal(counts({ readyReplicas: 4, availableReplicas: 0 }), 0);
  assert.equal(counts({ readyReplicas: 4 }), 4);
  assert.equal(counts({ replicas: 2 }), 0);
});

Deno.test("facts of a status count only for its own generation (P89)", () => {
  const facts = {
    components: { decode: { gpusPerReplica: 16, gpuPowerLimitWatts: 350 } },
  };
  const current = only([decode()], facts);
  assert.equal(current.gpusPerReplica, 16);
  assert.equal(current.authoredCapWatts, 350);
  assert.equal(current.lagging, false);
  for (const observedGeneration of [2, 4, undefined]) {
    const other = only([decode()], { ...facts, observedGeneration });
    assert.equal(other.gpusPerReplica, 2);
    assert.equal(other.authoredCapWatts, undefined);
  }
  assert.equal(
    only([decode()], { ...facts, observedGeneration: 2 }).lagging,
    true,
  );
});

Deno.test("a shape of 0 says that nobody knows it", () => {
  const shape = { components: { decode: { gpusPerReplica: 0 } } };
  assert.equal(
    only([decode({ podTemplate: undefined })], shape).gpusPerReplica,
    undefined,
  );
});

Deno.test("GPUs are counted over nodes; node counts of zero and less are problems (C257)", () => {
  assert.equal(
    only([decode({ multinode: { nodeCount: 3 } })]).gpusPerReplica,
    6,
  );
  for (const nodeCount of [0, -1, -3, 1.5, "2"]) {
    const found = only([decode({ multinode: { nodeCount } })]);
    assert.match(found.problems.join(), /multinode\.nodeCount/);
  }
  for (const gpus of ["0", "-1", "eight", 1.5]) {
    const found = only([decode({ podTemplate: template(gpus) })]);
    assert.equal(found.gpusPerReplica, undefined);
  }
});

Deno.test("a cap on the template is a whole number above zero, blanks forgiven (C248–C250)", () => {
  const cap = (value: string) =>
    only([
      decode({
        podTemplate: {
          ...template(1),
          metadata: {
            annotations: { "dynamo.nvidia.com/gpu-power-limit": value },
          },
        },
      }),
    ]);
  assert.equal(cap("350").authoredCapWatts, 350);
  assert.equal(cap(" 300 ").authoredCapWatts, 300);
  for (const bad of ["", "  ", "abc", "3.5", "0", "-1", "-300", "1e3"]) {
    assert.equal(cap(bad).authoredCapWatts, undefined, bad);
    assert.match(cap(bad).problems.join(), /gpu-power-limit/);
  }
});

Deno.test("the model is what the engine is told to serve, in any of its spellings", () => {
  const model = (...args: string[]) =>
    only([decode({ podTemplate: template(1, args) })]).modelName;
  assert.equal(model("--model", "a", "--served-model-name", "b"), "b");
  assert.equal(model("--model=a"), "a");
  assert.equal(model("-c", "exec python -m vllm --model a --tp 2"), "a");
  assert.equal(model("--model", "--tp"), undefined);
  assert.equal(model(), undefined);
});

Deno.test("an endpoint names the runtime's component, with or without its scheme; a malformed one does not", () => {
  const component = (endpoint: string) =>
    only([decode({ podTemplate: template(1, ["--endpoint", endpoint]) })])
      .runtimeComponent;
  assert.equal(component("dyn://ns.worker.generate"), "worker");
  assert.equal(component("ns.worker.generate"), "worker");
  assert.equal(component("ns.worker"), undefined);
  assert.equal(component("dyn://..generate"), undefined);
});

Deno.test("roles go by type, then by the one generic worker, then by usual names; problems come together (P87, P88)", () => {
  const found = (...components: [string, ComponentRole][]) => {
    const { sides, problems } = findRoles(
      components.map(([name, role]) => ({ name, role })),
      ["prefill", "decode"],
    );
    return {
      prefill: sides.prefill?.name,
      decode: sides.decode?.name,
      problems: problems.length,
    };
  };
  assert.deepEqual(found(["p", "prefill"], ["d", "decode"]), {
    prefill: "p",
    decode: "d",
    problems: 0,
  });
  assert.deepEqual(found(["p", "prefill"], ["whatever", "worker"]), {
    prefill: "p",
    decode: "whatever",
    problems: 0,
  });
  assert.deepEqual(
    found(["VllmPrefillWorker", "untyped"], ["VllmDecodeWorker", "untyped"]),
    { prefill: "VllmPrefillWorker", decode: "VllmDecodeWorker", problems: 0 },
  );
  assert.deepEqual(found(["a", "prefill"], ["b", "prefill"]), {
    prefill: undefined,
    decode: undefined,
    problems: 2,
  });
  // Two generic workers are told apart by nothing.
  assert.equal(
    found(["p", "prefill"], ["x", "worker"], ["y", "worker"]).decode,
    undefined,
  );
});

Deno.test("sides that serve different models are a problem with both names (C374)", () => {
  const view = dynamoView({
    graph: graph([
      decode({ podTemplate: template(1, ["--model", "a"]) }),
      {
        name: "prefill",
        type: "prefill",
        podTemplate: template(1, ["--model", "b"]),
      },
    ]),
    adapters: [],
    adapterVersion: undefined,
    wanted: ["prefill", "decode"],
    servedModelName: "a",
  });
  assert.match(view.problems.join(), /prefill "b", decode "a"/);
});

Deno.test("the namespace at run time is the status' word, else the base with the workers' hash (P93)", () => {
  const namespace = (status: object, labels: object = {}) =>
    dynamoView({
      graph: readGraphDeployment({
        metadata: { ...META, labels },
        spec: { components: [decode()] },
        status: { observedGeneration: 3, ...status },
      }, "v1beta1"),
      adapters: [],
      adapterVersion: undefined,
      wanted: ["decode"],
      servedModelName: undefined,
    }).runtimeNamespace;
  const hash = { "nvidia.com/current-worker-hash": "abc" };
  assert.equal(
    namespace({ components: { decode: { runtimeNamespace: "said" } } }, hash),
    "said",
  );
  assert.equal(namespace({}, hash), "prod-llm-abc");
  assert.equal(namespace({}), undefined);
});

Deno.test("a component of a group is not scaled, and says why", () => {
  const view = dynamoView({
    graph: readGraphDeployment({
      metadata: META,
      spec: {
        components: [decode()],
        experimental: {
          componentGroups: [{
            name: "pair",
            replicas: 1,
            components: [{ name: "decode" }],
          }],
        },
      },
    }, "v1beta1"),
    adapters: [],
    adapterVersion: undefined,
    wanted: ["decode"],
    servedModelName: undefined,
  });
  const scaler = view.sides.decode?.scaler;
  assert(scaler?.kind === "none");
  assert.match(scaler.reason, /component group "pair"/);
});

Deno.test("nine kinds of adapters that cannot be trusted are told apart (P99)", () => {
  const good = {
    metadata: {
      ...META,
      name: "llm-decode",
      uid: "a1",
      ownerReferences: [{
        apiVersion: "nvidia.com/v1beta1",
        kind: "DynamoGraphDeployment",
        name: "llm",
        uid: "u1",
        controller: true,
      }],
    },
    spec: { replicas: 2, dgdRef: { name: "llm", componentName: "decode" } },
  };
  const owner = good.metadata.ownerReferences[0]!;
  const fault = (object: unknown) =>
    adapterFault(readAdapter(object), {
      graph: graph([decode()]),
      component: "decode",
      strict: true,
    });
  assert.equal(fault(good), undefined);
  const change = (metadata: object, spec: object = {}) => ({
    metadata: { ...good.metadata, ...metadata },
    spec: { ...good.spec, ...spec },
  });
  const owned = (more: object) =>
    change({ ownerReferences: [{ ...owner, ...more }] });
  const bad: [RegExp, unknown][] = [
    [/being deleted/, change({ deletionTimestamp: "2026-01-01T00:00:00Z" })],
    [/no UID or resourceVersion/, change({ resourceVersion: undefined })],
    [/no whole number/, change({}, { replicas: false })],
    [/no whole number/, change({}, { replicas: -1 })],
    [/no whole number/, change({}, { replicas: 1.5 })],
    [/not "decode" of "llm"/, change({}, { dgdRef: { name: "other" } })],
    [/no controller/, change({ ownerReferences: [] })],
    [/is owned by/, owned({ uid: "u2" })],
    [/is owned by/, owned({ uid: undefined })],
    [/is owned by/, owned({ kind: "Deployment" })],
    [/is owned by/, owned({ name: "other" })],
    [/is owned by/, owned({ apiVersion: "apps/v1" })],
    [
      /has the label/,
      change({
        labels: { "nvidia.com/dynamo-graph-deployment-name": "other" },
      }),
    ],
  ];
  for (const [expected, object] of bad) {
    assert.match(fault(object) ?? "trusted", expected);
  }
});

Deno.test("the best of the served versions is read, others are not", () => {
  assert.equal(bestVersion(["v1alpha1", "v1beta1"]), "v1beta1");
  assert.equal(bestVersion(["v1alpha1"]), "v1alpha1");
  assert.equal(bestVersion(["v2"]), undefined);
});

Deno.test("property: no object, however hostile, makes reading throw", () => {
  const hostile = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constant(null),
      fc.boolean(),
      fc.double(),
      fc.string(),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          "metadata",
          "spec",
          "status",
          "components",
          "services",
          "name",
          "type",
          "replicas",
          "podTemplate",
          "containers",
          "resources",
          "limits",
          "nvidia.com/gpu",
          "multinode",
          "nodeCount",
          "annotations",
          "labels",
          "ownerReferences",
          "managedFields",
          "fieldsV1",
          "dgdRef",
          "scalingAdapter",
          "experimental",
          "componentGroups",
          "args",
          "__proto__",
        ),
        tie("value"),
        { maxKeys: 8 },
      ),
    ),
  })).value;
  fc.assert(fc.property(hostile, hostile, (object, other) => {
    for (const version of ["v1beta1", "v1alpha1"] as const) {
      const view = dynamoView({
        graph: readGraphDeployment(object, version),
        adapters: [readAdapter(other)],
        adapterVersion: "v1beta1",
        wanted: ["prefill", "decode"],
        servedModelName: "m",
      });
      for (const component of Object.values(view.sides)) {
        assert(component.podsPerReplica >= 1);
        assert((component.gpusPerReplica ?? 1) > 0);
      }
    }
  }));
});
