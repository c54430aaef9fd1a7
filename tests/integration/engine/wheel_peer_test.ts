/** The real engine as judge, on the tables of its own release. @module */

import assert from "node:assert/strict";
import { Peer, peerPython } from "../../peer/peer.ts";
import { MLA_MODELS } from "../../peer/queries.ts";
import { chooseSeed, Random } from "../../peer/random.ts";
import { askProduct } from "./ask_product.ts";
import { assertAgreement, comparePeer } from "./peer_comparison.ts";
import { peerPackage, TestData } from "./test_data.ts";

/** Systems and default versions of the release (`aic-engine.md` §1.2). */
const SYSTEMS = [
  "h100_sxm",
  "h200_sxm",
  "b200_sxm",
  "b300_sxm",
  "gb200",
  "gb300",
];
const DEFAULTS = [
  { backend: "vllm", version: "0.24.0" },
  { backend: "trtllm", version: "1.3.0rc20" },
  { backend: "sglang", version: "0.5.14" },
];

/** A few identities, another choice each run: one of every backend, the rest anything. */
function randomIdentities(random: Random, count: number) {
  const chosen = new Map<
    string,
    { system: string; backend: string; version: string }
  >();
  while (chosen.size < count) {
    const defaults = DEFAULTS[chosen.size] ?? random.pick(DEFAULTS);
    const identity = { system: random.pick(SYSTEMS), ...defaults };
    chosen.set(Object.values(identity).join("/"), identity);
  }
  return [...chosen.values()];
}

Deno.test({
  name:
    "[peer] product and reference answer random questions as the real engine does, or refuse as it does",
  ignore: peerPython() === undefined,
  async fn(t) {
    const seed = chooseSeed();
    const identities = randomIdentities(new Random(seed), 4);
    await using test = await TestData.import(await peerPackage(), identities);
    await using peer = Peer.start();
    const common = { peer, seed, budgetMs: 60_000 } as const;
    const product = (question: Parameters<typeof askProduct>[1]) =>
      askProduct(test.opener, question);

    await t.step("product, dense models and mixtures of experts", async () => {
      const scope = { tables: identities };
      const comparison = await comparePeer({
        ...common,
        scope,
        count: 320,
        ask: product,
      });
      assert.ok(
        comparison.judged.length >= 300,
        "fewer than 300 questions in the time there is",
      );
      assertAgreement(comparison);
    });

    await t.step("product, latent attention", async () => {
      const scope = { tables: identities, models: MLA_MODELS };
      assertAgreement(
        await comparePeer({ ...common, scope, count: 60, ask: product }),
      );
    });

    await t.step("reference", async () => {
      const scope = { tables: identities };
      const ask = (question: Parameters<typeof askProduct>[1]) =>
        test.askReference(question);
      assertAgreement(await comparePeer({ ...common, scope, count: 40, ask }));
    });
  },
});
