/** A running hash of lines: two runs are the same bytes exactly when it is the same. @module */

/** FNV-1a over two 32-bit lanes, in integer arithmetic only. */
export class RunHash {
  #a = 0x811c9dc5;
  #b = 0x9747b28c;
  lines = 0;

  add(line: string): void {
    this.lines++;
    let [a, b] = [this.#a, this.#b];
    for (let index = 0; index < line.length; index++) {
      const code = line.charCodeAt(index);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
    }
    this.#a = Math.imul(a ^ 10, 0x01000193);
    this.#b = Math.imul(b ^ 10, 0x85ebca6b);
  }

  /** 16 hexadecimal digits. */
  get digest(): string {
    return [this.#a, this.#b]
      .map((lane) => (lane >>> 0).toString(16).padStart(8, "0")).join("");
  }
}
