/**
 * The fake `libnvidia-ml.so.1` from the test's side: builds it, places a copy with its own state file, looks at that
 * state and changes it while the library runs. Needs `cc`.
 *
 * @module
 */

import {
  FAKE_CALLS,
  type FakeCall,
  FAULTS,
  FOREVER,
  GPU_LISTS,
  GPU_U32,
  GPU_U64,
  type GpuField,
  HEADER,
  MAGIC,
  MAX_GPUS,
  PAGE_BYTES,
  SETS_KEPT,
} from "./layout.ts";

/** Whether the C compiler is there; tests that need it name it when it is not. */
export const HAS_CC = await new Deno.Command("cc", {
  args: ["--version"],
  stdout: "null",
  stderr: "null",
}).output().then((result) => result.success, () => false);

/** Name suffix of tests that need the compiler, when it is missing. */
export const CC_NOTE = HAS_CC
  ? ""
  : " [needs cc: apt-get install gcc libc6-dev]";

/** Which library to build: a current one, one of the 450 driver series, or one that cannot set limits. */
export type FakeGeneration = "current" | "old" | "read_only";

const builds = new Map<FakeGeneration, Promise<string>>();

/** Compiles the library once a process. @returns path of the shared object */
function build(generation: FakeGeneration): Promise<string> {
  const known = builds.get(generation);
  if (known) return known;
  const built = compile(generation);
  builds.set(generation, built);
  return built;
}

async function compile(generation: FakeGeneration): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "nvml-fake-build-" });
  const output = `${folder}/libnvidia-ml.so.1`;
  const source = new URL("./nvml_fake.c", import.meta.url).pathname;
  const result = await new Deno.Command("cc", {
    args: [
      ...["-shared", "-fPIC", "-O1", "-Wall", "-Werror"],
      ...(generation === "old" ? ["-DOLD_DRIVER"] : []),
      ...(generation === "read_only" ? ["-DREAD_ONLY"] : []),
      ...["-o", output, source, "-ldl"],
    ],
  }).output();
  if (!result.success) throw new Error(new TextDecoder().decode(result.stderr));
  globalThis.addEventListener(
    "unload",
    () => Deno.removeSync(folder, { recursive: true }),
  );
  return output;
}

/** How a GPU starts out. An H200 unless said otherwise. */
export interface FakeGpuOptions {
  readonly uuid?: string;
  readonly name?: string;
  readonly minWatts?: number;
  readonly defaultWatts?: number;
  readonly maxWatts?: number;
}

/** A library in a folder of its own, with `gpus` GPUs. */
export class FakeNvml implements Disposable {
  private constructor(
    readonly folder: string,
    private readonly file: Deno.FsFile,
  ) {}

  /** Absolute path to load. */
  get library(): string {
    return `${this.folder}/libnvidia-ml.so.1`;
  }

  static async create(
    gpus: number | readonly FakeGpuOptions[],
    generation: FakeGeneration = "current",
  ): Promise<FakeNvml> {
    const built = await build(generation);
    const folder = await Deno.makeTempDir({ prefix: "nvml-fake-" });
    await Deno.copyFile(built, `${folder}/libnvidia-ml.so.1`);
    const fake = FakeNvml.attach(folder, true);
    fake.file.truncateSync(PAGE_BYTES * (1 + MAX_GPUS));
    fake.#write32(HEADER.magic, MAGIC);
    fake.#write32(HEADER.driverLoaded, 1);
    fake.#write32(HEADER.session, 1);
    fake.#writeText(HEADER.driverVersion, "570.124.06");
    fake.#writeText(HEADER.nvmlVersion, "12.570.124.06");
    const all = typeof gpus === "number"
      ? Array.from({ length: gpus }, () => ({}))
      : gpus;
    all.forEach((options, index) => fake.place(index, options));
    fake.gpuCount = all.length;
    return fake;
  }

  /** Opens the state of a library that another process made. */
  static attach(folder: string, create = false): FakeNvml {
    const file = Deno.openSync(`${folder}/nvml_state.bin`, {
      read: true,
      write: true,
      create,
    });
    return new FakeNvml(folder, file);
  }

