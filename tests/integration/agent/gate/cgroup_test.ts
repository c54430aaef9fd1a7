import { deepStrictEqual, strictEqual } from "node:assert";
import { ProcessTable } from "../../../../agent/identity/mod.ts";
import { OPEN } from "./fake_ledger.ts";
import { UID_A } from "./gate_house.ts";
import { outcomeOf, RealGate } from "./gate_process.ts";

/** Where the machine's cgroup v2 hierarchy is: alone, or beside v1. */
const ROOTS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

/** A folder in which this test may make cgroups, or undefined. */
function cgroupRoot(): string | undefined {
  return ROOTS.find((root) => {
    const probe = `${root}/wattkeeper-test-${Deno.pid}`;
    try {
      Deno.statSync(`${root}/cgroup.controllers`);
      Deno.mkdirSync(probe);
      Deno.removeSync(probe);
      return true;
    } catch {
      return false;
    }
  });
}

const root = cgroupRoot();

Deno.test({
  name: "a real process in a real cgroup is known by the kernel's word alone",
  ignore: root === undefined,
  async fn() {
    const top = `${root}/wattkeeper-test-${Deno.pid}`;
    const folders = [top, `${top}/kubepods`, `${top}/kubepods/pod${UID_A}`];
    const container = `${folders[2]}/${"ab".repeat(32)}`;
    for (const folder of [...folders, container]) Deno.mkdirSync(folder);
    try {
      await using gate = new RealGate(new ProcessTable("/proc"));
      await gate.startAgent();
      gate.ledger.decide(OPEN);
      const child = gate.spawn({
        before: `echo $$ > ${container}/cgroup.procs`,
        command: ["sh", "-c", `cat ${container}/cgroup.procs`],
      });
      const { stdout } = await outcomeOf(child);
      strictEqual(stdout.split("\n")[0], `${child.pid}`);
      deepStrictEqual(gate.ledger.asked, [{ podUid: UID_A, pid: child.pid }]);
    } finally {
      for (const folder of [container, ...folders.toReversed()]) {
        Deno.removeSync(folder);
      }
    }
  },
});
