/** Processes on the GPUs of a node whose agent is measured. @module */

import { podCgroup } from "../../unit/agent/identity/fake_proc.ts";

/**
 * A `/proc` with processes in pods' cgroups, as many on each GPU. The processes are real, so that `stat` costs what it
 * costs.
 */
export class Processes implements AsyncDisposable {
  /** PIDs by GPU. */
  readonly perGpu: number[][] = [];
  readonly #children: Deno.ChildProcess[] = [];

  /**
   * @param folder becomes the `/proc`
   * @param uids of the pods, one a GPU
   */
  static async create(
    folder: string,
    count: number,
    uids: readonly string[],
  ): Promise<Processes> {
    const all = new Processes();
    all.perGpu.push(...uids.map(() => []));
    await Deno.mkdir(`${folder}/sys/kernel/random`, { recursive: true });
    await Deno.writeTextFile(`${folder}/sys/kernel/random/boot_id`, "boot\n");
    // Long after the processes have begun: young ones prove nothing.
    await Deno.writeTextFile(`${folder}/uptime`, "100000000.00 1.00\n");
    for (let n = 0; n < count; n++) {
      const child = new Deno.Command("sleep", { args: ["600"] }).spawn();
      all.#children.push(child);
      const gpu = n % uids.length;
      all.perGpu[gpu]!.push(child.pid);
      await Deno.mkdir(`${folder}/${child.pid}`);
      for (const name of ["stat", "oom_score_adj"]) {
        await Deno.symlink(
          `/proc/${child.pid}/${name}`,
          `${folder}/${child.pid}/${name}`,
        );
      }
      await Deno.writeTextFile(
        `${folder}/${child.pid}/cgroup`,
        podCgroup(uids[gpu]!, "a".repeat(64)),
      );
    }
    return all;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      child.kill("SIGKILL");
      await child.status;
    }
  }
}
