/** What a process has in memory and has used of the processor, as the kernel counts it. @module */

/** Resident memory, MiB. */
export interface Resident {
  readonly total: number;
  /** Of its own: heaps and stacks. */
  readonly anonymous: number;
  /** Pages of files, most of them the runtime's own. */
  readonly file: number;
  /** The most that it ever had. */
  readonly peak: number;
}

/** @returns the process's resident memory */
export function residentOf(pid: number): Resident {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const mib = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)![1]) / 1024;
  return {
    total: mib("VmRSS"),
    anonymous: mib("RssAnon"),
    file: mib("RssFile"),
    peak: mib("VmHWM"),
  };
}

/** `59.6 MiB (62.5 MB): anonymous 38.1, files 21.5; at most 75.1 MiB (78.7 MB)`. */
export function residentText(resident: Resident): string {
  const { total, anonymous, file, peak } = resident;
  return `${bothUnits(total)}: anonymous ${anonymous.toFixed(1)}, files ${
    file.toFixed(1)
  }; at most ${bothUnits(peak)}`;
}

function bothUnits(mib: number): string {
  return `${mib.toFixed(1)} MiB (${(mib * 1.048576).toFixed(1)} MB)`;
}

/** @returns processor time that the process has used, milliseconds */
export function cpuMsOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
