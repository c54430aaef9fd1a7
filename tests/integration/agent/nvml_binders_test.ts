/** One suite for both binders, over the fake library: the real ABI, real threads, real hangs. @module */

import assert from "node:assert/strict";
import { type Clock, realClock } from "../../../cluster/mod.ts";
import type { NvmlBinder } from "../../../agent/nvml/binder.ts";
import { dlopenBinder } from "../../../agent/nvml/dlopen_binder.ts";
import { koffiBinder } from "../../../agent/nvml/koffi_binder.ts";
import type { LimitsDepth } from "../../../agent/ports.ts";
import { NativeNvml, openNativeNvml } from "../../../agent/nvml/native.ts";
import { CC_NOTE, FakeNvml, HAS_CC } from "../../nvml_fake/fake.ts";

const GPU0 = "GPU-00000000-aaaa-bbbb-cccc-dddddddddddd";
const GPU1 = "GPU-00000001-aaaa-bbbb-cccc-dddddddddddd";

async function open(
  fake: FakeNvml,
  binder: NvmlBinder,
  deadlineMs = 2_000,
  clock: Clock = realClock,
): Promise<NativeNvml> {
  const opened = await openNativeNvml({
    binder,
    path: fake.library,
    clock,
    deadlineMs,
  });
  assert.ok(opened.ok, JSON.stringify(opened));
  assert.ok((await opened.value.enumerate()).ok);
  return opened.value;
}

