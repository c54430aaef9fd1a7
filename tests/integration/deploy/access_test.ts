/** Who may what in an installed system, by real bound tokens on a real API server (R44). @module */

import assert from "node:assert/strict";
import {
  POWER_GRANT_ANNOTATION as GRANT,
  POWER_LIMIT_ANNOTATION as LIMIT,
} from "../../../cluster/mod.ts";
import { KUBE, KUSTOMIZE } from "../../kube/mod.ts";
import { type Attempt, ATTEMPTS } from "./attempts/mod.ts";
import { AccessWorld, annotate, report } from "./access_world.ts";
import { ACCESS_PAGE, accessPage } from "./access_page.ts";
import { NAMESPACE } from "./filled_deploy.ts";

const POD = `/api/v1/namespaces/${NAMESPACE}/pods/worker`;

Deno.test({
  name: "every forbidden request is refused, every needed one allowed",
  ignore: KUBE === undefined || KUSTOMIZE === undefined,
  fn: async (t) => {
    await using world = await AccessWorld.open("prearm");
    await world.policiesInForce();
    await world.as("administrator").send(report("POST", "node-b"));
    const answers: string[] = [];
    for (const attempt of ATTEMPTS) {
      const expected = attempt.refused ? `refused by ${attempt.by}` : "allowed";
      await t.step(`${attempt.who} ${attempt.what}: ${expected}`, async () => {
        const uid = await freshWorker(world);
        const answer = await world.as(attempt.who).send(
          await attempt.request(uid, (path) => world.version(path)),
        );
        check(attempt, answer.status, answer.message);
        answers.push(answer.message);
      });
    }
    await t.step("the page of the documentation says the same", async () => {
      const page = accessPage(answers);
      if (Deno.env.get("WATTKEEPER_WRITE_DOCS")) {
        await Deno.writeTextFile(ACCESS_PAGE, page);
      }
      assert.equal(
        await Deno.readTextFile(ACCESS_PAGE),
        page,
        "Write it anew: run this test with WATTKEEPER_WRITE_DOCS=1.",
      );
    });
  },
});

function check(attempt: Attempt, status: number, message: string): void {
  if (attempt.refused === undefined) {
    assert.ok(status < 300, `${status}: ${message}`);
    return;
  }
  assert.ok([403, 422].includes(status), `${status}: ${message}`);
  assert.match(message, attempt.refused);
  assert.equal(
    /ValidatingAdmissionPolicy/.test(message) ? "policy" : "RBAC",
    attempt.by,
    message,
  );
}

/** A pod `worker` that the planner has granted 300 W in generation 5.3. */
async function freshWorker(world: AccessWorld): Promise<string> {
  await world.as("administrator").send({
    method: "DELETE",
    path: `${POD}?gracePeriodSeconds=0`,
  });
  const uid = await world.pod("worker", { note: "kept" });
  const answer = await world.as("planner").send(
    annotate("worker", { [GRANT]: `v1 ${uid} 5.3 300 500`, [LIMIT]: "300" }),
  );
  assert.equal(answer.status, 200, answer.message);
  return uid;
}