  /** Puts a GPU at an index, in its initial state. */
  place(index: number, options: FakeGpuOptions): void {
    const at = this.#page(index);
    this.file.seekSync(at, Deno.SeekMode.Start);
    this.file.writeSync(new Uint8Array(PAGE_BYTES));
    const {
      uuid = `GPU-0000000${index.toString(16)}-aaaa-bbbb-cccc-dddddddddddd`,
    } = options;
    this.#writeText(at + GPU_LISTS.uuid, uuid);
    this.#writeText(
      at + GPU_LISTS.name,
      options.name ?? "NVIDIA H200",
    );
    const defaultWatts = options.defaultWatts ?? 700;
    this.set(index, "minor", index);
    this.set(index, "minMilliwatts", (options.minWatts ?? 200) * 1000);
    this.set(index, "maxMilliwatts", (options.maxWatts ?? 700) * 1000);
    this.set(index, "defaultMilliwatts", defaultWatts * 1000);
    this.set(index, "limitMilliwatts", defaultWatts * 1000);
    this.set(index, "drawMilliwatts", 75_000);
    this.set(index, "persistence", 1);
  }

  get gpuCount(): number {
    return this.#read32(HEADER.gpuCount);
  }
  set gpuCount(count: number) {
    this.#write32(HEADER.gpuCount, count);
  }

  get(index: number, field: GpuField): number {
    return this.#read32(this.#page(index) + GPU_U32[field]);
  }
  set(index: number, field: GpuField, value: number): void {
    this.#write32(this.#page(index) + GPU_U32[field], value);
  }

  /** The management limit on the hardware, watts. */
  limitWatts(index: number): number {
    return this.get(index, "limitMilliwatts") / 1000;
  }
  setLimitWatts(index: number, watts: number): void {
    this.set(index, "limitMilliwatts", watts * 1000);
  }

  setCounter(
    index: number,
    field: keyof typeof GPU_U64,
    value: bigint,
  ): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    this.#writeAt(this.#page(index) + GPU_U64[field], bytes);
  }

  /** Replaces the processes on a GPU. */
  setProcesses(
    index: number,
    pids: readonly number[],
    kind: "compute" | "graphics" | "mps" = "compute",
  ): void {
    const at = this.#page(index) + GPU_LISTS[kind];
    pids.forEach((pid, i) => this.#write32(at + 4 * i, pid));
    this.set(index, `${kind}Count`, pids.length);
  }

  /** Turns MIG on with these slices. */
  setMig(index: number, uuids: readonly string[]): void {
    uuids.forEach((uuid, i) =>
      this.#writeText(this.#page(index) + GPU_LISTS.migUuid + 96 * i, uuid)
    );
    this.set(index, "migCount", uuids.length);
    this.set(index, "mig", 1);
  }

  /** The call answers `code` this many times; a GPU's call, or with `index` undefined one without a GPU. */
  fail(
    index: number | undefined,
    call: FakeCall,
    code: number,
    times: number = FOREVER,
  ): void {
    this.#writeFault(index, call, "code", code);
    this.#writeFault(index, call, "remaining", times);
  }
  /** Ends what {@linkcode fail} began. */
  heal(index: number | undefined, call: FakeCall): void {
    this.#writeFault(index, call, "remaining", 0);
  }
  delay(index: number | undefined, call: FakeCall, milliseconds: number): void {
    this.#writeFault(index, call, "delayMs", milliseconds);
  }
  /** The call waits until {@linkcode unhang}. */
  hang(index: number | undefined, call: FakeCall): void {
    this.#writeFault(index, call, "hang", 1);
  }
  unhang(index: number | undefined, call: FakeCall): void {
    this.#writeFault(index, call, "hang", 0);
  }
  /** How often the call was made. */
  calls(index: number | undefined, call: FakeCall): number {
    return this.#read32(this.#fault(index, call, "calls"));
  }
  /** The device does not support these calls. */
  unsupport(index: number, ...calls: readonly FakeCall[]): void {
    const mask = calls.reduce((m, c) => m | (1 << FAKE_CALLS.indexOf(c)), 0);
    this.set(index, "unsupported", mask);
  }

  /** The limits that were set, oldest first, watts; the last {@linkcode SETS_KEPT} of them. */
  sets(index: number): number[] {
    const count = this.get(index, "setCount");
    const at = this.#page(index) + GPU_LISTS.sets;
    const first = Math.max(0, count - SETS_KEPT);
    return Array.from(
      { length: count - first },
      (_, i) => this.#read32(at + 4 * ((first + i) % SETS_KEPT)) / 1000,
    );
  }

  /** The driver is unloaded and loaded anew: every limit is back at its default, every session is gone. */
  reloadDriver(): void {
    for (let index = 0; index < this.gpuCount; index++) {
      this.set(index, "limitMilliwatts", this.get(index, "defaultMilliwatts"));
      this.setCounter(index, "energyMillijoules", 0n);
    }
    this.#write32(HEADER.session, this.#read32(HEADER.session) + 1);
  }
  set driverLoaded(loaded: boolean) {
    this.#write32(HEADER.driverLoaded, loaded ? 1 : 0);
  }

  [Symbol.dispose](): void {
    for (let index = 0; index < this.gpuCount; index++) {
      for (const call of FAKE_CALLS) this.unhang(index, call);
    }
    for (const call of FAKE_CALLS) this.unhang(undefined, call);
    this.file.close();
    Deno.removeSync(this.folder, { recursive: true });
  }

  #page(index: number): number {
    return PAGE_BYTES * (1 + index);
  }
  #fault(
    index: number | undefined,
    call: FakeCall,
    part: keyof typeof FAULTS,
  ): number {
    const block = index === undefined
      ? HEADER.faults
      : this.#page(index) + GPU_LISTS.faults;
    return block + FAULTS[part] + 4 * FAKE_CALLS.indexOf(call);
  }
  #writeFault(
    index: number | undefined,
    call: FakeCall,
    part: keyof typeof FAULTS,
    value: number,
  ): void {
    this.#write32(this.#fault(index, call, part), value);
  }
  #read32(at: number): number {
    const bytes = new Uint8Array(4);
    this.file.seekSync(at, Deno.SeekMode.Start);
    this.file.readSync(bytes);
    return new DataView(bytes.buffer).getUint32(0, true);
  }
  #write32(at: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.#writeAt(at, bytes);
  }
  #writeText(at: number, text: string): void {
    this.#writeAt(at, new TextEncoder().encode(`${text}\0`));
  }
  #writeAt(at: number, bytes: Uint8Array): void {
    this.file.seekSync(at, Deno.SeekMode.Start);
    this.file.writeSync(bytes);
  }
}
