/** `HOST:PORT` of a flag. @module */

import { WattkeeperError } from "../../service/mod.ts";

/** Where to listen. */
export interface ListenAddress {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Reads an address: `127.0.0.1:9090`, `:9090` for every address, `[::1]:9090`, `none`.
 *
 * @returns undefined for `none`
 * @throws {WattkeeperError} `invalid_value`
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text === "none") return undefined;
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]*)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new WattkeeperError("invalid_value", `"${text}" is not HOST:PORT.`, {
      where: "--listen",
      remedy: "Write 127.0.0.1:9090, :9090 for every address, or none.",
    });
  }
  return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}
