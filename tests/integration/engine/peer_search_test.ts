/** Our answer is at least as good as the peer's own search, by the peer's own engine (issue: the peer's search as judge). @module */

import assert from "node:assert/strict";
import { openFleetSearch } from "../../../optimizer-wasm/search/mod.ts";
import { describePlan, judgePlan, planOf } from "../../peer/fleet_plan.ts";
import { Peer, peerPython } from "../../peer/peer.ts";
import { askPeerSearch } from "../../peer/peer_search.ts";
import { TESTED } from "../../peer/search_questions.ts";
import { peerPackage, TestData } from "./test_data.ts";

/** What two engines that agree may differ by. */
const ENGINES = 1e-3;
/** What question A of the specification is worth on these tables. */
const LEAST_OF_A = 11_600;

const python = peerPython();

for (const question of TESTED) {
  Deno.test({
    name:
      `[peer] the fleet for question ${question.name} is at least as good as that of aiconfigurator cli default`,
    ignore: python === undefined,
    async fn() {
      const { model, system, backend, totalGpus, ...targets } = question;
      const theirs = await askPeerSearch(python ?? "", question);
      const { version } = theirs;
      await using test = await TestData.import(await peerPackage(), [
        { system, backend, version },
      ]);
      const search = await openFleetSearch(test.opener, {
        ...{ model, system, backend, totalGpus, mode: "best" },
        ...{ backendVersion: version, databaseMode: "SILICON" },
      });
      const { best } = search.run({
        ...targets,
        totalGpus,
        caps: { kind: "own_draw" },
      });
      assert(best);
      await using peer = Peer.start();
      const context = { question, version };
      const plans = { peer: theirs.plan, ours: planOf(best) };
      const judged = {
        peer: await judgePlan(peer, plans.peer, context),
        ours: await judgePlan(peer, plans.ours, context),
      };
      for (const name of ["peer", "ours"] as const) {
        const { tokensPerSecond, ttftMs, itlMs, gpus, fits } = judged[name];
        console.log(
          `${question.name.padEnd(4)} ${name}  ${
            describePlan(plans[name]).padEnd(44)
          } ${gpus} of ${totalGpus} GPUs  ${
            tokensPerSecond.toFixed(1)
          } tokens/s  TTFT ${ttftMs.toFixed(1)} ms  ITL ${
            itlMs.toFixed(2)
          } ms  ${fits ? "fits" : "does not fit"}`,
        );
      }
      const { ours } = judged;
      assert(ours.fits);
      assert(ours.gpus <= totalGpus && ours.gpus === best.gpus);
      assert(ours.ttftMs <= question.ttftMs * (1 + ENGINES), `${ours.ttftMs}`);
      assert(ours.itlMs <= question.itlMs * (1 + ENGINES), `${ours.itlMs}`);
      const said = best.tokensPerSecond / ours.tokensPerSecond - 1;
      assert(Math.abs(said) <= ENGINES, `we say ${best.tokensPerSecond}`);
      assert(
        ours.tokensPerSecond >= judged.peer.tokensPerSecond * (1 - ENGINES),
      );
      if (question.name === "A") {
        assert(ours.tokensPerSecond >= LEAST_OF_A, `${ours.tokensPerSecond}`);
      }
    },
  });
}
