/** Writing that survives a power cut: a file is on the disk before its name is. @module */

import { dirname } from "node:path";
import { writeFailure } from "./file_error.ts";

/** How the store writes; tests put a failing disk here. */
export interface StoreDisk {
  /** Writes a new file and waits until it is on the disk. */
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** Gives a file its final name, over an earlier one. */
  rename(from: string, to: string): Promise<void>;
  /** Waits until the names in a folder are on the disk. */
  syncFolder(path: string): Promise<void>;
}

/** The disk. Every failure is `write_failed`. */
export const DISK: StoreDisk = {
  async write(path, bytes) {
    try {
      await Deno.mkdir(dirname(path), { recursive: true });
      using file = await Deno.open(path, {
        write: true,
        create: true,
        truncate: true,
      });
      for (let written = 0; written < bytes.length;) {
        written += await file.write(bytes.subarray(written));
      }
      await file.sync();
    } catch (error) {
      throw writeFailure(path, error);
    }
  },
  async rename(from, to) {
    try {
      await Deno.mkdir(dirname(to), { recursive: true });
      await Deno.rename(from, to);
    } catch (error) {
      throw writeFailure(to, error);
    }
  },
  async syncFolder(path) {
    try {
      using folder = await Deno.open(path);
      await folder.sync();
    } catch (error) {
      throw writeFailure(path, error);
    }
  },
};
