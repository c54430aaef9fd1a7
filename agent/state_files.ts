/** The few file operations that durability is made of, as a port: each one is a boundary a crash can fall on. @module */

/** Files of the state directory. Every method is one step; a crash may come between any two. */
export interface StateFiles {
  /** Whole text, or undefined when there is no such file. @throws on anything else that keeps it from being read */
  read(name: string): Promise<string | undefined>;
  /** Creates or replaces a file, and returns when its content is on the disk (`fsync`). */
  writeDurably(name: string, text: string): Promise<void>;
  /** Renames over whatever is there. */
  rename(from: string, to: string): Promise<void>;
  /** Makes renames durable (`fsync` of the directory). */
  syncDirectory(): Promise<void>;
  /** Names of the files there. */
  list(): Promise<string[]>;
  remove(name: string): Promise<void>;
}

/** Files in a real directory, which is created when missing. */
export class DirectoryFiles implements StateFiles {
  constructor(readonly directory: string) {}

  async read(name: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(`${this.directory}/${name}`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  async writeDurably(name: string, text: string): Promise<void> {
    using file = await Deno.open(`${this.directory}/${name}`, {
      write: true,
      create: true,
      truncate: true,
      mode: 0o600,
    });
    let rest = new TextEncoder().encode(text);
    while (rest.length > 0) rest = rest.subarray(await file.write(rest));
    await file.sync();
  }

  async rename(from: string, to: string): Promise<void> {
    await Deno.rename(
      `${this.directory}/${from}`,
      `${this.directory}/${to}`,
    );
  }

  async syncDirectory(): Promise<void> {
    using directory = await Deno.open(this.directory);
    await directory.sync();
  }

  async list(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(this.directory)) names.push(name);
    return names.sort();
  }

  async remove(name: string): Promise<void> {
    await Deno.remove(`${this.directory}/${name}`);
  }
}

/** The lock of the one agent of a node; the kernel frees it when the process dies, however it dies (A4). */
export async function lockDirectory(
  directory: string,
): Promise<Disposable | undefined> {
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const file = await Deno.open(`${directory}/lock`, {
    write: true,
    create: true,
    mode: 0o600,
  });
  if (await file.tryLock(true)) return file;
  file.close();
  return undefined;
}
