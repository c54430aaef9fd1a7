/** Events as `kubectl describe` shows them: typed, counted, and never a flood (R29). @module */

import assert from "node:assert/strict";
import {
  EventRecorder,
  type FleetEvent,
} from "../../../../planner/fleets/kubernetes/events/mod.ts";
import { KUBE, Stage, startCluster, textAt } from "../../../kube/mod.ts";
import { CRD_FOLDERS } from "./crds.ts";
import { DISAGG } from "./rig.ts";

const SILENT: FleetEvent = {
  reason: "AgentSilent",
  type: "Warning",
  action: "Watch",
  key: "n1",
  message: "The agent of node n1 is silent.",
};

interface StoredEvent {
  readonly reason: string;
  readonly type: string;
  readonly message: string;
  readonly count: number;
  readonly series?: { readonly count: number };
  readonly source: { readonly component: string };
  readonly reportingComponent: string;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
}

Deno.test({
  name: "events on a DGD",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  for (const folder of CRD_FOLDERS) await cluster.applyFiles(folder);
  const { client } = cluster;
  let nowMs = 1_000_000;
  const clock = {
    now: () => nowMs,
    wallMs: () => Date.UTC(2026, 0, 1) + nowMs,
    sleep: () => Promise.resolve(),
  };
  const open = async (namespace: string) => {
    const stage = await Stage.open(client, namespace);
    const graph = await stage.graph("llm", DISAGG);
    const about = {
      apiVersion: "nvidia.com/v1beta1",
      kind: "DynamoGraphDeployment",
      namespace,
      name: "llm",
      uid: textAt(graph, "metadata", "uid"),
      resourceVersion: textAt(graph, "metadata", "resourceVersion"),
    };
    const recorder = new EventRecorder({
      api: client,
      clock,
      instance: "planner-1",
      uniqueName: () => crypto.randomUUID().slice(0, 13),
    });
    return {
      recorder,
      tell: async (event: FleetEvent) => {
        recorder.tell(event, about, new AbortController().signal);
        await recorder.flush();
      },
      // As `kubectl describe` asks for them.
      found: async () => {
        const selector = new URLSearchParams({
          fieldSelector: `involvedObject.uid=${about.uid}`,
        });
        const { items } = await client.get(
          `/api/v1/namespaces/${namespace}/events?${selector}`,
        ) as { items: StoredEvent[] };
        return items;
      },
    };
  };

  await t.step("one thing that lasts is one Event with a count", async () => {
    const { tell, found } = await open("lasts");
    for (let minute = 0; minute < 3; minute++) {
      for (let look = 0; look < 30; look++) await tell(SILENT);
      nowMs += 60_000;
    }
    const [event, ...more] = await found();
    assert.deepEqual(more, []);
    assert(event);
    assert.equal(event.reason, "AgentSilent");
    assert.equal(event.type, "Warning");
    assert.equal(event.count, 3);
    assert.equal(event.series?.count, 3);
    assert.equal(event.source.component, "wattkeeper-planner");
    assert.equal(event.reportingComponent, "wattkeeper-planner");
    assert.equal(
      Date.parse(event.lastTimestamp) - Date.parse(event.firstTimestamp),
      120_000,
    );
  });

  await t.step("different things are different Events", async () => {
    const { tell, found } = await open("different");
    await tell(SILENT);
    await tell({ ...SILENT, key: "n2", message: "And n2." });
    assert.deepEqual(
      (await found()).map(({ message }) => message).sort(),
      ["And n2.", "The agent of node n1 is silent."],
    );
  });

  await t.step("a flood becomes a trickle", async () => {
    const { tell, found, recorder } = await open("flood");
    for (let node = 0; node < 500; node++) {
      await tell({ ...SILENT, key: `n${node}` });
    }
    const first = (await found()).length;
    assert(first <= 20, `${first}`);
    assert(recorder.counts.held >= 480);
    nowMs += 60_000;
    for (let node = 0; node < 500; node++) {
      await tell({ ...SILENT, key: `m${node}` });
    }
    assert((await found()).length <= first + 6);
  });

  await t.step(
    "one that the API server has forgotten is written anew",
    async () => {
      const { tell, found } = await open("forgotten");
      await tell(SILENT);
      const { items } = await client.get(
        "/api/v1/namespaces/forgotten/events",
      ) as { items: { metadata: { name: string } }[] };
      for (const { metadata } of items) {
        await client.delete(
          `/api/v1/namespaces/forgotten/events/${metadata.name}`,
        );
      }
      assert.equal((await found()).length, 0);
      nowMs += 60_000;
      await tell(SILENT);
      assert.equal((await found()).length, 1);
    },
  );
});
