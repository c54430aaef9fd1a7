/** The state file's frame: one line that says format, version and checksum, then the state as JSON. @module */

/** Written into the first line; a file of another version is not guessed at. */
export const STATE_FORMAT = "wattkeeper-planner-state";
export const STATE_VERSION = 1;

/** More than any state needs: a full history is under 200 KiB. */
export const MOST_BYTES = 8 * 1024 * 1024;

/** What reading gives. */
export type Opened =
  | { readonly kind: "body"; readonly body: unknown }
  | { readonly kind: "bad"; readonly problem: string };

/** The file's text for a value. @throws {TypeError} for numbers that JSON cannot hold */
export async function seal(value: unknown): Promise<string> {
  const body = JSON.stringify(value, (key, entry) => {
    if (typeof entry === "number" && !Number.isFinite(entry)) {
      throw new TypeError(`"${key}" is ${entry}, which a file cannot hold.`);
    }
    return entry;
  });
  return `${STATE_FORMAT} ${STATE_VERSION} sha256:${await digest(
    body,
  )}\n${body}\n`;
}

/** The value in a file's text, when every byte of it is as it was written. */
export async function open(text: string): Promise<Opened> {
  const end = text.indexOf("\n");
  const [format, version, checksum] = text.slice(0, Math.max(0, end))
    .split(" ");
  if (end === -1 || format !== STATE_FORMAT) {
    return { kind: "bad", problem: "it is not a planner's state" };
  }
  if (version !== String(STATE_VERSION)) {
    return {
      kind: "bad",
      problem: `its version is ${version}, this planner reads ${STATE_VERSION}`,
    };
  }
  const body = text.slice(end + 1).replace(/\n$/, "");
  if (checksum !== `sha256:${await digest(body)}`) {
    return { kind: "bad", problem: "its checksum does not match" };
  }
  try {
    return { kind: "body", body: JSON.parse(body) };
  } catch {
    return { kind: "bad", problem: "its body is not JSON" };
  }
}

async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(text),
  );
  return [...new Uint8Array(hash)].map((byte) =>
    byte.toString(16).padStart(2, "0")
  ).join("");
}
