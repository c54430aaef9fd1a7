/** Two planners on a real API server: whatever their clocks, pauses and links do, the budget holds (R28, R41, C4–C14). @module */

import assert from "node:assert/strict";
import type { Endpoint } from "../../../../cluster/mod.ts";
import type { KubernetesFleet } from "../../../../planner/fleets/mod.ts";
import {
  FaultyLink,
  KUBE,
  Stage,
  startCluster,
  type TestCluster,
  until,
} from "../../../kube/mod.ts";
import { AgentsRole } from "./agents_role.ts";
import { CRD_FOLDERS } from "./crds.ts";
import { PausedEndpoint } from "./paused_endpoint.ts";
import { type Caps, PlannerRole } from "./planner_role.ts";
import { CLOCK, disaggregated, openFleet } from "./rig.ts";

const BUDGET_WATTS = 800;
const PREFILL_FIRST: Caps = { prefill: 500, decode: 300 };
const DECODE_FIRST: Caps = { prefill: 300, decode: 500 };
/** A tenth of the usual times: a take-over in two seconds. */
const QUICK = {
  durationMs: 2_000,
  renewDeadlineMs: 1_300,
  renewMs: 400,
  retryMs: 150,
};
const ADMIN_ROLE = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: planners }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin }
subjects:
- { kind: ServiceAccount, name: planner, namespace: planners }
`;

/** One scenario: a namespace with two pods, agents, and planners that come and go. */
class Scenario implements AsyncDisposable {
  readonly agents: AgentsRole;
  readonly #stage: Stage;
  readonly #cluster: TestCluster;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #fleets: KubernetesFleet[] = [];

  private constructor(cluster: TestCluster, stage: Stage) {
    this.#cluster = cluster;
    this.#stage = stage;
    this.agents = new AgentsRole(cluster, stage);
    this.#running.push(this.agents.run(this.#stop.signal));
  }

  static async open(
    cluster: TestCluster,
    namespace: string,
  ): Promise<Scenario> {
    const stage = await Stage.open(cluster.client, namespace);
    await disaggregated(stage, { nodes: [`${namespace}-1`, `${namespace}-2`] });
    return new Scenario(cluster, stage);
  }

  /** Starts a planner. */
  async planner(
    caps: Caps,
    options: {
      readonly endpoint?: Endpoint;
      /** What its clocks show besides the truth, milliseconds. */
      readonly wallSkewMs?: number;
      readonly monotonicMs?: number;
    } = {},
  ): Promise<{ fleet: KubernetesFleet; role: PlannerRole }> {
    const { wallSkewMs = 0, monotonicMs = 0, endpoint } = options;
    const fleet = await openFleet(this.#cluster, {
      namespace: this.#stage.namespace,
      leaseTimes: QUICK,
      clock: {
        now: () => CLOCK.now() + monotonicMs,
        sleep: CLOCK.sleep,
        wallMs: () => CLOCK.wallMs() + wallSkewMs,
      },
      ...(endpoint ? { loadEndpoint: () => Promise.resolve(endpoint) } : {}),
    });
    this.#fleets.push(fleet);
    const role = new PlannerRole(fleet, { caps, budgetWatts: BUDGET_WATTS });
    this.#running.push(role.run(this.#stop.signal));
    return { fleet, role };
  }

  /** Waits until the hardware is where a planner wants it. */
  async reaches({ prefill, decode }: Caps): Promise<void> {
    await until(
      `prefill has ${prefill} W and decode ${decode} W`,
      () =>
        this.agents.wattsOf("prefill-0") === prefill &&
        this.agents.wattsOf("decode-0") === decode,
    );
  }

  /** The claim of the protocol, from the outside. */
  assertWithinBudget(): void {
    const over = this.agents.samples.filter(({ watts }) =>
      watts > BUDGET_WATTS
    );
    assert.deepEqual(over, []);
    assert(this.agents.samples.length >= 4, "nothing was sampled");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const fleet of this.#fleets) await fleet[Symbol.asyncDispose]();
    await Promise.all(this.#running);
  }
}

const held = (fleet: KubernetesFleet) =>
  fleet.snapshot(new AbortController().signal).then(({ lease }) =>
    lease?.heldByUs === true
  );

Deno.test({
  name: "two planners never both grant",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  for (const folder of CRD_FOLDERS) await cluster.applyFiles(folder);
  const account = await cluster.endpointFor({
    namespace: "planners",
    name: "planner",
  });
  await cluster.applyFiles(ADMIN_ROLE);

  await t.step(
    "with clocks an hour apart, one leads and one waits",
    async () => {
      await using scenario = await Scenario.open(cluster, "skew");
      const first = await scenario.planner(PREFILL_FIRST, {
        wallSkewMs: 3_600_000,
        monotonicMs: 1_000_000,
      });
      await scenario.reaches(PREFILL_FIRST);
      const second = await scenario.planner(DECODE_FIRST, {
        wallSkewMs: -3_600_000,
      });
      // Many times the Lease's duration: a judge by timestamps would have taken it long since.
      await until("the Lease was renewed ten times", async () => {
        assert.equal(await held(second.fleet), false);
        return first.role.deeds.length > 0 &&
          await renewals(cluster, "skew") >= 10;
      });
      assert.equal(await held(first.fleet), true);
      assert.equal(
        second.role.deeds.filter(({ outcome }) => outcome.kind === "done")
          .length,
        0,
      );
      scenario.assertWithinBudget();
    },
  );

  await t.step("a leader that stops gives the Lease up at once", async () => {
    await using scenario = await Scenario.open(cluster, "graceful");
    const first = await scenario.planner(PREFILL_FIRST);
    await scenario.reaches(PREFILL_FIRST);
    const second = await scenario.planner(DECODE_FIRST);
    await first.fleet[Symbol.asyncDispose]();
    await scenario.reaches(DECODE_FIRST);
    assert.equal(await held(second.fleet), true);
    scenario.assertWithinBudget();
  });

  await t.step("a paused leader wakes up and its raise dies", async () => {
    await using scenario = await Scenario.open(cluster, "paused");
    const way = new PausedEndpoint(account);
    const first = await scenario.planner(PREFILL_FIRST, {
      endpoint: way.endpoint,
    });
    await scenario.reaches(PREFILL_FIRST);
    // Its next raise is decided, and stands still before it is sent.
    first.role.caps = DECODE_FIRST;
    await until(
      "the leader has lowered prefill",
      () => scenario.agents.wattsOf("prefill-0") === 300,
    );
    way.pause();
    const second = await scenario.planner(PREFILL_FIRST);
    await until("the second leads", () => held(second.fleet));
    await scenario.reaches(PREFILL_FIRST);
    const before = first.role.deeds.length;
    way.resume();
    await until(
      "the first has heard of it",
      async () => first.role.deeds.length > before && !await held(first.fleet),
    );
    scenario.assertWithinBudget();
    await scenario.reaches(PREFILL_FIRST);
  });

  await t.step(
    "a packet of a paused leader that arrives after the take-over dies",
    async () => {
      await using scenario = await Scenario.open(cluster, "late");
      const way = new PausedEndpoint(account);
      const first = await scenario.planner(PREFILL_FIRST, {
        endpoint: way.endpoint,
      });
      await scenario.reaches(PREFILL_FIRST);
      first.role.halted = true;
      const { pods, lease } = await first.fleet.snapshot(
        new AbortController().signal,
      );
      const decode = pods.find(({ side }) => side === "decode")?.pod;
      assert(decode && lease);
      way.pause();
      const late = first.fleet.apply({
        kind: "patch",
        purpose: "raise",
        pod: decode,
        grant: {
          podUid: decode.uid,
          generation: { epoch: lease.epoch, sequence: 1_000 },
          watts: 500,
          boundWatts: 500,
        },
      }, new AbortController().signal);
      const second = await scenario.planner(PREFILL_FIRST);
      await until(
        "the second has stamped both pods",
        () =>
          second.role.deeds.filter(({ step, outcome }) =>
            step.kind === "patch" && step.purpose === "stamp" &&
            outcome.kind === "done"
          ).length === 2,
      );
      way.resume();
      assert.equal((await late).kind, "conflict");
      assert.equal(scenario.agents.wattsOf("decode-0"), 300);
      scenario.assertWithinBudget();
    },
  );

  await t.step(
    "a leader that is cut off writes nothing and follows",
    async () => {
      await using link = new FaultyLink(cluster.adminEndpoint.server);
      await using scenario = await Scenario.open(cluster, "partition");
      const first = await scenario.planner(PREFILL_FIRST, {
        endpoint: {
          ...cluster.adminEndpoint,
          server: link.through(cluster.adminEndpoint.server),
        },
      });
      await scenario.reaches(PREFILL_FIRST);
      const second = await scenario.planner(DECODE_FIRST);
      link.cut();
      await until("the second leads", () => held(second.fleet));
      assert.equal(await held(first.fleet), false);
      await scenario.reaches(DECODE_FIRST);
      link.mend();
      await until("the first knows who leads", async () => {
        const { lease } = await first.fleet.snapshot(
          new AbortController().signal,
        );
        return lease?.holder === second.fleet.holder;
      });
      scenario.assertWithinBudget();
      await scenario.reaches(DECODE_FIRST);
    },
  );

  await t.step(
    "a higher epoch from nowhere makes the leader step down and win anew",
    async () => {
      await using scenario = await Scenario.open(cluster, "epochs");
      const first = await scenario.planner(PREFILL_FIRST);
      await scenario.reaches(PREFILL_FIRST);
      const pods = "/api/v1/namespaces/epochs/pods";
      const { metadata } = await cluster.client.get(`${pods}/decode-0`) as {
        metadata: { uid: string };
      };
      await cluster.client.mergePatch(`${pods}/decode-0`, {
        metadata: {
          annotations: {
            "wattkeeper.dev/power-grant": `v1 ${metadata.uid} 77.1 300 300`,
          },
        },
      });
      await until("it leads in a higher epoch", async () => {
        const { lease } = await first.fleet.snapshot(
          new AbortController().signal,
        );
        return lease?.heldByUs && lease.epoch > 77;
      });
      scenario.assertWithinBudget();
    },
  );
});

/** How often the Lease has changed, by its transitions and renewals: its version moves with each. */
async function renewals(
  cluster: TestCluster,
  namespace: string,
): Promise<number> {
  const { metadata } = await cluster.client.get(
    `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/wattkeeper-planner-llm`,
  ) as { metadata: { resourceVersion: string } };
  const seen = SEEN.get(namespace) ?? new Set();
  seen.add(metadata.resourceVersion);
  SEEN.set(namespace, seen);
  return seen.size;
}

const SEEN = new Map<string, Set<string>>();
