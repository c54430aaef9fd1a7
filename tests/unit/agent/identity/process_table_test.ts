import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { ProcessTable } from "../../../../agent/identity/process_table.ts";
import { FakeProc, podCgroup } from "./fake_proc.ts";

const A = "cafe0001-dead-0002-beef-000000000001";
const B = "cafe0001-dead-0002-beef-000000000002";

/** The pod UID that a reading names. */
function podOf(table: ProcessTable, pid: number): string | undefined {
  const reading = table.read(pid);
  return reading.kind === "running" && reading.cgroup.kind === "pod"
    ? reading.cgroup.podUid
    : undefined;
}

Deno.test("a process is its PID and its start time, and its cgroup's pod", () => {
  using proc = new FakeProc();
  proc.run(100, { cgroup: podCgroup(A), startTicks: 777 });
  const reading = new ProcessTable(proc.root).read(100);
  ok(reading.kind === "running");
  strictEqual(reading.startTicks, 777);
  ok(reading.cgroup.kind === "pod");
  strictEqual(reading.cgroup.podUid, A);
});

Deno.test("a name may hold what it likes", () => {
  using proc = new FakeProc();
  const name = ") Z 1 1 (x) \n 4 ";
  proc.run(100, { cgroup: podCgroup(A), startTicks: 777, name });
  const reading = new ProcessTable(proc.root).read(100);
  ok(reading.kind === "running");
  strictEqual(reading.startTicks, 777);
});

Deno.test("no process of the PID: gone", () => {
  using proc = new FakeProc();
  strictEqual(new ProcessTable(proc.root).read(100).kind, "gone");
});

Deno.test("a zombie alone is gone; one with threads that live on is not", () => {
  using proc = new FakeProc();
  const table = new ProcessTable(proc.root);
  proc.run(100, { cgroup: "0::/\n", state: "Z", threads: 1 });
  strictEqual(table.read(100).kind, "gone");
  proc.run(100, { cgroup: "0::/\n", state: "Z", threads: 3 });
  strictEqual(table.read(100).kind, "unknown");
});

Deno.test("a process on its way out is unknown: its cgroup may read as the root already", () => {
  using proc = new FakeProc();
  proc.run(100, { cgroup: "0::/\n", flags: 0x4 });
  strictEqual(new ProcessTable(proc.root).read(100).kind, "unknown");
});

Deno.test("a process whose cgroup is gone while its stat is there is not outside pods", () => {
  using proc = new FakeProc();
  proc.run(100, {});
  strictEqual(new ProcessTable(proc.root).read(100).kind, "gone");
});

Deno.test("what cannot be read is unknown, not outside pods", () => {
  using proc = new FakeProc();
  proc.run(100, { cgroup: podCgroup(A) });
  const table = new ProcessTable(proc.root, (path) => {
    if (path.endsWith("/cgroup")) throw new Deno.errors.PermissionDenied("no");
    return Deno.readTextFileSync(path);
  });
  strictEqual(table.read(100).kind, "unknown");
});

Deno.test("a process that ends between open and read is gone", () => {
  using proc = new FakeProc();
  const table = new ProcessTable(proc.root, () => {
    throw Object.assign(new Error("No such process"), { code: "ESRCH" });
  });
  strictEqual(table.read(100).kind, "gone");
});

Deno.test("a PID reused between the start time and the cgroup is not mistaken", () => {
  using proc = new FakeProc();
  proc.run(100, { cgroup: podCgroup(A), startTicks: 777 });
  const table = new ProcessTable(proc.root, (path) => {
    if (path.endsWith("/100/cgroup")) {
      proc.run(100, { cgroup: podCgroup(B), startTicks: 888 });
    }
    return Deno.readTextFileSync(path);
  });
  deepStrictEqual(table.read(100), {
    kind: "unknown",
    reason: "it ended while it was read",
  });
});

Deno.test("a PID reused between two passes is another process", () => {
  using proc = new FakeProc();
  const table = new ProcessTable(proc.root);
  proc.run(100, { cgroup: podCgroup(A), startTicks: 777 });
  strictEqual(podOf(table, 100), A);
  proc.run(100, { cgroup: podCgroup(B), startTicks: 888 });
  strictEqual(podOf(table, 100), B);
});

Deno.test("a process that was moved from outside pods to a pod is seen after 9 passes at most", () => {
  using proc = new FakeProc();
  const table = new ProcessTable(proc.root);
  proc.run(100, { cgroup: "0::/system.slice/containerd.service\n" });
  table.read(100);
  proc.run(100, { cgroup: podCgroup(B) });
  const seen = Array.from({ length: 9 }, () => podOf(table, 100));
  strictEqual(seen.at(-1), B);
});

