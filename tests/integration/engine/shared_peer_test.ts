/** The real engine as judge, on the tables with measured power. @module */

import { Peer, peerPython } from "../../peer/peer.ts";
import { chooseSeed, Random } from "../../peer/random.ts";
import { askProduct } from "./ask_product.ts";
import { assertAgreement, comparePeer } from "./peer_comparison.ts";
import { sharedAicData, TestData } from "./test_data.ts";

const WITH_POWER = [
  { system: "h200_sxm", backend: "vllm", version: "0.22.0" },
  { system: "b200_sxm", backend: "vllm", version: "0.22.0" },
  { system: "b200_sxm", backend: "trtllm", version: "1.3.0rc15" },
];
const WITHOUT_POWER = [
  { system: "h200_sxm", backend: "vllm", version: "0.14.0" },
  { system: "h200_sxm", backend: "trtllm", version: "1.3.0rc10" },
  { system: "b200_sxm", backend: "vllm", version: "0.19.0" },
  { system: "b200_sxm", backend: "sglang", version: "0.5.10" },
  { system: "h100_sxm", backend: "vllm", version: "0.19.0" },
];

Deno.test({
  name:
    "[shared] product answers random questions on tables with power as the real engine does",
  ignore: peerPython() === undefined || sharedAicData() === undefined,
  async fn() {
    const folder = sharedAicData() ?? "";
    const seed = chooseSeed();
    const random = new Random(seed);
    const identities = [
      random.pick(WITH_POWER),
      random.pick(WITH_POWER),
      random.pick(WITHOUT_POWER),
    ]
      .filter((it, index, all) => all.indexOf(it) === index);
    await using test = await TestData.import(folder, identities);
    await using peer = Peer.start();
    assertAgreement(
      await comparePeer({
        peer,
        seed,
        scope: { tables: identities },
        count: 150,
        systemsPath: `${folder}/systems`,
        budgetMs: 300_000,
        ask: (question) => askProduct(test.opener, question),
      }),
    );
  },
});
