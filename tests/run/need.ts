/** What some tests need beyond Deno, as data: how to find it and how to set it up. @module */

/** Folders and files that the entries refer to. */
export interface NeedPlace {
  /** Cache of this product, outlives the checkout. */
  readonly cache: string;
  /** Root of the checkout. */
  readonly root: string;
  /** Folder with `kube-apiserver` and `etcd`, when the machine's owner names one. */
  readonly kubebuilderAssets?: string | undefined;
}

/** A program with its arguments. */
export type CommandLine = readonly [string, ...string[]];

/** One thing that tests need. */
export interface Need {
  /** Short name, also of its folder in the cache. */
  readonly name: string;
  /** What is missing when it is missing, for people. */
  readonly title: string;
  /** Environment variable through which tests find it; they are skipped while it is not set. */
  readonly variable: string;
  /** Where it is looked for when the variable is not set already, best first. */
  readonly candidates: (place: NeedPlace) => readonly string[];
  /** Ends with 0 when a candidate works. */
  readonly probe: (candidate: string) => CommandLine;
  /** Absent: cannot be set up here. */
  readonly setUp?: NeedSetUp;
}

/** How one thing is set up. */
export interface NeedSetUp {
  /** Debian packages without which the commands cannot work; installed only as root and when `without` fails. */
  readonly debian?: {
    readonly packages: readonly string[];
    /** Ends with 0 when the packages are not needed. */
    readonly without: CommandLine;
  };
  /** Removed before the commands run: what a set-up that was cut off left behind. */
  readonly fresh?: (place: NeedPlace) => string;
  /** Run one after the other. */
  readonly commands: (place: NeedPlace) => readonly CommandLine[];
}
