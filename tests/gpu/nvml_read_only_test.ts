/** Read-only checks on a machine with a real NVIDIA GPU: no limit is set, nothing is changed (`task test:gpu`). @module */

import assert from "node:assert/strict";
import { realClock } from "../../cluster/mod.ts";
import type { NvmlBinder } from "../../agent/nvml/binder.ts";
import {
  dlopenBinder,
  NVML_LIBRARY_CANDIDATES,
  NVML_SYMBOL_NAMES,
  openNativeNvml,
} from "../../agent/nvml/mod.ts";
import { koffiBinder } from "../../agent/nvml/koffi_binder.ts";

const LIBRARY = NVML_LIBRARY_CANDIDATES.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});
const NOTE = LIBRARY ? "" : " [needs libnvidia-ml.so.1 of an NVIDIA driver]";

async function open(binder: NvmlBinder) {
  const opened = await openNativeNvml({
    binder,
    path: LIBRARY!,
    clock: realClock,
  });
  assert.ok(opened.ok, JSON.stringify(opened));
  return opened.value;
}

for (const binder of [dlopenBinder, koffiBinder]) {
  const spec = (name: string, fn: () => Promise<void>) =>
    Deno.test({
      name: `real NVML over ${binder.name}: ${name}${NOTE}`,
      ignore: LIBRARY === undefined,
      sanitizeOps: false,
      sanitizeResources: false,
      fn,
    });

  spec("every GPU answers with limits that make sense", async () => {
    const nvml = await open(binder);
    const found = await nvml.enumerate();
    assert.ok(found.ok);
    assert.ok(found.value.gpus.length > 0);
    const absent = NVML_SYMBOL_NAMES.filter((name) => !nvml.has(name));
    console.log(nvml.driver, "absent symbols:", absent);
    for (const gpu of found.value.gpus) {
      const limits = await nvml.limits(gpu.uuid);
      const telemetry = await nvml.telemetry(gpu.uuid);
      const processes = await nvml.processes(gpu.uuid);
      console.log(gpu, limits, telemetry, processes);
      assert.ok(limits.ok && telemetry.ok && processes.ok);
      const { managementWatts, minWatts, maxWatts, enforcedWatts } =
        limits.value;
      if (minWatts !== undefined && maxWatts !== undefined) {
        assert.ok(minWatts <= managementWatts && managementWatts <= maxWatts);
      }
      if (enforcedWatts !== undefined) assert.ok(enforcedWatts > 0);
      const draw = telemetry.value.drawWatts;
      if (draw !== undefined) assert.ok(draw > 0 && draw < 3_000);
    }
    await nvml.close();
  });

  spec("a whole reading of a GPU takes milliseconds", async () => {
    const nvml = await open(binder);
    const found = await nvml.enumerate();
    assert.ok(found.ok);
    const startedMs = performance.now();
    for (const { uuid } of found.value.gpus) {
      await nvml.limits(uuid);
      await nvml.telemetry(uuid);
      await nvml.processes(uuid);
    }
    const ms = (performance.now() - startedMs) / found.value.gpus.length;
    console.log(`${ms.toFixed(2)} ms a GPU`);
    await nvml.close();
  });
}
