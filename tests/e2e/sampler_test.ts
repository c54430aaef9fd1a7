/** The judge of the end-to-end tests can say no. @module */

import assert from "node:assert/strict";
import { until } from "../kube/mod.ts";
import { CC_NOTE, FakeNvml, HAS_CC } from "../nvml_fake/fake.ts";
import { Sampler } from "./world/sampler.ts";

Deno.test({
  name:
    `the sampler sums the limits of GPUs in use, and tells what is above the budget${CC_NOTE}`,
  ignore: !HAS_CC,
}, async () => {
  using one = await FakeNvml.create(2);
  using two = await FakeNvml.create(1);
  await using sampler = new Sampler(
    [one, two].map(({ folder }) => `${folder}/nvml_state.bin`),
  );
  sampler.allow(1_000);
  const seen = async () => {
    await sampler.take();
    let samples = await sampler.take();
    await until("there is a sample", async () => {
      samples = await sampler.take();
      return samples.samples > 0;
    });
    return samples;
  };

  assert.equal((await seen()).largestWatts, 0, "nobody uses a GPU");
  one.setProcesses(0, [1]);
  two.setProcesses(0, [2]);
  one.setLimitWatts(0, 400);
  two.setLimitWatts(0, 600);
  const within = await seen();
  assert.equal(within.largestWatts, 1_000);
  assert.equal(within.violations, 0);
  two.setLimitWatts(0, 601);
  const above = await seen();
  assert.equal(above.violations, above.samples);
  assert.equal(above.worstExcessWatts, 1);
  sampler.allow(1_001);
  assert.equal((await seen()).violations, 0);
});