/** Resolves once `condition` holds, looking each turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

for (const binder of [dlopenBinder, koffiBinder]) {
  const spec = (name: string, body: () => Promise<void>) =>
    Deno.test({
      name: `nvml over ${binder.name}: ${name}${CC_NOTE}`,
      ignore: !HAS_CC,
      // A hung call's thread and koffi's own workers outlive a test by design.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: body,
    });

  spec("finds GPUs by UUID with driver and model", async () => {
    using fake = await FakeNvml.create(2);
    const nvml = await open(fake, binder);
    const found = await nvml.enumerate();
    assert.ok(found.ok);
    assert.equal(found.value.complete, true);
    assert.deepEqual(found.value.gpus[1], {
      uuid: GPU1,
      index: 1,
      model: "NVIDIA H200",
      minor: 1,
      mig: false,
      migUuids: [],
    });
    assert.equal(nvml.driver.driverVersion, "570.124.06");
    assert.equal(nvml.driver.session, 1);
    await nvml.close();
  });

  spec("reads limits in watts, the enforced one apart", async () => {
    using fake = await FakeNvml.create(1);
    fake.set(0, "outOfBandMilliwatts", 567_500);
    const nvml = await open(fake, binder);
    assert.deepEqual(await nvml.limits(GPU0), {
      ok: true,
      value: {
        managementWatts: 700,
        enforcedWatts: 567.5,
        defaultWatts: 700,
        minWatts: 200,
        maxWatts: 700,
      },
    });
    await nvml.close();
  });

  spec("sets a limit in milliwatts", async () => {
    using fake = await FakeNvml.create(2);
    const nvml = await open(fake, binder);
    assert.ok((await nvml.setLimit(GPU1, 312.5)).ok);
    assert.equal(fake.limitWatts(1), 312.5);
    assert.deepEqual(fake.sets(0), []);
    await nvml.close();
  });

  spec("refuses to set when the handle is another GPU by now", async () => {
    using fake = await FakeNvml.create(1);
    const nvml = await open(fake, binder);
    fake.place(0, { uuid: "GPU-another" });
    const result = await nvml.setLimit(GPU0, 300);
    assert.ok(!result.ok);
    assert.equal(result.error.name, "AGENT_IDENTITY_MISMATCH");
    assert.deepEqual(fake.sets(0), []);
    await nvml.close();
  });

  spec("names NVML's errors", async () => {
    using fake = await FakeNvml.create(1);
    const nvml = await open(fake, binder);
    for (
      const [code, name] of [
        [4, "NVML_ERROR_NO_PERMISSION"],
        [15, "NVML_ERROR_GPU_IS_LOST"],
        [16, "NVML_ERROR_RESET_REQUIRED"],
        [999, "NVML_ERROR_UNKNOWN"],
        [77, "NVML_ERROR_77"],
      ] as const
    ) {
      fake.fail(0, "set_limit", code, 1);
      const result = await nvml.setLimit(GPU0, 300);
      assert.ok(!result.ok);
      assert.equal(result.error.name, name);
      assert.equal(result.error.call, "nvmlDeviceSetPowerManagementLimit");
    }
    await nvml.close();
  });

  spec("lists each PID once over all kinds, past the first guess", async () => {
    using fake = await FakeNvml.create(1);
    const many = Array.from({ length: 200 }, (_, i) => 1000 + i);
    fake.setProcesses(0, many);
    fake.setProcesses(0, [1000, 7], "graphics");
    fake.setProcesses(0, [8], "mps");
    const nvml = await open(fake, binder);
    const result = await nvml.processes(GPU0);
    assert.ok(result.ok);
    assert.deepEqual(result.value.map(({ pid }) => pid), [...many, 7, 8]);
    await nvml.close();
  });

  spec("reads draw, energy, reasons, violation and persistence", async () => {
    using fake = await FakeNvml.create(1);
    fake.setCounter(0, "energyMillijoules", 9_007_199_254_740_993_000n);
    fake.setCounter(0, "reasons", 0x84n);
    fake.setCounter(0, "violationNanoseconds", 5_000_000_000n);
    const nvml = await open(fake, binder);
    const result = await nvml.telemetry(GPU0);
    assert.ok(result.ok);
    assert.equal(result.value.drawWatts, 75);
    assert.deepEqual(result.value.throttleReasons, [
      "sw_power_cap",
      "hw_power_brake_slowdown",
    ]);
    assert.equal(result.value.powerViolationNanoseconds, 5_000_000_000n);
    assert.equal(result.value.persistenceMode, true);
    await nvml.close();
  });

  spec("what a device does not support is absent, not a fault", async () => {
    using fake = await FakeNvml.create(1);
    fake.unsupport(0, "enforced", "default", "constraints", "draw", "energy");
    const nvml = await open(fake, binder);
    const limits = await nvml.limits(GPU0);
    assert.ok(limits.ok);
    assert.equal(limits.value.enforcedWatts, undefined);
    assert.equal(limits.value.minWatts, undefined);
    const telemetry = await nvml.telemetry(GPU0);
    assert.ok(telemetry.ok);
    assert.equal(telemetry.value.drawWatts, undefined);
    await nvml.close();
  });

  spec("a library of the 450 series works with what it has", async () => {
    using fake = await FakeNvml.create(1, "old");
    fake.setProcesses(0, [41, 42]);
    fake.setCounter(0, "reasons", 0x4n);
    const nvml = await open(fake, binder);
    assert.equal(nvml.has("nvmlDeviceGetComputeRunningProcesses_v3"), false);
    const processes = await nvml.processes(GPU0);
    assert.ok(processes.ok);
    assert.deepEqual(processes.value, [{ pid: 41 }, { pid: 42 }]);
    const telemetry = await nvml.telemetry(GPU0);
    assert.ok(telemetry.ok);
    assert.deepEqual(telemetry.value.throttleReasons, ["sw_power_cap"]);
    await nvml.close();
  });

  spec(
    "a library newer than its driver falls back to the list that the driver has",
    async () => {
      using fake = await FakeNvml.create(1);
      fake.setProcesses(0, [41]);
      fake.fail(0, "compute", 13, 1);
      const nvml = await open(fake, binder);
      const processes = await nvml.processes(GPU0);
      assert.ok(processes.ok);
      assert.deepEqual(processes.value, [{ pid: 41 }]);
      await nvml.close();
    },
  );

  spec(
    "a library that cannot set limits reads them, and names what it lacks",
    async () => {
      using fake = await FakeNvml.create(1, "read_only");
      const nvml = await open(fake, binder);
      assert.ok((await nvml.limits(GPU0)).ok);
      const set = await nvml.setLimit(GPU0, 300);
      assert.ok(!set.ok);
      assert.deepEqual(set.error, {
        name: "AGENT_SYMBOL_MISSING",
        code: undefined,
        call: "nvmlDeviceSetPowerManagementLimit",
      });
      await nvml.close();
    },
  );

  spec(
    "the range is read with each enumeration, and when it is asked for",
    async () => {
      using fake = await FakeNvml.create(1);
      const nvml = await open(fake, binder);
      const minOf = async (depth: "all" | "moving") => {
        const limits = await nvml.limits(GPU0, depth);
        return limits.ok ? limits.value.minWatts : NaN;
      };
      assert.equal(await minOf("moving"), 200);
      fake.set(0, "minMilliwatts", 250_000);
      assert.equal(await minOf("moving"), 200);
      assert.equal(await minOf("all"), 250);
      fake.fail(0, "constraints", 999);
      assert.equal(await minOf("all"), undefined);
      fake.heal(0, "constraints");
      assert.equal(await minOf("moving"), 250);
      await nvml.close();
    },
  );

  spec(
    "the enforced limit is at most 1 s old in a pass, and fresh after a write and wherever it decides",
    async () => {
      using fake = await FakeNvml.create(1);
      let now = 0;
      const clock: Clock = { now: () => now, sleep: realClock.sleep };
      const nvml = await open(fake, binder, 2_000, clock);
      const enforced = async (depth: LimitsDepth) => {
        const limits = await nvml.limits(GPU0, depth);
        return limits.ok ? limits.value.enforcedWatts : NaN;
      };
      assert.equal(await enforced("management"), 700);
      fake.set(0, "outOfBandMilliwatts", 600_000);
      now = 999;
      assert.equal(await enforced("management"), 700);
      assert.equal(await enforced("moving"), 600);
      fake.set(0, "outOfBandMilliwatts", 500_000);
      assert.equal(await enforced("management"), 600);
      now = 1_999;
      assert.equal(await enforced("management"), 500);
      assert.ok((await nvml.setLimit(GPU0, 300)).ok);
      assert.equal(await enforced("management"), 300);
      await nvml.close();
    },
  );

  spec("what one call has read is not left for the next", async () => {
    using fake = await FakeNvml.create(1);
    const nvml = await open(fake, binder);
    const pids = async () => {
      const found = await nvml.processes(GPU0);
      return found.ok ? found.value.map(({ pid }) => pid) : undefined;
    };
    fake.setProcesses(0, [11, 12, 13]);
    assert.deepEqual(await pids(), [11, 12, 13]);
    fake.setProcesses(0, [21]);
    assert.deepEqual(await pids(), [21]);
    fake.setProcesses(0, []);
    assert.deepEqual(await pids(), []);
    await nvml.close();
  });

  spec("one hung GPU holds up nobody and is called once", async () => {
    using fake = await FakeNvml.create(2);
    const nvml = await open(fake, binder, 50);
    const before = fake.calls(0, "get_limit");
    fake.hang(0, "get_limit");
    const [first, second] = await Promise.all([
      nvml.limits(GPU0),
      nvml.limits(GPU1),
    ]);
    assert.ok(!first.ok);
    assert.equal(first.error.name, "AGENT_DEADLINE_EXCEEDED");
    assert.ok(second.ok);
    for (let i = 0; i < 20; i++) {
      const again = await nvml.limits(GPU0);
      assert.ok(!again.ok);
      assert.equal(again.error.name, "AGENT_CALL_OUTSTANDING");
    }
    assert.equal(fake.calls(0, "get_limit") - before, 1);
    assert.deepEqual([...nvml.hung()], [GPU0]);
    fake.unhang(0, "get_limit");
    await until(() => nvml.hung().size === 0);
    assert.ok((await nvml.limits(GPU0)).ok);
    await nvml.close();
  });

  spec("a lost GPU leaves the others and an incomplete list", async () => {
    using fake = await FakeNvml.create(2);
    const nvml = await open(fake, binder);
    fake.set(0, "lost", 1);
    const found = await nvml.enumerate();
    assert.ok(found.ok);
    assert.equal(found.value.complete, false);
    assert.deepEqual(found.value.gpus.map(({ uuid }) => uuid), [GPU1]);
    assert.equal(found.value.faults[0]?.error.name, "NVML_ERROR_GPU_IS_LOST");
    const limits = await nvml.limits(GPU0);
    assert.ok(!limits.ok);
    assert.equal(limits.error.name, "NVML_ERROR_GPU_IS_LOST");
    await nvml.close();
  });

  spec("a GPU that comes back under another index is found", async () => {
    using fake = await FakeNvml.create(2);
    const nvml = await open(fake, binder);
    fake.place(0, { uuid: GPU1 });
    fake.place(1, { uuid: GPU0 });
    assert.ok((await nvml.enumerate()).ok);
    assert.ok((await nvml.setLimit(GPU0, 333)).ok);
    assert.equal(fake.limitWatts(1), 333);
    await nvml.close();
  });

  spec("a driver reload begins a new session by itself", async () => {
    using fake = await FakeNvml.create(1);
    const nvml = await open(fake, binder);
    await nvml.setLimit(GPU0, 300);
    fake.reloadDriver();
    const during = await nvml.limits(GPU0);
    assert.ok(!during.ok);
    assert.equal(during.error.name, "NVML_ERROR_UNINITIALIZED");
    assert.ok((await nvml.enumerate()).ok);
    assert.equal(nvml.driver.session, 2);
    const limits = await nvml.limits(GPU0);
    assert.ok(limits.ok);
    assert.equal(limits.value.managementWatts, 700);
    await nvml.close();
  });

  spec("an unloaded driver is an error until it is back", async () => {
    using fake = await FakeNvml.create(1);
    const nvml = await open(fake, binder);
    fake.driverLoaded = false;
    const gone = await nvml.enumerate();
    assert.ok(!gone.ok);
    assert.equal(gone.error.name, "NVML_ERROR_DRIVER_NOT_LOADED");
    fake.driverLoaded = true;
    const back = await nvml.enumerate();
    assert.ok(back.ok, JSON.stringify(back));
    await nvml.close();
  });

  spec("shows MIG slices", async () => {
    using fake = await FakeNvml.create(1);
    fake.setMig(0, ["MIG-one", "MIG-two"]);
    const nvml = await open(fake, binder);
    const found = await nvml.enumerate();
    assert.ok(found.ok);
    assert.equal(found.value.gpus[0]?.mig, true);
    assert.deepEqual(found.value.gpus[0]?.migUuids, ["MIG-one", "MIG-two"]);
    await nvml.close();
  });

  spec("refuses implausible limits", async () => {
    using fake = await FakeNvml.create(1);
    fake.set(0, "limitMilliwatts", 0xffffffff);
    const nvml = await open(fake, binder);
    const limits = await nvml.limits(GPU0);
    assert.ok(!limits.ok);
    assert.equal(limits.error.name, "AGENT_IMPLAUSIBLE_VALUE");
    await nvml.close();
  });

  spec("a file that is no library is a reason, not a crash", async () => {
    const opened = await openNativeNvml({
      binder,
      path: "/etc/hostname",
      clock: realClock,
    });
    assert.ok(!opened.ok);
    assert.match(opened.error.name, /^AGENT_LIBRARY_NOT_LOADED/);
  });

  spec("a library that is not NVML names what it lacks", async () => {
    const libc = ["/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib64/libc.so.6"]
      .find((path) => {
        try {
          return Deno.statSync(path).isFile;
        } catch {
          return false;
        }
      });
    if (libc === undefined) return;
    const opened = await openNativeNvml({
      binder,
      path: libc,
      clock: realClock,
    });
    assert.ok(!opened.ok);
    assert.deepEqual(opened.error, {
      name: "AGENT_SYMBOL_MISSING",
      code: undefined,
      call: "nvmlInit_v2",
    });
  });
}
