/** The virtual fleet over a real HTTP connection: an orchestrator that only speaks JSON drives it. @module */

import assert from "node:assert/strict";
import { realClock } from "../../../cluster/mod.ts";
import {
  OBSERVED_PATH,
  VirtualFleet,
  WANTED_PATH,
} from "../../../planner/fleets/mod.ts";

const STATEMENT = {
  sides: {
    decode: {
      target_replicas: 1,
      ready_replicas: 1,
      rollout: "settled",
      gpus_per_replica: 1,
      resource_version: "1",
    },
  },
};

Deno.test("an orchestrator waits for a decision, carries it out, and the step is done", async () => {
  const fleet = new VirtualFleet({ clock: realClock, token: "t0ken" });
  const stop = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen: () => {} },
    async (request) =>
      await fleet.handle(request) ?? new Response(null, { status: 404 }),
  );
  const base = `http://127.0.0.1:${server.addr.port}`;
  const headers = { authorization: "Bearer t0ken" };
  const say = async (acknowledged: number, version: string) => {
    const response = await fetch(`${base}${OBSERVED_PATH}`, {
      method: "POST",
      headers,
      body: JSON.stringify({
        acknowledged_generation: acknowledged,
        sides: {
          decode: { ...STATEMENT.sides.decode, resource_version: version },
        },
      }),
    });
    await response.body?.cancel();
    return response.status;
  };
  try {
    assert.equal(await say(0, "1"), 200);
    const waiting = fetch(`${base}${WANTED_PATH}?after=0&wait_seconds=20`, {
      headers,
    });
    const applied = fleet.apply({
      kind: "scale",
      side: "decode",
      replicas: 3,
      fromReplicas: 1,
      resourceVersion: "1",
    }, stop.signal);
    const wanted = await (await waiting).json();
    assert.equal(wanted.sides.decode.replicas, 3);
    assert.equal(await say(wanted.generation, "2"), 200);
    assert.deepEqual(await applied, { kind: "done" });

    const stranger = await fetch(`${base}${WANTED_PATH}`);
    assert.equal(stranger.status, 401);
    await stranger.body?.cancel();
    const huge = await fetch(`${base}${OBSERVED_PATH}`, {
      method: "POST",
      headers,
      body: new Uint8Array(17 << 20),
    });
    assert.equal(huge.status, 413);
    await huge.body?.cancel();
  } finally {
    stop.abort();
    await server.finished;
  }
});
