/** The real engine as judge, on the tables of its own release. @module */

import assert from "node:assert/strict";
import { Peer, peerPython } from "../../peer/peer.ts";
import {
  DENSE_MODELS,
  type KnownTables,
  MLA_MODELS,
  MOE_MODELS,
  RELEASED_MODELS,
} from "../../peer/queries.ts";
import { chooseSeed, Random } from "../../peer/random.ts";
import { askProduct } from "./ask_product.ts";
import { assertAgreement, comparePeer } from "./peer_comparison.ts";
import { measuredIdentities, peerPackage, TestData } from "./test_data.ts";

/** Default versions of the release (`aic-engine.md` §1.2) and systems that have them. */
const DEFAULTS = [
  { backend: "vllm", version: "0.24.0" },
  { backend: "trtllm", version: "1.3.0rc20" },
  { backend: "sglang", version: "0.5.14" },
];
const MODELS = {
  ordinary: [
    ...DENSE_MODELS,
    ...MOE_MODELS,
    ...RELEASED_MODELS.dense,
    ...RELEASED_MODELS.moe,
  ],
  latent: [...MLA_MODELS, ...RELEASED_MODELS.mla],
};

/** A few identities, others each run: the defaults of three systems, and anything that has a table. */
async function randomIdentities(
  random: Random,
  folder: string,
): Promise<KnownTables[]> {
  const all = await measuredIdentities(folder);
  const chosen = DEFAULTS.map(({ backend, version }) =>
    random.pick(
      all.filter((it) => it.backend === backend && it.version === version),
    )
  );
  const other = random.pick(all.filter((it) => !chosen.includes(it)));
  return [...chosen, other];
}

Deno.test({
  name:
    "[peer] product and reference answer random questions as the real engine does, or refuse as it does",
  ignore: peerPython() === undefined,
  async fn(t) {
    const seed = chooseSeed();
    const folder = await peerPackage();
    const identities = await randomIdentities(new Random(seed), folder);
    await using test = await TestData.import(folder, identities);
    await using peer = Peer.start();
    const common = { peer, seed, budgetMs: 900_000 } as const;
    const product = (question: Parameters<typeof askProduct>[1]) =>
      askProduct(test.opener, question);

    await t.step("product, dense models and mixtures of experts", async () => {
      const scope = { tables: identities, models: MODELS.ordinary };
      // A quiet machine takes half a minute; a busy one may take its time.
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
      const scope = { tables: identities, models: MODELS.latent };
      assertAgreement(
        await comparePeer({ ...common, scope, count: 60, ask: product }),
      );
    });

    await t.step("reference", async () => {
      const models = [...MODELS.ordinary, ...MODELS.latent];
      const scope = { tables: identities, models };
      const ask = (question: Parameters<typeof askProduct>[1]) =>
        test.askReference(question);
      assertAgreement(await comparePeer({ ...common, scope, count: 40, ask }));
    });
  },
});