for (const pid of [64, 100, 127]) {
  Deno.test(`process ${pid}, moved from a pod to another, is seen after 4 minutes at most and 2 at least`, () => {
    using proc = new FakeProc();
    let now = 0;
    const table = new ProcessTable(proc.root, undefined, () => now);
    proc.run(pid, { cgroup: podCgroup(A) });
    table.read(pid);
    proc.run(pid, { cgroup: podCgroup(B) });
    now = 119_999;
    strictEqual(podOf(table, pid), A);
    now = 240_000;
    strictEqual(podOf(table, pid), B);
  });
}

Deno.test("a process that is only glanced at is read again in its time", async () => {
  let now = 0;
  const table = new ProcessTable("/proc", undefined, () => now);
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const first = table.glance(child.pid);
  table.glance(child.pid);
  now = 240_000;
  table.forgetUnread();
  const again = table.glance(child.pid);
  deepStrictEqual(again, first);
  ok(again !== first, "the cgroup was read anew");
  child.kill("SIGKILL");
  await child.status;
});

Deno.test("a real process that is glanced at each pass is kept in sight, and let go of when it ends", async () => {
  const table = new ProcessTable("/proc");
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const first = table.read(child.pid);
  strictEqual(table.openFiles, 0, "not for one reading");
  for (let pass = 0; pass < 3; pass++) {
    deepStrictEqual(table.glance(child.pid), first);
    table.forgetUnread();
  }
  strictEqual(table.openFiles, 1);
  child.kill("SIGKILL");
  await child.status;
  strictEqual(table.glance(child.pid).kind, "gone");
  strictEqual(table.openFiles, 0);
});

Deno.test("a real process that nobody glances at any more is let go of", async () => {
  const table = new ProcessTable("/proc");
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  table.glance(child.pid);
  table.glance(child.pid);
  strictEqual(table.openFiles, 1);
  table.forgetUnread();
  table.forgetUnread();
  strictEqual(table.openFiles, 0);
  child.kill("SIGKILL");
  await child.status;
});

Deno.test("a made-up process is never kept: its files can be replaced", () => {
  using proc = new FakeProc();
  const table = new ProcessTable(proc.root);
  proc.run(100, { cgroup: podCgroup(A), startTicks: 777 });
  Deno.writeTextFileSync(`${proc.root}/100/oom_score_adj`, "0\n");
  for (let pass = 0; pass < 3; pass++) table.glance(100);
  strictEqual(table.openFiles, 0);
  proc.run(100, { cgroup: podCgroup(B), startTicks: 888 });
  const reading = table.glance(100);
  ok(reading.kind === "running" && reading.cgroup.kind === "pod");
  strictEqual(reading.cgroup.podUid, B);
});

Deno.test("a process read every pass costs one file; one nobody reads is forgotten", () => {
  using proc = new FakeProc();
  proc.run(100, { cgroup: podCgroup(A) });
  const paths: string[] = [];
  const table = new ProcessTable(proc.root, (path) => {
    paths.push(path.slice(proc.root.length));
    return Deno.readTextFileSync(path);
  });
  table.read(100);
  deepStrictEqual(paths.splice(0), ["/100/stat", "/100/cgroup", "/100/stat"]);
  table.forgetUnread();
  table.read(100);
  deepStrictEqual(paths.splice(0), ["/100/stat"]);
  table.forgetUnread();
  table.forgetUnread();
  table.read(100);
  strictEqual(paths.length, 3);
});

Deno.test("only folders that are PIDs are processes", () => {
  using proc = new FakeProc();
  proc.run(42, { cgroup: podCgroup(A) });
  deepStrictEqual(
    new ProcessTable(proc.root).pids()?.sort((a, b) => a - b),
    [1, 42],
  );
  strictEqual(new ProcessTable("/does/not/exist").pids(), undefined);
});

Deno.test("this very process is found in the machine's own /proc", () => {
  const table = new ProcessTable("/proc");
  const reading = table.read(Deno.pid);
  ok(reading.kind === "running", JSON.stringify(reading));
  const uptimeTicks = table.uptimeTicks() ?? 0;
  ok(reading.startTicks > 0 && reading.startTicks <= uptimeTicks + 1);
  ok(table.pids()?.includes(Deno.pid));
});
