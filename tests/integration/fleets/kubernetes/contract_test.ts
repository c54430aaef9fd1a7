/** The Kubernetes fleet keeps what every fleet promises, on a real API server. @module */

import { KUBE, startCluster } from "../../../kube/mod.ts";
import { fleetContract } from "../../../unit/planner/fleets/contract.ts";
import { kubernetesRig } from "./rig.ts";
import { CRD_FOLDERS } from "./crds.ts";

Deno.test({
  name: "kubernetes: what every fleet promises",
  ignore: KUBE === undefined,
}, async (t) => {
  await using cluster = await startCluster();
  for (const folder of CRD_FOLDERS) await cluster.applyFiles(folder);
  const rules: [string, () => Promise<void>][] = [];
  let count = 0;
  fleetContract(
    () => kubernetesRig(cluster, `rule-${++count}`),
    (what, check) => void rules.push([what, check]),
  );
  for (const [what, check] of rules) await t.step(what, check);
});
