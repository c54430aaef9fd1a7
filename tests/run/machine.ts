/** The real machine behind {@linkcode Machine}. @module */

import type { Machine } from "./set_up.ts";

/**
 * Where set-up keeps what outlives the checkout.
 *
 * @param env reads one environment variable
 * @param root the checkout, used when there is no home
 * @returns `$XDG_CACHE_HOME/wattkeeper`, `~/.cache/wattkeeper`, or `.cache` of the checkout
 */
export function cacheFolder(
  env: (name: string) => string | undefined,
  root: string,
): string {
  const xdg = env("XDG_CACHE_HOME");
  if (xdg) return `${xdg}/wattkeeper`;
  const home = env("HOME");
  return home ? `${home}/.cache/wattkeeper` : `${root}/.cache`;
}

/**
 * The machine this process runs on.
 *
 * @param cache folder for locks
 * @returns commands, environment, files
 */
export function realMachine(cache: string): Machine {
  return {
    async run([program, ...args], show) {
      try {
        const { code, stdout, stderr } = await new Deno.Command(program, {
          args,
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
          env: show ? { DEBIAN_FRONTEND: "noninteractive" } : {},
        }).output();
        const decoder = new TextDecoder();
        return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        return { code: 127, text: `${program}: not found` };
      }
    },
    env: (name) => Deno.env.get(name),
    isRoot: Deno.uid() === 0,
    async remove(path) {
      try {
        await Deno.remove(path, { recursive: true });
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
    async lock(name) {
      await Deno.mkdir(cache, { recursive: true });
      const file = await Deno.open(`${cache}/${name}.lock`, {
        write: true,
        create: true,
      });
      await file.lock(true);
      return {
        async [Symbol.asyncDispose]() {
          await file.unlock();
          file.close();
        },
      };
    },
    say: (line) => console.error(line),
  };
}
